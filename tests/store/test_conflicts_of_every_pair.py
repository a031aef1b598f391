"""Conflicts in the database are those that a slow look at every pair finds."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.conflicts import Claim, Conflict, ConflictKind, in_order_of_time
from gappt_graphql.scheduling.directory import Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.spans import Span
from gappt_graphql.store.conflicts import MOST

HOUR = timedelta(hours=1)
DOUBLE_BOOKED, UNAVAILABLE, PATIENT = EVERY_KIND = tuple(ConflictKind)


class Diary:
    """Everything that is stored, and the slow way to find conflicts in it."""

    def __init__(self, practice: Practice, seed: int) -> None:
        chance = random.Random(seed)
        self.practitioners = [
            practice.practitioner,
            *(practice.new(Practitioner, first_name="P", last_name=name) for name in "ab"),
        ]
        patients = practice.patients[:7]
        self.groups: list[GroupAppointment] = []
        self.attendees: list[Attendee] = []
        self.blocks: list[UnavailableBlock] = []
        for _ in range(45):
            coming = chance.sample(patients, chance.randrange(4))
            group = practice.new_group(
                A_MONDAY + chance.randrange(8 * 24) * HOUR / 2,
                minutes=chance.choice([30, 60, 90, 600, 24 * 60, 24 * 60 + 30, 72 * 60]),
                practitioner_id=chance.choice(self.practitioners).id,
                archived_at=chance.choice([None, None, None, None, A_MONDAY]),
                active_attendees=len(coming),
            )
            self.groups.append(group)
            self.attendees += [self._attendee(practice, chance, group, patient) for patient in coming]
        for _ in range(12):
            self.blocks.append(
                practice.new_block(
                    A_MONDAY + chance.randrange(8 * 24) * HOUR / 2,
                    minutes=chance.choice([30, 60, 24 * 60, 50 * 60]),
                    practitioner_id=chance.choice(self.practitioners).id,
                    archived_at=chance.choice([None, None, A_MONDAY]),
                )
            )

    @staticmethod
    def _attendee(practice: Practice, chance: random.Random, group: GroupAppointment, patient: Patient) -> Attendee:
        gone = chance.choice([{}, {}, {}, {"cancelled_at": A_MONDAY}, {"archived_at": A_MONDAY}])
        return practice.new_attendee(group, patient, **gone)

    async def save(self, practice: Practice) -> None:
        await practice.save(*self.practitioners[1:], *self.groups, *self.attendees, *self.blocks)

    def patients_of(self, group: GroupAppointment) -> tuple[Any, ...]:
        return tuple(
            each.patient_id for each in self.attendees if each.group_appointment_id == group.id and each.active
        )

    def claim(self, key: int, group: GroupAppointment) -> Claim:
        return Claim(
            key=key,
            span=group.span,
            practitioner_id=group.practitioner_id,
            patient_ids=self.patients_of(group),
            group_appointment_id=group.id,
        )

    def conflicts(self, claim: Claim, left_out: Sequence[int] = ()) -> list[Conflict]:
        """Look at every appointment and every block."""
        found: list[Conflict] = []

        def note(kind: ConflictKind, other: Span, **about: Any) -> None:
            shared = claim.span.overlap(other)
            found.append(Conflict(kind=kind, starts_at=shared.starts_at, ends_at=shared.ends_at, **about))

        for group in self.groups:
            if group.archived_at or group.id in (claim.group_appointment_id, *left_out):
                continue
            if not claim.span.overlaps(group.span):
                continue
            if group.practitioner_id == claim.practitioner_id:
                note(DOUBLE_BOOKED, group.span, group_appointment_id=group.id)
            for patient in set(claim.patient_ids) & set(self.patients_of(group)):
                note(PATIENT, group.span, group_appointment_id=group.id, patient_id=patient)
        for block in self.blocks:
            span = Span(block.starts_at, block.ends_at)
            if (
                block.archived_at is None
                and block.practitioner_id == claim.practitioner_id
                and claim.span.overlaps(span)
            ):
                note(UNAVAILABLE, span, unavailable_block_id=block.id)
        return in_order_of_time(found)


@pytest.mark.parametrize("seed", range(12))
async def test_every_pair_that_a_slow_look_finds_is_found(practice: Practice, seed: int) -> None:
    diary = Diary(practice, seed)
    await diary.save(practice)

    async def work(book: Any) -> Any:
        return await book.conflicts_of([group.id for group in diary.groups], EVERY_KIND)

    found = await practice.store.read(practice.account.id, work)
    expected = {group.id: [] if group.archived_at else diary.conflicts(diary.claim(0, group)) for group in diary.groups}
    assert found == expected
    assert any(expected.values())


@pytest.mark.parametrize("kinds", [EVERY_KIND, *((kind,) for kind in EVERY_KIND), EVERY_KIND[:2], ()])
@pytest.mark.parametrize("seed", range(4))
async def test_those_that_conflict_are_those_that_have_conflicts(
    practice: Practice, kinds: tuple[ConflictKind, ...], seed: int
) -> None:
    diary = Diary(practice, seed)
    await diary.save(practice)
    asked = [group.id for group in diary.groups[::2]]

    async def work(book: Any) -> Any:
        return await book.conflicting(asked, kinds), await book.conflicts_of(asked, kinds)

    conflicting, found = await practice.store.read(practice.account.id, work)
    assert conflicting == {id for id, conflicts in found.items() if conflicts}
    assert bool(conflicting) == bool(kinds)


@pytest.mark.parametrize("seed", range(12, 24))
async def test_claims_conflict_with_what_a_slow_look_finds(practice: Practice, seed: int) -> None:
    diary, proposals = Diary(practice, seed), Diary(practice, seed + 100)
    await diary.save(practice)
    stored = [diary.claim(key, group) for key, group in enumerate(diary.groups)]
    proposed = [
        Claim(
            key=1000 + key,
            span=group.span,
            practitioner_id=diary.practitioners[key % 3].id,
            patient_ids=proposals.patients_of(group),
        )
        for key, group in enumerate(proposals.groups)
    ]
    left_out = [group.id for group in diary.groups[::5]]

    async def work(book: Any) -> Any:
        return await book.conflicts_with([*stored, *proposed], EVERY_KIND, leaving_out=left_out)

    found = await practice.store.read(practice.account.id, work)
    every = {claim.key: diary.conflicts(claim, left_out) for claim in [*stored, *proposed]}
    assert found == {key: the_first_of_each(conflicts) for key, conflicts in every.items()}


async def test_a_claim_lists_the_first_ten_of_what_stands_against_one_person(practice: Practice) -> None:
    groups = [practice.new_group(A_MONDAY + timedelta(days=day)) for day in range(MOST + 3)]
    await practice.save(*groups)
    claim = Claim(key=7, span=Span(A_MONDAY, A_MONDAY + timedelta(days=365)), practitioner_id=practice.practitioner.id)

    async def work(book: Any) -> Any:
        return await book.conflicts_with([claim], EVERY_KIND)

    [conflicts] = (await practice.store.read(practice.account.id, work)).values()
    assert [conflict.group_appointment_id for conflict in conflicts] == [group.id for group in groups[:MOST]]


def the_first_of_each(conflicts: list[Conflict]) -> list[Conflict]:
    """Return the first ten of each kind and patient."""
    seen: Counter[Any] = Counter()
    kept = []
    for conflict in conflicts:
        seen[conflict.kind, conflict.patient_id] += 1
        if seen[conflict.kind, conflict.patient_id] <= MOST:
            kept.append(conflict)
    return kept
