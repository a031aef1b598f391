"""What tests do at the desk with attendees, in few words."""

from datetime import timedelta

import pytest

from builders import A_MONDAY, Practice
from gappt_graphql.practice import attendance
from gappt_graphql.practice.attendance import BookAttendees, CancelAttendee, ReinstateAttendee
from gappt_graphql.scheduling.attendance import Attendee, CancellationReason
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.problems import Code, Refused

DAY = timedelta(days=1)


async def book(practice: Practice, group: GroupAppointment, *patients: Patient, **fields) -> attendance.Booked:
    """Book these patients into the group, with whatever else the command takes."""
    ids = tuple(patient.id for patient in patients)
    command = BookAttendees(group_appointment_id=group.id, patient_ids=ids, **fields)
    return await attendance.book(practice.desk, command)


async def book_one(practice: Practice, group: GroupAppointment, patient: Patient) -> Attendee:
    """Book one patient and return the attendee."""
    [outcome] = (await book(practice, group, patient)).outcomes
    return await stored(practice, Attendee, outcome.attendee_id)


async def cancel(practice: Practice, attendee: Attendee, **fields) -> attendance.AttendeeChanged:
    """Cancel a place because of sickness."""
    command = CancelAttendee(id=attendee.id, reason=CancellationReason.SICK, **fields)
    return await attendance.cancel(practice.desk, command)


async def reinstate(practice: Practice, attendee: Attendee, **fields) -> attendance.AttendeeChanged:
    """Give a cancelled attendee a seat again."""
    return await attendance.reinstate(practice.desk, ReinstateAttendee(id=attendee.id, **fields))


async def refusal(work) -> list[tuple[Code, tuple[str, ...] | None]]:
    """Return the codes and fields with which the work is refused."""
    with pytest.raises(Refused) as refused:
        await work
    return [(problem.code, problem.field) for problem in refused.value.problems]


async def stored(practice: Practice, kind, id):
    """Return the record of this id as it is stored."""

    async def work(book):
        return (await book.find(kind, [id]))[id]

    return await practice.store.read(practice.account.id, work)


async def roster(practice: Practice, group: GroupAppointment) -> list[int]:
    """Return the patients who have a seat, in booking order."""

    async def work(book):
        return [attendee.patient_id for attendee in (await book.attendees_of([group.id]))[group.id]]

    patients = await practice.store.read(practice.account.id, work)
    assert (await practice.reload(group)).active_attendees == len(patients)
    return patients


async def waiting(practice: Practice, group: GroupAppointment) -> list[int]:
    """Return the patients who wait, in order."""

    async def work(book):
        return [entry.patient_id for entry in (await book.waitlists_of([group.id]))[group.id]]

    return await practice.store.read(practice.account.id, work)


async def a_series(practice: Practice, *, occurrences: int = 3, step=DAY, **fields) -> list[GroupAppointment]:
    """Store a root and its repeats, past every rule."""
    root = await practice.group(series_position=0, **fields)
    repeats = [
        await practice.group(A_MONDAY + n * step, repeated_from_id=root.id, series_position=n, **fields)
        for n in range(1, occurrences)
    ]
    return [root, *repeats]
