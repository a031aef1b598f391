"""Whatever people do to a series: the seats are counted right, and attendees know when they are needed."""

import asyncio
import random
from datetime import timedelta

import pytest

from at_the_desk import a_series
from builders import A_MONDAY, Practice
from gappt_graphql.practice import archiving, attendance, booking
from gappt_graphql.practice.archiving import ArchiveGroupAppointment, RestoreGroupAppointment
from gappt_graphql.practice.attendance import ArchiveAttendee, BookAttendees, CancelAttendee, ReinstateAttendee
from gappt_graphql.practice.booking import UpdateGroupAppointment
from gappt_graphql.scheduling.attendance import CancellationReason
from gappt_graphql.scheduling.problems import Refused
from gappt_graphql.scheduling.series import Scope
from past import Past, wrong


@pytest.mark.parametrize("seed", range(3))
async def test_counts_copies_and_numbers_are_right_after_a_storm_on_a_series(
    practice: Practice, past: Past, seed: int
) -> None:
    chance, desk = random.Random(seed), practice.desk
    groups = [group.id for group in await a_series(practice)]
    places: list[int] = []
    done = 0

    async def somebody() -> None:
        nonlocal done
        group, scope, place = chance.choice(groups), chance.choice(list(Scope)), chance.choice(places or [1])
        patients = tuple(patient.id for patient in chance.sample(practice.patients, 3))
        moved = A_MONDAY + timedelta(days=chance.randint(1, 60), hours=chance.randint(0, 40))
        reason = CancellationReason.WORK
        acts = [
            lambda: attendance.cancel(desk, CancelAttendee(id=place, reason=reason, scope=scope)),
            lambda: attendance.reinstate(desk, ReinstateAttendee(id=place)),
            lambda: attendance.archive(desk, ArchiveAttendee(id=place)),
            lambda: booking.update(desk, UpdateGroupAppointment(id=group, max_attendees=chance.randint(3, 12))),
            lambda: booking.update(desk, UpdateGroupAppointment(id=group, starts_at=moved, scope=scope)),
            lambda: archiving.archive(desk, ArchiveGroupAppointment(id=group)),
            lambda: archiving.restore(desk, RestoreGroupAppointment(id=group, scope=scope)),
        ]
        try:
            if chance.random() < 0.5:
                command = BookAttendees(
                    group_appointment_id=group,
                    patient_ids=patients,
                    scope=scope,
                    waitlist_if_full=chance.random() < 0.5,
                )
                outcomes = (await attendance.book(desk, command)).outcomes
                places.extend(outcome.attendee_id for outcome in outcomes if outcome.attendee_id)
            else:
                await chance.choice(acts)()
            done += 1
        except Refused:
            pass

    for _ in range(15):
        callers = [asyncio.create_task(somebody()) for _ in range(10)]
        for _ in range(chance.randint(0, 30)):
            await asyncio.sleep(0)
        for caller in callers[:2]:
            caller.cancel()
        await asyncio.wait(callers)
    await practice.store.close()

    assert wrong(past) == {}
    assert done > 30
