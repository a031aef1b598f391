"""Documents by their hash over sockets: the same rules as over HTTP."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from at_the_desk import creation
from builders import Practice
from gappt_graphql.graph.options import Options
from gappt_graphql.practice import booking
from gappt_graphql.practice.access import issue_key
from gappt_graphql.web.app import create_app
from wire import Wire

WATCH = "subscription { groupAppointmentChanged { kind } }"
COUNT = "{ patients { totalCount } }"


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def apq(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}


@pytest.fixture
def wire(practice: Practice) -> Callable[[], Wire]:
    """Open sockets to an application that trusts one subscription."""
    options = Options(trusted={hash_of(WATCH): WATCH})
    app = create_app(practice.store, clock=lambda: practice.now, ids=practice.ids, options=options)
    return lambda: Wire(app)


async def new_key(practice: Practice, *, browser: bool) -> str:
    issued = await issue_key(
        practice.store,
        account=practice.account.id,
        scopes=["read"],
        now=practice.now,
        ids=practice.ids,
        browser=browser,
    )
    return issued.secret


async def answer(socket: Wire, **payload: Any) -> dict[str, Any]:
    """Ask for an operation, and return the first message about it without its id."""
    socket.put({"type": "subscribe", "id": "1", "payload": payload})
    message = await socket.get()
    return {"type": message["type"], "payload": message["payload"]}


async def code(socket: Wire, **payload: Any) -> str:
    message = await answer(socket, **payload)
    [error] = message["payload"]
    return str(error["extensions"]["code"])


async def test_a_browser_watches_by_a_trusted_document(wire: Callable[[], Wire], practice: Practice) -> None:
    async with wire() as socket:
        await socket.welcomed(await new_key(practice, browser=True))
        socket.put({"type": "subscribe", "id": "1", "payload": {"documentId": f"sha256:{hash_of(WATCH)}"}})
        assert await socket.is_quiet()
        await booking.create(practice.desk, creation(practice))

        assert (await socket.get())["payload"] == {"data": {"groupAppointmentChanged": {"kind": "CREATED"}}}


@pytest.mark.parametrize("text", [WATCH, COUNT, "{ __schema { types { name } } }"])
async def test_a_browser_runs_no_text_over_a_socket(wire: Callable[[], Wire], practice: Practice, text: str) -> None:
    async with wire() as socket:
        await socket.welcomed(await new_key(practice, browser=True))

        assert await code(socket, query=text) == "FORBIDDEN"
        if text != WATCH:
            assert await code(socket, query=text, extensions=apq(text)) == "FORBIDDEN"


async def test_an_unknown_document_is_told_and_the_socket_stays(wire: Callable[[], Wire], practice: Practice) -> None:
    async with wire() as socket:
        await socket.welcomed(await new_key(practice, browser=True))

        assert await code(socket, documentId="0" * 64) == "DOCUMENT_NOT_FOUND"
        assert await code(socket, documentId="Week") == "BAD_USER_INPUT"


async def test_a_query_is_registered_over_a_socket_and_found_there(
    wire: Callable[[], Wire], practice: Practice
) -> None:
    async with wire() as socket:
        await socket.welcomed(await new_key(practice, browser=False))
        unknown = await code(socket, extensions=apq(COUNT))
        first = await answer(socket, query=COUNT, extensions=apq(COUNT))
        assert (await socket.get())["type"] == "complete"
        again = await answer(socket, extensions=apq(COUNT))

    assert unknown == "PERSISTED_QUERY_NOT_FOUND"
    assert first == again == {"type": "next", "payload": {"data": {"patients": {"totalCount": 12}}}}
