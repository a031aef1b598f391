"""Servers that deliver webhooks as they run, and are killed in the middle of it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from a_receiver import OK, AReceiver, a_receiver
from a_server import AServer
from hooked import until

FLAGS = ("--webhook-plain", "on", "--webhook-networks", "127.0.0.0/8")
CREATE = """mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } secret } }"""
NEW = """mutation ($input: CreateGroupAppointmentInput!) {
  createGroupAppointment(input: $input) { groupAppointment { id } userErrors { message } } }"""
CHANGE = """mutation ($id: ID!, $notes: String!) {
  updateGroupAppointment(input: {id: $id, notes: $notes}) { userErrors { message } } }"""
HELD_SECONDS = 30


def new_key(url: str) -> str:
    command = [sys.executable, "-m", "gappt_graphql", "key", "create", "--account", "Riverside", "--json"]
    made = subprocess.run([*command, "--database-url", url], capture_output=True, check=True, timeout=60)
    return str(json.loads(made.stdout)["key"])


class House:
    """A practice whose servers deliver, and a receiver."""

    def __init__(self, url: str, key: str, receiver: AReceiver, log: Path) -> None:
        self.url, self.key, self.receiver, self.log = url, key, receiver, log
        self.servers: list[AServer] = []

    async def start(self, *flags: str) -> AServer:
        with self.log.open("a") as log:
            server = AServer(self.url, key=self.key, flags=(*FLAGS, *flags), log=log)
        self.servers.append(server)
        await asyncio.to_thread(server.wait_until_it_answers)
        return server

    async def ask(self, server: AServer, query: str, **variables: Any) -> Any:
        async with server.client() as client:
            answer = await client.post("/graphql", json={"query": query, "variables": variables})
        return json.loads(answer.text)["data"]


@pytest.fixture
async def house(practice: Any, store_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(a_receiver())
        await practice.store.close()
        house = House(store_url, await asyncio.to_thread(new_key, store_url), receiver, tmp_path / "log")
        yield house
        for server in house.servers:
            server.kill()


async def an_appointment(house: House, server: AServer, practice: Any, day: int) -> str:
    fields = {
        "startsAt": f"2026-03-{day:02}T09:00:00Z",
        "practitionerId": str(practice.practitioner.id),
        "businessId": str(practice.business.id),
        "appointmentTypeId": str(practice.type.id),
    }
    made = await house.ask(server, NEW, input=fields)
    return str(made["createGroupAppointment"]["groupAppointment"]["id"])


async def test_a_server_delivers_what_is_changed_through_it(house: House, practice: Any) -> None:
    server = await house.start()
    await house.ask(server, CREATE, input={"url": house.receiver.url})
    group = await an_appointment(house, server, practice, 3)
    await house.ask(server, CHANGE, id=group, notes="bring mats")
    await until(lambda: len(house.receiver.received) == 2)

    assert [one.told["data"]["kind"] for one in house.receiver.received] == ["CREATED", "UPDATED"]
    assert all("mats" not in one.body.decode() for one in house.receiver.received)
    assert "secret-path" not in house.log.read_text()


async def killed_in_the_middle(house: House, practice: Any, others: Callable[[], Any]) -> dict[str, list[int]]:
    """Make 60 changes of 6 appointments, kill a server that delivers them, and return what came in the end."""
    server = await house.start()
    await house.ask(server, CREATE, input={"url": house.receiver.url})
    groups = [await an_appointment(house, server, practice, day) for day in range(1, 7)]
    house.receiver.answers = lambda received: asyncio.sleep(0.05, OK)
    for n in range(9):
        await asyncio.gather(*(house.ask(server, CHANGE, id=id, notes=f"note {n}") for id in groups))
    await until(lambda: len(house.receiver.received) > 10)
    server.kill()
    house.receiver.answers = lambda received: OK
    await others()
    await until(lambda: len(set(house.receiver.numbers())) == 60, HELD_SECONDS + 30)
    return {id: house.receiver.numbers(id) for id in groups}


async def test_nothing_is_missed_and_nothing_overtaken_by_a_kill(house: House, practice: Any) -> None:
    came = await killed_in_the_middle(house, practice, house.start)

    for numbers in came.values():
        # What is sent again begins anew at an earlier one, once; and goes on in order.
        falls = [place for place in range(1, len(numbers)) if numbers[place] <= numbers[place - 1]]
        assert len(falls) <= 1, numbers
        assert len(set(numbers)) == 10
    ids = [one.headers["webhook-id"] for one in house.receiver.received]
    assert len(set(ids)) == 60


async def test_another_process_goes_on_for_one_that_was_killed(house: House, practice: Any, database: Any) -> None:
    other = await house.start()
    came = await killed_in_the_middle(house, practice, lambda: asyncio.sleep(0))

    assert other.process.poll() is None
    assert all(len(set(numbers)) == 10 for numbers in came.values())
    assert len(house.receiver.received) <= 60 + 100  # the round that was under way, at most


async def test_a_server_that_ends_tells_nothing_twice(house: House, practice: Any) -> None:
    server = await house.start()
    await house.ask(server, CREATE, input={"url": house.receiver.url})
    groups = [await an_appointment(house, server, practice, day) for day in range(1, 7)]
    house.receiver.answers = lambda received: asyncio.sleep(0.05, OK)
    for n in range(5):
        await asyncio.gather(*(house.ask(server, CHANGE, id=id, notes=f"note {n}") for id in groups))
    server.process.terminate()
    assert await asyncio.to_thread(server.process.wait, 20) == 0
    await house.start()
    await until(lambda: len(set(house.receiver.numbers())) == 36)

    assert len(house.receiver.received) == 36


async def test_a_server_that_shall_not_deliver_does_not(house: House, practice: Any) -> None:
    server = await house.start("--webhooks", "off")
    await house.ask(server, CREATE, input={"url": house.receiver.url})
    await an_appointment(house, server, practice, 3)
    server.kill()
    assert house.receiver.received == []
    await house.start()
    await until(lambda: len(house.receiver.received) == 1)
