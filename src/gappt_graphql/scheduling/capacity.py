"""Seats: who gets one, who waits for one, and who moves up when one frees (docs/guide/attendees.md)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import AttendeeId, Ids, PatientId, WaitlistEntryId
from gappt_graphql.scheduling.problems import Code, Problem, Refused, refuse_if_any

Left = tuple[tuple[WaitlistEntry, WaitlistEntry], ...]
"""Entries that left the waitlist: each as it was and as it is."""


class Seating(Struct, frozen=True, kw_only=True):
    """A group with newcomers: who got a seat, who waits now, and who no longer waits because of the seat."""

    group: GroupAppointment
    attendees: tuple[Attendee, ...] = ()
    listed: tuple[WaitlistEntry, ...] = ()
    left: Left = ()


class Promotion(Struct, frozen=True, kw_only=True):
    """A group after its free seats went to those who wait: the new attendees, and every entry that left the list."""

    group: GroupAppointment
    attendees: tuple[Attendee, ...] = ()
    left: Left = ()


def seat(
    group: GroupAppointment,
    patients: Sequence[PatientId],
    *,
    active: Collection[PatientId],
    waiting: Sequence[WaitlistEntry],
    now: datetime,
    ids: Ids,
    waitlist_if_full: bool = False,
) -> Seating:
    """
    Give each patient a seat, in this order; with `waitlist_if_full` list those for whom none is left. All or nothing.

    A free seat is for who waits first: nobody else gets one as long as somebody waits. No waitlist of a group that
    has started grows. `active` are the patients who hold a seat, `waiting` is the waitlist in its order.

    :raises Refused: if the group is archived, a patient has a seat or waits already, or too few seats are left
    """
    if group.archived_at is not None:
        raise Refused.one(Code.ARCHIVED, "This appointment is archived. Restore it first.", "group_appointment_id")
    problems = [
        Problem(Code.ALREADY_BOOKED, "This patient is booked already.", ("patient_ids", str(index)))
        for index, patient in enumerate(patients)
        if patient in active
    ]
    newcomers = [patient for patient in dict.fromkeys(patients) if patient not in active]
    seated, rest = _divide(group, newcomers, active=active, waiting=waiting)
    entries = {entry.patient_id: entry for entry in waiting}
    if rest and waitlist_if_full and not has_started(group, now):
        problems += [
            Problem(Code.ALREADY_BOOKED, "This patient is waiting already.", ("patient_ids", str(index)))
            for index, patient in enumerate(patients)
            if patient in rest and patient in entries
        ]
    elif rest:
        problems.append(Problem(Code.CAPACITY_FULL, _why_full(group, len(newcomers)), ("patient_ids",)))
    refuse_if_any(problems)
    return Seating(
        group=touched(group, now=now, seats=len(seated)),
        attendees=tuple(_attendee(group, patient, now=now, ids=ids) for patient in seated),
        listed=tuple(_entry(group, patient, waiting=waiting, now=now, ids=ids) for patient in rest),
        left=tuple(_leave(entries[patient], now=now) for patient in seated if patient in entries),
    )


def unseat(group: GroupAppointment, attendee: Attendee, *, now: datetime) -> GroupAppointment:
    """Return the group with the attendee's seat free; one who held none frees none."""
    return touched(group, now=now, seats=-1 if attendee.active else 0)


def reseat(
    group: GroupAppointment,
    attendee: Attendee,
    *,
    active: Collection[PatientId],
    waiting: Sequence[WaitlistEntry],
    now: datetime,
) -> Seating:
    """
    Give an attendee who cancelled a seat again, as if they booked now.

    :raises Refused: if the group is archived, the patient has another seat in it, none is free, or others wait for it
    """
    if group.archived_at is not None:
        raise Refused.one(Code.ARCHIVED, "The appointment is archived. Restore it first.", "id")
    if attendee.patient_id in active:
        raise Refused.one(Code.ALREADY_BOOKED, "This patient is booked again already.", "id")
    seated, _ = _divide(group, [attendee.patient_id], active=active, waiting=waiting)
    if not seated:
        raise Refused.one(Code.CAPACITY_FULL, _why_full(group, 1), "id")
    again = replace(attendee, cancelled_at=None, cancellation_reason=None, cancellation_note=None, updated_at=now)
    left = tuple(_leave(entry, now=now) for entry in waiting if entry.patient_id == attendee.patient_id)
    return Seating(group=touched(group, now=now, seats=1), attendees=(again,), left=left)


