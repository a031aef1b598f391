"""Calendars for other programs: `/calendars/practitioners/{id}.ics` and `/calendars/businesses/{id}.ics`."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from types import ModuleType

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gappt_graphql.observing import NOBODY, Observer
from gappt_graphql.practice import calendars
from gappt_graphql.practice.allowances import Allowances
from gappt_graphql.practice.bounds import Bounds, OutOfTime, Overloaded
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.calendars import Calendar, CalendarFeed, Whose
from gappt_graphql.scheduling.ids import AccountId, Ids, read_id
from gappt_graphql.store import Store
from gappt_graphql.web.addresses import Addresses
from gappt_graphql.web.limits import Throttled

PARAMETER = "token"
"""Where an address has its secret."""
FEED_LIMIT = 30
"""Requests a minute for each feed: programs come once an hour, or when somebody presses a button."""

_NOT_INSTALLED = "Calendars need a package that is not installed: pip install 'gappt-graphql[calendar]'"
_KEEPING = "private, no-cache"
"""A program may keep what it has, and asks each time whether that is still so. Nobody between may keep it."""


class Calendars:
    """Show a calendar to who has its token. Who has not is told no more than that there is nothing."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], datetime],
        ids: Ids,
        failures: Allowances,
        addresses: Addresses,
        bounds: Bounds,
        observer: Observer = NOBODY,
    ) -> None:
        """`failures` are each address's: how often it may ask without a token, or a key, that is known."""
        self._store, self._clock, self._ids = store, clock, ids
        self._requests, self._failures = Allowances(FEED_LIMIT, clock), failures
        self._addresses, self._bounds, self._observer = addresses, bounds, observer
        self._one_writes = asyncio.Lock()

    def routes(self) -> Sequence[Route]:
        """Return the two addresses."""
        return [
            Route("/calendars/practitioners/{id}.ics", self.of_practitioner, methods=["GET"]),
            Route("/calendars/businesses/{id}.ics", self.of_business, methods=["GET"]),
        ]

    async def of_practitioner(self, request: Request) -> Response:
        """Answer with the calendar of a practitioner."""
        found = await self._opened(request)
        if found is None or found[1].practitioner_id != read_id(request.path_params["id"]):
            raise self._nothing_there(request)
        return await self._answer(request, *found)

    async def of_business(self, request: Request) -> Response:
        """Answer with the calendar of a business."""
        found = await self._opened(request)
        if found is None or found[1].business_id != read_id(request.path_params["id"]):
            raise self._nothing_there(request)
        return await self._answer(request, *found)

    async def _opened(self, request: Request) -> tuple[AccountId, CalendarFeed] | None:
        tokens = request.query_params.getlist(PARAMETER)
        return await calendars.opened_by(self._store, tokens[0]) if len(tokens) == 1 else None

    def _nothing_there(self, request: Request) -> HTTPException:
        """Return the refusal of who has no token that is known, or another calendar's. Alike whatever is wrong."""
        request.state.standing = stands = self._failures.take(self._addresses.of(request.scope))
        if stands is not None and stands.wait:
            return Throttled(stands, "Too many requests without a known key came from this address")
        return HTTPException(404)  # not 401, at which programs ask people for a password that there is none of

    async def _answer(self, request: Request, account: AccountId, feed: CalendarFeed) -> Response:
        request.state.feed, request.state.account = feed.id, account
        request.state.standing = stands = self._requests.take(feed.id)
        if stands is not None and stands.wait:
            raise Throttled(stands, "This calendar was asked for too often")
        try:  # in a thread: it imports icalendar, an extra, which takes a while
            calendar_file = await asyncio.to_thread(_how_it_is_written)
        except ImportError:
            raise HTTPException(501, _NOT_INSTALLED) from None
        calendar = await self._read(request, account, feed)
        names_practitioners = feed.business_id is not None
        etag = calendar_file.etag_of(calendar, names_practitioners=names_practitioners)
        headers = {"Cache-Control": _KEEPING, "ETag": etag}
        if _has_it(request.headers.getlist("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
        async with self._one_writes:  # in a thread: thousands of events take a second
            text = await asyncio.to_thread(
                calendar_file.written, calendar, account=account, names_practitioners=names_practitioners
            )
        return Response(text, media_type="text/calendar", headers=headers)

    async def _read(self, request: Request, account: AccountId, feed: CalendarFeed) -> Calendar:
        desk = Desk(
            store=self._store,
            account=account,
            now=self._clock(),
            ids=self._ids,
            request_id=request.state.request_id,
            observer=self._observer,
            bounds=self._bounds,
        )
        whose = "businesses" if feed.practitioner_id is None else "practitioners"
        spans = self._observer.spans
        try:
            with desk.at_work(), spans.operation(request.headers.get("traceparent") if spans.on else None) as tell:
                tell("calendar", f"GET /{whose}/{{id}}.ics", ())
                calendar = await calendars.calendar(desk, Whose(feed.practitioner_id, feed.business_id))
        except (OutOfTime, Overloaded) as refused:
            raise HTTPException(503, str(refused), {"Retry-After": "1"}) from None
        assert calendar is not None  # nobody whom a feed is of can be deleted
        return calendar


def _how_it_is_written() -> ModuleType:
    from gappt_graphql.web import calendar_file

    return calendar_file


def _has_it(asked: Sequence[str], etag: str) -> bool:
    """Tell whether If-None-Match names what there is. A proxy that packs an answer makes its tag a weak one."""
    tags = [tag.strip().removeprefix("W/") for tag in ",".join(asked).split(",")]
    return etag in tags or "*" in tags
