"""Many retries of one request at once, through any door, take effect once and are all told the same."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import httpx2
import pytest
from starlette.applications import Starlette

from builders import Practice
from gappt_graphql.practice.access import issue_key
from gappt_graphql.web.app import create_app
from past import Past
from wire import Wire

RETRIES = 40
BOOK = """mutation ($input: BookAttendeesInput!) {
    bookAttendees(input: $input) { outcomes { attendee { id } } userErrors { code } } }"""


class Booker:
    """Someone who asks for one place, by one key, through the door of their choice."""

    def __init__(self, app: Starlette, secret: str, group: int, patient: int) -> None:
        self._app, self._secret, self._group, self._patient = app, secret, str(group), str(patient)
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._input = {"groupAppointmentId": self._group, "patientIds": [self._patient], "idempotencyKey": "once"}

    async def graphql(self) -> str:
        async with self._client() as client:
            body = {"query": BOOK, "variables": {"input": self._input}}
            payload = (await client.post("/graphql", json=body)).json()["data"]["bookAttendees"]
        return str(payload["outcomes"][0]["attendee"]["id"])

    async def rest(self) -> str:
        async with self._client() as client:
            body = {"booking_id": self._group, "patient_id": self._patient}
            answer = await client.post("/v1/attendees", json=body, headers={"Idempotency-Key": "once"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def sockets(self) -> str:
        async with Wire(self._app) as wire:
            await wire.welcomed(self._secret)
            wire.subscribe(BOOK, variables={"input": self._input})
            payload = (await wire.get())["payload"]["data"]["bookAttendees"]
        return str(payload["outcomes"][0]["attendee"]["id"])

    def _client(self) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(self._app)
        return httpx2.AsyncClient(transport=transport, base_url="http://practice.example", headers=self._headers)


@pytest.mark.parametrize(
    "doors", [["graphql"], ["rest"], ["sockets"], ["graphql", "rest", "sockets"]], ids=" and ".join
)
async def test_forty_retries_at_once_make_one_record_and_are_told_the_same(
    practice: Practice, past: Past, doors: Sequence[str]
) -> None:
    group = await practice.group(max_attendees=1)
    issued = await issue_key(
        practice.store, account=practice.account.id, scopes=["read", "write"], now=practice.now, ids=practice.ids
    )
    app = create_app(practice.store, clock=lambda: practice.now, ids=practice.ids, rate_limit=0, cost_budget=0)
    booker = Booker(app, issued.secret, group.id, practice.patients[0].id)
    ways: list[Callable[[], Awaitable[str]]] = [getattr(booker, door) for door in doors]

    told = await asyncio.gather(*(ways[n % len(ways)]() for n in range(RETRIES)))

    [[attendee]] = past.rows("SELECT id FROM attendees")
    written = [
        past.rows(f"SELECT count(*) FROM {name}")[0][0]
        for name in ("changes", "idempotency_keys", "audit WHERE record_kind = 'Attendee'")
    ]
    assert set(told) == {str(attendee)}
    assert len(told) == RETRIES
    assert written == [1, 1, 1]
