"""Values at the ends of what each database's types hold mean the same in both, and none of them is a failure."""

from datetime import UTC, datetime
from typing import Any

import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Slice, position
from gappt_graphql.scheduling.conflicts import ConflictKind
from gappt_graphql.scheduling.directory import Patient, Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
EDGES = (2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 2**31, 0)
NAMES = (
    "a", "B", "Z", "_", "É", "E\u0301", "é", "ß", "SS", "ſ", "İ", "ı", "ÿ", "Ł", "Ω", "я", "中", "\ufb01", "\uffee",
    "😀", "𝒜", "\U0010fffd", "a\u200db", "a b", "a-b", "a'b", "0", "10", "9", "%", "\\", "\ue000", "x😀", "x\uffee",
)  # fmt: skip
BY_NAME = (Order("name"),)


async def ask(practice: Practice, listing: Listing, part: Slice, kind: type[Any] = GroupAppointment) -> list[Any]:
    page = await practice.store.read(practice.account.id, lambda book: book.page(kind, listing, part))
    return list(page.records)


@pytest.fixture
async def named(practice: Practice) -> list[Patient]:
    """Patients in the order of their names as Python has it, which is that of the code points of their sort names."""
    made = [practice.new(Patient, first_name="A", last_name=name) for name in NAMES]
    await practice.save(*made)
    return sorted([*practice.patients, *made], key=lambda patient: (patient.sort_name, patient.id))


async def test_names_are_in_the_order_of_code_points_whatever_they_are_written_in(
    practice: Practice, named: list[Patient]
) -> None:
    everybody = await ask(practice, Listing((), BY_NAME), Slice(1000), Patient)
    backwards = await ask(practice, Listing((), (Order("name", True),)), Slice(1000), Patient)

    assert everybody == named
    assert backwards == sorted(named, key=lambda patient: (patient.sort_name, patient.id), reverse=True)


@pytest.mark.parametrize("backward", [False, True])
async def test_pages_over_names_lose_and_repeat_nobody_whatever_they_are_written_in(
    practice: Practice, named: list[Patient], backward: bool
) -> None:
    async def walk(book: Any) -> list[Patient]:
        found: list[Patient] = []
        while len(found) < 2 * len(named):
            edge = position(found[0 if backward else -1], BY_NAME) if found else None
            part = Slice(3, backward=backward, **{"before" if backward else "after": edge})
            page = await book.page(Patient, Listing((), BY_NAME), part)
            found = [*page.records, *found] if backward else [*found, *page.records]
            if not (page.has_previous if backward else page.has_next):
                break
        return found

    assert await practice.store.read(practice.account.id, walk) == named


@pytest.mark.parametrize("name", ["", "\U0010ffff", "x" * 100_000])
async def test_a_position_that_nobodys_name_makes_is_before_or_behind_them(
    practice: Practice, named: list[Patient], name: str
) -> None:
    behind = await ask(practice, Listing((), BY_NAME), Slice(1000, after=(name, 0)), Patient)

    assert behind == [patient for patient in named if patient.sort_name >= name]


@pytest.mark.parametrize("words", ["\\", "\\\\", "\\%", "%\\", "_\\_", "\\_", "%_", "[a-z]", "'", "\x00", "\n"])
async def test_a_search_has_no_pattern(practice: Practice, words: str) -> None:
    names = ["\\", "\\\\", "\\%", "%\\", "_\\_", "\\_", "%_", "[a-z]", "'", "plain", "a"]
    people = [practice.new(Practitioner, first_name=name, last_name=None) for name in names]
    await practice.save(*people)
    condition = Condition("name", Operator.SEARCH, (words,))

    found = await ask(practice, Listing((condition,), (Order("id"),)), Slice(1000), Practitioner)

    assert [person.first_name for person in found] == [name for name in names if words in name]


@pytest.mark.parametrize("field", ["starts_at", "created_at", "archived_at"])
@pytest.mark.parametrize("instant", [FIRST, LAST])
async def test_the_first_and_the_last_instant_compare_like_any_other(
    practice: Practice, field: str, instant: datetime
) -> None:
    groups = [practice.new_group(A_MONDAY), practice.new_group(A_MONDAY, archived_at=A_MONDAY)]
    await practice.save(*groups)
    holds = {
        Operator.GREATER: lambda mine: mine is not None and mine > instant,
        Operator.GREATER_OR_EQUAL: lambda mine: mine is not None and mine >= instant,
        Operator.LESS: lambda mine: mine is not None and mine < instant,
        Operator.LESS_OR_EQUAL: lambda mine: mine is not None and mine <= instant,
        Operator.NOT_EQUAL: lambda mine: mine != instant,
        Operator.IN: lambda mine: mine == instant,
    }
    for operator, holding in holds.items():
        condition = Condition(field, operator, (instant,))
        found = await ask(practice, Listing((condition,), (Order("id"),)), Slice(10))

        assert found == [group for group in groups if holding(getattr(group, field))]


@pytest.mark.parametrize("instant", [FIRST, LAST])
@pytest.mark.parametrize("id", EDGES)
async def test_a_position_at_the_first_and_the_last_instant_is_one_like_any_other(
    practice: Practice, instant: datetime, id: int
) -> None:
    groups = [practice.new_group(A_MONDAY) for _ in range(3)]
    await practice.save(*groups)
    listing = Listing((), (Order("starts_at"),))

    behind = await ask(practice, listing, Slice(10, after=(instant, id)))
    before = await ask(practice, listing, Slice(10, backward=True, before=(instant, id)))

    assert (behind, before) == ((groups, []) if instant == FIRST else ([], groups))


@pytest.mark.parametrize("id", EDGES)
async def test_ids_at_the_ends_of_64_bits_are_nobodys(practice: Practice, id: int) -> None:
    group = await practice.group(patients=practice.patients[:1])

    async def look(book: Any) -> Any:
        return [
            await book.find(GroupAppointment, [id, group.id]),
            await book.find(Patient, [id]),
        ]

    found, nobody = await practice.store.read(practice.account.id, look)
    for field in ("id", "practitioner_id", "repeated_from_id"):
        condition = Condition(field, Operator.IN, (id,))
        assert await ask(practice, Listing((condition,)), Slice(10)) == []

    assert list(found) == [group.id]
    assert nobody == {}


async def test_a_question_about_none_has_no_answers(practice: Practice) -> None:
    await practice.group(patients=practice.patients[:1])
    for field in ("id", "practitioner_id", "repeated_from_id", "starts_at"):
        assert await ask(practice, Listing((Condition(field, Operator.IN),)), Slice(10)) == []

    async def look(book: Any) -> Any:
        return [
            await book.find(GroupAppointment, []),
            await book.attendees_of([]),
            await book.waitlists_of([]),
            await book.repeats_of([]),
            await book.conflicts_of([], tuple(ConflictKind)),
            await book.changes(after=0, limit=10, ids=[], practitioners=None, businesses=None),
        ]

    assert [len(found) for found in await practice.store.read(practice.account.id, look)] == [0] * 6


async def test_what_is_not_set_is_kept_and_found_as_not_set(practice: Practice) -> None:
    patient = practice.new(Patient, first_name="Jo", last_name=None)
    await practice.save(patient)
    groups = [practice.new_group(A_MONDAY, notes=None), practice.new_group(A_MONDAY, notes="")]
    await practice.save(*groups)
    unset = Condition("repeated_from_id", Operator.IS_NOT_SET), Condition("archived_at", Operator.IS_NOT_SET)

    assert await practice.reload(patient) == patient
    assert await ask(practice, Listing(unset, (Order("id"),)), Slice(10)) == groups
