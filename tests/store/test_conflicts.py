"""Conflicts in the database: what a slow look at every pair finds, by one statement."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.conflicts import Claim, Conflict, ConflictKind
from gappt_graphql.scheduling.directory import Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import GroupAppointmentId
from gappt_graphql.scheduling.spans import Span
from gappt_graphql.store import conflicts
from watched_rows import WatchedRows

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EVERY_KIND = tuple(ConflictKind)
DOUBLE_BOOKED, UNAVAILABLE, PATIENT = EVERY_KIND


async def conflicts_of(
    practice: Practice, *groups: GroupAppointment, kinds: Collection[ConflictKind] = EVERY_KIND
) -> list[list[Conflict]]:
    async def work(book: Any) -> Any:
        return await book.conflicts_of([group.id for group in groups], kinds)

    found = await practice.store.read(practice.account.id, work)
    return [found[group.id] for group in groups]


async def conflicting(practice: Practice, *groups: GroupAppointment) -> Any:
    ids = [group.id for group in groups]
    return await practice.store.read(practice.account.id, lambda book: book.conflicting(ids, EVERY_KIND))


async def conflicts_with(
    practice: Practice,
    *claims: Claim,
    kinds: Collection[ConflictKind] = EVERY_KIND,
    leaving_out: Collection[Any] = (),
) -> dict[int, list[Conflict]]:
    async def work(book: Any) -> Any:
        return await book.conflicts_with(claims, kinds, leaving_out=leaving_out)

    return await practice.store.read(practice.account.id, work)  # type: ignore[no-any-return]


async def test_one_practitioner_in_two_appointments_is_double_booked(practice: Practice) -> None:
    first = await practice.group()
    second = await practice.group(A_MONDAY + HOUR / 2)

    shared = {"kind": DOUBLE_BOOKED, "starts_at": A_MONDAY + HOUR / 2, "ends_at": A_MONDAY + HOUR}
    assert await conflicts_of(practice, first, second) == [
        [Conflict(**shared, group_appointment_id=second.id)],
        [Conflict(**shared, group_appointment_id=first.id)],
    ]


async def test_spans_that_touch_do_not_conflict(practice: Practice) -> None:
    first, second = await practice.group(), await practice.group(A_MONDAY + HOUR)
    await practice.save(practice.new_block(A_MONDAY - HOUR), practice.new_block(A_MONDAY + 2 * HOUR))

    assert await conflicts_of(practice, first, second) == [[], []]


async def test_a_block_of_the_practitioner_is_in_the_way_at_any_business(practice: Practice) -> None:
    group = await practice.group()
    block = practice.new_block(A_MONDAY + HOUR / 2, business_id=practice.business.id)
    await practice.save(block)

    (found,) = await conflicts_of(practice, group)
    assert found == [
        Conflict(
            kind=UNAVAILABLE,
            starts_at=A_MONDAY + HOUR / 2,
            ends_at=A_MONDAY + HOUR,
            unavailable_block_id=block.id,
        )
    ]


async def test_a_patient_in_two_appointments_is_double_booked(practice: Practice) -> None:
    ash = practice.new(Practitioner, first_name="Sam", last_name="Ash")
    await practice.save(ash)
    both, one, other = practice.patients[:3]
    first = await practice.group(patients=[both, one])
    second = await practice.group(patients=[other, both], practitioner_id=ash.id)

    (found,) = await conflicts_of(practice, first)
    assert [(each.kind, each.group_appointment_id, each.patient_id) for each in found] == [
        (PATIENT, second.id, both.id)
    ]


@pytest.mark.parametrize("gone", [{"cancelled_at": A_MONDAY}, {"archived_at": A_MONDAY}])
async def test_who_no_longer_comes_is_in_nobodys_way(practice: Practice, gone: dict[str, Any]) -> None:
    ash = practice.new(Practitioner, first_name="Sam", last_name="Ash")
    await practice.save(ash)
    first = await practice.group(patients=practice.patients[:1])
    second = await practice.group(practitioner_id=ash.id)
    await practice.save(practice.new_attendee(second, practice.patients[0], **gone))

    assert await conflicts_of(practice, first, second) == [[], []]


async def test_what_is_archived_has_no_conflicts_and_is_none(practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:1])
    archived = await practice.group(patients=practice.patients[:1], archived_at=A_MONDAY)
    await practice.save(practice.new_block(A_MONDAY, archived_at=A_MONDAY))

    assert await conflicts_of(practice, group, archived) == [[], []]


async def test_archiving_and_moving_are_seen_at_once_in_patients_conflicts(practice: Practice) -> None:
    ash = practice.new(Practitioner, first_name="Sam", last_name="Ash")
    await practice.save(ash)
    first = await practice.group(patients=practice.patients[:1])
    second = await practice.group(A_MONDAY + DAY, patients=practice.patients[:1], practitioner_id=ash.id)
    assert await conflicts_of(practice, first) == [[]]

    second = await practice.revise(second, starts_at=A_MONDAY, ends_at=A_MONDAY + HOUR)
    assert len((await conflicts_of(practice, first))[0]) == 1

    await practice.revise(second, archived_at=A_MONDAY)
    assert await conflicts_of(practice, first) == [[]]


async def test_siblings_of_a_daily_rule_longer_than_its_step_conflict(practice: Practice) -> None:
    root = await practice.group(minutes=30 * 60)
    repeat = await practice.group(A_MONDAY + DAY, minutes=30 * 60, repeated_from_id=root.id)

    ((found,),) = await conflicts_of(practice, root)
    assert (found.group_appointment_id, found.starts_at, found.ends_at) == (
        repeat.id,
        A_MONDAY + DAY,
        A_MONDAY + DAY + 6 * HOUR,
    )


@pytest.mark.parametrize("hours", [24, 24.5, 24 * 40])
async def test_what_lasts_long_is_in_the_way_until_its_end(practice: Practice, hours: float) -> None:
    minutes = int(hours * 60)
    first = await practice.group(patients=practice.patients[:1], minutes=minutes)
    block = practice.new_block(A_MONDAY, minutes=minutes)
    await practice.save(block)
    last_moment = A_MONDAY + timedelta(minutes=minutes - 1)
    late = await practice.group(last_moment, patients=practice.patients[:1], minutes=5)
    after = await practice.group(last_moment + timedelta(minutes=1), patients=practice.patients[:1], minutes=4)

    of_late, of_after = await conflicts_of(practice, late, after)
    with_first = [each for each in of_late if first.id == each.group_appointment_id]
    assert [each.kind for each in with_first] == [PATIENT, DOUBLE_BOOKED]
    assert [each.unavailable_block_id for each in of_late if each.kind is UNAVAILABLE] == [block.id]
    assert first.id not in [each.group_appointment_id for each in of_after]
    assert UNAVAILABLE not in [each.kind for each in of_after]


async def test_kinds_limit_what_is_found(practice: Practice) -> None:
    group = await practice.group(patients=practice.patients[:1])
    await practice.group(patients=practice.patients[:1])
    await practice.save(practice.new_block(A_MONDAY))

    for kind in EVERY_KIND:
        ((found,),) = await conflicts_of(practice, group, kinds=[kind])
        assert found.kind is kind
    assert await conflicts_of(practice, group, kinds=[]) == [[]]


async def test_another_accounts_appointments_do_not_exist(practice: Practice, other_practice: Practice) -> None:
    mine = await practice.group(patients=practice.patients[:1])
    theirs = await other_practice.group(patients=other_practice.patients[:1])
    await other_practice.group(patients=other_practice.patients[:1])

    claim = Claim(
        key=7,
        span=theirs.span,
        practitioner_id=theirs.practitioner_id,
        patient_ids=(other_practice.patients[0].id,),
    )
    assert await conflicts_of(practice, mine, theirs) == [[], []]
    assert await conflicting(practice, mine, theirs) == set()
    assert await conflicts_with(practice, claim) == {7: []}


async def test_a_proposal_conflicts_with_what_is_stored(practice: Practice) -> None:
    stored = await practice.group(patients=practice.patients[:1])
    claim = Claim(
        key=3,
        span=Span(A_MONDAY + HOUR / 2, A_MONDAY + 2 * HOUR),
        practitioner_id=practice.practitioner.id,
        patient_ids=tuple(patient.id for patient in practice.patients[:2]),
    )

    found = await conflicts_with(practice, claim)
    assert [(each.kind, each.group_appointment_id) for each in found[3]] == [
        (PATIENT, stored.id),
        (DOUBLE_BOOKED, stored.id),
    ]


async def test_a_claim_does_not_conflict_with_itself_or_with_what_is_left_out(practice: Practice) -> None:
    own = await practice.group(patients=practice.patients[:1])
    other = await practice.group(patients=practice.patients[:1])
    claim = Claim(
        key=0,
        span=own.span,
        practitioner_id=own.practitioner_id,
        patient_ids=(practice.patients[0].id,),
        group_appointment_id=own.id,
    )

    assert {each.group_appointment_id for each in (await conflicts_with(practice, claim))[0]} == {other.id}
    assert await conflicts_with(practice, claim, leaving_out=[other.id]) == {0: []}


@pytest.mark.parametrize("size", [1, 10, 100])
async def test_conflicts_of_a_page_cost_one_statement(practice: Practice, rows: WatchedRows, size: int) -> None:
    groups = [practice.new_group(A_MONDAY + n * HOUR / 2) for n in range(size)]
    await practice.save(*groups)

    found = await conflicts.conflicts_of(rows, [group.id for group in groups], EVERY_KIND)

    assert len(rows.statements) == 1
    assert len(found) == size

    assert len(await conflicts.conflicting(rows, list(found), EVERY_KIND)) == (0 if size == 1 else size)
    assert len(rows.statements) == 2


async def test_nothing_asked_costs_no_statement(rows: WatchedRows) -> None:
    assert await conflicts.conflicts_of(rows, [], EVERY_KIND) == {}
    assert await conflicts.conflicting(rows, [], EVERY_KIND) == frozenset()
    assert await conflicts.conflicting(rows, [GroupAppointmentId(1)], []) == frozenset()
    assert await conflicts.conflicts_with(rows, [], EVERY_KIND) == {}
    assert rows.statements == []


async def _of_stored(practice: Practice, rows: WatchedRows) -> None:
    await conflicts.conflicts_of(rows, [(await practice.group()).id], EVERY_KIND)


async def _whether_any(practice: Practice, rows: WatchedRows) -> None:
    await conflicts.conflicting(rows, [(await practice.group()).id], EVERY_KIND)


async def _of_claims(practice: Practice, rows: WatchedRows) -> None:
    patients = (practice.patients[0].id,)
    span = Span(A_MONDAY, A_MONDAY + HOUR)
    claim = Claim(key=1, span=span, practitioner_id=practice.practitioner.id, patient_ids=patients)
    await conflicts.conflicts_with(rows, [claim], EVERY_KIND, leaving_out=())


@pytest.mark.sqlite("SQLite's plans and steps; PostgreSQL's are in test_plans_of_postgres.py")
@pytest.mark.parametrize("ask", [_of_stored, _whether_any, _of_claims])
async def test_conflicts_are_found_along_the_indexes_of_persons(
    practice: Practice, rows: WatchedRows, ask: Callable[[Practice, WatchedRows], Any]
) -> None:
    await ask(practice, rows)

    (plan,) = rows.plans
    steps = "\n".join(plan)
    for index in (
        "ix_group_appointments_practitioner (account_id=? AND practitioner_id=? AND starts_at>? AND starts_at<?)",
        "ix_group_appointments_long (account_id=? AND practitioner_id=? AND ends_at>?)",
        "ix_unavailable_blocks_practitioner (account_id=? AND practitioner_id=? AND starts_at>? AND starts_at<?)",
        "ix_unavailable_blocks_long (account_id=? AND practitioner_id=? AND ends_at>?)",
        "ix_attendees_busy (account_id=? AND patient_id=? AND starts_at>? AND starts_at<?)",
        "ix_attendees_long (account_id=? AND patient_id=? AND ends_at>?)",
    ):
        assert index in steps
    assert not [step for step in plan if step.startswith("SCAN") and ("appointments" in step or "attendees" in step)]
