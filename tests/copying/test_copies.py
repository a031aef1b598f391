"""What is copied is all there is, as it was."""

import asyncio
import json

import httpx2
import pytest

from a_server import AServer
from builders import Practice
from conftest import NOW
from copies import in_a_process, run
from gappt_graphql.practice import auditing
from gappt_graphql.practice.access import issue_key
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.store.copying import copy
from gappt_graphql.store.opening import open_store
from gappt_graphql.store.tables import metadata
from gappt_graphql.web.app import create_app
from houses import copied, everything, furnished

BOOK = """{
  groupAppointments(first: 50) { totalCount nodes {
    id startsAt endsAt maxAttendees availableSeats notes version archivedAt repeatedFrom { id }
    repeatRule { repeatType }
    practitioner { id label } business { id name } appointmentType { id name }
    attendees(includeCancelled: true) { id arrived notes cancelledAt cancellationNote patient { id label } }
    waitlist { id position patient { id } } conflicts { exist items { kind startsAt endsAt } }
  } }
}"""
PATIENTS = "{ patients(first: 100) { nodes { id firstName lastName email createdAt } } }"
FEED = """{ groupAppointmentChanges(first: 100) {
  nodes { cursor kind id at changedFields groupAppointment { version } } endCursor hasNextPage } }"""
HISTORIES = """{ groupAppointments(first: 20) { nodes { history(first: 20) { nodes {
  at operation recordKind recordId actor changes { field } key { lastFour } } } } } }"""


async def test_every_row_of_every_table_is_the_same(move):
    before = await everything(move.all_of_source)
    assert all(before.values()), [name for name, rows in before.items() if not rows]

    await copied(move.source, move.target)

    assert await everything(move.all_of_target) == before
    assert await everything(move.all_of_source) == before


async def test_what_was_copied_is_told_of_each_account_and_table(move):
    told = await copied(move.source, move.target)

    rows = await everything(move.all_of_source)
    assert {one.name for one in told} == {"Riverside", "Lakeside", "Hillside", "Nobody's"}
    assert {name: sum(one.tables[name].rows for one in told) for name in metadata.tables} == {
        name: len(each) for name, each in rows.items()
    }
    assert sum(one.written for one in told) == sum(len(each) for each in rows.values())


async def test_a_store_without_accounts_is_copied_too(empty_move):
    assert await copied(empty_move.source, empty_move.target) == []


async def test_to_copy_again_changes_nothing(move):
    first = await copied(move.source, move.target)
    second = await copied(move.source, move.target)

    assert [one.tables for one in second] == [one.tables for one in first]
    assert sum(one.written for one in second) == 0


async def test_a_house_that_moved_there_and_back_is_as_it_was(move, tmp_path):
    await copied(move.source, move.target)
    home = f"sqlite:///{tmp_path / 'home.db'}"

    await copied(move.target, home)

    assert await everything(home) == await everything(move.all_of_source)


async def test_accounts_that_are_in_the_target_already_stay(move):
    store = await open_store(move.target)
    try:
        own = await Practice.open(store, name="Seaside", now=NOW.replace(month=4))
    finally:
        await store.close()

    await copied(move.source, move.target)

    rows = (await everything(move.all_of_target))["businesses"]
    assert own.account.id in {row[0] for row in rows}
    assert len(rows) == 4


async def answers(url: str, secret: str, *queries: str) -> list[object]:
    """Serve the store and ask it with the key."""
    store = await open_store(url)
    try:
        app = create_app(store, clock=lambda: NOW, ids=Ids(counter=99), rate_limit=0, cost_budget=0)
        headers = {"Authorization": f"Bearer {secret}", "X-Request-Id": "the-same"}
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://practice.example", headers=headers
        ) as client:
            return [(await client.post("/graphql", json={"query": query})).json() for query in queries]
    finally:
        await store.close()


