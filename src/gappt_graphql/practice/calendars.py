"""Calendars for other programs: secret addresses that open one each, and what they show."""

import re
from collections.abc import Sequence
from hashlib import sha256
from secrets import token_urlsafe

from msgspec import Struct
from msgspec.structs import replace

from gappt_graphql.practice.desk import Decision, Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.scheduling.asking import Listing, Order, Slice
from gappt_graphql.scheduling.calendars import Calendar, CalendarFeed, Whose, window_at
from gappt_graphql.scheduling.directory import Business, Practitioner
from gappt_graphql.scheduling.ids import AccountId, BusinessId, CalendarFeedId, PractitionerId
from gappt_graphql.scheduling.problems import Code, Problem, Refused, refuse_if_any
from gappt_graphql.store import Book, Edit, Store

PREFIX = "gapptcal_"
"""Of every token: whoever finds one in a place where it should not be can tell what it is."""

_SHAPE = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")
_AT_ONCE = 100


class CreateCalendarFeed(Command, frozen=True, kw_only=True):
    """What `create` takes: of whom the calendar is, one of the two."""

    practitioner_id: PractitionerId | None = None
    business_id: BusinessId | None = None


class RevokeCalendarFeed(Command, frozen=True, kw_only=True):
    """What `revoke` takes."""

    id: CalendarFeedId


class WrittenFeed(Struct, frozen=True):
    """The feed that a command wrote."""

    id: CalendarFeedId


class IssuedFeed(Struct, frozen=True):
    """
    A fresh feed, and the path of its calendar with the token, which is nowhere else.

    A command that was done before has no path: its token is kept by nobody.
    """

    id: CalendarFeedId
    path: str | None


async def create(desk: Desk, command: CreateCalendarFeed) -> IssuedFeed:
    """
    Make a secret address that opens the calendar of one practitioner or one business.

    :raises Refused: if it names neither or both, or one that does not exist or is archived
    """
    token = PREFIX + token_urlsafe(32)
    made: list[CalendarFeed] = []

    async def decide(book: Book) -> Decision[WrittenFeed]:
        refuse_if_any(await _problems_of(book, command))
        feed = CalendarFeed(
            id=CalendarFeedId(desk.ids.next(desk.now)),
            digest=_digest(token),
            last_four=token[-4:],
            practitioner_id=command.practitioner_id,
            business_id=command.business_id,
            created_at=desk.now,
        )
        made[:] = [feed]
        return Decision(WrittenFeed(feed.id), [Edit(None, feed)])

    written = await desk.carry_out(command, decide, WrittenFeed)
    return IssuedFeed(written.id, path_of(made[0], token) if made and made[0].id == written.id else None)


async def revoke(desk: Desk, command: RevokeCalendarFeed) -> WrittenFeed:
    """
    Revoke a calendar's secret address, which opens nothing from then on; twice keeps the first time.

    :raises Refused: if there is no such feed
    """

    async def decide(book: Book) -> Decision[WrittenFeed]:
        feed = (await book.find(CalendarFeed, [command.id])).get(command.id)
        if feed is None:
            raise Refused.one(Code.NOT_FOUND, "There is no such calendar feed.", "id")
        edits = [] if feed.revoked_at else [Edit(feed, replace(feed, revoked_at=desk.now))]
        return Decision(WrittenFeed(feed.id), edits)

    return await desk.carry_out(command, decide, WrittenFeed)


async def feeds(desk: Desk) -> Sequence[CalendarFeed]:
    """Return the account's feeds, oldest first, revoked ones too."""
    listing = Listing(order=(Order("created_at"),))

    async def work(book: Book) -> list[CalendarFeed]:
        found: list[CalendarFeed] = []
        more = True
        while more:
            after = (found[-1].created_at, found[-1].id) if found else None
            page = await book.page(CalendarFeed, listing, Slice(_AT_ONCE, after=after))
            found += page.records
            more = page.has_next
        return found

    return await desk.read(work)


def path_of(feed: CalendarFeed, token: str) -> str:
    """Return the address of the feed's calendar behind that of the service."""
    if feed.practitioner_id is not None:
        return f"/calendars/practitioners/{feed.practitioner_id}.ics?token={token}"
    return f"/calendars/businesses/{feed.business_id}.ics?token={token}"


async def opened_by(store: Store, token: str) -> tuple[AccountId, CalendarFeed] | None:
    """
    Return the feed of this token and whose it is, if there is one and it is not revoked.

    Looked up by its digest alone, so that the time it takes tells nothing about the token.
    """
    if not _SHAPE.fullmatch(token):
        return None
    found = await store.calendar_feed_by_digest(_digest(token))
    return found if found is not None and found[1].revoked_at is None else None


async def calendar(desk: Desk, whose: Whose) -> Calendar | None:
    """Return the calendar of a practitioner or a business as it is now; None if there is no such."""
    return await desk.read(lambda book: book.calendar(whose, window_at(desk.now)))


async def _problems_of(book: Book, command: CreateCalendarFeed) -> list[Problem]:
    practitioner_id, business_id = command.practitioner_id, command.business_id
    if (practitioner_id is None) == (business_id is None):
        message = "A calendar is of one practitioner or of one business: name one of them."
        code = Code.REQUIRED if practitioner_id is None else Code.INVALID
        return [Problem(code, message, ("practitioner_id",))]
    if practitioner_id is not None:
        practitioner = (await book.find(Practitioner, [practitioner_id])).get(practitioner_id)
        if practitioner is None:
            return [Problem(Code.NOT_FOUND, "There is no such practitioner.", ("practitioner_id",))]
        if not practitioner.active:
            return [Problem(Code.ARCHIVED, "The practitioner is not active.", ("practitioner_id",))]
    if business_id is not None:
        business = (await book.find(Business, [business_id])).get(business_id)
        if business is None:
            return [Problem(Code.NOT_FOUND, "There is no such business.", ("business_id",))]
        if business.archived_at is not None:
            return [Problem(Code.ARCHIVED, "The business is archived.", ("business_id",))]
    return []


def _digest(token: str) -> str:
    # A plain digest is enough: there are 256 random bits to guess, not a person's password.
    return sha256(token.encode()).hexdigest()
