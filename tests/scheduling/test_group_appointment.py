from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from gappt_graphql.scheduling.directory import AppointmentType, Business, Practitioner
from gappt_graphql.scheduling.group_appointment import (
    Draft,
    GroupAppointment,
    References,
    Revision,
    draft,
    revise,
)
from gappt_graphql.scheduling.ids import AppointmentTypeId, BusinessId, GroupAppointmentId, PractitionerId
from gappt_graphql.scheduling.problems import Code, Problem

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
START = datetime(2026, 3, 3, 9, tzinfo=UTC)
STAMPS: dict[str, Any] = {"created_at": NOW, "updated_at": NOW}
ROBIN = Practitioner(id=PractitionerId(1), first_name="Robin", last_name="Hale", **STAMPS)
NORTH = Business(id=BusinessId(1), name="North", time_zone="Australia/Sydney", **STAMPS)
PILATES = AppointmentType(id=AppointmentTypeId(1), name="Pilates", duration_in_minutes=45, max_attendees=8, **STAMPS)
KNOWN = References(practitioner=ROBIN, business=NORTH, appointment_type=PILATES)

Told = list[tuple[Code, str]]


def told(problems: list[Problem]) -> Told:
    return [(problem.code, ".".join(problem.field or ())) for problem in problems]


def drafted(references: References = KNOWN, **fields: Any) -> tuple[GroupAppointment | None, Told]:
    usual: dict[str, Any] = {
        "starts_at": START,
        "ends_at": None,
        "max_attendees": None,
        "notes": None,
        "telehealth_url": None,
    }
    problems: list[Problem] = []
    made = draft(Draft(**(usual | fields)), references, id=GroupAppointmentId(7), now=NOW, problems=problems)
    return made, told(problems)


def a_group(**fields: Any) -> GroupAppointment:
    made, problems = drafted()
    assert made is not None
    assert problems == []
    return replace(made, **fields)


def revised(group: GroupAppointment, references: References = KNOWN, **fields: Any) -> tuple[GroupAppointment, Told]:
    problems: list[Problem] = []
    after = revise(group, Revision(**fields), references, now=LATER, problems=problems)
    return after, told(problems)


# Draft


def test_a_draft_takes_end_and_seats_from_its_type() -> None:
    made, problems = drafted()
    assert made is not None
    assert (made.ends_at, made.max_attendees) == (START + timedelta(minutes=45), 8)
    assert (made.version, made.created_at, made.archived_at, problems) == (1, NOW, None, [])


def test_a_draft_takes_what_it_is_told_over_its_type() -> None:
    made, _ = drafted(
        ends_at=START + timedelta(hours=3), max_attendees=100, notes="", telehealth_url="https://x.example"
    )
    assert made is not None
    assert (made.duration, made.max_attendees, made.notes) == (timedelta(hours=3), 100, "")


def test_a_type_without_duration_or_seats_needs_them_told() -> None:
    bare = replace(KNOWN, appointment_type=replace(PILATES, duration_in_minutes=0, max_attendees=0))
    assert drafted(bare) == (None, [(Code.REQUIRED, "ends_at"), (Code.REQUIRED, "max_attendees")])
    made, problems = drafted(bare, ends_at=START + timedelta(hours=1), max_attendees=1)
    assert made is not None
    assert problems == []


def test_all_problems_come_together_each_on_its_field() -> None:
    nothing = References(practitioner=None, business=None, appointment_type=None)
    _, problems = drafted(
        nothing, ends_at=START, max_attendees=101, notes="a\x00", telehealth_url="nowhere", starts_at=START
    )
    assert problems == [
        (Code.INVALID, "ends_at"),
        (Code.OUT_OF_RANGE, "max_attendees"),
        (Code.INVALID, "notes"),
        (Code.INVALID, "telehealth_url"),
        (Code.NOT_FOUND, "practitioner_id"),
        (Code.NOT_FOUND, "business_id"),
        (Code.NOT_FOUND, "appointment_type_id"),
    ]


def test_what_is_archived_can_not_be_booked_anew() -> None:
    gone = References(
        practitioner=replace(ROBIN, active=False),
        business=replace(NORTH, archived_at=NOW),
        appointment_type=replace(PILATES, archived_at=NOW),
    )
    _, problems = drafted(gone)
    assert problems == [
        (Code.ARCHIVED, "practitioner_id"),
        (Code.ARCHIVED, "business_id"),
        (Code.ARCHIVED, "appointment_type_id"),
    ]


@pytest.mark.parametrize("seats", [0, -1, 101, 2**40])
def test_a_group_has_1_to_100_seats(seats: int) -> None:
    assert drafted(max_attendees=seats)[1] == [(Code.OUT_OF_RANGE, "max_attendees")]


