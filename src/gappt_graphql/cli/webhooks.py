"""Webhooks, from the machine on which the service runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

from gappt_graphql.cli.common import Failed, account_name, as_json, chosen, print_json, setting_flags

if TYPE_CHECKING:
    from gappt_graphql.practice.desk import Desk
    from gappt_graphql.practice.webhooks import UpdateWebhook
    from gappt_graphql.scheduling.webhooks import Webhook, WebhookDelivery
    from gappt_graphql.settings import Settings

_AN_ID = click.IntRange(min=1)
_KINDS = ("CREATED", "UPDATED", "ARCHIVED", "RESTORED", "ATTENDEES_CHANGED", "WAITLIST_CHANGED")

_the_webhook = click.argument("id", type=_AN_ID)


@click.group()
def webhook() -> None:
    """
    Make, list, pause and mend webhooks.

    Each tells a URL of an account's changes (docs/guide/webhooks.md).
    """


@webhook.command("create")
@click.argument("url")
@account_name
@click.option("--kind", "kinds", multiple=True, type=click.Choice(_KINDS), help="Tell of this kind alone; repeatable.")
@click.option(
    "--practitioner", "practitioners", multiple=True, type=_AN_ID, metavar="ID", help="Of theirs; repeatable."
)
@click.option("--business", "businesses", multiple=True, type=_AN_ID, metavar="ID", help="Of its; repeatable.")
@as_json
@setting_flags("database_url", "webhook_plain", "webhook_networks")
def create_webhook(
    url: str,
    account_name: str,
    kinds: tuple[str, ...],
    practitioners: tuple[int, ...],
    businesses: tuple[int, ...],
    as_json: bool,
    **flags: str | None,
) -> None:
    """Tell URL of an account's changes from now on. The secret is shown now and never again."""
    id, secret = asyncio.run(_create(account_name, url, kinds, practitioners, businesses, chosen(**flags)))
    _show_secret(id, secret, as_json)


@webhook.command("list")
@account_name
@as_json
@setting_flags("database_url")
def list_webhooks(account_name: str, as_json: bool, database_url: str | None) -> None:
    """List an account's webhooks, oldest first."""
    found = asyncio.run(_webhooks(account_name, chosen(database_url=database_url)))
    if as_json:
        print_json([_as_json(one) for one in found])
        return
    for one in found:
        failing = f"  failing since {one.failing_since:%Y-%m-%d %H:%M}" if one.failing_since else ""
        click.echo(f"{one.id}  {one.state.lower()}  {one.waiting} waiting{failing}  {one.url}")
    if not found:
        click.echo("No webhooks yet: `gappt-graphql webhook create` makes one.")


@webhook.command("pause")
@_the_webhook
@account_name
@as_json
@setting_flags("database_url")
def pause_webhook(id: int, account_name: str, as_json: bool, database_url: str | None) -> None:
    """Tell the webhook with this ID of nothing until it is resumed."""
    asyncio.run(_turn(id, account_name, "PAUSED", chosen(database_url=database_url)))
    _tell(
        {"id": str(id), "state": "PAUSED"},
        f"The webhook {id} is paused. What happens meanwhile is told when it is resumed.",
        as_json,
    )


@webhook.command("resume")
@_the_webhook
@account_name
@as_json
@setting_flags("database_url")
def resume_webhook(id: int, account_name: str, as_json: bool, database_url: str | None) -> None:
    """Let the webhook with this ID go on from where it stopped, paused or disabled."""
    asyncio.run(_turn(id, account_name, "ACTIVE", chosen(database_url=database_url)))
    _tell({"id": str(id), "state": "ACTIVE"}, f"The webhook {id} is active.", as_json)


@webhook.command("delete")
@_the_webhook
@account_name
@as_json
@setting_flags("database_url")
def delete_webhook(id: int, account_name: str, as_json: bool, database_url: str | None) -> None:
    """Delete the webhook with this ID; what waits for it is not delivered."""
    asyncio.run(_delete(id, account_name, chosen(database_url=database_url)))
    _tell({"id": str(id)}, f"The webhook {id} is deleted.", as_json)


