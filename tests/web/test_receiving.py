"""Connections that are slow, huge or nothing at all, to a server on a port of its own, in this process."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from builders import Practice
from gappt_graphql.cli.receiving import LONGEST_ADDRESS, MOST_HEAD, MOST_LINES, MOST_WAITING, Receiving
from gappt_graphql.store import Store
from gappt_graphql.web.app import create_app
from served import serving

# The second is what `serve` runs on.
pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "served"])

HEAD = b"GET /livez HTTP/1.1\r\nHost: practice.example\r\n"
POST = b"POST /graphql HTTP/1.1\r\nHost: practice.example\r\nContent-Type: application/json\r\n"


class Hasty(Receiving):
    """Waits a moment only, so that the tests need not."""

    seconds_to_arrive = 0.3
    seconds_to_take = 0.3


@pytest.fixture
def app(store: Store, practice: Practice) -> Any:
    return create_app(store, clock=lambda: practice.now, ids=practice.ids)


Send = Callable[[dict[str, Any]], Awaitable[None]]


async def test_a_request_whose_head_does_not_end_is_answered_408(app: Any) -> None:
    async with serving(app, Hasty) as server:
        stream = await server.open(HEAD)

        status, said = await stream.answer()

        assert (status, said["errors"][0]["extensions"]["code"]) == (408, "TIMEOUT")
        assert await stream.rest() == b""


async def test_a_request_whose_body_does_not_end_is_answered_408(app: Any, secret: str) -> None:
    async with serving(app, Hasty) as server:
        key = f"Authorization: Bearer {secret}\r\n".encode()
        stream = await server.open(POST + key + b"Content-Length: 100\r\n\r\n{")

        status, said = await stream.answer()

        assert (status, said["message"]) == (408, "The request took too long to arrive.")
        assert await stream.rest() == b""


async def test_a_byte_now_and_then_gains_no_time(app: Any) -> None:
    async with serving(app, Hasty) as server:
        stream = await server.open(HEAD)

        async def dribble() -> None:
            while True:
                stream.put(b"X-A: b\r\n")
                await asyncio.sleep(0.05)

        dribbling = asyncio.create_task(dribble())
        status, _ = await stream.answer()
        dribbling.cancel()

        assert status == 408


async def test_a_connection_that_sends_nothing_is_closed_without_a_word(app: Any) -> None:
    async with serving(app, Hasty) as server:
        assert await (await server.open()).rest() == b""


async def test_empty_lines_between_two_requests_gain_no_time(app: Any) -> None:
    async with serving(app, Hasty) as server:
        stream = await server.open(HEAD + b"\r\n")
        await stream.answer()
        stream.put(b"\r\n")

        assert (await stream.answer())[0] == 408


async def test_a_body_that_comes_after_its_answer_leaves_no_connection_open(app: Any) -> None:
    async with serving(app, Hasty) as server:
        stream = await server.open(POST + b"Content-Length: 200000\r\n\r\n")
        assert (await stream.answer())[0] == 413
        stream.put(b" " * 200_000)

        assert (await stream.answer())[0] == 408


async def test_a_connection_that_is_used_again_has_the_whole_time_for_each_request(app: Any) -> None:
    async with serving(app, Hasty) as server:
        stream = await server.open()
        for _ in range(3):
            await asyncio.sleep(0.2)
            stream.put(HEAD)
            await asyncio.sleep(0.05)
            stream.put(b"\r\n")

            assert await stream.answer() == (200, {"status": "ok"})


async def test_two_requests_in_one_packet_are_both_answered(app: Any) -> None:
    async with serving(app, Hasty) as server:
        stream = await server.open((HEAD + b"\r\n") * 2)

        assert [await stream.answer() for _ in range(2)] == [(200, {"status": "ok"})] * 2


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /livez?" + b"a" * LONGEST_ADDRESS + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (HEAD + b"X-A: b\r\n" * MOST_LINES + b"\r\n", 431),
        (HEAD + b"X-A: " + b"b" * MOST_HEAD + b"\r\n\r\n", 431),
        (HEAD + b"X-A: b" * 1_000_000, 431),
        (b"hello\r\n\r\n", 400),
    ],
    ids=["address", "lines", "bytes", "a header without an end", "no HTTP"],
)
async def test_a_head_that_is_too_large_is_refused_in_words(app: Any, request_: bytes, status: int) -> None:
    async with serving(app, Hasty) as server:
        stream = await server.open(request_)

        got, said = await stream.answer()

        assert got == status
        assert said["message"] == said["errors"][0]["message"]


async def test_a_head_of_the_largest_size_is_taken(app: Any) -> None:
    async with serving(app, Hasty) as server:
        stream = await server.open(HEAD + b"X-A: " + b"b" * (MOST_HEAD - 100) + b"\r\n\r\n")

        assert (await stream.answer())[0] == 200


async def test_an_answer_that_lasts_is_not_cut_off() -> None:
    async def app(scope: Any, receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(4):
            await send({"type": "http.response.body", "body": b":\n\n", "more_body": True})
            await asyncio.sleep(Hasty.seconds_to_arrive / 2)
        await send({"type": "http.response.body", "body": b""})

    async with serving(app, Hasty) as server:
        stream = await server.open(HEAD + b"Connection: close\r\n\r\n")

        assert (await stream.rest()).endswith(b"0\r\n\r\n")


async def test_a_socket_is_not_cut_off(app: Any) -> None:
    async with serving(app, Hasty) as server:
        stream = await server.open(
            b"GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
            b"13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        )
        assert (await stream.answer())[0] == 101
        await asyncio.sleep(Hasty.seconds_to_arrive * 2)
        stream.put(b"\x81\x8f\0\0\0\0" + b'{"type":"ping"}')

        async with asyncio.timeout(10):
            assert await stream.reader.readexactly(17) == b"\x81\x0f" + b'{"type":"pong"}'


@pytest.mark.parametrize(
    ("start", "more", "said"),
    [
        (b"POST /graphql HTTP/1.1", b"", b"HTTP/1.1 405 "),
        (b"GET /graphql HTTP/1.1", b"Content-Length: 3\r\n", b""),
        (b"GET /graphql HTTP/1.1", b"Transfer-Encoding: chunked\r\n", b""),
        (b"GET /graphql?" + b"a" * (LONGEST_ADDRESS - 9) + b" HTTP/1.1", b"", b"HTTP/1.1 414 "),
        (b"GET /graphql HTTP/1.1", b"X-A: " + b"b" * 8200 + b"\r\n", b"HTTP/1.1 431 "),
    ],
    ids=["by POST", "with a body", "with a body in chunks", "a long address", "a long header"],
)
async def test_who_asks_for_a_socket_in_a_way_that_is_none_is_not_kept(
    app: Any, start: bytes, more: bytes, said: bytes
) -> None:
    async with serving(app, Hasty) as server:
        stream = await server.open(
            start + b"\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + more + b"\r\n"
        )

        assert (await stream.rest())[:13] == said


async def test_what_comes_behind_a_body_is_no_header() -> None:
    """Proxies put into the head where a request comes from, and some pass on what the client sends behind its body."""
    heads: list[list[tuple[bytes, bytes]]] = []

    async def app(scope: Any, receive: Any, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        heads.append(scope["headers"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with serving(app, Hasty) as server:
        head = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        stream = await server.open(head + b"1\r\na\r\n0\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n")
        assert (await stream.rest()).startswith(b"HTTP/1.1 204 ")

    assert [name for name, _ in heads[0]] == [b"host", b"connection", b"transfer-encoding"]


async def test_a_reader_that_takes_nothing_is_cut_off() -> None:
    gone = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"50000000")]})
        await send({"type": "http.response.body", "body": b" " * 50_000_000})

    class Watched(Hasty):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            gone.set()

    async with serving(app, Watched) as server:
        stream = await server.open(HEAD + b"\r\n")
        stream.writer.transport.pause_reading()  # type: ignore[attr-defined]

        await asyncio.wait_for(gone.wait(), 10)


async def test_a_slow_reader_gets_the_whole_answer() -> None:
    async def app(scope: Any, receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b" " * 20_000_000})

    class Patient(Hasty):
        seconds_to_take = 1.0

    async with serving(app, Patient) as server:
        stream = await server.open(HEAD + b"\r\n")
        taken = 0
        async with asyncio.timeout(30):
            while part := await stream.reader.read(1_000_000):
                taken += len(part)
                await asyncio.sleep(0.1)

        assert taken > 20_000_000


async def test_two_hundred_slow_connections_keep_nobody_waiting(app: Any) -> None:
    async with serving(app, Receiving) as server:
        slow = [HEAD, b"", POST + b"Content-Length: 100\r\n\r\n{", b"G"]
        for number in range(200):
            await server.open(slow[number % len(slow)])

        stream = await server.open()
        for _ in range(10):
            stream.put(HEAD + b"\r\n")
            assert (await asyncio.wait_for(stream.answer(), 2))[0] == 200


async def test_requests_that_are_sent_on_before_any_answer_are_answered(app: Any) -> None:
    async with serving(app, Hasty) as server:
        stream = await server.open((HEAD + b"\r\n") * MOST_WAITING)

        assert [(await stream.answer())[0] for _ in range(MOST_WAITING)] == [200] * MOST_WAITING


async def test_who_sends_on_and_on_without_an_answer_is_cut_off(app: Any) -> None:
    async with serving(app, Hasty) as server:
        stream = await server.open((HEAD + b"\r\n") * 10 * MOST_WAITING)

        assert (await stream.rest()).count(b"200 OK") <= 1 + MOST_WAITING
