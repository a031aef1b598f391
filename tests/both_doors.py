"""Two practices alike in every id, one asked by GraphQL and one by REST, and what each has in its book afterwards."""

import re
from typing import Any

import httpx2

from builders import Practice
from conftest import NOW
from gappt_graphql.practice.access import issue_key
from gappt_graphql.store import Store
from gappt_graphql.store.opening import open_store
from gappt_graphql.web.app import create_app
from past import Past, everything

GRAPHQL, REST = "graphql", "rest"


class Door:
    """A practice of its own, with a client that has a key to it."""

    def __init__(self, store: Store, past: Past, practice: Practice, secret: str) -> None:
        self.store, self.practice, self._past = store, practice, past
        app = create_app(store, clock=lambda: practice.now, ids=practice.ids, rate_limit=0, cost_budget=0)
        self.client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app),
            base_url="https://practice.example",
            auth=httpx2.BasicAuth(secret, ""),
            headers={"X-Request-Id": "the-same"},
        )

    @classmethod
    async def open(cls, url: str, past: Past) -> "Door":
        store = await open_store(url)
        practice = await Practice.open(store, name="Riverside", now=NOW)
        issued = await issue_key(
            store, account=practice.account.id, scopes=["read", "write"], now=NOW, ids=practice.ids
        )
        return cls(store, past, practice, issued.secret)

    async def close(self) -> None:
        await self.client.aclose()
        await self.store.close()

    async def mutate(self, mutation: str, **input: Any) -> list[dict[str, Any]]:
        """Run a mutation of GraphQL, and return its userErrors."""
        type_name = mutation[0].upper() + mutation[1:] + "Input"
        query = f"mutation ($input: {type_name}!) {{ {mutation}(input: $input) {{ userErrors {{ field message }} }} }}"
        answer = await self.client.post("/graphql", json={"query": query, "variables": {"input": input}})
        assert "errors" not in answer.json(), answer.text
        errors: list[dict[str, Any]] = answer.json()["data"][mutation]["userErrors"]
        return errors

    async def send(self, request: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Send a request of REST, as in `POST /attendees`."""
        method, path = request.split()
        return await self.client.request(method, f"/v1{path}", json=body, headers=headers)

    def stored(self, *leaving_out: str) -> dict[str, list[dict[str, Any]]]:
        """Return every row of every table that the doors write to, without some columns."""
        tables = everything(self._past)
        tables.pop("api_keys")  # secrets differ, so what is told of them does, and every hash after that
        tables["audit"] = [row for row in tables["audit"] if row["record_kind"] != "ApiKey"]
        leaving_out = (*leaving_out, "hash", "audit_hash")
        return {
            name: [{column: value for column, value in row.items() if column not in leaving_out} for row in rows]
            for name, rows in tables.items()
        }


Doors = dict[str, Door]

_NAMES = {"groupAppointmentId": "booking_id", "patientIds": "patient_id"}
_OF_CANCELLATION = {"reason": "cancellation_reason", "note": "cancellation_note"}


async def agree(
    doors: Doors,
    mutation: str,
    input: dict[str, Any],
    request: str,
    body: Any = None,
    *,
    leaving_out: tuple[str, ...] = (),
) -> httpx2.Response:
    """
    Do the same through both doors, and check that it is refused alike or done alike.

    Return the answer of REST.
    """
    before = doors[REST].stored(*leaving_out)
    errors = await doors[GRAPHQL].mutate(mutation, **input)
    answer = await doors[REST].send(request, body)

    if answer.status_code == 404:
        assert [error["field"] for error in errors] == [["id"]]
    elif answer.is_success:
        assert errors == []
    else:
        assert answer.status_code == 422, answer.text
        assert answer.json() == {"message": "Validation Failed", "errors": _as_rest_has_them(errors, request)}
    after = doors[REST].stored(*leaving_out)
    assert after == doors[GRAPHQL].stored(*leaving_out)
    if not answer.is_success:
        assert after == before
    return answer


def _as_rest_has_them(errors: list[dict[str, Any]], request: str) -> dict[str, str]:
    names = _OF_CANCELLATION if request.endswith("/cancel") else _NAMES if request == "POST /attendees" else {}
    found: dict[str, list[str]] = {}
    for error in errors:
        first = (error["field"] or ["base"])[0]
        name = names.get(first) or re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", first)
        found.setdefault(name, []).append(error["message"])
    return {name: " ".join(sentences) for name, sentences in found.items()}
