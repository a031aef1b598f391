"""
Connections to receivers: dialed at an address that has been looked at, and used for one request after another.

The name is looked up once for each connection; what is dialed is the very address that was found fit, so that a name
that changes its mind in between (DNS rebinding) comes to nothing. Redirects are not followed, and proxies that the
environment names are not used.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from ipaddress import IPv6Address

import h11
from msgspec import Struct

from gappt_graphql.scheduling.receivers import Address, Receiver, Receivers
from gappt_graphql.scheduling.webhooks import Attempt, Failure
from gappt_graphql.sending.names import Resolve

_ADDRESSES_TRIED = 3
_BYTES_AT_ONCE = 4096
_MOST_BYTES = 32 * 1024
"""Of an answer before its status is known; of its body a few are read, to be able to use the connection again."""
_MOST_OF_A_BODY = 4096
_SECONDS_FOR_A_BODY = 1.0


class Patience(Struct, frozen=True):
    """Seconds: to connect to one address, and for a whole attempt, from the look-up to the status of the answer."""

    connect: float = 5.0
    attempt: float = 10.0


USUAL = Patience()


class _Failed(Exception):
    """There is no answer."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure


class Line:
    """The connection to one receiver, which is made when something is sent and made anew when it has been lost."""

    def __init__(
        self,
        receiver: Receiver,
        *,
        receivers: Receivers,
        resolve: Resolve,
        tls: ssl.SSLContext,
        patience: Patience = USUAL,
    ) -> None:
        self._receiver, self._receivers, self._resolve = receiver, receivers, resolve
        self._tls = tls if receiver.scheme == "https" else None
        self._patience = patience
        self._open: _Connection | None = None

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Attempt:
        """Send a body, and return what came of it. Nothing is raised for what a receiver does."""
        try:
            async with asyncio.timeout(self._patience.attempt):
                answer = await self._posted(body, headers)
            if self._open is not None and not await self._open.is_ready():
                self.close()
        except TimeoutError:
            self.close()
            return Attempt(failure=Failure.TIMEOUT)
        except _Failed as failed:
            self.close()
            return Attempt(failure=failed.failure)
        except BaseException:
            self.close()
            raise
        return answer

    def close(self) -> None:
        """Let go of the connection at once, whatever the receiver still wants to say."""
        if self._open is not None:
            self._open.cut()
            self._open = None

    async def _posted(self, body: bytes, headers: Mapping[str, str]) -> Attempt:
        request = [("Host", self._receiver.authority), *headers.items(), ("Content-Length", str(len(body)))]
        used = self._open is not None
        if self._open is None:
            self._open = await self._dialed()
        try:
            answer = await self._open.ask(self._receiver.target, request, body)
        except _Failed:
            if not used or self._open.has_heard:
                raise
            # Most likely it had been closed while nothing was sent.
            self.close()
            self._open = await self._dialed()
            answer = await self._open.ask(self._receiver.target, request, body)
        return answer

    async def _dialed(self) -> "_Connection":
        for number, address in enumerate(addresses := await self._addresses(), start=1):
            try:
                async with asyncio.timeout(self._patience.connect):
                    return await self._connected(address)
            except (OSError, TimeoutError) as error:  # an SSLError is an OSError
                if number == min(len(addresses), _ADDRESSES_TRIED):
                    raise _Failed(_failure(error)) from None
        raise _Failed(Failure.NAME_NOT_FOUND)

    async def _addresses(self) -> Sequence[Address]:
        """Return the addresses to try. If one of them is not fit none is: nobody means to mix them."""
        try:
            found = await self._resolve(self._receiver.host, self._receiver.port)
        except OSError:
            raise _Failed(Failure.NAME_NOT_FOUND) from None
        if not all(map(self._receivers.may_be, found)):
            raise _Failed(Failure.ADDRESS_REFUSED)
        return found[:_ADDRESSES_TRIED]

    async def _connected(self, address: Address) -> "_Connection":
        family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            line.setblocking(False)
            await asyncio.get_running_loop().sock_connect(line, (str(address), self._receiver.port))
            # The name is for the certificate alone: the connection stands already.
            name = self._receiver.host.rstrip(".") if self._tls else None
            reader, writer = await asyncio.open_connection(
                sock=line, ssl=self._tls, server_hostname=name, limit=_BYTES_AT_ONCE
            )
        except BaseException:
            line.close()
            raise
        return _Connection(reader, writer)


class _Connection:
    """HTTP/1.1 on an open connection, one request after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_BYTES)
        self.has_heard = False
        """Something of the answer to the last request has come."""

    async def ask(self, target: str, headers: list[tuple[str, str]], body: bytes) -> Attempt:
        """
        Send a request, and return the status of its answer, without waiting for the body.

        :raises _Failed: if there is none
        """
        self.has_heard = False
        request = h11.Request(method="POST", target=target, headers=headers)
        sent = [self._http.send(event) for event in (request, h11.Data(data=body), h11.EndOfMessage())]
        try:
            self._writer.write(b"".join(part for part in sent if part))
            await self._writer.drain()
            return _attempt(await self._status())
        except h11.RemoteProtocolError:
            raise _Failed(Failure.PROTOCOL) from None
        except OSError as error:
            raise _Failed(_failure(error)) from None

    async def is_ready(self) -> bool:
        """Read what little is left of the answer, and tell whether the connection takes another request."""
        left = _MOST_OF_A_BODY
        with suppress(h11.RemoteProtocolError, OSError, TimeoutError):
            async with asyncio.timeout(_SECONDS_FOR_A_BODY):
                while self._http.their_state is h11.SEND_BODY and left > 0:
                    event = self._http.next_event()
                    if event is h11.NEED_DATA:
                        left -= await self._receive()
            if self._http.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
                self._http.start_next_cycle()
                return True
        return False

    def cut(self) -> None:
        self._writer.transport.abort()

    async def _status(self) -> h11.Response:
        read = 0
        while read < _MOST_BYTES:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                read += await self._receive()
            elif isinstance(event, h11.Response):
                return event
            elif not isinstance(event, h11.InformationalResponse):
                break
        raise _Failed(Failure.PROTOCOL)

    async def _receive(self) -> int:
        data = await self._reader.read(_BYTES_AT_ONCE)
        self.has_heard |= bool(data)
        if not data and not self.has_heard:
            raise _Failed(Failure.CONNECTION_LOST)
        self._http.receive_data(data)
        return len(data)


def _attempt(response: h11.Response) -> Attempt:
    for name, value in response.headers:
        if name == b"retry-after" and re.fullmatch(rb"\d{1,9}", value):
            return Attempt(response.status_code, retry_after=timedelta(seconds=int(value)))
    return Attempt(response.status_code)


def _failure(error: OSError) -> Failure:
    if isinstance(error, ssl.SSLError):
        return Failure.CERTIFICATE if isinstance(error, ssl.SSLCertVerificationError) else Failure.TLS
    if isinstance(error, TimeoutError):
        return Failure.TIMEOUT
    return Failure.CONNECTION_REFUSED if isinstance(error, ConnectionRefusedError) else Failure.CONNECTION_LOST
