"""Filters mean what they say, for every field and operator."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Slice
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.conflicts import ConflictKind
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
INT_FIELDS = ("id", "practitioner_id", "business_id", "appointment_type_id", "repeated_from_id")
TIME_FIELDS = ("starts_at", "ends_at", "created_at", "updated_at", "archived_at", "deleted_at")

Groups = list[GroupAppointment]


async def ask(
    practice: Practice, *where: Condition, kind: type[Any] = GroupAppointment, order: str = "id"
) -> list[Any]:
    """Return the records that all conditions hold for."""
    listing = Listing(where, (Order(order),))
    page = await practice.store.read(practice.account.id, lambda book: book.page(kind, listing, Slice(1000)))
    return list(page.records)


@pytest.fixture
async def groups(practice: Practice) -> Groups:
    """Appointments that differ in everything one can ask about, one of them archived, one a repeat."""
    others = (
        practice.new(Business, name="South", time_zone="Europe/London"),
        practice.new(Practitioner, first_name="Sam", last_name="Ash"),
        practice.new(AppointmentType, name="Yoga", duration_in_minutes=30, max_attendees=4),
    )
    await practice.save(*others)
    made = [
        practice.new_group(),
        practice.new_group(A_MONDAY + DAY, practitioner_id=others[1].id, created_at=A_MONDAY - DAY),
        practice.new_group(A_MONDAY + 2 * DAY, business_id=others[0].id, updated_at=A_MONDAY + DAY),
        practice.new_group(A_MONDAY + 3 * DAY, minutes=30, appointment_type_id=others[2].id),
        practice.new_group(A_MONDAY + 4 * DAY, archived_at=A_MONDAY + DAY),
    ]
    made.append(practice.new_group(A_MONDAY + 5 * DAY, repeated_from_id=made[0].id, archived_at=A_MONDAY + 2 * DAY))
    await practice.save(*made)
    return made


HOLDS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.IN: lambda mine, value: mine == value,
    Operator.NOT_EQUAL: lambda mine, value: mine != value,
    Operator.GREATER: lambda mine, value: mine is not None and mine > value,
    Operator.GREATER_OR_EQUAL: lambda mine, value: mine is not None and mine >= value,
    Operator.LESS: lambda mine, value: mine is not None and mine < value,
    Operator.LESS_OR_EQUAL: lambda mine, value: mine is not None and mine <= value,
    Operator.IS_SET: lambda mine, _: mine is not None,
    Operator.IS_NOT_SET: lambda mine, _: mine is None,
}


@pytest.mark.parametrize("field", [*INT_FIELDS, *TIME_FIELDS])
@pytest.mark.parametrize("operator", HOLDS)
async def test_every_operator_compares_every_field(
    practice: Practice, groups: Groups, field: str, operator: Operator
) -> None:
    unset = operator in (Operator.IS_SET, Operator.IS_NOT_SET)
    for value in {getattr(group, field) for group in groups} - {None}:
        found = await ask(practice, Condition(field, operator, () if unset else (value,)))

        assert found == [group for group in groups if HOLDS[operator](getattr(group, field), value)]


async def test_a_list_matches_any_of_its_values(practice: Practice, groups: Groups) -> None:
    ids = tuple(group.id for group in groups[1:4])

    assert await ask(practice, Condition("id", Operator.IN, ids)) == groups[1:4]


async def test_an_empty_list_matches_nothing(practice: Practice, groups: Groups) -> None:
    assert await ask(practice, Condition("id", Operator.IN)) == []
    assert await ask(practice, Condition("patient_ids", Operator.CONTAINS)) == []


async def test_conditions_must_all_hold(practice: Practice, groups: Groups) -> None:
    found = await ask(
        practice,
        Condition("starts_at", Operator.GREATER, (groups[0].starts_at,)),
        Condition("starts_at", Operator.LESS, (groups[4].starts_at,)),
        Condition("business_id", Operator.IN, (practice.business.id,)),
    )

    assert found == [groups[1], groups[3]]


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**63) - 1, 10**30, -1, 0])
async def test_numbers_that_are_no_ids_match_nothing(practice: Practice, groups: Groups, number: int) -> None:
    known = groups[0].id

    assert await ask(practice, Condition("id", Operator.IN, (number,))) == []
    assert await ask(practice, Condition("id", Operator.IN, (number, known))) == [groups[0]]
    assert await ask(practice, Condition("patient_ids", Operator.CONTAINS, (number,))) == []


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**63) - 1, 10**30, -(10**30), -1, 0])
@pytest.mark.parametrize("field", ["id", "repeated_from_id"])
async def test_numbers_beyond_every_id_compare_like_numbers(
    practice: Practice, groups: Groups, number: int, field: str
) -> None:
    for operator in (Operator.NOT_EQUAL, Operator.GREATER, Operator.GREATER_OR_EQUAL, Operator.LESS_OR_EQUAL):
        found = await ask(practice, Condition(field, operator, (number,)))

        assert found == [group for group in groups if HOLDS[operator](getattr(group, field), number)]


async def test_patients_are_found_by_their_active_places_alone(practice: Practice) -> None:
    comes, cancelled, hidden, other = practice.patients[:4]
    group = await practice.group(patients=[comes, other])
    await practice.group(A_MONDAY + DAY, patients=[other])
    await practice.save(
        practice.new_attendee(group, cancelled, cancelled_at=practice.now),
        practice.new_attendee(group, hidden, archived_at=practice.now),
    )

    assert await ask(practice, Condition("patient_ids", Operator.CONTAINS, (comes.id,))) == [group]
    assert await ask(practice, Condition("patient_ids", Operator.CONTAINS, (comes.id, cancelled.id))) == [group]
    assert await ask(practice, Condition("patient_ids", Operator.CONTAINS, (cancelled.id, hidden.id))) == []


async def test_an_archived_appointment_is_found_by_its_patients_too(practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:1], archived_at=practice.now)

    assert await ask(practice, Condition("patient_ids", Operator.CONTAINS, (practice.patients[0].id,))) == [group]


async def test_a_date_is_the_one_on_the_clocks_of_the_appointments_own_business(practice: Practice) -> None:
    london = practice.new(Business, name="South", time_zone="Europe/London")
    await practice.save(london)
    sydney_morning = await practice.group(datetime(2026, 3, 2, 22, tzinfo=UTC))
    london_evening = await practice.group(datetime(2026, 3, 2, 22, tzinfo=UTC), business_id=london.id)

    assert await ask(practice, Condition("starts_at", Operator.ON_DATE, (date(2026, 3, 3),))) == [sydney_morning]
    assert await ask(practice, Condition("starts_at", Operator.ON_DATE, (date(2026, 3, 2),))) == [london_evening]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 4, 5), 25), (date(2026, 10, 4), 23), (date(2026, 6, 1), 24)])
async def test_a_date_has_as_many_hours_as_its_clocks_show(practice: Practice, day: date, hours: int) -> None:
    noon = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
    await practice.save(*(practice.new_group(noon + n * HOUR) for n in range(-24, 24)))

    assert len(await ask(practice, Condition("starts_at", Operator.ON_DATE, (day,)))) == hours


async def test_a_date_that_a_place_skipped_matches_nothing(practice: Practice) -> None:
    apia = practice.new(Business, name="Apia", time_zone="Pacific/Apia")
    await practice.save(apia)
    start = datetime(2011, 12, 29, tzinfo=UTC)
    await practice.save(*(practice.new_group(start + n * HOUR, business_id=apia.id) for n in range(72)))

    assert await ask(practice, Condition("starts_at", Operator.ON_DATE, (date(2011, 12, 30),))) == []
    assert len(await ask(practice, Condition("starts_at", Operator.ON_DATE, (date(2011, 12, 31),)))) == 24


@pytest.mark.parametrize("day", [date.min, date.max])
async def test_a_date_outside_of_all_appointments_matches_nothing(
    practice: Practice, groups: Groups, day: date
) -> None:
    assert await ask(practice, Condition("starts_at", Operator.ON_DATE, (day,))) == []


async def test_available_seats_are_those_not_taken(practice: Practice) -> None:
    free = await practice.group(patients=practice.patients[:1], max_attendees=2)
    full = await practice.group(A_MONDAY + DAY, patients=practice.patients[:2], max_attendees=2)

    assert await ask(practice, Condition("has_available_seats", Operator.IN, (True,))) == [free]
    assert await ask(practice, Condition("has_available_seats", Operator.IN, (False,))) == [full]


async def test_having_conflicts_is_having_one_of_any_kind(practice: Practice) -> None:
    ash = practice.new(Practitioner, first_name="Sam", last_name="Ash")
    await practice.save(ash)
    patient = practice.patients[0]
    twice = [await practice.group(), await practice.group(A_MONDAY + HOUR / 2)]
    away = await practice.group(A_MONDAY + DAY)
    await practice.save(practice.new_block(A_MONDAY + DAY))
    shared = [
        await practice.group(A_MONDAY + 2 * DAY, patients=[patient]),
        await practice.group(A_MONDAY + 2 * DAY, patients=[patient], practitioner_id=ash.id),
    ]
    calm = await practice.group(A_MONDAY + 3 * DAY)
    archived = await practice.group(archived_at=practice.now)

    assert await ask(practice, Condition("has_conflicts", Operator.IN, (True,))) == [*twice, away, *shared]
    assert await ask(practice, Condition("has_conflicts", Operator.IN, (False,))) == [calm, archived]


async def test_the_filter_and_the_list_of_conflicts_agree(practice: Practice) -> None:
    patients = practice.patients
    for n in range(30):
        start = A_MONDAY + n * timedelta(minutes=47)
        await practice.group(
            start, minutes=40 + 11 * (n % 3), patients=patients[n % 5 :: 5], practitioner_id=practice.practitioner.id
        )
    groups = await ask(practice)

    async def work(book: Any) -> Any:
        return await book.conflicts_of([group.id for group in groups], tuple(ConflictKind))

    conflicts = await practice.store.read(practice.account.id, work)
    found = await ask(practice, Condition("has_conflicts", Operator.IN, (True,)))
    assert found == [group for group in groups if conflicts[group.id]]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("lee", ["Ada Lee"]),
        ("A LEE", ["Ada Lee"]),
        ("ÉT", ["Zoé Été"]),
        ("100%", ["100% Real"]),
        ("%", ["100% Real"]),
        ("_", ["Under_score"]),
        ("\\", ["Back\\slash"]),
        ("nobody", []),
        ("\ud800", []),
        ("x" * 100_000, []),
    ],
)
async def test_a_search_finds_a_part_of_the_names(practice: Practice, words: str, names: list[str]) -> None:
    people = ["Ada Lee", "Zoé Été", "100% Real", "Under_score", "Back\\slash"]
    for person in people:
        first, _, last = person.partition(" ")
        await practice.save(practice.new(Practitioner, first_name=first, last_name=last or None))

    found = await ask(practice, Condition("name", Operator.SEARCH, (words,)), kind=Practitioner)

    assert [person.label for person in found] == names


async def test_practitioners_are_found_by_whether_they_are_active(practice: Practice) -> None:
    gone = practice.new(Practitioner, first_name="Sam", last_name="Ash", active=False)
    await practice.save(gone)

    assert await ask(practice, Condition("active", Operator.IN, (False,)), kind=Practitioner) == [gone]
    assert await ask(practice, Condition("active", Operator.IN, (True,)), kind=Practitioner) == [practice.practitioner]


async def test_blocks_are_found_by_practitioner_and_start(practice: Practice) -> None:
    blocks = [practice.new_block(A_MONDAY + n * DAY) for n in range(3)]
    await practice.save(*blocks)

    found = await ask(
        practice,
        Condition("practitioner_id", Operator.IN, (practice.practitioner.id,)),
        Condition("starts_at", Operator.GREATER_OR_EQUAL, (A_MONDAY + DAY,)),
        Condition("archived_at", Operator.IS_NOT_SET),
        kind=UnavailableBlock,
        order="starts_at",
    )
    assert found == blocks[1:]


async def test_attendees_are_found_by_appointment_and_patient(practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:3])

    found = await ask(
        practice,
        Condition("group_appointment_id", Operator.IN, (group.id,)),
        Condition("patient_id", Operator.IN, (practice.patients[1].id,)),
        kind=Attendee,
    )
    assert [attendee.patient_id for attendee in found] == [practice.patients[1].id]


async def test_names_sort_by_family_name_and_by_upper_and_lower_case_alike(practice: Practice) -> None:
    await practice.save(
        practice.new(Patient, first_name="zoe", last_name="li"),
        practice.new(Patient, first_name="Ada", last_name="Lin"),
        practice.new(Patient, first_name="Bea", last_name="LI"),
    )
    found = await ask(practice, Condition("name", Operator.SEARCH, ("li",)), kind=Patient, order="name")

    assert [person.label for person in found] == ["Bea LI", "zoe li", "Ada Lin"]


async def test_another_accounts_records_are_never_found(practice: Practice, other_practice: Practice) -> None:
    theirs = await other_practice.group(patients=other_practice.patients[:1])

    for condition in (
        Condition("id", Operator.IN, (theirs.id,)),
        Condition("practitioner_id", Operator.IN, (theirs.practitioner_id,)),
        Condition("patient_ids", Operator.CONTAINS, (other_practice.patients[0].id,)),
        Condition("starts_at", Operator.ON_DATE, (date(2026, 3, 3),)),
    ):
        assert await ask(practice, condition) == []


@pytest.mark.parametrize(
    "condition",
    [
        Condition("notes_of_the_doctor", Operator.IN, ("x",)),
        Condition("is_long", Operator.IN, (1,)),
        Condition("account_id", Operator.IN, (1,)),
        Condition("patient_ids", Operator.IN, (1,)),
        Condition("id", Operator.SEARCH, ()),
    ],
)
async def test_a_question_that_no_door_lets_through_is_a_bug(practice: Practice, condition: Condition) -> None:
    with pytest.raises((LookupError, IndexError)):
        await ask(practice, condition)


@pytest.mark.parametrize(
    "condition",
    [
        Condition("patient_ids", Operator.CONTAINS, (1,)),
        Condition("has_conflicts", Operator.IN, (True,)),
        Condition("has_available_seats", Operator.IN, (True,)),
        Condition("starts_at", Operator.ON_DATE, (date(2026, 3, 3),)),
    ],
)
async def test_only_appointments_are_asked_about_seats_conflicts_and_dates(
    practice: Practice, condition: Condition
) -> None:
    with pytest.raises(LookupError):
        await ask(practice, condition, kind=UnavailableBlock)
