"""Pages by position: nothing lost, nothing twice, in both directions and in every order."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Page, Slice, position
from gappt_graphql.scheduling.directory import Business, Patient
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import paging
from watched_rows import WatchedRows

HOUR = timedelta(hours=1)
Groups = list[GroupAppointment]
Orders = tuple[Order, ...]

BY_START = (Order("starts_at"),)
ORDERS: dict[str, Orders] = {
    "none": (),
    "start": BY_START,
    "start, latest first": (Order("starts_at", True),),
    "created": (Order("created_at"),),
    "created, latest first": (Order("created_at", True),),
    "id": (Order("id"),),
    "largest id first": (Order("id", True),),
    "both ways": (Order("created_at"), Order("starts_at", True)),
    "three, both ways": (Order("created_at", True), Order("starts_at"), Order("ends_at", True)),
    "id in the middle": (Order("created_at"), Order("id", True), Order("starts_at")),
    "the same twice": (Order("starts_at"), Order("starts_at", True)),
}


@pytest.fixture
async def groups(practice: Practice) -> Groups:
    """Eleven appointments, of which many were created together and some start together."""
    made = [
        practice.new_group(A_MONDAY + (n * 7 % 4) * HOUR, minutes=30 + n % 3, created_at=A_MONDAY + (n % 2) * HOUR)
        for n in range(11)
    ]
    await practice.save(*made)
    return made


async def page(
    practice: Practice, order: Orders, part: Slice, *where: Condition, kind: Any = GroupAppointment
) -> Page[Any]:
    listing = Listing(where, order)
    return await practice.store.read(practice.account.id, lambda book: book.page(kind, listing, part))


def in_order(groups: Sequence[GroupAppointment], order: Orders) -> Groups:
    """Sort by each term, the last one first; the id has the direction of the last."""
    sorted_ = sorted(groups, key=lambda group: group.id, reverse=bool(order) and order[-1].descending)
    for term in reversed(order):
        sorted_.sort(key=lambda group: getattr(group, term.field), reverse=term.descending)
    return sorted_


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
async def test_pages_forward_make_the_whole_list(practice: Practice, groups: Groups, order: Orders) -> None:
    walked: Groups = []
    part = Slice(3)
    while len(walked) < 50:
        found = await page(practice, order, part)
        walked += found.records
        assert found.has_previous == (part.after is not None)
        if not found.has_next:
            break
        part = Slice(3, after=position(found.records[-1], order))

    assert walked == in_order(groups, order)


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
async def test_pages_backward_make_the_whole_list(practice: Practice, groups: Groups, order: Orders) -> None:
    walked: Groups = []
    part = Slice(3, backward=True)
    while len(walked) < 50:
        found = await page(practice, order, part)
        walked = [*found.records, *walked]
        assert found.has_next == (part.before is not None)
        if not found.has_previous:
            break
        part = Slice(3, backward=True, before=position(found.records[0], order))

    assert walked == in_order(groups, order)


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("limit", [4, 20])
async def test_a_page_lies_between_two_positions_and_knows_of_more_on_both_sides(
    practice: Practice, groups: Groups, order: Orders, backward: bool, limit: int
) -> None:
    expected = in_order(groups, order)
    after, before = position(expected[1], order), position(expected[8], order)

    found = await page(practice, order, Slice(limit, backward=backward, after=after, before=before))

    assert found.records == (expected[2:8][-limit:] if backward else expected[2:8][:limit])
    assert found.has_next
    assert found.has_previous


async def test_a_page_loses_and_repeats_nothing_while_rows_are_inserted(practice: Practice, groups: Groups) -> None:
    order = (Order("created_at"),)
    walked: Groups = []
    part = Slice(2)
    while len(walked) < 50:
        found = await page(practice, order, part)
        walked += found.records
        await practice.save(practice.new_group(created_at=A_MONDAY - HOUR))
        if not found.has_next:
            break
        part = Slice(2, after=position(found.records[-1], order))

    assert walked == in_order(groups, order)


async def test_a_position_outlives_its_record(practice: Practice, groups: Groups) -> None:
    expected = in_order(groups, BY_START)
    at = position(expected[4], BY_START)
    await practice.revise(expected[4], archived_at=practice.now)

    found = await page(practice, BY_START, Slice(2, after=at), Condition("archived_at", Operator.IS_NOT_SET))

    assert found.records == expected[5:7]


async def test_a_position_beyond_every_id_is_a_position_like_any_other(practice: Practice, groups: Groups) -> None:
    by_id = (Order("id"),)

    assert (await page(practice, by_id, Slice(20, after=(-(2**70), -(2**70))))).records == in_order(groups, by_id)
    assert (await page(practice, by_id, Slice(20, after=(2**70, 2**70)))).records == []


async def test_a_page_of_none_tells_whether_there_are_any(practice: Practice, groups: Groups) -> None:
    assert await page(practice, BY_START, Slice(0)) == Page([], has_next=True, has_previous=False)

    nothing = await page(practice, BY_START, Slice(0), Condition("id", Operator.IN))
    assert nothing == Page([], has_next=False, has_previous=False)


async def test_the_last_page_knows_that_it_is_the_last(practice: Practice, groups: Groups) -> None:
    found = await page(practice, BY_START, Slice(11))

    assert len(found.records) == 11
    assert not found.has_next


@pytest.mark.parametrize("offset", [0, 3, 10, 11, 50, 2**63, 10**30])
async def test_an_offset_skips_records(practice: Practice, groups: Groups, offset: int) -> None:
    found = await page(practice, BY_START, Slice(4, offset=offset))

    assert found.records == in_order(groups, BY_START)[offset : offset + 4]
    assert found.has_previous == (offset > 0)
    assert found.has_next == (offset + 4 < 11)


async def test_what_is_not_set_comes_last_and_first_in_a_descending_order(practice: Practice) -> None:
    late, never, early = (
        practice.new_group(archived_at=A_MONDAY + HOUR),
        practice.new_group(),
        practice.new_group(archived_at=A_MONDAY),
    )
    await practice.save(late, never, early)

    assert (await page(practice, (Order("archived_at"),), Slice(3))).records == [early, late, never]
    assert (await page(practice, (Order("deleted_at", True),), Slice(3))).records == [never, late, early]


async def test_an_order_by_what_may_be_unset_has_no_positions(practice: Practice) -> None:
    with pytest.raises(LookupError):
        await page(practice, (Order("archived_at"),), Slice(3, after=(A_MONDAY, 1)))


async def test_the_directory_pages_by_name(practice: Practice) -> None:
    order = (Order("name"),)
    everyone = sorted(practice.patients, key=lambda patient: (patient.sort_name, patient.id))

    first = await page(practice, order, Slice(5), kind=Patient)
    rest = await page(practice, order, Slice(50, after=position(first.records[-1], order)), kind=Patient)

    assert [*first.records, *rest.records] == everyone


async def test_records_of_one_name_are_told_apart(practice: Practice) -> None:
    order = (Order("name"),)
    same = [practice.new(Business, name="North", time_zone="UTC") for _ in range(3)]
    await practice.save(*same)

    first = await page(practice, order, Slice(2), kind=Business)
    rest = await page(practice, order, Slice(9, after=position(first.records[-1], order)), kind=Business)

    assert [*first.records, *rest.records] == [practice.business, *same]


async def test_the_length_of_a_list_is_counted_with_its_filter(practice: Practice, groups: Groups) -> None:
    early = Listing((Condition("starts_at", Operator.LESS, (A_MONDAY + HOUR,)),))

    counted = await practice.store.read(practice.account.id, lambda book: book.count(GroupAppointment, early))

    assert counted == sum(group.starts_at < A_MONDAY + HOUR for group in groups)


FROM = Condition("starts_at", Operator.GREATER_OR_EQUAL, (A_MONDAY - HOUR,))
TO = Condition("starts_at", Operator.LESS, (A_MONDAY + HOUR,))


@pytest.mark.sqlite("SQLite's plans and steps; PostgreSQL's are in test_plans_of_postgres.py")
@pytest.mark.parametrize(
    ("part", "step"),
    [
        (Slice(5, after=(A_MONDAY, 1)), "(account_id=? AND (starts_at,id)>(?,?) AND starts_at<?)"),
        (Slice(5, backward=True, before=(A_MONDAY, 1)), "(account_id=? AND starts_at>? AND (starts_at,id)<(?,?))"),
    ],
)
async def test_a_page_starts_at_its_position_and_not_at_the_start_of_the_range(
    rows: WatchedRows, part: Slice, step: str
) -> None:
    await paging.page(rows, GroupAppointment, Listing((FROM, TO), BY_START), part)

    (plan,) = rows.plans
    assert len(plan) == 1, plan
    assert plan[0].endswith(f"ix_group_appointments_start {step}")