def promote(
    group: GroupAppointment,
    waiting: Sequence[WaitlistEntry],
    *,
    patients: Mapping[PatientId, Patient],
    active: Collection[PatientId],
    now: datetime,
    ids: Ids,
) -> Promotion:
    """
    Give the free seats to those who wait, first come first.

    Who is archived, or holds a seat by now, leaves the list without one. Nobody is promoted into a group that is
    archived or has started. `patients` are those of the waitlist; without any change the group comes back as it is.
    """
    if group.archived_at is not None or has_started(group, now):
        return Promotion(group=group)
    attendees: list[Attendee] = []
    left: list[tuple[WaitlistEntry, WaitlistEntry]] = []
    for entry in waiting:
        if len(attendees) >= group.available_seats:
            break
        patient = patients.get(entry.patient_id)
        if patient is not None and patient.archived_at is None and entry.patient_id not in active:
            attendees.append(_attendee(group, entry.patient_id, now=now, ids=ids))
        left.append(_leave(entry, now=now))
    if not left:
        return Promotion(group=group)
    group = touched(group, now=now, seats=len(attendees))
    return Promotion(group=group, attendees=tuple(attendees), left=tuple(left))


def named_twice(patients: Sequence[PatientId]) -> list[Problem]:
    """Return a problem for each patient who stands in the list before."""
    seen: set[PatientId] = set()
    problems: list[Problem] = []
    for index, patient in enumerate(patients):
        if patient in seen:
            problems.append(
                Problem(Code.ALREADY_BOOKED, "This patient is in the list twice.", ("patient_ids", str(index)))
            )
        seen.add(patient)
    return problems


def has_started(group: GroupAppointment, now: datetime) -> bool:
    """Tell whether the group meets already, or has met."""
    return group.starts_at <= now


def touched(group: GroupAppointment, *, now: datetime, seats: int = 0) -> GroupAppointment:
    """
    Return the group with so many more seats taken.

    Its `updated_at` moves, never back: two requests may reach the book in another order than they reached the door.
    Its version stays.
    """
    return replace(group, active_attendees=group.active_attendees + seats, updated_at=max(now, group.updated_at))


def leave(group: GroupAppointment, entry: WaitlistEntry, *, now: datetime) -> Seating:
    """Take an entry off the waitlist."""
    return Seating(group=touched(group, now=now), left=(_leave(entry, now=now),))


def _divide(
    group: GroupAppointment,
    patients: Sequence[PatientId],
    *,
    active: Collection[PatientId],
    waiting: Sequence[WaitlistEntry],
) -> tuple[list[PatientId], list[PatientId]]:
    # Somebody waits beside a free seat only where it came free while nobody could be promoted.
    line = [entry.patient_id for entry in waiting if entry.patient_id not in active]
    seated: list[PatientId] = []
    rest: list[PatientId] = []
    for patient in patients:
        if len(seated) < group.available_seats and (not line or line[0] == patient):
            seated.append(patient)
            line = line[1:]
        else:
            rest.append(patient)
    return seated, rest


def _why_full(group: GroupAppointment, needed: int) -> str:
    if group.available_seats >= needed:
        return "Other patients wait for the free seats of this appointment: they come first."
    return f"{max(group.available_seats, 0)} of {group.max_attendees} seats are free, and {needed} needed."


def _attendee(group: GroupAppointment, patient: PatientId, *, now: datetime, ids: Ids) -> Attendee:
    id = AttendeeId(ids.next(now))
    return Attendee(id=id, group_appointment_id=group.id, patient_id=patient, created_at=now, updated_at=now)


def _entry(
    group: GroupAppointment, patient: PatientId, *, waiting: Sequence[WaitlistEntry], now: datetime, ids: Ids
) -> WaitlistEntry:
    # The list's order is that of time, so a newcomer's time must be later than the last one's, whatever the clock says.
    at = max(now, waiting[-1].created_at + _MICROSECOND) if waiting else now
    id = WaitlistEntryId(ids.next(now))
    return WaitlistEntry(id=id, group_appointment_id=group.id, patient_id=patient, created_at=at)


def _leave(entry: WaitlistEntry, *, now: datetime) -> tuple[WaitlistEntry, WaitlistEntry]:
    return entry, replace(entry, left_at=max(now, entry.created_at))


_MICROSECOND = timedelta(microseconds=1)
