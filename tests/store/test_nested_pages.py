"""The same page for each of many parents: what asking for each would give, at the cost of the pages."""

from datetime import timedelta
from typing import Any

import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Page, Slice
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.directory import Business, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import paging
from watched_rows import WatchedRows

HOUR = timedelta(hours=1)
BY_START = (Order("starts_at"),)
LIVE = Condition("archived_at", Operator.IS_NOT_SET)
CONDITION_OF_PARENT = {
    "practitioner_id": Operator.IN,
    "business_id": Operator.IN,
    "repeated_from_id": Operator.IN,
    "patient_ids": Operator.CONTAINS,
}


@pytest.fixture
async def parents(practice: Practice) -> dict[str, list[int]]:
    """A diary in which every kind of parent has some of two dozen appointments; the last of each kind has none."""
    practitioners = [practice.practitioner, *(practice.new(Practitioner, first_name="P", last_name=n) for n in "abc")]
    businesses = [practice.business, *(practice.new(Business, name=n, time_zone="UTC") for n in "ab")]
    groups: list[GroupAppointment] = []
    attendees: list[Attendee] = []
    for n in range(24):
        group = practice.new_group(
            A_MONDAY + (n * 5 % 11) * HOUR,
            practitioner_id=practitioners[n % 3].id,
            business_id=businesses[n % 2].id,
            repeated_from_id=groups[n % 2].id if n >= 4 else None,
            created_at=A_MONDAY - (n % 5) * HOUR,
            archived_at=A_MONDAY if n % 7 == 6 else None,
            active_attendees=2,
        )
        groups.append(group)
        attendees += [practice.new_attendee(group, practice.patients[which]) for which in (n % 4, 5 + n % 3)]
        attendees.append(practice.new_attendee(group, practice.patients[4], cancelled_at=A_MONDAY))
    await practice.save(*practitioners[1:], *businesses[1:], *groups, *attendees)
    return {
        "practitioner_id": [each.id for each in practitioners],
        "business_id": [each.id for each in businesses],
        "repeated_from_id": [root.id for root in groups[:3]],
        "patient_ids": [patient.id for patient in practice.patients[:9]],
    }


PARTS = {
    "first": Slice(3),
    "last": Slice(3, backward=True),
    "none": Slice(0),
    "after": Slice(2, after=(A_MONDAY + 3 * HOUR, 1)),
    "before": Slice(2, backward=True, before=(A_MONDAY + 8 * HOUR, 1)),
    "between": Slice(2, after=(A_MONDAY + HOUR, 1), before=(A_MONDAY + 9 * HOUR, 1)),
    "skipping": Slice(2, offset=1),
}
ORDERS = {
    "start": BY_START,
    "latest start": (Order("starts_at", True),),
    "created": (Order("created_at"),),
}
FILTERS: dict[str, tuple[Condition, ...]] = {
    "all": (),
    "live": (LIVE,),
    "a range": (LIVE, Condition("starts_at", Operator.GREATER, (A_MONDAY + HOUR,))),
    "conflicts": (Condition("has_conflicts", Operator.IN, (True,)),),
}


@pytest.mark.parametrize("parent", CONDITION_OF_PARENT)
@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
async def test_every_parent_has_the_page_that_it_would_have_alone(
    practice: Practice, parents: dict[str, list[int]], parent: str, part: Slice, order: tuple[Order, ...]
) -> None:
    for where in FILTERS.values():

        async def work(book: Any, where: tuple[Condition, ...] = where) -> tuple[Any, Any]:
            together = await book.pages(
                GroupAppointment, Listing(where, order), part, parent=parent, parents=parents[parent]
            )
            alone = {}
            for each in parents[parent]:
                mine = Condition(parent, CONDITION_OF_PARENT[parent], (each,))
                alone[each] = await book.page(GroupAppointment, Listing((*where, mine), order), part)
            return together, alone

        together, alone = await practice.store.read(practice.account.id, work)
        assert together == alone


