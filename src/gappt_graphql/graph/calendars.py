"""Calendar feeds as clients see them: secret addresses, without the secret but once."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import ID, UNSET, Parent

from gappt_graphql.graph.context import Info
from gappt_graphql.graph.directory import Business, Practitioner
from gappt_graphql.graph.enums import ArchivedFilter
from gappt_graphql.graph.filters import any_of
from gappt_graphql.graph.pages import After, Before, Connection, First, Last, Listed, Window, listed
from gappt_graphql.graph.relations import computed, relation
from gappt_graphql.graph.user_errors import SchedulingUserError, user_errors
from gappt_graphql.graph.values import idempotency_key, number, optional, or_none, present, required
from gappt_graphql.practice import calendars
from gappt_graphql.scheduling.asking import Condition, Filter, Listing, Operator, Order
from gappt_graphql.scheduling.calendars import CalendarFeed as Record
from gappt_graphql.scheduling.ids import BusinessId, CalendarFeedId, PractitionerId


@strawberry.type(description="Secret address at which calendar programs read one calendar; only its digest is kept")
class CalendarFeed:
    id: ID = strawberry.field(description="Identifier")
    practitioner: Practitioner | None = relation(
        "practitioners", key="practitioner_id", description="Practitioner whose calendar it is; null for a business's"
    )
    business: Business | None = relation(
        "businesses", key="business_id", description="Business whose calendar it is; null for a practitioner's"
    )
    last_four: str = strawberry.field(description="Last characters of the secret, to tell it from others")
    created_at: datetime = strawberry.field(description="Timestamp of when it was created")
    revoked_at: datetime | None = strawberry.field(
        description="Timestamp of when it was revoked, after which it opens nothing; null if it was not"
    )


CalendarFeedConnection = Connection[CalendarFeed]


@strawberry.input(description="Which calendar feeds to list: all conditions given must hold, null is none")
class CalendarFeedFilter:
    practitioner_ids: list[strawberry.ID] | None = optional("Identifiers of practitioners, any of them")
    business_ids: list[strawberry.ID] | None = optional("Identifiers of businesses, any of them")
    revoked: ArchivedFilter | None = optional("Whether revoked feeds are listed; EXCLUDE if absent")


@strawberry.input(description="Calendar to open: of a practitioner or of a business, one of the two")
class CreateCalendarFeedInput:
    practitioner_id: ID | None = optional("Identifier of the practitioner whose calendar it is")
    business_id: ID | None = optional("Identifier of the business whose calendar it is")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> calendars.CreateCalendarFeed:
        practitioner_id, business_id = or_none(self.practitioner_id), or_none(self.business_id)
        return calendars.CreateCalendarFeed(
            practitioner_id=None if practitioner_id is None else PractitionerId(number(practitioner_id)),
            business_id=None if business_id is None else BusinessId(number(business_id)),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Calendar feed to revoke")
class RevokeCalendarFeedInput:
    id: ID = required("Identifier of the calendar feed")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> calendars.RevokeCalendarFeed:
        return calendars.RevokeCalendarFeed(
            id=CalendarFeedId(number(self.id)), idempotency_key=or_none(self.idempotency_key)
        )


def _path(root: Parent[object]) -> str | None:
    return getattr(root, "path", None)


@strawberry.type(description="Answer of createCalendarFeed")
class CreateCalendarFeedPayload:
    calendar_feed: CalendarFeed | None = relation(
        "calendar_feeds", key="id", description="Calendar feed that was created"
    )
    path: str | None = computed(
        _path, "Secret address behind that of the service, shown this once; null in the answer to a retry"
    )
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of revokeCalendarFeed")
class RevokeCalendarFeedPayload:
    calendar_feed: CalendarFeed | None = relation(
        "calendar_feeds", key="id", description="Calendar feed that was revoked"
    )
    user_errors: list[SchedulingUserError] = user_errors()


def _feeds(
    info: Info,
    filter: Annotated[
        CalendarFeedFilter | None,
        strawberry.argument(description="Which calendar feeds; those that are not revoked if absent"),
    ] = UNSET,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> Listed:
    window = Window.of(first=first, after=after, last=last, before=before)
    return listed(info, Record, name="calendarFeeds", listing=_listing(filter), window=window)


def calendar_feeds() -> Any:
    """Declare the list of feeds."""
    return strawberry.field(
        resolver=_feeds,
        graphql_type=CalendarFeedConnection | None,
        description="Secret addresses of calendars, oldest first",
    )


def _listing(filter: CalendarFeedFilter | None) -> Listing:
    asked = present(filter, CalendarFeedFilter())
    conditions = (
        *any_of("practitioner_id", Operator.IN, asked.practitioner_ids),
        *any_of("business_id", Operator.IN, asked.business_ids),
    )
    return Listing(conditions + _revoked(asked.revoked), (Order("created_at"),))


def _revoked(revoked: ArchivedFilter | None) -> Filter:
    match present(revoked, ArchivedFilter.EXCLUDE):
        case ArchivedFilter.EXCLUDE:
            return (Condition("revoked_at", Operator.IS_NOT_SET),)
        case ArchivedFilter.ONLY:
            return (Condition("revoked_at", Operator.IS_SET),)
        case ArchivedFilter.INCLUDE:
            return ()
