"""Whether the process is alive, and whether it may be sent requests, for those who watch it."""

import asyncio
import logging
from time import monotonic

from starlette.requests import Request
from starlette.responses import JSONResponse

from gappt_graphql.store import Store

log = logging.getLogger("gappt_graphql.web")

PATIENCE = 1.0
"""Seconds that the store has to answer."""
_KEPT_FOR = 1.0
"""Seconds. However often strangers ask, the store is asked no more than this."""


class Health:
    """What probes are told. It needs no key, and tells a word and no details."""

    def __init__(self, store: Store, *, patience: float = PATIENCE) -> None:
        self._store, self._patience = store, patience
        self._checking: asyncio.Task[str | None] | None = None
        self._ask_again_at = 0.0
        self.leaving = False
        """The server is about to end: nobody shall send it anything more."""

    async def livez(self, request: Request) -> JSONResponse:
        """Answer that the process runs, without asking the store."""
        return JSONResponse({"status": "ok"})

    async def readyz(self, request: Request) -> JSONResponse:
        """Answer whether requests may come: the store can be written, and the server is not about to end."""
        reason = "leaving" if self.leaving else await self._reason()
        if reason is None:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "unavailable", "reason": reason}, 503)

    async def _reason(self) -> str | None:
        if self._checking is None or (self._checking.done() and monotonic() >= self._ask_again_at):
            self._checking = asyncio.create_task(self._check())
        return await asyncio.shield(self._checking)

    async def _check(self) -> str | None:
        try:
            async with asyncio.timeout(self._patience):
                fault = await self._store.fault()
        except TimeoutError:
            return "busy"
        except Exception as exception:
            log.warning("Not ready: the store raised %s", type(exception).__qualname__)
            return "store"
        finally:
            self._ask_again_at = monotonic() + _KEPT_FOR
        return None if fault is None else fault.value
