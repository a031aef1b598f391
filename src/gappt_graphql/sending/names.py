"""Looking up names, in threads of its own: the system's way to do so can't be stopped, and may take half a minute."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address

from gappt_graphql.scheduling.receivers import Address

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
"""Takes a name or an address, and a port; returns every address that it stands for. Raises OSError if there is none."""

_AT_ONCE = 64
"""So many that an account whose name servers never answer leaves some to the others."""


class Names:
    """The system's resolver, asked by a few at once. A thread that it keeps waiting keeps no program from ending."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        loop = asyncio.get_running_loop()
        await self._free.acquire()
        found: asyncio.Future[Sequence[Address]] = loop.create_future()

        def told(addresses: Sequence[Address], failure: OSError | None) -> None:
            self._free.release()  # when the thread is done, however long ago its caller has gone
            if found.done():
                return
            if failure is None:
                found.set_result(addresses)
            else:
                found.set_exception(failure)

        def look() -> None:
            addresses: Sequence[Address] = ()
            failure: OSError | None = None
            try:
                addresses = _addresses(host, port)
            except (OSError, UnicodeError) as error:
                failure = error if isinstance(error, OSError) else OSError("no name")
            with suppress(RuntimeError):  # the program has ended meanwhile
                loop.call_soon_threadsafe(told, addresses, failure)

        try:
            threading.Thread(target=look, name="webhook-names", daemon=True).start()
        except RuntimeError:
            self._free.release()
            raise OSError("no thread") from None
        return await found


def _addresses(host: str, port: int) -> Sequence[Address]:
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [ip_address(place[0]) for place in dict.fromkeys(row[4] for row in rows)]
