"""What stands in the way of an appointment: the kinds of conflict, and the sweep that finds them among proposals."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gappt_graphql.scheduling.ids import (
    GroupAppointmentId,
    PatientId,
    PractitionerId,
    UnavailableBlockId,
)
from gappt_graphql.scheduling.instants import spell_instant
from gappt_graphql.scheduling.spans import Span

MOST_LISTED = 100
"""So many conflicts with dates of the same proposal are listed for each of its dates; long ones have thousands."""


class ConflictKind(StrEnum):
    """Who is needed twice at once."""

    PRACTITIONER_DOUBLE_BOOKED = "PRACTITIONER_DOUBLE_BOOKED"
    PRACTITIONER_UNAVAILABLE = "PRACTITIONER_UNAVAILABLE"
    PATIENT_DOUBLE_BOOKED = "PATIENT_DOUBLE_BOOKED"


class OnConflict(StrEnum):
    """What to do about conflicts: save all the same, refuse, or leave the dates out that have one."""

    ALLOW = "ALLOW"
    REJECT = "REJECT"
    SKIP = "SKIP"


class Conflict(Struct, frozen=True, kw_only=True):
    """
    One overlap of an appointment with something else, and the span that the two share.

    Exactly one of `group_appointment_id` (the other appointment), `unavailable_block_id` and `occurrence_index`
    (another date of the same proposal) is set; `patient_id` only where it is about one.
    """

    kind: ConflictKind
    starts_at: datetime
    ends_at: datetime
    group_appointment_id: GroupAppointmentId | None = None
    unavailable_block_id: UnavailableBlockId | None = None
    occurrence_index: int | None = None
    patient_id: PatientId | None = None

    @property
    def message(self) -> str:
        """One sentence for a person, with ids instead of names."""
        if self.unavailable_block_id is not None:
            other = f"by block {self.unavailable_block_id}"
        elif self.group_appointment_id is not None:
            other = f"in group appointment {self.group_appointment_id}"
        else:
            other = f"on date {self.occurrence_index} of this series"
        who = _WHO[self.kind] if self.patient_id is None else f"Patient {self.patient_id} is booked"
        return f"{who} {other} from {spell_instant(self.starts_at)} to {spell_instant(self.ends_at)}."


class Claim(Struct, frozen=True, kw_only=True):
    """
    What an appointment, stored or only proposed, needs: its practitioner and its patients for a span.

    `key` is the asker's own name for it; `group_appointment_id` is set where it is stored, so that it is not found
    to conflict with itself.
    """

    key: int
    span: Span
    practitioner_id: PractitionerId
    patient_ids: tuple[PatientId, ...] = ()
    group_appointment_id: GroupAppointmentId | None = None


class Occurrence(Struct, frozen=True, kw_only=True):
    """One date of a series with its conflicts; index 0 is the root. No appointment: proposed, or left out."""

    index: int
    starts_at: datetime
    ends_at: datetime
    group_appointment_id: GroupAppointmentId | None = None
    conflicts: tuple[Conflict, ...] = ()


def conflicts_among(
    claims: Sequence[Claim], standing: Sequence[Claim] = (), *, counting: Collection[int] | None = None
) -> dict[int, list[Conflict]]:
    """
    Return what each claim has against the other claims, and against the standing ones, by its key, in order of time.

    Another claim is named by its key, as `occurrence_index`, and counts only if its key is among `counting`, where
    that is given; a standing one, which is stored, is named by its `group_appointment_id`. A claim never conflicts
    with a standing one of its own appointment. Every claim has an entry, of not many more than `MOST_LISTED`.
    """
    found: dict[int, list[Conflict]] = {claim.key: [] for claim in claims}

    def note(claim: Claim, other: Claim, *, of_proposal: bool) -> None:
        if of_proposal and counting is not None and other.key not in counting:
            return
        if len(found[claim.key]) < MOST_LISTED:
            found[claim.key] += _shared(claim, other, of_proposal=of_proposal)

    for (earlier, earlier_asks), (later, later_asks) in _meetings(claims, standing):
        if earlier_asks:
            note(earlier, later, of_proposal=later_asks)
        if later_asks:
            note(later, earlier, of_proposal=earlier_asks)
    return {key: in_order_of_time(conflicts) for key, conflicts in found.items()}


def left_out(
    claims: Sequence[Claim],
    held_against: Mapping[int, Sequence[Conflict]],
    *,
    fixed: Collection[int],
    former: Mapping[int, Claim],
) -> dict[int, list[Conflict]]:
    """
    Return the claims that can't be kept, by key, each with its reasons, if dates are kept greedily in this order.

    `held_against` is what the stored book has against each. Fixed keys are never left out to make room: one that is
    returned all the same can't be kept at all. A claim that is left out stays where its `former` one was, if it has
    one, and may so stand in the way of others.
    """
    rivals, blockers = _rivals(claims, former)
    out = {claim.key for claim in claims if held_against.get(claim.key) and claim.key not in fixed}
    while True:
        kept = set(fixed)
        for claim in claims:
            if claim.key in out or claim.key in kept:
                continue
            if rivals[claim.key].isdisjoint(kept):
                kept.add(claim.key)
            else:
                out.add(claim.key)
        in_the_way = {key for key in kept.difference(fixed) if not blockers[key].isdisjoint(out)}
        if not in_the_way:
            break
        out |= in_the_way
    against = conflicts_among(claims, [former[key] for key in out if key in former], counting=kept)
    reasons = {
        claim.key: in_order_of_time([*held_against.get(claim.key, ()), *against[claim.key]])
        for claim in claims
        if claim.key in out or claim.key in fixed
    }
    return {key: why for key, why in reasons.items() if why}


def in_order_of_time(conflicts: Sequence[Conflict]) -> list[Conflict]:
    """Return the conflicts in their one order: by the shared span, then by what they are with."""
    return sorted(conflicts, key=_order)


_WHO = {
    ConflictKind.PRACTITIONER_DOUBLE_BOOKED: "The practitioner is booked",
    ConflictKind.PRACTITIONER_UNAVAILABLE: "The practitioner is kept away",
    ConflictKind.PATIENT_DOUBLE_BOOKED: "A patient is booked",
}


Entry = tuple[Claim, bool]
"""A claim, and whether it asks for its conflicts or only stands."""


def _meetings(claims: Sequence[Claim], standing: Collection[Claim]) -> Iterator[tuple[Entry, Entry]]:
    """Go through time once, and yield each two that overlap, but for a claim and its own stored self."""
    entries = [(claim, True) for claim in claims] + [(claim, False) for claim in standing]
    running: list[Entry] = []
    for claim, asks in sorted(entries, key=lambda entry: entry[0].span.starts_at):
        running = [entry for entry in running if entry[0].span.ends_at > claim.span.starts_at]
        for other, other_asks in running:
            if asks is other_asks or other.group_appointment_id != claim.group_appointment_id:
                yield (other, other_asks), (claim, asks)
        running.append((claim, asks))


def _rivals(claims: Sequence[Claim], former: Mapping[int, Claim]) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """Return for each claim the keys of the claims, and of the former ones, that it can't be kept beside."""
    rivals: dict[int, set[int]] = {claim.key: set() for claim in claims}
    blockers: dict[int, set[int]] = {claim.key: set() for claim in claims}
    for (earlier, earlier_asks), (later, later_asks) in _meetings(claims, former.values()):
        if not (earlier_asks or later_asks) or not _clash(earlier, later):
            continue
        if earlier_asks:
            (rivals if later_asks else blockers)[earlier.key].add(later.key)
        if later_asks:
            (rivals if earlier_asks else blockers)[later.key].add(earlier.key)
    return rivals, blockers