@webhook.command("rotate")
@_the_webhook
@account_name
@as_json
@setting_flags("database_url")
def rotate_secret(id: int, account_name: str, as_json: bool, database_url: str | None) -> None:
    """Give the webhook with this ID a new secret. For a day the former one signs too."""
    _show_secret(id, asyncio.run(_rotate(id, account_name, chosen(database_url=database_url))), as_json)


@webhook.command("dead")
@_the_webhook
@account_name
@as_json
@setting_flags("database_url")
def list_dead(id: int, account_name: str, as_json: bool, database_url: str | None) -> None:
    """List the oldest 100 deliveries that were given up."""
    found = asyncio.run(_dead(id, account_name, chosen(database_url=database_url)))
    if as_json:
        print_json([_delivery_as_json(one) for one in found])
        return
    for one in found:
        why = one.failure or f"status {one.status}"
        tried = f"{one.tried_at:%Y-%m-%d %H:%M}" if one.tried_at else "never"
        click.echo(f"{one.id}  {one.kind} of {one.group_appointment_id}  {why}  last tried {tried}")
    if not found:
        click.echo("None is dead.")


@webhook.command("replay")
@_the_webhook
@click.argument("delivery_ids", metavar="[DELIVERY]...", nargs=-1, type=_AN_ID)
@account_name
@as_json
@setting_flags("database_url")
def replay(id: int, delivery_ids: tuple[int, ...], account_name: str, as_json: bool, database_url: str | None) -> None:
    """Make deliveries of the webhook with this ID again: those named, or else the oldest 100 that are dead."""
    count = asyncio.run(_replay(id, delivery_ids, account_name, chosen(database_url=database_url)))
    sentence = f"{count} {'delivery is' if count == 1 else 'deliveries are'} due now."
    _tell({"id": str(id), "due": count}, sentence, as_json)


@webhook.command("test")
@_the_webhook
@account_name
@as_json
@setting_flags("database_url")
def send_test(id: int, account_name: str, as_json: bool, database_url: str | None) -> None:
    """Have the server send the webhook with this ID a message that tells of nothing."""
    asyncio.run(_test(id, account_name, chosen(database_url=database_url)))
    _tell({"id": str(id)}, "A test is due now; a running server sends it.", as_json)


def _tell(facts: dict[str, object], sentence: str, as_json: bool) -> None:
    if as_json:
        print_json(facts)
    else:
        click.echo(sentence)


def _show_secret(id: int, secret: str, as_json: bool) -> None:
    if as_json:
        print_json({"id": str(id), "secret": secret})
        return
    click.echo(secret)
    click.echo(f"It is the secret of the webhook {id}. Keep it: this is the one time that it is shown.", err=True)


def _as_json(webhook: Webhook) -> dict[str, object]:
    return {
        "id": str(webhook.id),
        "url": webhook.url,
        "kinds": list(webhook.kinds),
        "practitionerIds": [str(id) for id in webhook.practitioner_ids],
        "businessIds": [str(id) for id in webhook.business_ids],
        "state": webhook.state.value,
        "waiting": webhook.waiting,
        "failingSince": webhook.failing_since and webhook.failing_since.isoformat(),
        "deliveredAt": webhook.delivered_at and webhook.delivered_at.isoformat(),
        "createdAt": webhook.created_at.isoformat(),
    }


def _delivery_as_json(delivery: WebhookDelivery) -> dict[str, object]:
    return {
        "id": str(delivery.id),
        "messageId": delivery.message_id,
        "kind": delivery.kind,
        "groupAppointmentId": delivery.group_appointment_id and str(delivery.group_appointment_id),
        "at": delivery.at.isoformat(),
        "attempts": delivery.attempts,
        "status": delivery.status,
        "failure": delivery.failure,
        "triedAt": delivery.tried_at and delivery.tried_at.isoformat(),
    }


