"""What can be watched."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

import strawberry
from graphql import GraphQLError
from strawberry import UNSET

from gappt_graphql.graph import changes
from gappt_graphql.graph.changes import Told, feed_of, number_behind
from gappt_graphql.graph.context import Context, Info
from gappt_graphql.graph.errors import ErrorCode, refusal
from gappt_graphql.graph.filters import GroupAppointmentChangeFilter, any_number
from gappt_graphql.graph.pages import Window
from gappt_graphql.graph.values import present
from gappt_graphql.graph.watchers import TooMany
from gappt_graphql.practice.access import standing
from gappt_graphql.practice.watching import last_number, watch
from gappt_graphql.store import Change


@strawberry.type(description="What can be watched")
class Subscription:
    @strawberry.subscription(
        graphql_type=changes.GroupAppointmentChange, description="Changes of group appointments as they happen"
    )
    async def group_appointment_changed(
        self, info: Info, filter: changes.Filter = UNSET, after: changes.After = UNSET
    ) -> AsyncIterator[changes.Told]:
        # No generator itself: what is wrong with the arguments is said before the stream begins.
        context = info.context
        try:
            context.watchers.subscriptions.check(_owner(context))
        except TooMany:
            raise _too_many(context) from None
        start = await _start(context, after)
        if context.begun is not None:
            context.begun()
        return _told(context, filter, start)


async def _start(context: Context, after: str | None) -> int:
    """Return the number behind which the stream begins: a place to resume at wins over the argument."""
    part = Window.of(after=context.place or after).part(feed_of(context.desk.account))
    number = await number_behind(part, context.desk)
    return await last_number(context.desk) if number is None else number


async def _told(context: Context, filter: GroupAppointmentChangeFilter | None, after: int) -> AsyncIterator[Told]:
    cursors = feed_of(context.desk.account)
    try:
        with context.watchers.subscriptions.one(_owner(context)):
            async with aclosing(_parts(context, filter, after)) as parts:
                async for part in parts:
                    for change in part:
                        await _charge(context)
                        await _check_key(context)
                        # Nothing above waits where much has happened and the client takes it: others have a turn here.
                        await asyncio.sleep(0)
                        told = Told(change, cursors.at(change.number))
                        # Each event is an operation of its own, and shares no loaders with the one before.
                        context.turn_to(change, told.cursor)
                        yield told
    except TooMany:
        raise _too_many(context) from None


def _parts(
    context: Context, filter: GroupAppointmentChangeFilter | None, after: int
) -> AsyncGenerator[Sequence[Change], None]:
    asked = present(filter, GroupAppointmentChangeFilter())
    return watch(
        context.desk,
        after=after,
        look_every=context.options.streams.poll_interval,
        ids=any_number(asked.ids),
        practitioners=any_number(asked.practitioner_ids),
        businesses=any_number(asked.business_ids),
    )


async def _check_key(context: Context) -> None:
    if context.key is not None and await standing(context.desk.store, context.key) is None:
        raise refusal(ErrorCode.UNAUTHENTICATED, "The API key has been revoked.")


async def _charge(context: Context) -> None:
    """Take what an event costs, as soon as there is as much: to wait for it loses no event, as to refuse it would."""
    standing = context.charge(context.cost or 0)
    while standing is not None and standing.wait:
        await asyncio.sleep(standing.wait)
        standing = context.charge(context.cost or 0)


def _owner(context: Context) -> object:
    return context.desk.key_id or context


def _too_many(context: Context) -> GraphQLError:
    most = context.watchers.subscriptions.most
    return refusal(ErrorCode.THROTTLED, f"This key watches {most} subscriptions already: end one first.")
