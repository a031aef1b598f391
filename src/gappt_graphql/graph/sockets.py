"""
GraphQL over WebSocket: the protocol graphql-transport-ws (docs/guide/subscriptions.md).

Strawberry has a handler of its own. It is not used because all operations of a socket share one context there, and so
one desk and one set of loaders for as long as the socket lives; and because it knows of no keys that are revoked. The
older protocol, graphql-ws, which it speaks as well, is left out: it has let in who never said who they were.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Any, Protocol
from uuid import uuid4

import msgspec
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.types import ExecutionResult

from gappt_graphql.graph.actors import HEADER, BadActor, actor_in_headers, actor_in_payload
from gappt_graphql.graph.context import Context
from gappt_graphql.graph.errors import ErrorCode
from gappt_graphql.graph.http import refused
from gappt_graphql.graph.origins import is_welcome
from gappt_graphql.graph.persisted import text_of
from gappt_graphql.graph.requests import NotTaken, asked_of
from gappt_graphql.graph.results import codes_of, content_of, was_run
from gappt_graphql.graph.schema import schema_of
from gappt_graphql.graph.shared import Shared
from gappt_graphql.graph.telling import Telling
from gappt_graphql.graph.watchers import TooMany
from gappt_graphql.practice.desk import Desk
from gappt_graphql.store import ApiKey
from gappt_graphql.store.unavailable import Unavailable

PROTOCOL = "graphql-transport-ws"

TOO_LARGE = (1009, "Message too large")
TRY_LATER = (1013, "This key has too many connections")
# After 1011, which Starlette would say, graphql-ws does not come back.
STORE_AWAY = (1013, "The store can't be used at the moment")
TOO_SLOW = (4008, "Too slow")
INVALID = (4400, "Invalid message")
UNAUTHORIZED = (4401, "Unauthorized")
FORBIDDEN = (4403, "Forbidden")
NOT_ACCEPTABLE = (4406, "Subprotocol not acceptable")
LATE = (4408, "Connection initialisation timeout")
EXISTS = (4409, "Subscriber already exists")
TOO_MANY_INITS = (4429, "Too many initialisation requests")

_LONGEST_ID = 255


class Keys(Protocol):
    """Who may come in."""

    async def key_in(self, authorization: list[str]) -> ApiKey | None:
        """Return the key that Authorization headers carry, if it is known and not revoked."""

    def failed(self, scope: Scope) -> object:
        """Count that a socket from this address had no key that is known."""

    async def standing(self, key: ApiKey) -> ApiKey | None:
        """Return the key as it is stored now, if it has not been revoked."""

    def desk_of(self, key: ApiKey, request_id: str, actor: str | None) -> Desk:
        """Return the desk that the key opens for one operation, or raise Starlette's HTTPException."""


def sockets_app(keys: Keys, shared: Shared) -> ASGIApp:
    """Return the application that speaks graphql-transport-ws."""
    return _Door(keys, shared)


class _Init(Struct, tag_field="type", tag="connection_init"):
    payload: dict[str, Any] | None = None


class _Ping(Struct, tag_field="type", tag="ping"):
    payload: dict[str, Any] | None = None


class _Pong(Struct, tag_field="type", tag="pong"):
    payload: dict[str, Any] | None = None


class _Subscribe(Struct, tag_field="type", tag="subscribe"):
    id: str
    payload: dict[str, Any]


class _Complete(Struct, tag_field="type", tag="complete"):
    id: str


_Message = _Init | _Ping | _Pong | _Subscribe | _Complete
_DECODER = msgspec.json.Decoder(_Message)


class _Closing(Exception):
    """The socket is to be closed, with this code and reason."""

    def __init__(self, why: tuple[int, str]) -> None:
        self.code, self.reason = why


