"""Who at the client does it: named by a request or a socket, and kept with what was done."""

from typing import Any

import httpx2
import pytest

from builders import Practice
from gappt_graphql.web.app import create_app
from past import Past
from wire import Wire

CREATE = 'mutation { createPatient(input: {lastName: "Roe"}) { userErrors { code } } }'


def actors(past: Past) -> list[str | None]:
    """Return who did what the audit has of patients, oldest first."""
    return [actor for (actor,) in past.rows("SELECT actor FROM audit WHERE record_kind = 'Patient' ORDER BY number")]


def headers(secret: str, actor: str | bytes) -> list[tuple[bytes, bytes]]:
    value = actor.encode() if isinstance(actor, str) else actor
    return [(b"authorization", f"Bearer {secret}".encode()), (b"gappt-actor", value)]


KEPT = [
    ("reception-2", "reception-2"),
    ("Zoë Müller", "Zoë Müller"),
    ("Zoe\u0308", "Zo\u00eb"),
    ("x" * 255, "x" * 255),
    ("", None),
    ("   ", None),
]
REFUSED: list[str | bytes] = ["x" * 256, "a\tb", "\x7f", "Zoë".encode("latin-1"), b"\xed\xa0\x80"]


@pytest.mark.parametrize(("actor", "kept"), KEPT)
async def test_the_actor_of_an_operation_is_kept(
    client: httpx2.AsyncClient, secret: str, past: Past, actor: str, kept: str | None
) -> None:
    answer = await client.post("/graphql", json={"query": CREATE}, headers=headers(secret, actor))

    assert answer.json()["data"]["createPatient"]["userErrors"] == []
    assert actors(past) == [kept]


async def test_the_actor_of_a_write_by_rest_is_kept(
    client: httpx2.AsyncClient, secret: str, practice: Practice, past: Past
) -> None:
    group = await practice.group()

    await client.post(f"/v1/group_appointments/{group.id}/archive", headers=headers(secret, "reception-2"))

    rows = past.rows("SELECT actor FROM audit WHERE operation = 'ArchiveGroupAppointment'")
    assert rows == [("reception-2",)]


@pytest.mark.parametrize("actor", REFUSED, ids=repr)
async def test_an_actor_that_cannot_be_kept_is_refused_and_not_repeated(
    client: httpx2.AsyncClient, secret: str, past: Past, actor: str | bytes
) -> None:
    graphql = await client.post("/graphql", json={"query": CREATE}, headers=headers(secret, actor))
    rest = await client.get("/v1/patients", headers=headers(secret, actor))

    assert (graphql.status_code, rest.status_code) == (400, 400)
    assert graphql.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert rest.json()["message"].startswith("GAPPT-Actor")
    assert actors(past) == []


async def test_two_actors_are_refused(client: httpx2.AsyncClient, secret: str) -> None:
    answer = await client.get("/v1/patients", headers=[*headers(secret, "one"), (b"gappt-actor", b"two")])

    assert answer.status_code == 400


async def test_a_stranger_hears_nothing_about_an_actor(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/v1/patients", headers=headers("nothing", "x" * 256))

    assert answer.status_code == 401


async def operate(practice: Practice, payload: dict[str, Any], **how: Any) -> list[dict[str, Any]]:
    """Create two patients over one socket that begins with this payload."""
    app = create_app(practice.store, clock=lambda: practice.now, ids=practice.ids)
    async with Wire(app, **how) as wire:
        await wire.accepted()
        wire.put({"type": "connection_init", "payload": payload})
        assert await wire.get() == {"type": "connection_ack"}
        answers = []
        for id in ("1", "2"):
            wire.subscribe(CREATE, id)
            answers += [await wire.get(), await wire.get()]
    return answers


@pytest.mark.parametrize("name", ["actor", "Actor"])
async def test_the_actor_of_a_sockets_first_message_is_kept_with_all_of_its_operations(
    practice: Practice, secret: str, past: Past, name: str
) -> None:
    await operate(practice, {"authorization": f"Bearer {secret}", name: "Zoë"})

    assert actors(past) == ["Zoë", "Zoë"]


async def test_the_actor_of_a_sockets_handshake_is_kept_unless_the_first_message_names_one(
    practice: Practice, secret: str, past: Past
) -> None:
    handshake = {"GAPPT-Actor": "a-proxy"}
    await operate(practice, {"authorization": f"Bearer {secret}"}, headers=handshake)
    await operate(practice, {"authorization": f"Bearer {secret}", "actor": "reception-2"}, headers=handshake)

    assert actors(past) == ["a-proxy", "a-proxy", "reception-2", "reception-2"]


@pytest.mark.parametrize("actor", ["x" * 256, "a\nb", 7, ["x"]], ids=repr)
async def test_a_socket_with_an_actor_that_cannot_be_kept_is_closed(
    practice: Practice, secret: str, actor: object
) -> None:
    app = create_app(practice.store, clock=lambda: practice.now, ids=practice.ids)
    async with Wire(app) as wire:
        await wire.accepted()
        wire.put({"type": "connection_init", "payload": {"authorization": f"Bearer {secret}", "actor": actor}})

        assert await wire.closed() == (4400, "Invalid message")


async def test_what_was_done_by_rest_stands_in_the_history_with_its_key_actor_and_request(
    client: httpx2.AsyncClient, secret: str, practice: Practice
) -> None:
    group = await practice.group()
    sent = [*headers(secret, "reception-2"), (b"x-request-id", b"r-42")]
    await client.post(f"/v1/group_appointments/{group.id}/archive", headers=sent)

    query = """query ($id: ID!) { groupAppointment(id: $id) { history { nodes {
        operation actor requestId key { lastFour } } } } }"""
    body = {"query": query, "variables": {"id": str(group.id)}}
    answer = await client.post("/graphql", json=body, headers={"Authorization": f"Bearer {secret}"})

    assert answer.json()["data"]["groupAppointment"]["history"]["nodes"] == [
        {
            "operation": "archiveGroupAppointment",
            "actor": "reception-2",
            "requestId": "r-42",
            "key": {"lastFour": secret[-4:]},
        }
    ]