async def test_the_key_that_was_given_out_opens_the_copy_which_answers_the_same(move):
    await copied(move.source, move.target)

    here, there = [
        await answers(url, move.secret, BOOK, PATIENTS, FEED, HISTORIES) for url in (move.source, move.target)
    ]

    assert [answer.get("errors") for answer in here] == [None] * 4
    assert here[0]["data"]["groupAppointments"]["totalCount"] > 30
    assert here[2]["data"]["groupAppointmentChanges"]["nodes"]
    assert "'operation': 'bookAttendees'" in str(here[3])
    assert there == here


async def test_a_server_of_the_copy_lets_the_same_key_in(move):
    await copied(move.source, move.target)
    server = AServer(move.target, key=move.secret)
    try:
        server.wait_until_it_answers()
        async with server.client() as client:
            answer = await client.post("/graphql", json={"query": "{ patients(first: 0) { totalCount } }"})
    finally:
        server.kill()

    assert answer.json() == {"data": {"patients": {"totalCount": 13}}}


async def test_the_copy_goes_on_where_its_source_was(move):
    """The next number of its feed and audit follows the last, and the audit's chain goes on."""
    await copied(move.source, move.target)
    store = await open_store(move.target)
    try:
        account = await store.account_named("Riverside")
        before = await auditing.verify(store, account=account.id)
        await issue_key(store, account=account.id, scopes=["read"], now=NOW, ids=Ids(counter=7))
        after = await auditing.verify(store, account=account.id)
    finally:
        await store.close()

    assert before.reason is None
    assert (after.reason, after.rows) == (None, before.rows + 1)


async def test_the_command_tells_it_in_words_and_in_json(move):
    shown = await asyncio.to_thread(run, "copy", "--from", move.source, "--to", move.target)
    again = await asyncio.to_thread(run, "copy", "--from", move.source, "--to", move.target, "--json")

    assert shown.exit_code == 0, shown.output
    assert "'Riverside': " in shown.stdout
    assert "Copied 4 accounts." in shown.stdout
    assert "secret" not in shown.output + again.output
    accounts = {one["name"]: one for one in json.loads(again.stdout)["accounts"]}
    assert accounts["Riverside"]["written"] == 0
    assert accounts["Riverside"]["unsound"] == []
    assert len(accounts["Riverside"]["tables"]["attendees"]["sha256"]) == 64


@pytest.mark.sqlite("a file is made where there is none")
async def test_a_file_that_is_not_there_is_made(move, tmp_path):
    target = f"sqlite:///{tmp_path / 'fresh.db'}"

    await copied(move.source, target)

    assert await everything(target) == await everything(move.source)


async def test_a_postgresql_database_is_copied_to_another(move, database, other_database):
    postgres = move.source if move.source.startswith("postgres") else move.target
    if postgres == move.target:
        await copied(move.source, move.target)

    await copied(postgres, other_database.url)

    assert await everything(other_database.superuser_url) == await everything(database.superuser_url)


async def test_of_a_postgresql_database_one_moment_is_copied(file_url, store_url, database):
    await furnished(store_url, NOW)
    before = await everything(database.superuser_url)

    def write_meanwhile(_done: int, _total: int) -> None:
        database.execute("UPDATE patients SET last_name = 'Later'")
        database.execute(
            "INSERT INTO accounts (account_id, name, created_at) VALUES (4, 'Later', now()) ON CONFLICT DO NOTHING"
        )

    await copy(store_url, file_url, progress=write_meanwhile, size=50)

    assert await everything(file_url) == before


@pytest.mark.parametrize("which", ["source", "target"])
async def test_nobody_else_uses_a_file_meanwhile(move, which):
    url = getattr(move, which)
    if url.startswith("postgres"):
        url = next(one for one in (move.source, move.target) if one != url)
    told = set()

    def create_key(done: int, _total: int) -> None:
        if not told:
            told.add(in_a_process("key", "create", "--account", "Late", "--database-url", url).stderr)

    await copy(move.source, move.target, progress=create_key, size=50)

    assert "is being replaced by a backup, or copied" in told.pop()