async def _create(
    account_name: str,
    url: str,
    kinds: Sequence[str],
    practitioners: Sequence[int],
    businesses: Sequence[int],
    settings: Settings,
) -> tuple[int, str]:
    from gappt_graphql.practice import webhooks
    from gappt_graphql.scheduling.ids import BusinessId, PractitionerId

    command = webhooks.CreateWebhook(
        url=url,
        kinds=tuple(kinds),
        practitioner_ids=tuple(map(PractitionerId, practitioners)),
        business_ids=tuple(map(BusinessId, businesses)),
    )
    async with _desk(account_name, settings) as desk:
        issued = await webhooks.create(desk, command)
    assert issued.secret is not None  # nothing without a key for retries was done before
    return issued.webhook_id, issued.secret


async def _webhooks(account_name: str, settings: Settings) -> Sequence[Webhook]:
    from gappt_graphql.practice import webhooks

    async with _desk(account_name, settings) as desk:
        return await webhooks.all_of(desk)


async def _turn(id: int, account_name: str, state: str, settings: Settings) -> None:
    from gappt_graphql.practice import webhooks
    from gappt_graphql.scheduling.ids import WebhookId
    from gappt_graphql.scheduling.webhooks import WebhookState

    command: UpdateWebhook = webhooks.UpdateWebhook(id=WebhookId(id), state=WebhookState(state))
    async with _desk(account_name, settings) as desk:
        await webhooks.update(desk, command)


async def _delete(id: int, account_name: str, settings: Settings) -> None:
    from gappt_graphql.practice import webhooks
    from gappt_graphql.scheduling.ids import WebhookId

    async with _desk(account_name, settings) as desk:
        await webhooks.delete(desk, webhooks.DeleteWebhook(id=WebhookId(id)))


async def _rotate(id: int, account_name: str, settings: Settings) -> str:
    from gappt_graphql.practice import webhooks
    from gappt_graphql.scheduling.ids import WebhookId

    async with _desk(account_name, settings) as desk:
        issued = await webhooks.rotate_secret(desk, webhooks.RotateWebhookSecret(id=WebhookId(id)))
    assert issued.secret is not None  # nothing without a key for retries was done before
    return issued.secret


async def _dead(id: int, account_name: str, settings: Settings) -> Sequence[WebhookDelivery]:
    from gappt_graphql.practice import webhooks
    from gappt_graphql.scheduling.ids import WebhookId

    async with _desk(account_name, settings) as desk:
        return await webhooks.dead_of(desk, WebhookId(id))


async def _replay(id: int, delivery_ids: Sequence[int], account_name: str, settings: Settings) -> int:
    from gappt_graphql.practice import webhooks
    from gappt_graphql.scheduling.ids import WebhookDeliveryId, WebhookId

    named = tuple(map(WebhookDeliveryId, delivery_ids)) or None
    async with _desk(account_name, settings) as desk:
        queued = await webhooks.replay(desk, webhooks.ReplayWebhookDeliveries(id=WebhookId(id), delivery_ids=named))
        return len(queued.delivery_ids)


async def _test(id: int, account_name: str, settings: Settings) -> None:
    from gappt_graphql.practice import webhooks
    from gappt_graphql.scheduling.ids import WebhookId

    async with _desk(account_name, settings) as desk:
        await webhooks.send_test(desk, webhooks.SendTestWebhook(id=WebhookId(id)))


@asynccontextmanager
async def _desk(account_name: str, settings: Settings) -> AsyncIterator[Desk]:
    """Open the desk of an account; what is refused there is told as a sentence."""
    from gappt_graphql.cli.delivering import receivers_of
    from gappt_graphql.cli.moment import new_ids, now
    from gappt_graphql.cli.opening import account_named, opened
    from gappt_graphql.practice.desk import Desk
    from gappt_graphql.scheduling.problems import Refused

    async with opened(settings.database_url, create=False) as store:
        account = await account_named(store, account_name)
        try:
            yield Desk(
                store=store,
                account=account.id,
                now=now(),
                ids=new_ids(),
                request_id="command",
                receivers=receivers_of(settings),
            )
        except Refused as refused:
            raise Failed(" ".join(problem.message.rstrip(".") for problem in refused.problems)) from None
