"""A storm in which the database itself refuses a fifth of all statements, as one does whose transactions collide."""

import asyncio
import random
from collections import Counter
from datetime import timedelta

import asyncpg
from msgspec.structs import replace

from at_the_desk import WEEKLY, creation
from builders import A_MONDAY
from gappt_graphql.observing import Observer
from gappt_graphql.practice import archiving, attendance, auditing, booking, revising
from gappt_graphql.practice.archiving import ArchiveGroupAppointment
from gappt_graphql.practice.attendance import BookAttendees, CancelAttendee
from gappt_graphql.practice.revising import UpdateGroupAppointment
from gappt_graphql.scheduling.attendance import CancellationReason
from gappt_graphql.scheduling.problems import Refused
from gappt_graphql.scheduling.series import Scope
from gappt_graphql.store.postgres.terms import Terms
from postgres_faults import failing_store, faults

PATIENT = Terms(attempts=2000, longest_pause=0.002)
"""Of thirteen statements in a row, all are run once in twenty attempts."""
REFUSE = "DO $$ BEGIN RAISE EXCEPTION 'restart' USING ERRCODE = '40001'; END $$"
TURNS = 14


class Storm(Observer):
    """Refuses statements, by the server itself, which then wants no more of the transaction but its end."""

    def __init__(self):
        super().__init__()
        self.refused, self.run, self.commits = Counter(), Counter(), 0
        self._fate = random.Random(40001)

    async def __call__(self, connection, query, statement):
        kind = query.split()[0]
        if kind == "ROLLBACK":
            return await statement()
        self.run[kind] += 1
        if self._fate.random() < 0.2:
            self.refused[kind] += 1
            await asyncpg.Connection.execute(connection, REFUSE)
        return await statement()

    def committed(self, units, seconds):
        self.commits += units


class Client:
    """Asks for one thing after another, each with a key, and once more; remembers what was done."""

    def __init__(self, practice, number):
        self.practice, self.number, self.dice = practice, number, random.Random(number)
        self.done, self.refused, self.groups, self.seats = Counter(), Counter(), [], []

    async def work(self):
        await self.create()
        for _ in range(TURNS):
            await self.dice.choice([self.create, self.book, self.book, self.cancel, self.update, self.archive])()

    async def once(self, do, command):
        key = f"{self.number} {sum(self.done.values()) + sum(self.refused.values())}"
        command = replace(command, idempotency_key=key)
        name = type(command).__name__
        try:
            outcome = await do(replace(self.practice.desk, request_id=f"{key} first"), command)
        except Refused:
            self.refused[name] += 1
            return None
        assert await do(replace(self.practice.desk, request_id=f"{key} again"), command) == outcome
        self.done[name] += 1
        return outcome

    async def create(self):
        starts_at = A_MONDAY + timedelta(days=self.dice.randrange(3), hours=self.dice.randrange(3))
        fields = {"starts_at": starts_at, "max_attendees": 6, "repeat_rule": WEEKLY}
        patients = tuple(patient.id for patient in self.dice.sample(self.practice.patients, 2))
        made = await self.once(
            booking.create, creation(self.practice, patient_ids=patients, copy_attendees=True, **fields)
        )
        self.groups += [made.group_appointment_id, *made.repeat_ids]

    async def book(self):
        group, patients = self.dice.choice(self.groups), self.dice.sample(self.practice.patients, 2)
        command = BookAttendees(group_appointment_id=group, patient_ids=tuple(one.id for one in patients))
        if booked := await self.once(attendance.book, command):
            self.seats += [outcome.attendee_id for outcome in booked.outcomes if outcome.attendee_id]

    async def cancel(self):
        if self.seats:
            attendee = self.seats.pop()
            await self.once(attendance.cancel, CancelAttendee(id=attendee, reason=CancellationReason.SICK))

    async def update(self):
        command = UpdateGroupAppointment(id=self.dice.choice(self.groups), notes=f"by {self.number}", scope=Scope.ALL)
        await self.once(revising.update, command)

    async def archive(self):
        await self.once(archiving.archive, ArchiveGroupAppointment(id=self.dice.choice(self.groups)))


async def test_where_a_fifth_of_all_statements_and_commits_is_refused_each_command_is_done_once_and_the_book_is_sound(
    practice, other_practice, database, caplog
):
    storm = Storm()
    sound, store = practice.store, await failing_store(database.url, storm, observer=storm, terms=PATIENT)
    practice.store = other_practice.store = store
    clients = [Client([practice, other_practice][number % 2], number) for number in range(6)]

    await asyncio.gather(*(client.work() for client in clients))
    await store.close()
    practice.store = other_practice.store = sound

    done = sum((client.done for client in clients), Counter())
    assert set(storm.refused) >= {"BEGIN", "SELECT", "INSERT", "UPDATE", "COMMIT"}
    assert all(0.1 < refused / storm.run[kind] < 0.4 for kind, refused in storm.refused.items())
    asked = ["CreateGroupAppointment", "BookAttendees", "CancelAttendee", "UpdateGroupAppointment"]
    assert set(done) == {*asked, "ArchiveGroupAppointment"}
    assert storm.commits == 2 * done.total()
    assert len(database.fetch("SELECT key FROM idempotency_keys")) == done.total()
    assert caplog.text == "", "The driver found a connection that was given back within a transaction."
    assert faults(database) == []
    assert database.fetch("SELECT request_id FROM audit WHERE request_id LIKE '% again'") == []
    twice = "SELECT 1 FROM audit GROUP BY account_id, request_id, record_kind, record_id HAVING count(*) > 1"
    assert database.fetch(twice) == []
    for each in (practice, other_practice):
        assert (await auditing.verify(sound, account=each.account.id)).reason is None