def _clash(claim: Claim, other: Claim) -> bool:
    return claim.practitioner_id == other.practitioner_id or not set(claim.patient_ids).isdisjoint(other.patient_ids)


def _shared(claim: Claim, other: Claim, *, of_proposal: bool) -> list[Conflict]:
    """Return the conflicts of two claims whose spans are known to overlap, as the first sees them."""
    span = claim.span.overlap(other.span)
    kinds: list[tuple[ConflictKind, PatientId | None]] = []
    if claim.practitioner_id == other.practitioner_id:
        kinds.append((ConflictKind.PRACTITIONER_DOUBLE_BOOKED, None))
    both = set(claim.patient_ids).intersection(other.patient_ids)
    kinds += [(ConflictKind.PATIENT_DOUBLE_BOOKED, patient) for patient in sorted(both)]
    return [
        Conflict(
            kind=kind,
            starts_at=span.starts_at,
            ends_at=span.ends_at,
            group_appointment_id=None if of_proposal else other.group_appointment_id,
            occurrence_index=other.key if of_proposal else None,
            patient_id=patient,
        )
        for kind, patient in kinds
    ]


def _order(conflict: Conflict) -> tuple[datetime, datetime, str, int, int, int, int]:
    return (
        conflict.starts_at,
        conflict.ends_at,
        conflict.kind.value,
        conflict.group_appointment_id or 0,
        conflict.unavailable_block_id or 0,
        -1 if conflict.occurrence_index is None else conflict.occurrence_index,
        conflict.patient_id or 0,
    )