@pytest.mark.parametrize(("minutes", "fits"), [(-1, False), (0, False), (1, True)])
def test_a_group_ends_after_it_starts(minutes: int, fits: bool) -> None:
    _, problems = drafted(ends_at=START + timedelta(minutes=minutes))
    assert problems == ([] if fits else [(Code.INVALID, "ends_at")])


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        (datetime(1899, 12, 31, 23, 59, tzinfo=UTC), [(Code.OUT_OF_RANGE, "starts_at")]),
        (datetime(1900, 1, 1, tzinfo=UTC), []),
        (datetime(2200, 12, 31, 23, tzinfo=UTC), []),
        (datetime(2200, 12, 31, 23, 30, tzinfo=UTC), [(Code.OUT_OF_RANGE, "ends_at")]),
        (datetime(2201, 1, 1, tzinfo=UTC), [(Code.OUT_OF_RANGE, "starts_at")]),
    ],
)
def test_the_years_are_1900_to_2200(starts_at: datetime, expected: Told) -> None:
    assert drafted(starts_at=starts_at)[1] == expected


# Revision


def test_moving_the_start_alone_keeps_the_duration() -> None:
    group = a_group(ends_at=START + timedelta(minutes=70))
    after, _ = revised(group, starts_at=START + timedelta(hours=2))
    assert after.duration == timedelta(minutes=70)


def test_an_end_set_to_null_is_derived_from_the_type_as_it_is_now() -> None:
    group = a_group(ends_at=START + timedelta(minutes=70))
    longer = replace(KNOWN, appointment_type=replace(PILATES, duration_in_minutes=90))
    assert revised(group, longer, ends_at=None)[0].duration == timedelta(minutes=90)
    assert revised(group, longer)[0].duration == timedelta(minutes=70)


def test_a_new_type_derives_nothing_by_itself() -> None:
    other = replace(PILATES, id=AppointmentTypeId(2), duration_in_minutes=90, max_attendees=3)
    after, problems = revised(
        a_group(), replace(KNOWN, appointment_type=other), appointment_type_id=AppointmentTypeId(2)
    )
    assert problems == []
    assert (after.appointment_type_id, after.duration, after.max_attendees) == (2, timedelta(minutes=45), 8)


@pytest.mark.parametrize(
    "field", ["starts_at", "max_attendees", "practitioner_id", "business_id", "appointment_type_id"]
)
def test_null_is_required_on_a_field_that_can_not_be_empty(field: str) -> None:
    group = a_group()
    assert revised(group, **{field: None}) == (group, [(Code.REQUIRED, field)])


def test_null_clears_notes_and_link_and_absence_leaves_them() -> None:
    group = a_group(notes="Mat", telehealth_url="https://x.example")
    cleared, _ = revised(group, notes=None, telehealth_url=None)
    assert (cleared.notes, cleared.telehealth_url) == (None, None)
    assert revised(group, notes=UNSET, telehealth_url=UNSET)[0] == group


def test_seats_below_the_roster_are_refused_with_the_count() -> None:
    group = a_group(active_attendees=5)
    problems: list[Problem] = []
    revise(group, Revision(max_attendees=4), KNOWN, now=LATER, problems=problems)
    assert told(problems) == [(Code.CAPACITY_BELOW_ROSTER, "max_attendees")]
    assert "5 attendees" in problems[0].message
    assert revised(group, max_attendees=5)[1] == []


def test_a_version_grows_by_one_when_a_field_changes() -> None:
    after, _ = revised(a_group(version=3), notes="Mat", max_attendees=9)
    assert (after.version, after.updated_at) == (4, LATER)


def test_a_revision_that_changes_nothing_returns_the_same_record() -> None:
    group = a_group(notes="Mat")
    echo: dict[str, Any] = {name: getattr(group, name) for name in Revision.__struct_fields__}
    assert revised(group, **echo) == (group, [])


def test_a_reference_that_stays_may_be_archived_and_a_new_one_may_not() -> None:
    gone = replace(KNOWN, business=replace(NORTH, archived_at=NOW))
    assert revised(a_group(), gone, business_id=NORTH.id)[1] == []
    assert revised(a_group(business_id=BusinessId(9)), gone, business_id=NORTH.id)[1] == [
        (Code.ARCHIVED, "business_id")
    ]


def test_an_end_before_a_moved_start_is_refused() -> None:
    group = a_group()
    assert revised(group, starts_at=group.ends_at, ends_at=group.ends_at) == (group, [(Code.INVALID, "ends_at")])


def test_an_update_never_moves_updated_at_back() -> None:
    group = a_group(updated_at=LATER + timedelta(hours=1))
    assert revised(group, notes="Mat")[0].updated_at == group.updated_at
