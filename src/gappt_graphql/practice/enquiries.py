"""Questions to the book that change nothing."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.asking import Condition, Filter, Listing, Operator, Page, Slice
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.conflicts import Conflict, ConflictKind
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import GroupAppointmentId
from gappt_graphql.scheduling.problems import Code, Refused
from gappt_graphql.store import Change, Record

R = TypeVar("R", bound=Record)

LONGEST_SEARCH_FOR_CONFLICTS = timedelta(days=92)
MOST_CONDITIONS = 100
EVERY_KIND = tuple(ConflictKind)


def check_listing(listing: Listing) -> None:
    """
    Accept a question whose cost is bounded: conflicts are looked for among known appointments, or within a season.

    :raises Refused: if it asks for `has_conflicts` without ids and without a range of starts of at most 92 days, or
        has more conditions than a statement should take
    """
    if len(listing.where) > MOST_CONDITIONS:
        raise Refused.one(Code.INVALID, f"A list takes at most {MOST_CONDITIONS} conditions.")
    asked = {condition.field for condition in listing.where}
    named = any(condition.field == "id" and condition.operator is Operator.IN for condition in listing.where)
    if "has_conflicts" not in asked or named:
        return
    earliest = _bounds(listing.where, Operator.GREATER, Operator.GREATER_OR_EQUAL)
    latest = _bounds(listing.where, Operator.LESS, Operator.LESS_OR_EQUAL)
    how = "give ids, or both ends of a range of starts of at most 92 days"
    if not earliest or not latest:
        raise Refused.one(Code.REQUIRED, f"To look for conflicts, {how}.", "has_conflicts")
    if min(latest) - max(earliest) > LONGEST_SEARCH_FOR_CONFLICTS:
        raise Refused.one(Code.INVALID, f"This range is too long to look for conflicts: {how}.", "has_conflicts")


def leaving_out_archived(where: Filter) -> Filter:
    """Return the filter without archived records, as lists are unless they are asked about archiving themselves."""
    if any(condition.field in ("archived_at", "deleted_at") for condition in where):
        return where
    return (*where, Condition("archived_at", Operator.IS_NOT_SET))


async def find(desk: Desk, *, kind: type[R], ids: Collection[int]) -> Mapping[int, R]:
    """Return the records of these ids, archived ones too; what does not exist in the account is left out."""
    return await desk.read(lambda book: book.find(kind, ids))


async def page(desk: Desk, *, kind: type[R], listing: Listing, part: Slice) -> Page[R]:
    """
    Return a part of a list.

    :raises Refused: what `check_listing` raises
    """
    check_listing(listing)
    return await desk.read(lambda book: book.page(kind, listing, part))


async def pages(
    desk: Desk, *, kind: type[R], listing: Listing, part: Slice, parent: str, parents: Collection[int]
) -> Mapping[int, Page[R]]:
    """
    Return the same part of one list for each parent: `practitioner_id`, `repeated_from_id` or `patient_ids`.

    :raises Refused: what `check_listing` raises
    """
    check_listing(listing)
    return await desk.read(lambda book: book.pages(kind, listing, part, parent=parent, parents=parents))


async def count(desk: Desk, *, kind: type[Record], listing: Listing) -> int:
    """
    Return the length of a list.

    :raises Refused: what `check_listing` raises
    """
    check_listing(listing)
    return await desk.read(lambda book: book.count(kind, listing))


async def counts(
    desk: Desk, *, kind: type[Record], listing: Listing, parent: str, parents: Collection[int]
) -> Mapping[int, int]:
    """
    Return the length of the list of each parent.

    :raises Refused: what `check_listing` raises
    """
    check_listing(listing)
    return await desk.read(lambda book: book.counts(kind, listing, parent=parent, parents=parents))


async def conflicts_of(
    desk: Desk, *, appointments: Collection[GroupAppointmentId], kinds: Collection[ConflictKind] = EVERY_KIND
) -> Mapping[GroupAppointmentId, Sequence[Conflict]]:
    """Return the conflicts of each appointment in order of time; archived ones have none."""
    return await desk.read(lambda book: book.conflicts_of(appointments, kinds))


async def attendees_of(
    desk: Desk, *, appointments: Collection[GroupAppointmentId], include_cancelled: bool = False
) -> Mapping[GroupAppointmentId, Sequence[Attendee]]:
    """Return the attendees of each appointment in booking order, active ones first."""
    return await desk.read(lambda book: book.attendees_of(appointments, include_cancelled=include_cancelled))


async def waitlists_of(
    desk: Desk, *, appointments: Collection[GroupAppointmentId]
) -> Mapping[GroupAppointmentId, Sequence[WaitlistEntry]]:
    """Return who waits for a seat in each appointment, first come first."""
    return await desk.read(lambda book: book.waitlists_of(appointments))


async def repeats_of(
    desk: Desk, *, roots: Collection[GroupAppointmentId]
) -> Mapping[GroupAppointmentId, Sequence[GroupAppointment]]:
    """Return the repeats of each root by position, archived ones too."""
    return await desk.read(lambda book: book.repeats_of(roots))


async def changes(
    desk: Desk,
    *,
    after: int,
    limit: int,
    ids: Collection[int] | None = None,
    practitioners: Collection[int] | None = None,
    businesses: Collection[int] | None = None,
) -> Sequence[Change]:
    """Return what happened after this number, oldest first; None does not filter, an empty collection matches none."""
    return await desk.read(
        lambda book: book.changes(after=after, limit=limit, ids=ids, practitioners=practitioners, businesses=businesses)
    )


def _bounds(where: Filter, *operators: Operator) -> list[datetime]:
    conditions = (each for each in where if each.field == "starts_at" and each.operator in operators)
    return [value for condition in conditions for value in condition.values if isinstance(value, datetime)]
