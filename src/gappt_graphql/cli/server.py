"""The serving process: the store, the application and the server around them, from start to a clean end."""

import asyncio
import errno
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from types import FrameType

import click
import uvicorn

from gappt_graphql.cli.collecting import leave_out_what_stays
from gappt_graphql.cli.common import Failed
from gappt_graphql.cli.delivering import delivering, receivers_of
from gappt_graphql.cli.demonstration import FIRST_QUERY, prepare
from gappt_graphql.cli.logs import Log, tell_failure
from gappt_graphql.cli.measuring import answering
from gappt_graphql.cli.moment import new_ids, now
from gappt_graphql.cli.opening import is_embedded, opened, place_of
from gappt_graphql.cli.options import options_of
from gappt_graphql.cli.receiving import Receiving
from gappt_graphql.cli.sockets import Sockets
from gappt_graphql.cli.tracing import traced
from gappt_graphql.practice.bounds import Bounds
from gappt_graphql.settings import Settings
from gappt_graphql.store.postgres.terms import Terms
from gappt_graphql.web.app import create_app
from gappt_graphql.web.health import Health
from gappt_graphql.web.metrics import Metrics
from gappt_graphql.web.observe import Logging

_SECONDS_TO_FINISH = 15
"""From the signal until what still runs is broken off. Closing the store may take a few more."""
_CONNECTIONS = 4096
_SECONDS_TO_TAKE = 30


async def run(settings: Settings, *, with_demo: bool) -> None:
    """
    Serve until a signal says to stop, then let what is running finish.

    :raises Failed: if the address or the store can't be had, or --demo does not fit the store, or the file of trusted
        documents can't be served
    """
    log = Log(format=settings.log_format or ("text" if sys.stderr.isatty() else "json"), level=settings.log_level)
    asyncio.get_running_loop().set_exception_handler(tell_failure)
    make_room(_CONNECTIONS)
    try:
        await _serve(settings, log, with_demo=with_demo)
    finally:
        log.flush()


async def _serve(settings: Settings, log: Log, *, with_demo: bool) -> None:
    place = place_of(settings.database_url)
    options = options_of(settings)
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(listening(settings))
        spans = await stack.enter_async_context(traced())
        observer = Logging(log.line, spans)
        if settings.metrics_port is not None:
            observer = metrics = Metrics(log.line, spans)
            port = stack.enter_context(taken(settings.metrics_host, settings.metrics_port, "--metrics-port"))
            await stack.enter_async_context(answering(metrics, port))
        async with opened(settings.database_url, alone=True, observer=observer, terms=_terms_of(settings)) as store:
            ids = new_ids()
            secret = await prepare(store, now=now(), ids=ids) if with_demo else None
            app = create_app(
                store,
                clock=now,
                ids=ids,
                rate_limit=settings.rate_limit,
                bounds=Bounds(
                    most=settings.max_running,
                    read_seconds=settings.read_seconds,
                    write_seconds=settings.write_seconds,
                ),
                cost_budget=settings.cost_budget,
                trusted_proxies=settings.trusted_proxies.split(",") if settings.trusted_proxies else (),
                idempotency_hours=settings.idempotency_hours,
                options=options,
                receivers=receivers_of(settings),
                observer=observer,
            )
            if isinstance(observer, Metrics):
                observer.watch(store, app.state.watchers, app.state.bounds)
            config = uvicorn.Config(
                app,
                lifespan="on",
                log_config=None,
                access_log=False,  # addresses may hold ids and names
                server_header=False,
                proxy_headers=False,
                http=Receiving,
                timeout_keep_alive=10,
                timeout_graceful_shutdown=_SECONDS_TO_FINISH - settings.leaving_seconds,
                ws=Sockets,
                ws_max_size=options.streams.largest_message,
                ws_ping_interval=None,  # the protocol's own pings are sent, which tell of keys that were revoked too
                ws_per_message_deflate=False,  # takes 300 KB of memory a socket, for messages of some hundred bytes
            )
            async with delivering(settings, store, ids=ids, observer=observer) as end_deliveries:

                def leave() -> None:
                    app.state.watchers.leaving.set()
                    end_deliveries()

                server = _Server(
                    config,
                    announce=lambda: _announce(settings, place, secret),
                    leave=leave,
                    health=app.state.health,
                    pause=settings.leaving_seconds,
                )
                await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it takes requests, and ends without the signal that ended it."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        announce: Callable[[], None],
        leave: Callable[[], None],
        health: Health,
        pause: float,
    ) -> None:
        super().__init__(config)
        self._announce, self._leave, self._health, self._pause = announce, leave, health, pause

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            leave_out_what_stays()
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._leave()  # the original waits for streams to end by themselves
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        first, self._health.leaving = not self._health.leaving, True
        if first and self._pause:
            asyncio.get_running_loop().call_later(self._pause, self._end)
        else:  # who asks a second time does not want to wait
            super().handle_exit(sig, frame)

    def _end(self) -> None:
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # The original raises the signal once more at the end, so that a wanted end looks like a crash.
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for one in signals:
            loop.add_signal_handler(one, self.handle_exit, one, None)
        try:
            yield
        finally:
            for one in signals:
                loop.remove_signal_handler(one)


def make_room(connections: int) -> None:
    """Have the system let this process hold so many, as far as it may: a usual shell stops at a thousand."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections if hard == resource.RLIM_INFINITY else min(connections, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """Take the address, before anything else is done for it."""
    with taken(settings.host, settings.port, "--port") as listener:
        # asyncio does this only to sockets of its own. Without it an answer's body waits 40 ms behind its head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Who takes nothing is cut off by the kernel too: closing a connection waits for what is left to be taken.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SECONDS_TO_TAKE * 1000)
        yield listener


@contextmanager
def taken(host: str, port: int, flag: str) -> Iterator[socket.socket]:
    """Take an address, or tell by which flag another can be chosen."""
    where = f"{host}, port {port}"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            sentence = f"Another process listens on {where} already: stop it, or choose another port with {flag}"
        else:
            sentence = f"Nothing can listen on {where}: {error.strerror}"
        raise Failed(sentence) from None
    with listener:
        yield listener


def _terms_of(settings: Settings) -> Terms:
    return Terms(
        connections=settings.database_connections,
        pooler=settings.database_pooler,
        direct_url=settings.database_direct_url,
        connect_seconds=settings.database_connect_seconds,
        statement_seconds=max(settings.read_seconds, settings.write_seconds),
    )


def _announce(settings: Settings, place: str, demo_key: str | None) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}"
    if demo_key is None:
        click.echo(f"Serving {place} at {address}/graphql; GraphiQL is at {address}/")
        which = f" --database-url {settings.database_url}" if is_embedded(settings.database_url) else ""
        click.echo(f"A key for it: gappt-graphql key create --account NAME --scopes read,write{which}")
    else:
        click.echo(f"\nGraphiQL:  {address}/\nAPI key:   {demo_key}\n\nA first query to paste:\n\n{FIRST_QUERY}")
    click.echo("Ctrl-C ends it.")
