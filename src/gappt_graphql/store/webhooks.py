"""Webhooks, as who delivers has them: which have something to deliver, who holds one, and what waits."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, func, literal_column, null, or_, select, update

from gappt_graphql.scheduling.ids import AccountId, WebhookId
from gappt_graphql.scheduling.webhooks import Webhook, WebhookDelivery
from gappt_graphql.store.entries import WebhookFigures
from gappt_graphql.store.records import codec
from gappt_graphql.store.statements import Reading, Rows, Statement, WritableRows, instant, plain
from gappt_graphql.store.tables import accounts, webhook_deliveries, webhooks

_ACTIVE = and_(webhooks.c.state == literal_column("'ACTIVE'"), webhooks.c.archived_at.is_(null()))
_WAITING = webhook_deliveries.c.state == literal_column("'WAITING'")
_OF_ACCOUNT = webhooks.c.account_id == bindparam("account")
# By nobody, or by somebody whose time is over. By nobody is free whatever the time: clocks are set back too.
_FREE = or_(webhooks.c.held_by.is_(null()), webhooks.c.held_until <= bindparam("now"))
_HELD = and_(_OF_ACCOUNT, webhooks.c.id == bindparam("webhook"), webhooks.c.held_by == bindparam("held_by"))

AT_WORK = Statement(
    select(webhooks.c.account_id, webhooks.c.id)
    .join_from(webhooks, accounts, accounts.c.account_id == webhooks.c.account_id)
    .where(_ACTIVE, _FREE)
    .where(
        or_(
            webhooks.c.due_at <= bindparam("now"),
            and_(webhooks.c.position < accounts.c.last_number, webhooks.c.stalled == literal_column("0")),
        )
    )
    # Who has waited longest for a turn is first.
    .order_by(webhooks.c.held_until, webhooks.c.account_id, webhooks.c.id)
    .limit(bindparam("limit"))
)
"""Takes :now and :limit, of all accounts; gives account and id."""

FIGURES = Statement(
    select(
        func.coalesce(func.sum(webhooks.c.waiting + accounts.c.last_number - webhooks.c.position), 0),
        func.min(webhooks.c.failing_since),
    )
    .join_from(webhooks, accounts, accounts.c.account_id == webhooks.c.account_id)
    .where(_ACTIVE)
)
"""Gives what there is to deliver in all accounts, and since when the one that has failed longest has failed."""

TAKE = Statement(
    update(webhooks)
    .where(_OF_ACCOUNT, webhooks.c.id == bindparam("webhook"), _ACTIVE, _FREE)
    .values(held_by=bindparam("held_by"), held_until=bindparam("until"))
)
SETTLE = Statement(
    update(webhooks)
    .where(_HELD)
    .values(
        held_by=null(),
        **{
            name: bindparam(f"new_{name}")
            for name in (
                *("position", "waiting", "stalled", "due_at", "failing_since", "delivered_at"),
                "held_until",
            )
        },
    )
)
WAITING = Statement(
    select(*codec(WebhookDelivery).columns)
    .where(webhook_deliveries.c.account_id == bindparam("account"))
    .where(webhook_deliveries.c.webhook_id == bindparam("webhook"), _WAITING)
    .order_by(webhook_deliveries.c.number, webhook_deliveries.c.id)
)


def _forget() -> Statement:
    old = webhook_deliveries.alias("old")
    deleted = select(webhooks.c.id).where(_OF_ACCOUNT, webhooks.c.archived_at.is_not(null()))
    done = or_(old.c.state != literal_column("'WAITING'"), old.c.webhook_id.in_(deleted))
    oldest = (
        select(old.c.id)
        .where(old.c.account_id == bindparam("account"), old.c.created_at < bindparam("before"), done)
        .order_by(old.c.created_at, old.c.id)
        .limit(bindparam("at_most"))
    )
    theirs = webhook_deliveries.c.account_id == bindparam("account")
    return Statement(delete(webhook_deliveries).where(theirs, webhook_deliveries.c.id.in_(oldest)))


FORGET = _forget()
"""Takes :account, :before and :at_most."""


async def at_work(connection: Reading, *, now: datetime, limit: int) -> Sequence[tuple[AccountId, WebhookId]]:
    """Return the webhooks of all accounts that nobody holds and that have something to deliver."""
    rows = await connection.fetch(AT_WORK, {"now": now, "limit": limit})
    return [(AccountId(account), WebhookId(id)) for account, id in rows]


async def figures(connection: Reading) -> WebhookFigures:
    """Return how far deliveries are behind, of all accounts together."""
    [(behind, failing_since)] = await connection.fetch(FIGURES, {})
    return WebhookFigures(int(behind), None if failing_since is None else instant(failing_since))


async def take(rows: WritableRows, id: WebhookId, *, by: str, now: datetime, until: datetime) -> bool:
    """Hold an active webhook until this moment, and tell whether nobody else does."""
    values = {"account": rows.account, "webhook": id, "held_by": by, "now": plain(now), "until": plain(until)}
    return await rows.run(TAKE, [values]) == 1


async def settle(rows: WritableRows, webhook: Webhook, *, by: str, now: datetime) -> bool:
    """Write how far the webhook is, and let go of it; tell whether it was still held."""
    values = {
        "new_position": webhook.position,
        "new_waiting": webhook.waiting,
        "new_stalled": int(webhook.stalled),
        "new_due_at": plain(webhook.due_at),
        "new_failing_since": plain(webhook.failing_since),
        "new_delivered_at": plain(webhook.delivered_at),
        "new_held_until": plain(now),
    }
    return await rows.run(SETTLE, [{"account": rows.account, "webhook": webhook.id, "held_by": by, **values}]) == 1


async def waiting(rows: Rows, id: WebhookId) -> Sequence[WebhookDelivery]:
    """Return the deliveries that wait, in order of their numbers."""
    decode = codec(WebhookDelivery).decode
    return [decode(row) for row in await rows.fetch(WAITING, {"account": rows.account, "webhook": id})]


async def forget(rows: WritableRows, *, before: datetime, at_most: int) -> None:
    """Forget deliveries that were done with before this moment, the oldest first, and any of webhooks deleted since."""
    await rows.fetch(FORGET, {"account": rows.account, "before": before, "at_most": at_most})
