"""Whatever runs at once, no group has more attendees than seats."""

import asyncio
import random
from collections import Counter
from datetime import timedelta

import pytest

from builders import Practice
from gappt_graphql.practice import attendance, booking, waitlist
from gappt_graphql.practice.attendance import ArchiveAttendee, BookAttendees, CancelAttendee, ReinstateAttendee
from gappt_graphql.practice.booking import UpdateGroupAppointment
from gappt_graphql.practice.waitlist import JoinWaitlist, LeaveWaitlist
from gappt_graphql.scheduling.attendance import Attendee, CancellationReason, WaitlistEntry
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.problems import Refused


async def book(practice: Practice, group: GroupAppointment, patient: Patient) -> str:
    command = BookAttendees(group_appointment_id=group.id, patient_ids=(patient.id,))
    try:
        await attendance.book(practice.desk, command)
    except Refused as refused:
        return ",".join(problem.code for problem in refused.problems)
    return "seated"


async def active(practice: Practice, group: GroupAppointment) -> list[int]:
    async def work(book):
        return [attendee.patient_id for attendee in (await book.attendees_of([group.id]))[group.id]]

    return await practice.store.read(practice.account.id, work)


async def test_two_hundred_clients_at_once_get_ten_seats(practice):
    patients = practice.new_patients(200)
    await practice.save(*patients)
    group = await practice.group(max_attendees=10)

    outcomes = await asyncio.gather(*(book(practice, group, patient) for patient in patients))

    assert Counter(outcomes) == {"seated": 10, "CAPACITY_FULL": 190}
    assert len(await active(practice, group)) == 10
    assert (await practice.reload(group)).active_attendees == 10


async def test_one_patient_booked_by_twenty_clients_at_once_has_one_seat(practice):
    group, ada = await practice.group(), practice.patients[0]

    outcomes = await asyncio.gather(*(book(practice, group, ada) for _ in range(20)))

    assert Counter(outcomes) == {"seated": 1, "ALREADY_BOOKED": 19}
    assert await active(practice, group) == [ada.id]


async def test_a_seat_that_frees_amid_a_rush_goes_to_one(practice):
    ada, *others = practice.patients
    group = await practice.group(patients=[ada], max_attendees=1)

    async def of_group(book):
        return (await book.attendees_of([group.id]))[group.id][0]

    attendee = await practice.store.read(practice.account.id, of_group)
    cancel = CancelAttendee(id=attendee.id, reason=CancellationReason.AWAY)
    before, after = others[:5], others[5:]

    outcomes = await asyncio.gather(
        *(book(practice, group, patient) for patient in before),
        attendance.cancel(practice.desk, cancel),
        *(book(practice, group, patient) for patient in after),
    )

    assert outcomes.count("seated") == 1
    assert len(await active(practice, group)) == (await practice.reload(group)).active_attendees == 1


@pytest.mark.parametrize("seed", range(6))
async def test_a_busy_day_ends_as_two_plain_lists_say(practice, seed):
    """The lists know only who sits and who waits; the book is asked after every step."""
    chance = random.Random(seed)
    people = {patient.id: patient for patient in practice.patients[:6]}
    group = await practice.group(max_attendees=2)
    seats, seated, line = 2, [], []
    places: dict[int, int] = {}

    for step in range(60):
        practice.now += timedelta(seconds=30)
        patient = chance.choice(list(people))
        action = chance.choice(["book", "book or wait", "join", "leave", "cancel", "archive", "reinstate", "grow"])
        free = len(seated) < seats and not line
        if action in ("book", "book or wait", "join"):
            allowed = patient not in seated and patient not in line and (free or action != "book")
            assert await take_a_place(practice, group, patient, action) is allowed, (step, action)
            if allowed:
                (seated if free else line).append(patient)
        elif action == "leave" and patient in line:
            [entry] = [entry for entry in (await rosters(practice, group))[1] if entry.patient_id == patient]
            await waitlist.leave_waitlist(practice.desk, LeaveWaitlist(id=entry.id))
            line.remove(patient)
        elif action in ("cancel", "archive") and patient in seated:
            [place] = [place for place in (await rosters(practice, group))[0] if place.patient_id == patient]
            if action == "cancel":
                await attendance.cancel(practice.desk, CancelAttendee(id=place.id, reason=CancellationReason.WORK))
                places[patient] = place.id
            else:
                await attendance.archive(practice.desk, ArchiveAttendee(id=place.id))
            seated.remove(patient)
            seated += line[:1]
            del line[:1]
        elif action == "reinstate" and patient in places and patient not in line and patient not in seated:
            allowed = free
            try:
                await attendance.reinstate(practice.desk, ReinstateAttendee(id=places.pop(patient)))
            except Refused:
                assert not allowed, step
            else:
                assert allowed, step
                seated.append(patient)
        elif action == "grow" and seats < 5:
            seats += 1
            await booking.update(practice.desk, UpdateGroupAppointment(id=group.id, max_attendees=seats))
            seated += line[:1]
            del line[:1]
        attendees, entries = await rosters(practice, group)
        assert sorted(place.patient_id for place in attendees) == sorted(seated), (step, action)
        assert [entry.patient_id for entry in entries] == line, (step, action)
        assert (await practice.reload(group)).active_attendees == len(seated) <= seats


async def take_a_place(practice: Practice, group: GroupAppointment, patient: int, action: str) -> bool:
    command = BookAttendees(
        group_appointment_id=group.id, patient_ids=(patient,), waitlist_if_full=action == "book or wait"
    )
    try:
        if action == "join":
            join = JoinWaitlist(group_appointment_id=group.id, patient_id=patient)
            await waitlist.join_waitlist(practice.desk, join)
        else:
            await attendance.book(practice.desk, command)
    except Refused:
        return False
    return True


async def rosters(practice: Practice, group: GroupAppointment) -> tuple[list[Attendee], list[WaitlistEntry]]:
    async def work(book):
        return (await book.attendees_of([group.id]))[group.id], (await book.waitlists_of([group.id]))[group.id]

    return await practice.store.read(practice.account.id, work)
