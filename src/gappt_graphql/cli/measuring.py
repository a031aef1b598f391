"""The port on which Prometheus asks, beside that of the service."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from gappt_graphql.web.metrics import Metrics, metrics_app

_SECONDS_TO_FINISH = 2
_AT_ONCE = 8


@asynccontextmanager
async def answering(metrics: Metrics, listener: socket.socket) -> AsyncIterator[None]:
    """Answer /metrics as long as this lasts."""
    config = uvicorn.Config(
        metrics_app(metrics),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        limit_concurrency=_AT_ONCE,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """uvicorn's server, which leaves signals to the one that it stands beside."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
