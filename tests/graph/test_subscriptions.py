"""What is told of changes, whichever way it travels: read past HTTP."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec
import pytest
from strawberry.types import ExecutionResult

from asking import CountingStore
from at_the_desk import a_series, creation
from builders import Practice
from gappt_graphql.graph.changes import feed_of
from gappt_graphql.graph.context import Context
from gappt_graphql.graph.schema import schema
from gappt_graphql.practice import archiving, booking
from gappt_graphql.practice.access import issue_key, revoke_key
from gappt_graphql.practice.archiving import ArchiveGroupAppointment
from gappt_graphql.practice.booking import UpdateGroupAppointment
from gappt_graphql.scheduling.directory import Practitioner
from gappt_graphql.scheduling.series import Scope

RECORD = "groupAppointment { archivedAt notes practitioner { label } }"


def events(practice: Practice, arguments: str = "", selection: str = "id kind", **context: Any) -> Any:
    """Return the results of a subscription from the start of the feed on, or from where the arguments say."""
    start = f'after: "{feed_of(practice.account.id).at(1)}"'
    query = f"subscription {{ groupAppointmentChanged({arguments or start}) {{ {selection} }} }}"
    how = Context(practice.desk, **({"scopes": frozenset({"read"})} | context))
    return aclosing(schema.events(query, None, how, None))


async def told(results: AsyncGenerator[ExecutionResult, None], count: int) -> list[Any]:
    found = []
    for _ in range(count):
        result = await asyncio.wait_for(anext(results), 10)
        assert result.errors is None, result.errors
        assert result.data is not None
        found.append(result.data["groupAppointmentChanged"])
    return found


async def codes(results: AsyncGenerator[ExecutionResult, None]) -> list[Any]:
    result = await asyncio.wait_for(anext(results), 10)
    assert result.data is None
    return [(error.extensions or {})["code"] for error in result.errors or ()]


async def test_an_edit_of_a_series_is_one_event_for_each_occurrence_in_order(practice: Practice) -> None:
    await booking.create(practice.desk, creation(practice))
    made = await a_series(practice)
    command = UpdateGroupAppointment(id=made[0].id, notes="Bring a mat", scope=Scope.ALL)
    await booking.update(practice.desk, command)

    async with events(practice) as results:
        found = await told(results, 2 * len(made))

    ids = [str(one.id) for one in made]
    assert [one["id"] for one in found] == ids + ids
    assert [one["kind"] for one in found] == ["CREATED"] * len(made) + ["UPDATED"] * len(made)


async def test_archived_appointments_are_told_with_their_records(practice: Practice) -> None:
    await booking.create(practice.desk, creation(practice))
    made = await booking.create(practice.desk, creation(practice))
    await archiving.archive(practice.desk, ArchiveGroupAppointment(id=made.group_appointment_id))

    async with events(practice, selection=f"kind {RECORD}") as results:
        found = await told(results, 2)

    assert [one["kind"] for one in found] == ["CREATED", "ARCHIVED"]
    assert all(one["groupAppointment"]["archivedAt"] for one in found)


async def test_each_event_reads_anew(practice: Practice) -> None:
    await booking.create(practice.desk, creation(practice))
    made = await booking.create(practice.desk, creation(practice))

    async with events(practice, selection=RECORD) as results:
        (first,) = await told(results, 1)
        command = UpdateGroupAppointment(id=made.group_appointment_id, notes="Bring a mat")
        await booking.update(practice.desk, command)
        (second,) = await told(results, 1)

    assert [one["groupAppointment"]["notes"] for one in (first, second)] == [None, "Bring a mat"]


async def test_who_follows_a_practitioner_sees_appointments_come_and_go(practice: Practice) -> None:
    ash = practice.new(Practitioner, first_name="Sam", last_name="Ash")
    await practice.save(ash)
    await booking.create(practice.desk, creation(practice))
    mine = await booking.create(practice.desk, creation(practice))
    for person in (ash, practice.practitioner):
        command = UpdateGroupAppointment(id=mine.group_appointment_id, practitioner_id=person.id)
        await booking.update(practice.desk, command)

    arguments = f'after: "{feed_of(practice.account.id).at(1)}", filter: {{practitionerIds: ["{ash.id}"]}}'
    async with events(practice, arguments) as results:
        found = await told(results, 2)

    assert [one["kind"] for one in found] == ["UPDATED", "UPDATED"]


async def test_an_event_costs_the_statements_of_its_own_query(practice: Practice) -> None:
    await booking.create(practice.desk, creation(practice))
    await a_series(practice)
    store = CountingStore(practice.store)
    context = Context(msgspec.structs.replace(practice.desk, store=store), scopes=frozenset({"read"}))  # type: ignore[arg-type]
    query = f'subscription {{ groupAppointmentChanged(after: "{feed_of(practice.account.id).at(1)}") {{ {RECORD} }} }}'

    async with aclosing(schema.events(query, None, context, None)) as results:
        await told(results, 1)
        before = store.statements
        await told(results, 3)

    assert store.statements - before == 3 * 2  # the appointment and its practitioner


@pytest.mark.parametrize("cursor", ["", "x", "WzFd"])
async def test_a_cursor_that_is_none_is_refused(practice: Practice, cursor: str) -> None:
    async with events(practice, f'after: "{cursor}"') as results:
        assert await codes(results) == ["BAD_USER_INPUT"]


async def test_a_cursor_of_another_account_is_refused(practice: Practice, other_practice: Practice) -> None:
    async with events(practice, f'after: "{feed_of(other_practice.account.id).at(1)}"') as results:
        assert await codes(results) == ["BAD_USER_INPUT"]


async def test_who_is_told_of_much_at_once_leaves_others_their_turns(practice: Practice) -> None:
    await booking.create(practice.desk, creation(practice))
    made = await a_series(practice)
    turns = 0

    async def somebody_else() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(somebody_else())
    async with events(practice) as results:
        for _ in made:
            await anext(results)
    other.cancel()

    assert turns >= len(made)


async def test_a_key_that_is_revoked_amid_much_to_tell_is_told_nothing_more(practice: Practice) -> None:
    await booking.create(practice.desk, creation(practice))
    await a_series(practice)
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read"], now=practice.now, ids=practice.ids
    )

    async with events(practice, key=issued.key) as results:
        await told(results, 1)
        await revoke_key(practice.store, account=practice.account.id, id=issued.key.id, now=practice.now)

        assert await codes(results) == ["UNAUTHENTICATED"]


async def test_a_key_without_the_scope_to_read_watches_nothing(practice: Practice) -> None:
    async with events(practice, scopes=frozenset({"write"})) as results:
        assert await codes(results) == ["FORBIDDEN"]
