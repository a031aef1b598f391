"""Questions that change nothing, and the one rule about them."""

from datetime import date, datetime, timedelta

import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.practice import enquiries
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Slice
from gappt_graphql.scheduling.conflicts import ConflictKind
from gappt_graphql.scheduling.directory import Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.problems import Code, Refused

HAS_CONFLICTS = Condition("has_conflicts", Operator.IN, (True,))
DAY = timedelta(days=1)


def from_(moment: datetime) -> Condition:
    return Condition("starts_at", Operator.GREATER_OR_EQUAL, (moment,))


def to(moment: datetime) -> Condition:
    return Condition("starts_at", Operator.LESS, (moment,))


@pytest.mark.parametrize(
    "where",
    [
        (),
        (from_(A_MONDAY),),
        (HAS_CONFLICTS, Condition("id", Operator.IN, (1, 2))),
        (HAS_CONFLICTS, Condition("id", Operator.IN)),
        (HAS_CONFLICTS, from_(A_MONDAY), to(A_MONDAY + 92 * DAY)),
        (HAS_CONFLICTS, from_(A_MONDAY - 900 * DAY), from_(A_MONDAY), to(A_MONDAY + 92 * DAY)),
    ],
)
def test_a_question_of_bounded_cost_is_accepted(where: tuple[Condition, ...]) -> None:
    enquiries.check_listing(Listing(where))


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ((HAS_CONFLICTS,), Code.REQUIRED),
        ((HAS_CONFLICTS, from_(A_MONDAY)), Code.REQUIRED),
        ((HAS_CONFLICTS, to(A_MONDAY)), Code.REQUIRED),
        ((HAS_CONFLICTS, Condition("id", Operator.GREATER, (1,))), Code.REQUIRED),
        ((HAS_CONFLICTS, Condition("starts_at", Operator.ON_DATE, (date(2026, 3, 3),))), Code.REQUIRED),
        ((HAS_CONFLICTS, Condition("ends_at", Operator.LESS, (A_MONDAY,)), from_(A_MONDAY)), Code.REQUIRED),
        ((HAS_CONFLICTS, from_(A_MONDAY), to(A_MONDAY + 92 * DAY + timedelta(microseconds=1))), Code.INVALID),
    ],
)
async def test_looking_for_conflicts_needs_ids_or_a_season(
    practice: Practice, where: tuple[Condition, ...], code: Code
) -> None:
    listing = Listing(where)
    with pytest.raises(Refused) as refused:
        await enquiries.page(practice.desk, kind=GroupAppointment, listing=listing, part=Slice(1))
    with pytest.raises(Refused):
        await enquiries.count(practice.desk, kind=GroupAppointment, listing=listing)
    with pytest.raises(Refused):
        await enquiries.pages(
            practice.desk, kind=GroupAppointment, listing=listing, part=Slice(1), parent="practitioner_id", parents=[1]
        )
    with pytest.raises(Refused):
        await enquiries.counts(
            practice.desk, kind=GroupAppointment, listing=listing, parent="practitioner_id", parents=[1]
        )

    (problem,) = refused.value.problems
    assert problem.code is code
    assert problem.field == ("has_conflicts",)
    assert "92 days" in problem.message


def test_conditions_have_an_end() -> None:
    enquiries.check_listing(Listing((from_(A_MONDAY),) * 100))
    with pytest.raises(Refused, match="INVALID"):
        enquiries.check_listing(Listing((from_(A_MONDAY),) * 101))


def test_lists_leave_archived_records_out_unless_asked_about_them() -> None:
    live = Condition("archived_at", Operator.IS_NOT_SET)

    assert enquiries.leaving_out_archived((HAS_CONFLICTS,)) == (HAS_CONFLICTS, live)
    for field in ("archived_at", "deleted_at"):
        asked = (Condition(field, Operator.IS_SET),)
        assert enquiries.leaving_out_archived(asked) == asked


async def test_records_are_found_by_id_archived_or_not(practice: Practice, other_practice: Practice) -> None:
    live, archived = await practice.group(), await practice.group(archived_at=practice.now)
    theirs = await other_practice.group()

    found = await enquiries.find(practice.desk, kind=GroupAppointment, ids=[live.id, archived.id, theirs.id, -1])

    assert found == {live.id: live, archived.id: archived}


async def test_a_list_is_read_in_parts_counted_and_nested(practice: Practice) -> None:
    groups = [await practice.group(A_MONDAY + n * DAY) for n in range(3)]
    listing, mine = Listing((), (Order("starts_at"),)), practice.practitioner.id
    desk, kind = practice.desk, GroupAppointment

    page = await enquiries.page(desk, kind=kind, listing=listing, part=Slice(2))
    pages = await enquiries.pages(
        desk, kind=kind, listing=listing, part=Slice(2), parent="practitioner_id", parents=[mine]
    )
    assert page.records == groups[:2]
    assert pages == {mine: page}
    assert await enquiries.count(desk, kind=kind, listing=listing) == 3
    assert await enquiries.counts(desk, kind=kind, listing=listing, parent="practitioner_id", parents=[mine]) == {
        mine: 3
    }


async def test_what_belongs_to_appointments_is_read_for_all_of_them(practice: Practice) -> None:
    root = await practice.group(patients=practice.patients[:2])
    repeat = await practice.group(A_MONDAY + DAY, repeated_from_id=root.id, series_position=1)
    rival = await practice.group()
    both = [root.id, repeat.id]

    conflicts = await enquiries.conflicts_of(practice.desk, appointments=both)
    patients = await enquiries.conflicts_of(
        practice.desk, appointments=both, kinds=[ConflictKind.PATIENT_DOUBLE_BOOKED]
    )
    attendees = await enquiries.attendees_of(practice.desk, appointments=both)
    assert [each.group_appointment_id for each in conflicts[root.id]] == [rival.id]
    assert patients == {root.id: [], repeat.id: []}
    assert [each.patient_id for each in attendees[root.id]] == [patient.id for patient in practice.patients[:2]]
    assert await enquiries.waitlists_of(practice.desk, appointments=both) == {root.id: [], repeat.id: []}
    assert await enquiries.repeats_of(practice.desk, roots=[root.id]) == {root.id: [repeat]}
    assert await enquiries.changes(practice.desk, after=0, limit=10) == []


async def test_directory_lists_are_asked_like_any_other(practice: Practice) -> None:
    listing = Listing((Condition("active", Operator.IN, (True,)),), (Order("name"),))

    page = await enquiries.page(practice.desk, kind=Practitioner, listing=listing, part=Slice(20))

    assert page.records == [practice.practitioner]
