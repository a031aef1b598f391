"""
Delivering what webhooks are told: one round at a time of one webhook, held meanwhile so that nobody else delivers it.

A round begins with what waits and is due, and with changes of the feed that nobody has looked at. It ends with one
transaction that notes what came of them and how far the feed has been read. A process that dies in between has noted
nothing, and its hold ends by itself: the next round delivers the same again, under the same ids.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from gappt_graphql.practice import changes
from gappt_graphql.scheduling.ids import AccountId, Ids, WebhookDeliveryId, WebhookId
from gappt_graphql.scheduling.webhooks import (
    DISABLED_AFTER,
    GONE,
    KEPT_FOR,
    MOST_FAILING,
    MOST_WAITING,
    Attempt,
    DeliveryState,
    Webhook,
    WebhookDelivery,
    WebhookState,
    after,
    heads,
    is_stalled,
)
from gappt_graphql.store import Book, Change, Edit, Store, WritableBook

HELD_FOR = timedelta(seconds=30)
"""A round takes no longer (`sending/rounds.py`); a process that died in one keeps others waiting so long."""
AT_ONCE = 100
"""Changes, and deliveries that are due, in a round."""
_FORGOTTEN_AT_ONCE = 50


class Lost(Exception):
    """Somebody else holds the webhook by now: what came of the round is not noted."""


class Round(Struct, frozen=True, kw_only=True):
    """
    What is to be delivered, and up to which number of the feed that reaches.

    Each line is delivered one after another, and no further than to the first that fails.
    """

    account: AccountId
    webhook: Webhook
    lines: Sequence[Sequence[WebhookDelivery]]
    held: Sequence[WebhookDelivery]
    """Held back behind others of their lines, which are not due."""
    reached: int
    fresh: frozenset[WebhookDeliveryId]
    """Those that are not in the book: they came from the feed."""


class Done(Struct, frozen=True):
    """What came of one attempt, and when."""

    attempt: Attempt
    at: datetime


async def begin(
    store: Store, *, account: AccountId, webhook: WebhookId, by: str, now: datetime, ids: Ids
) -> Round | None:
    """
    Hold the webhook and return what to deliver.

    None if somebody else holds it, or it is not active any more: who deletes it takes its secret away.
    """

    async def take(book: WritableBook) -> bool:
        return await book.take_webhook(webhook, by=by, now=now, until=now + HELD_FOR)

    async def look(book: Book) -> Round | None:
        found = (await book.find(Webhook, [webhook]))[webhook]
        if found.state is not WebhookState.ACTIVE or found.archived_at is not None:
            return None
        waiting = await book.waiting_deliveries(webhook)
        due = _due(waiting, now)
        told, reached = await _from_the_feed(book, found, waiting)
        new = [_delivery(found, change, id=WebhookDeliveryId(ids.next(now)), now=now) for change in told]
        held_back = {one.line for one in waiting} - due
        lines: dict[int, list[WebhookDelivery]] = defaultdict(list)
        for one in (*(one for one in waiting if one.line in due), *new):
            if one.line not in held_back:
                lines[one.line].append(one)
        return Round(
            account=account,
            webhook=found,
            lines=list(lines.values()),
            held=[one for one in new if one.line in held_back],
            reached=reached,
            fresh=frozenset(one.id for one in new),
        )

    return await store.read(account, look) if await store.write(account, take) else None


async def end(
    store: Store,
    round: Round,
    done: Mapping[WebhookDeliveryId, Done],
    *,
    by: str,
    now: datetime,
    jitter: Callable[[], float],
) -> Webhook:
    """
    Note what came of a round and let go of the webhook. What was not tried is due again at once.

    A webhook is disabled if its receiver says that it is gone, or what was tried for days has all failed.

    :raises Lost: if somebody else holds it by now
    """
    edits = [
        edit
        for one in (*chain.from_iterable(round.lines), *round.held)
        if (edit := _edit(one, done.get(one.id), fresh=one.id in round.fresh, jitter=jitter())) is not None
    ]

    async def work(book: WritableBook) -> Webhook:
        webhook = (await book.find(Webhook, [round.webhook.id]))[round.webhook.id]
        await book.save(edits)
        waiting = await book.waiting_deliveries(webhook.id)
        # What a receiver did says nothing of another that has taken its place meanwhile.
        told = done.values() if webhook.url == round.webhook.url else ()
        noted = replace(_noted(webhook, told, now), position=round.reached, waiting=len(waiting))
        if not waiting:  # what comes next has its own day, however long ago the last one failed
            noted = replace(noted, failing_since=None)
        due = [one.due_at for one in heads(waiting) if one.due_at is not None]
        noted = replace(noted, stalled=is_stalled(noted, waiting), due_at=min(due, default=None))
        if not await book.settle_webhook(noted, by=by, now=now):
            raise Lost
        await book.forget_deliveries(before=now - KEPT_FOR, at_most=_FORGOTTEN_AT_ONCE)
        if noted.state is not webhook.state:
            disabled = Edit(webhook, replace(webhook, state=noted.state, updated_at=max(now, webhook.updated_at)))
            await book.save([disabled])
            rows = changes.audit(
                [disabled], operation="DisableWebhook", at=now, key_id=None, actor=None, request_id="webhooks"
            )
            await book.journal([], rows)
        return noted

    return await store.write(round.account, work)


async def _from_the_feed(
    book: Book, webhook: Webhook, waiting: Sequence[WebhookDelivery]
) -> tuple[Sequence[Change], int]:
    """Return the next changes that the webhook wants, and up to which number all have been looked at."""
    if is_stalled(webhook, waiting):
        return [], webhook.position
    room = min(AT_ONCE, MOST_WAITING - len(waiting))
    if webhook.failing_since is not None:
        room = min(room, MOST_FAILING - len(heads(waiting)))
    found = await book.changes(
        after=webhook.position,
        limit=room,
        ids=None,
        practitioners=webhook.practitioner_ids or None,
        businesses=webhook.business_ids or None,
    )
    reached = found[-1].number if len(found) == room else max(webhook.position, await book.last_number())
    return [change for change in found if webhook.wants(change.kind)], reached


def _due(waiting: Sequence[WebhookDelivery], now: datetime) -> frozenset[int]:
    """Return the lines whose first delivery is due, those first that have been for the longest, and not too many."""
    due = [one for one in heads(waiting) if one.due_at is not None and one.due_at <= now]
    return frozenset(one.line for one in sorted(due, key=lambda one: (one.due_at or now, one.number))[:AT_ONCE])


def _edit(before: WebhookDelivery, done: Done | None, *, fresh: bool, jitter: float) -> Edit | None:
    """Return what to write: nothing of one that succeeded at once, nor of one that is as it was."""
    delivery = before if done is None else after(before, done.attempt, now=done.at, jitter=jitter)
    if fresh:
        return None if delivery.state is DeliveryState.DELIVERED else Edit(None, delivery)
    return None if delivery is before else Edit(before, delivery)


def _noted(webhook: Webhook, done: Collection[Done], now: datetime) -> Webhook:
    """Return the webhook as it stands after these attempts."""
    if not done:
        return webhook
    if any(one.attempt.succeeded for one in done):
        webhook = replace(webhook, failing_since=None, delivered_at=max(one.at for one in done))
    elif webhook.failing_since is None:
        webhook = replace(webhook, failing_since=min(one.at for one in done))
    too_long = webhook.failing_since is not None and now - webhook.failing_since >= DISABLED_AFTER
    is_gone = any(one.attempt.status == GONE for one in done)
    if (too_long or is_gone) and webhook.archived_at is None:
        return replace(webhook, state=WebhookState.DISABLED)
    return webhook


def _delivery(webhook: Webhook, change: Change, *, id: WebhookDeliveryId, now: datetime) -> WebhookDelivery:
    return WebhookDelivery(
        id=id,
        webhook_id=webhook.id,
        number=change.number,
        kind=change.kind,
        group_appointment_id=change.group_appointment_id,
        changed_fields=change.changed_fields,
        at=change.at,
        due_at=now,
        created_at=now,
    )
