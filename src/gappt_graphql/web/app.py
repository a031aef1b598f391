"""The web application: which address answers with what."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Route, Router, WebSocketRoute

from gappt_graphql.graph.http import graphql_app
from gappt_graphql.graph.options import USUAL, Options
from gappt_graphql.graph.shared import Shared
from gappt_graphql.graph.sockets import sockets_app
from gappt_graphql.practice.allowances import Allowances
from gappt_graphql.practice.bounds import Bounds
from gappt_graphql.rest.routes import routes
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.scheduling.receivers import ANYWHERE_PUBLIC, Receivers
from gappt_graphql.store import Store
from gappt_graphql.store.unavailable import Unavailable
from gappt_graphql.web.addresses import Addresses, SchemeOfProxies
from gappt_graphql.web.answers import refused_request
from gappt_graphql.web.bodies import BodyLimit
from gappt_graphql.web.calendars import Calendars
from gappt_graphql.web.envelope import Envelope
from gappt_graphql.web.explorer import ExplorerFiles, ExplorerOr, explorer_page
from gappt_graphql.web.health import Health
from gappt_graphql.web.keys import DeskOpener
from gappt_graphql.web.observe import Logging, Observed
from gappt_graphql.web.origins import ForeignPages, Sharing
from gappt_graphql.web.shortcut import Shortcut

LARGEST_BODY = 128 * 1024
"""Bytes. The largest operations that clients and gateways send are a tenth of it."""
REST_LIMIT = 200
"""Requests a minute for each key, as the reference has it."""
COST_BUDGET = 50_000
"""Points a minute for each key, of operations over GraphQL."""
FAILURES = 30
"""Requests a minute for each address that have no known key, before the next ones are refused as too many."""
_ADDRESSES = 10_000
"""That are remembered."""


def create_app(
    store: Store,
    *,
    clock: Callable[[], datetime],
    ids: Ids,
    rate_limit: int | None = None,
    cost_budget: int = COST_BUDGET,
    trusted_proxies: Sequence[str] = (),
    bounds: Bounds | None = None,
    idempotency_hours: int = 24,
    largest_body: int = LARGEST_BODY,
    options: Options = USUAL,
    receivers: Receivers = ANYWHERE_PUBLIC,
    observer: Logging | None = None,
) -> Starlette:
    """
    Put the doors together around an open store, which stays the caller's to close.

    The clock is asked for each request. `rate_limit` is in requests a minute for each key and door; 0 is no
    limit, and None is the usual one: the reference's for /v1, none for /graphql. `cost_budget` is in points a minute
    for each key, 0 for no limit. A key may have other limits of its own. `trusted_proxies` are networks.
    `bounds` are those of the operations of both doors. `options` are those of /graphql. `receivers` are
    where webhooks may be sent to. `observer` is told of the work; the store's may be the same.
    """
    bounds = Bounds() if bounds is None else bounds
    failures, addresses = Allowances(FAILURES, clock, remembered=_ADDRESSES), Addresses(trusted_proxies)

    observer = observer or Logging()

    def desk(asks_for: str, usual_limit: int, *, takes_browsers: bool = True) -> DeskOpener:
        limit = usual_limit if rate_limit is None else rate_limit
        return DeskOpener(
            store,
            clock=clock,
            ids=ids,
            requests=Allowances(limit, clock),
            failures=failures,
            addresses=addresses,
            bounds=bounds,
            keys_kept_for=timedelta(hours=idempotency_hours),
            asks_for=asks_for,
            takes_browsers=takes_browsers,
            receivers=receivers,
            observer=observer,
        )

    # Through /v1 such a key would get around the documents that it is kept to.
    rest_desk = desk("Basic", REST_LIMIT, takes_browsers=options.trusted_only == "none")
    budget = Allowances(cost_budget, clock)
    graph_desk, shared = desk("Bearer", 0), Shared(options, budget=budget, observer=observer)
    health, door = Health(store), graphql_app(graph_desk, shared)
    origins = options.streams.origins
    calendars = Calendars(
        store,
        clock=clock,
        ids=ids,
        failures=failures,
        addresses=addresses,
        bounds=bounds,
        observer=observer,
    )
    app = Starlette(
        routes=[
            Route("/", explorer_page, methods=["GET"]),
            Route("/graphql", ExplorerOr(door)),
            WebSocketRoute("/graphql", sockets_app(graph_desk, shared)),
            Mount("/v1", Router(routes(rest_desk), redirect_slashes=False)),
            *calendars.routes(),
            Route("/livez", health.livez, methods=["GET"]),
            Route("/readyz", health.readyz, methods=["GET"]),
            Mount("/explorer", ExplorerFiles()),
        ],
        middleware=[
            Middleware(Observed, observer=observer),
            *([Middleware(Sharing, origins=origins)] if origins else ()),
            Middleware(Envelope),
            Middleware(ForeignPages, origins=origins),
            Middleware(BodyLimit, largest=largest_body),
            *([Middleware(SchemeOfProxies, addresses=addresses)] if trusted_proxies else ()),
        ],
        exception_handlers={HTTPException: refused_request, Unavailable: refused_request},
    )
    app.state.watchers, app.state.health, app.state.bounds = shared.watchers, health, bounds
    # A redirect would make a POST of many clients a GET.
    app.router.redirect_slashes = False
    app.middleware_stack = Shortcut(
        app.build_middleware_stack(), door, observer=observer, origins=origins, largest_body=largest_body
    )
    return app