class _Door:
    def __init__(self, keys: Keys, shared: Shared) -> None:
        self.keys, self.shared = keys, shared
        self.streams, self.watchers = shared.options.streams, shared.watchers
        self.schema = schema_of(directory=shared.options.directory)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        if not is_welcome(websocket.headers, self.streams.origins):
            return await _deny(websocket, 403, ErrorCode.FORBIDDEN, "Pages of this origin may not open sockets here.")
        try:
            self.watchers.strangers.check(self)
        except TooMany:
            return await _deny(websocket, 503, ErrorCode.THROTTLED, "Too many sockets wait to say who they are.")
        with suppress(WebSocketDisconnect):
            if PROTOCOL not in scope["subprotocols"]:
                await websocket.accept()
                return await websocket.close(*NOT_ACCEPTABLE)
            await websocket.accept(PROTOCOL)
            await _Socket(self, websocket).serve()
        return None


async def _deny(websocket: WebSocket, status: int, code: ErrorCode, message: str) -> None:
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        await websocket.send_denial_response(refused(websocket.scope, status, code, message))
    else:
        await websocket.close()


class _Socket:
    """One connection, from its acceptance to its end."""

    def __init__(self, door: _Door, websocket: WebSocket) -> None:
        self._door, self._websocket = door, websocket
        self._streams = door.streams
        self._key: ApiKey
        self._actor: str | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._heard = True

    async def serve(self) -> None:
        """Talk until one side closes, and leave nothing running."""
        try:
            async with AsyncExitStack() as stack:
                with self._door.watchers.strangers.one(self._door):
                    self._key = await self._welcome()
                self._websocket.state.key = self._key
                stack.enter_context(self._door.watchers.connections.one(self._key.id))
                tasks = await stack.enter_async_context(asyncio.TaskGroup())
                await self._send({"type": "connection_ack"})
                tasks.create_task(self._keep_alive())
                async for message in self._messages():
                    await self._take(message, tasks)
        except* _Closing as group:
            closing = next(_leaves(group))
            await self._close(closing.code, closing.reason)
        except* TooMany:
            await self._close(*TRY_LATER)
        except* Unavailable:
            await self._close(*STORE_AWAY)
        except* WebSocketDisconnect:
            pass

    async def _welcome(self) -> ApiKey:
        """Return whose socket it is, as soon as it has said so."""
        try:
            async with asyncio.timeout(self._streams.init_timeout):
                async for message in self._messages():
                    if isinstance(message, _Init):
                        return await self._key_of(message)
                    if isinstance(message, _Subscribe):
                        raise _Closing(UNAUTHORIZED)
                    await self._answer(message)
        except TimeoutError:
            raise _Closing(LATE) from None
        raise AssertionError("unreachable: messages end by an exception")

    async def _key_of(self, message: _Init) -> ApiKey:
        # Browsers can't set headers on a socket; and a proxy's own header must not hide the key in the payload.
        payload = message.payload or {}
        given = [value for name, value in payload.items() if name.lower() == "authorization"]
        if any(not isinstance(value, str) for value in given):
            raise _Closing(INVALID)
        key = await self._door.keys.key_in(given or self._websocket.headers.getlist("authorization"))
        if key is None:
            self._door.keys.failed(self._websocket.scope)
            raise _Closing(FORBIDDEN)
        try:
            headers = self._websocket.headers.getlist(HEADER)
            self._actor = actor_in_payload(payload) or actor_in_headers(headers)
        except BadActor:
            raise _Closing(INVALID) from None
        return key

    async def _messages(self) -> AsyncIterator[_Message]:
        while True:
            received = await self._websocket.receive()
            if received["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(received.get("code", 1005))
            self._heard = True
            text = received.get("text")
            if text is None:
                raise _Closing(INVALID)
            encoded = text.encode()
            if len(encoded) > self._streams.largest_message:
                raise _Closing(TOO_LARGE)
            try:
                yield _DECODER.decode(encoded)
            except (ValueError, RecursionError):
                raise _Closing(INVALID) from None

    async def _take(self, message: _Message, tasks: asyncio.TaskGroup) -> None:
        if isinstance(message, _Init):
            raise _Closing(TOO_MANY_INITS)
        if isinstance(message, _Subscribe):
            await self._subscribe(message, tasks)
        else:
            await self._answer(message)

    async def _answer(self, message: _Message) -> None:
        if isinstance(message, _Ping):
            await self._send({"type": "pong"})
        elif isinstance(message, _Complete) and (operation := self._operations.pop(message.id, None)):
            operation.cancel()

    async def _subscribe(self, message: _Subscribe, tasks: asyncio.TaskGroup) -> None:
        if not 0 < len(message.id) <= _LONGEST_ID:
            raise _Closing(INVALID)
        if message.id in self._operations:
            raise _Closing(EXISTS)
        if len(self._operations) >= self._streams.operations:
            sentence = f"This socket runs {self._streams.operations} operations already: end one first."
            return await self._refuse(message.id, [_error(ErrorCode.THROTTLED, sentence)])
        self._operations[message.id] = tasks.create_task(self._operate(message))
        return None

    async def _operate(self, message: _Subscribe) -> None:
        id = message.id
        try:
            async with aclosing(self._results(message.payload)) as results:
                async for result in results:
                    if ErrorCode.UNAUTHENTICATED in codes_of(result):
                        raise _Closing(FORBIDDEN)
                    if not was_run(result):
                        return await self._refuse(id, [error.formatted for error in result.errors or ()])
                    await self._send({"id": id, "type": "next", "payload": content_of(result)})
            self._forget(id)
            await self._send({"id": id, "type": "complete"})
        except NotTaken as reason:
            await self._refuse(id, [_error(reason.code, reason.message)])
        except HTTPException as throttled:
            await self._refuse(id, [_error(ErrorCode.THROTTLED, throttled.detail)])

    async def _refuse(self, id: str, errors: list[Any]) -> None:
        self._forget(id)
        await self._send({"id": id, "type": "error", "payload": errors})

    def _forget(self, id: str) -> None:
        # Before the last message is sent: the client may use the id again at once, and then it is another's.
        if self._operations.get(id) is asyncio.current_task():
            del self._operations[id]

    async def _results(self, payload: dict[str, Any]) -> AsyncGenerator[ExecutionResult, None]:
        await self._check_key()
        door = self._door
        context = Context.of(self._key, door.keys.desk_of(self._key, str(uuid4()), self._actor), door.shared)
        telling = Telling(context, "socket", connection=self._websocket.state.request_id)
        try:
            asked = asked_of(payload)
            context.wants_cost = asked.wants_cost
            telling.text = text = text_of(asked, context)
            async with aclosing(door.schema.run(text, asked.variables, context, asked.operation_name)) as results:
                async for result in results:
                    telling.note(result)
                    yield result
        except NotTaken as reason:
            telling.refused(reason.code)
            raise
        except asyncio.CancelledError:
            context.loaders.stop()
            telling.left()
            raise
        finally:
            telling.ended()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._streams.ping_interval)
            if not self._heard:
                raise _Closing(TOO_SLOW)
            await self._check_key()
            self._heard = False
            await self._send({"type": "ping"})

    async def _check_key(self) -> None:
        key = await self._door.keys.standing(self._key)
        if key is None:
            raise _Closing(FORBIDDEN)
        self._key = key

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._streams.send_timeout):
                await self._websocket.send_text(msgspec.json.encode(message).decode())
        except TimeoutError:
            raise _Closing(TOO_SLOW) from None

    async def _close(self, code: int, reason: str) -> None:
        with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
            async with asyncio.timeout(self._streams.send_timeout):
                await self._websocket.close(code, reason)


def _leaves(group: BaseExceptionGroup[_Closing]) -> Iterator[_Closing]:
    for one in group.exceptions:
        yield from _leaves(one) if isinstance(one, BaseExceptionGroup) else (one,)


def _error(code: ErrorCode, message: str) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code.value}}