@pytest.mark.parametrize("parent", CONDITION_OF_PARENT)
async def test_every_parents_list_is_counted(practice: Practice, parents: dict[str, list[int]], parent: str) -> None:
    for where in FILTERS.values():

        async def work(book: Any, where: tuple[Condition, ...] = where) -> tuple[Any, Any]:
            listing = Listing(where)
            together = await book.counts(GroupAppointment, listing, parent=parent, parents=parents[parent])
            alone = {}
            for each in parents[parent]:
                mine = Condition(parent, CONDITION_OF_PARENT[parent], (each,))
                alone[each] = await book.count(GroupAppointment, Listing((*where, mine)))
            return together, alone

        together, alone = await practice.store.read(practice.account.id, work)
        assert together == alone


async def test_blocks_have_pages_by_practitioner_too(practice: Practice) -> None:
    blocks = [practice.new_block(A_MONDAY + n * HOUR) for n in range(3)]
    await practice.save(*blocks)

    async def work(book: Any) -> Any:
        listing, mine = Listing((), BY_START), practice.practitioner.id
        return (await book.pages(UnavailableBlock, listing, Slice(2), parent="practitioner_id", parents=[mine]))[mine]

    found = await practice.store.read(practice.account.id, work)
    assert found == Page(blocks[:2], has_next=True, has_previous=False)


async def test_parents_that_do_not_exist_here_have_empty_pages(
    practice: Practice, other_practice: Practice, parents: dict[str, list[int]]
) -> None:
    theirs = await other_practice.group(patients=other_practice.patients[:1])
    strangers = [theirs.practitioner_id, 2**63, -1, 0]

    async def work(book: Any) -> tuple[Any, Any]:
        listing = Listing((), BY_START)
        found = await book.pages(GroupAppointment, listing, Slice(2), parent="practitioner_id", parents=strangers)
        counted = await book.counts(GroupAppointment, listing, parent="practitioner_id", parents=strangers)
        return found, counted

    found, counted = await practice.store.read(practice.account.id, work)
    assert found == dict.fromkeys(strangers, Page([], has_next=False, has_previous=False))
    assert counted == dict.fromkeys(strangers, 0)


@pytest.mark.parametrize("parent", CONDITION_OF_PARENT)
async def test_pages_of_many_parents_cost_one_statement(
    rows: WatchedRows, parents: dict[str, list[int]], parent: str
) -> None:
    await paging.pages(
        rows, GroupAppointment, Listing((LIVE,), BY_START), Slice(3), parent=parent, parents=parents[parent]
    )

    assert len(rows.statements) == 1


@pytest.mark.sqlite("SQLite's plans and steps; PostgreSQL's are in test_plans_of_postgres.py")
@pytest.mark.parametrize("parent", CONDITION_OF_PARENT)
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
async def test_each_parents_appointments_are_found_by_the_parent(
    rows: WatchedRows, parents: dict[str, list[int]], parent: str, order: tuple[Order, ...]
) -> None:
    where = (LIVE, Condition("business_id", Operator.IN, (1,)), Condition("created_at", Operator.LESS, (A_MONDAY,)))
    await paging.pages(rows, GroupAppointment, Listing(where, order), Slice(3), parent=parent, parents=parents[parent])

    (plan,) = rows.plans
    column = "patient_id" if parent == "patient_ids" else parent
    assert any(f"(account_id=? AND {column}=?" in step for step in plan), plan
    assert not any(step.endswith("(account_id=?)") for step in plan), plan


@pytest.mark.sqlite("SQLite's plans and steps; PostgreSQL's are in test_plans_of_postgres.py")
@pytest.mark.parametrize("parent", ["practitioner_id", "patient_ids"])
async def test_a_page_by_start_does_not_walk_the_parents_whole_list(
    practice: Practice, rows: WatchedRows, parent: str
) -> None:
    mine = practice.practitioner.id if parent == "practitioner_id" else practice.patients[0].id
    steps = []
    for more in (30, 570):
        groups = [practice.new_group(A_MONDAY + n * HOUR, active_attendees=1) for n in range(more)]
        await practice.save(*groups, *(practice.new_attendee(group, practice.patients[0]) for group in groups))
        rows.steps = 0
        await paging.pages(rows, GroupAppointment, Listing((LIVE,), BY_START), Slice(10), parent=parent, parents=[mine])
        steps.append(rows.steps)

    assert steps[1] < 1.5 * steps[0]
