"""Whoever follows the feed, by whatever way and however often cut off, sees all that was committed, in order, once."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from asking import Client
from at_the_desk import creation
from builders import A_MONDAY, Practice
from gappt_graphql.graph.changes import feed_of
from gappt_graphql.graph.options import Options, Streams
from gappt_graphql.practice import archiving, attendance, booking
from gappt_graphql.practice.access import issue_key
from gappt_graphql.practice.archiving import ArchiveGroupAppointment
from gappt_graphql.practice.attendance import BookAttendees
from gappt_graphql.practice.booking import UpdateGroupAppointment
from gappt_graphql.practice.watching import AT_ONCE
from gappt_graphql.scheduling.directory import Practitioner
from gappt_graphql.scheduling.problems import Refused
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.scheduling.series import Scope
from gappt_graphql.web.app import create_app
from listening import Listening
from past import Past
from wire import Wire

WRITERS, COMMANDS = 8, 12
SECONDS = 60
# Nobody is saved by looking again: who is not woken waits until the test fails.
NEVER = 3600.0

FIELDS = "cursor kind id changedFields"
WATCH = (
    "subscription ($after: String, $filter: GroupAppointmentChangeFilter) "
    f"{{ groupAppointmentChanged(after: $after, filter: $filter) {{ {FIELDS} groupAppointment {{ version }} }} }}"
)
PAGE = (
    "query ($after: String, $first: Int) "
    f"{{ groupAppointmentChanges(after: $after, first: $first) {{ nodes {{ {FIELDS} }} endCursor }} }}"
)

Told = dict[str, Any]
Way = Callable[["Follower"], Awaitable[None]]


class Follower:
    """What somebody has been told so far, and where they go on."""

    def __init__(self, start: str, last: asyncio.Future[str], seed: int) -> None:
        self.told: list[Told] = []
        self.after, self.last, self.chance = start, last, random.Random(seed)

    def hear(self, told: Told) -> None:
        told.pop("groupAppointment", None)
        self.told.append(told)
        self.after = told["cursor"]

    @property
    def done(self) -> bool:
        return self.last.done() and self.after == self.last.result()


class Writer:
    """Somebody who does what a busy practice does, some of it refused."""

    def __init__(self, practice: Practice, people: Sequence[Practitioner], seed: int) -> None:
        self.practice, self.people, self.seed = practice, people, seed
        self.chance = random.Random(seed)
        self.made: list[Any] = []

    async def work(self) -> None:
        for n in range(COMMANDS):
            actions = [self.create, self.create, self.repeat, self.move, self.archive, self.book, self.fail]
            with suppress(Refused):
                await self.chance.choice(actions[: None if self.made else 3])(A_MONDAY + timedelta(days=n))
            await asyncio.sleep(self.chance.choice([0, 0, 0.001, 0.005]))

    async def create(self, at: datetime, **more: Any) -> None:
        person = self.chance.choice(self.people)
        command = creation(self.practice, starts_at=at, practitioner_id=person.id, **more)
        self.made.append((await booking.create(self.practice.desk, command)).group_appointment_id)

    async def repeat(self, at: datetime) -> None:
        await self.create(at, repeat_rule=RepeatRule(RepeatType.WEEKLY, 1, self.chance.randint(1, 30)))

    async def move(self, at: datetime) -> None:
        id, person = self.chance.choice(self.made), self.chance.choice(self.people)
        command = UpdateGroupAppointment(id=id, starts_at=at, practitioner_id=person.id, scope=Scope.ALL)
        await booking.update(self.practice.desk, command)

    async def archive(self, at: datetime) -> None:
        command = ArchiveGroupAppointment(id=self.chance.choice(self.made), scope=Scope.THIS_AND_FOLLOWING)
        await archiving.archive(self.practice.desk, command)

    async def book(self, at: datetime) -> None:
        patients = tuple(patient.id for patient in self.chance.sample(self.practice.patients, 2))
        command = BookAttendees(group_appointment_id=self.chance.choice(self.made), patient_ids=patients)
        await attendance.book(self.practice.desk, command)

    async def fail(self, at: datetime) -> None:
        await booking.create(self.practice.desk, creation(self.practice, practitioner_id=1))


def late(way: Way) -> Way:
    """Begin when all has been written, with a long past to catch up on."""

    async def follow(follower: Follower) -> None:
        await asyncio.wait([follower.last])
        await way(follower)

    return follow


async def by_query(practice: Practice, follower: Follower) -> None:
    client = Client(practice)
    while not follower.done:
        page = (await client.ask(PAGE, after=follower.after, first=follower.chance.randint(1, 100)))[
            "groupAppointmentChanges"
        ]
        for node in page["nodes"]:
            follower.hear(node)
        await asyncio.sleep(follower.chance.choice([0, 0.001, 0.01]))


async def by_socket(app: Any, secret: str, follower: Follower, filter: Any = None) -> None:
    while not follower.done:
        async with Wire(app) as socket:
            await socket.welcomed(secret)
            socket.subscribe(WATCH, variables={"after": follower.after, "filter": filter})
            for _ in range(follower.chance.choice([1, 20, 200])):
                message = await socket.get()
                if message["type"] == "ping":  # on a slow machine this takes long enough for one
                    socket.put({"type": "pong"})
                    continue
                follower.hear(message["payload"]["data"]["groupAppointmentChanged"])
                if follower.done:
                    break


async def by_events(app: Any, secret: str, follower: Follower) -> None:
    while not follower.done:
        last_id = {"Last-Event-ID": follower.after}
        async with Listening(app, WATCH, secret=secret, headers=last_id) as stream:
            assert (await stream.head())[0] == 200
            for _ in range(follower.chance.choice([1, 20, 200])):
                event = await stream.event()
                assert event is not None
                assert event[0] == event[2]["data"]["groupAppointmentChanged"]["cursor"]
                follower.hear(event[2]["data"]["groupAppointmentChanged"])
                if follower.done:
                    break


def committed(practice: Practice, past: Past) -> list[Told]:
    """Return what the file holds, past all of this program."""
    rows = past.rows(
        "SELECT number, kind, group_appointment_id, practitioner_id, former_practitioner_id "
        "FROM changes WHERE account_id = ? ORDER BY number",
        practice.account.id,
    )
    cursors = feed_of(practice.account.id)
    return [
        {"cursor": cursors.at(number), "kind": kind, "id": str(id), "practitioners": people}
        for number, kind, id, *people in rows
    ]


def summary(told: list[Told]) -> list[tuple[str, str, str]]:
    return [(one["cursor"], one["kind"], one["id"]) for one in told]


@pytest.mark.parametrize("seed", range(3))
async def test_all_who_follow_the_feed_end_with_what_was_committed(
    practice: Practice, other_practice: Practice, past: Past, seed: int
) -> None:
    desk = practice.desk
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read"], now=practice.now, ids=practice.ids
    )
    options = Options(streams=Streams(poll_interval=NEVER))
    app = create_app(practice.store, clock=lambda: practice.now, ids=practice.ids, options=options)
    somebody = practice.new(Practitioner, first_name="Sam", last_name="Ash")
    people = [practice.practitioner, somebody]
    await practice.save(somebody)
    await booking.create(desk, creation(practice))
    start = committed(practice, past)[-1]["cursor"]
    last: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    ways: list[Way] = [
        *[lambda one: by_query(practice, one)] * 2,
        *[lambda one: by_socket(app, issued.secret, one)] * 3,
        *[lambda one: by_events(app, issued.secret, one)] * 3,
        late(lambda one: by_socket(app, issued.secret, one)),
        late(lambda one: by_events(app, issued.secret, one)),
        lambda one: by_socket(app, issued.secret, one, {"practitionerIds": [str(somebody.id)]}),
    ]
    followers = [Follower(start, last, seed * 100 + n) for n in range(len(ways))]
    filtered = followers[-1]
    following = [asyncio.ensure_future(way(one)) for way, one in zip(ways, followers, strict=True)]  # type: ignore[arg-type]

    async with asyncio.timeout(SECONDS):
        await asyncio.gather(
            *(Writer(practice, people, seed * 10 + n).work() for n in range(WRITERS)),
            Writer(other_practice, [other_practice.practitioner], seed).work(),
        )
        # The last change is one of those that the filter lets through, and comes from nowhere but here.
        cursors = feed_of(practice.account.id)
        upcoming = await practice.store.read(practice.account.id, lambda book: book.last_number())
        last.set_result(cursors.at(upcoming + 1))
        await booking.create(desk, creation(practice, practitioner_id=somebody.id))
        await asyncio.gather(*following)

    truth = committed(practice, past)[1:]
    assert truth[-1]["cursor"] == last.result()
    assert len(truth) > 2 * AT_ONCE
    for follower in followers[:-1]:
        assert summary(follower.told) == summary(truth)
    assert summary(filtered.told) == summary([one for one in truth if somebody.id in one["practitioners"]])
