"""Webhooks as clients see them: URLs that are told of changes, and the deliveries that did not succeed at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import ID, UNSET, Maybe, Parent

from gappt_graphql.graph.context import Info
from gappt_graphql.graph.enums import ChangeKind, DeliveryState, Failure, WebhookState
from gappt_graphql.graph.errors import ErrorCode, refusal
from gappt_graphql.graph.pages import After, Before, Connection, First, Last, Listed, Window, listed, listed_under
from gappt_graphql.graph.relations import computed, relation
from gappt_graphql.graph.user_errors import SchedulingUserError, user_errors
from gappt_graphql.graph.values import given, idempotency_key, number, numbers, optional, or_none, required
from gappt_graphql.practice import webhooks
from gappt_graphql.scheduling import webhooks as records
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order
from gappt_graphql.scheduling.ids import WebhookDeliveryId, WebhookId


@strawberry.type(description="What a webhook is told of one change, kept if it did not succeed at once")
class WebhookDelivery:
    id: ID = strawberry.field(description="Identifier")
    message_id: str = strawberry.field(description="Header webhook-id, the same at every attempt")
    kind: str = strawberry.field(description="What happened to the appointment, or TEST")
    group_appointment_id: ID | None = strawberry.field(description="Identifier of the appointment; null for a test")
    at: datetime = strawberry.field(description="Timestamp of when it happened")
    state: DeliveryState = strawberry.field(description="How far it is")
    attempts: int = strawberry.field(description="Number of attempts so far")
    status: int | None = strawberry.field(description="HTTP status of the last answer; null if there was none")
    failure: Failure | None = strawberry.field(description="Why the last attempt had no answer; null if it had one")
    tried_at: datetime | None = strawberry.field(description="Timestamp of the last attempt; null before the first")
    due_at: datetime | None = strawberry.field(description="Timestamp of the next attempt; null if there will be none")
    created_at: datetime = strawberry.field(description="Timestamp of when the delivery was first due")


WebhookDeliveryConnection = Connection[WebhookDelivery]


def _kinds(root: Parent[records.Webhook]) -> list[ChangeKind]:
    return [ChangeKind[kind] for kind in root.kinds]


def _practitioner_ids(root: Parent[records.Webhook]) -> Sequence[int]:
    return root.practitioner_ids


def _business_ids(root: Parent[records.Webhook]) -> Sequence[int]:
    return root.business_ids


def _deliveries(
    root: Parent[records.Webhook],
    info: Info,
    state: Annotated[
        DeliveryState | None, strawberry.argument(description="How far the deliveries are; any if absent")
    ] = UNSET,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> Listed:
    wanted = or_none(state)
    where = () if wanted is None else (Condition("state", Operator.IN, (wanted.value,)),)
    return listed_under(
        root.id,
        info,
        records.WebhookDelivery,
        by="webhook_id",
        name="Webhook.deliveries",
        listing=Listing(where, (Order("created_at", descending=True),)),
        window=Window.of(first=first, after=after, last=last, before=before),
    )


@strawberry.type(description="URL that is told of an account's changes")
class Webhook:
    id: ID = strawberry.field(description="Identifier")
    url: str = strawberry.field(description="URL that messages are posted to")
    kinds: list[ChangeKind] = computed(_kinds, "Kinds of changes that it is told of; any if empty")
    practitioner_ids: list[ID] = computed(
        _practitioner_ids, "Identifiers of practitioners whose appointments it is told of; any if empty"
    )
    business_ids: list[ID] = computed(
        _business_ids, "Identifiers of businesses whose appointments it is told of; any if empty"
    )
    state: WebhookState = strawberry.field(description="Whether it is told of changes")
    waiting: int = strawberry.field(description="Number of deliveries that wait to be tried again")
    failing_since: datetime | None = strawberry.field(
        description="Timestamp of the first failure since the last success; null if the last attempts succeeded"
    )
    delivered_at: datetime | None = strawberry.field(
        description="Timestamp of the last delivery that succeeded; null before the first"
    )
    former_secret_until: datetime | None = strawberry.field(
        description="Timestamp of when messages are no longer signed with the former secret too; null if there was none"
    )
    deliveries: WebhookDeliveryConnection = computed(
        _deliveries,
        "Deliveries that did not succeed at once, newest first; kept for 30 days",
    )
    created_at: datetime = strawberry.field(description="Timestamp of when it was created")
    updated_at: datetime = strawberry.field(description="Timestamp of when it was last changed")


WebhookConnection = Connection[Webhook]


@strawberry.input(description="New webhook")
class CreateWebhookInput:
    url: str = required("Address that messages are posted to, https")
    kinds: list[ChangeKind] | None = optional("Kinds of changes that it is told of; any if absent")
    practitioner_ids: list[ID] | None = optional("Identifiers of practitioners, any of them; all if absent")
    business_ids: list[ID] | None = optional("Identifiers of businesses, any of them; all if absent")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> webhooks.CreateWebhook:
        return webhooks.CreateWebhook(
            url=self.url,
            kinds=tuple(kind.value for kind in or_none(self.kinds) or ()),
            practitioner_ids=numbers(or_none(self.practitioner_ids) or ()),  # type: ignore[arg-type]  # of that kind
            business_ids=numbers(or_none(self.business_ids) or ()),  # type: ignore[arg-type]  # of that kind
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Changes of a webhook; an absent field stays, null clears it where it can be cleared")
class UpdateWebhookInput:
    id: ID = required("Identifier of the webhook")
    url: Maybe[str | None] = required("Address that messages are posted to, https")
    kinds: Maybe[list[ChangeKind] | None] = required("Kinds of changes that it is told of; any if null")
    practitioner_ids: Maybe[list[ID] | None] = required("Identifiers of practitioners, any of them; all if null")
    business_ids: Maybe[list[ID] | None] = required("Identifiers of businesses, any of them; all if null")
    state: Maybe[WebhookState | None] = required(
        "PAUSED to be told of nothing for a while, ACTIVE to go on from where it stopped"
    )
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> webhooks.UpdateWebhook:
        kinds, practitioners, businesses = given(self.kinds), given(self.practitioner_ids), given(self.business_ids)
        return webhooks.UpdateWebhook(
            id=WebhookId(number(self.id)),
            url=given(self.url),
            kinds=tuple(kind.value for kind in kinds) if isinstance(kinds, list) else kinds,
            practitioner_ids=numbers(practitioners) if isinstance(practitioners, list) else practitioners,  # type: ignore[arg-type]  # of that kind
            business_ids=numbers(businesses) if isinstance(businesses, list) else businesses,  # type: ignore[arg-type]  # of that kind
            state=given(self.state),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Webhook to delete")
class DeleteWebhookInput:
    id: ID = required("Identifier of the webhook")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> webhooks.DeleteWebhook:
        return webhooks.DeleteWebhook(id=WebhookId(number(self.id)), idempotency_key=or_none(self.idempotency_key))


@strawberry.input(description="Webhook whose secret is to be replaced")
class RotateWebhookSecretInput:
    id: ID = required("Identifier of the webhook")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> webhooks.RotateWebhookSecret:
        return webhooks.RotateWebhookSecret(
            id=WebhookId(number(self.id)), idempotency_key=or_none(self.idempotency_key)
        )


@strawberry.input(description="Webhook to try")
class SendTestWebhookInput:
    id: ID = required("Identifier of the webhook")
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> webhooks.SendTestWebhook:
        return webhooks.SendTestWebhook(id=WebhookId(number(self.id)), idempotency_key=or_none(self.idempotency_key))


@strawberry.input(description="Deliveries to make again")
class ReplayWebhookDeliveriesInput:
    id: ID = required("Identifier of the webhook")
    delivery_ids: list[ID] | None = optional(
        f"Identifiers of its deliveries, {webhooks.REPLAYED_AT_ONCE} at most; "
        f"if absent the oldest {webhooks.REPLAYED_AT_ONCE} that are dead"
    )
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> webhooks.ReplayWebhookDeliveries:
        ids = or_none(self.delivery_ids)
        return webhooks.ReplayWebhookDeliveries(
            id=WebhookId(number(self.id)),
            delivery_ids=None if ids is None else tuple(map(WebhookDeliveryId, numbers(ids))),
            idempotency_key=or_none(self.idempotency_key),
        )


def _secret(root: Parent[object]) -> str | None:
    return getattr(root, "secret", None)


_SHOWN_ONCE = "Secret to check signatures with, shown this once; null in the answer to a retry"


@strawberry.type(description="Answer of createWebhook")
class CreateWebhookPayload:
    webhook: Webhook | None = relation("webhooks", key="webhook_id", description="Webhook that was created")
    secret: str | None = computed(_secret, _SHOWN_ONCE)
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of updateWebhook")
class UpdateWebhookPayload:
    webhook: Webhook | None = relation("webhooks", key="webhook_id", description="Webhook that was changed")
    user_errors: list[SchedulingUserError] = user_errors()


def _deleted(root: Parent[object]) -> int | None:
    return getattr(root, "webhook_id", None)


@strawberry.type(description="Answer of deleteWebhook")
class DeleteWebhookPayload:
    deleted_webhook_id: ID | None = computed(_deleted, "Identifier of the webhook that was deleted")
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of rotateWebhookSecret")
class RotateWebhookSecretPayload:
    webhook: Webhook | None = relation("webhooks", key="webhook_id", description="Webhook that has a new secret")
    secret: str | None = computed(_secret, _SHOWN_ONCE)
    user_errors: list[SchedulingUserError] = user_errors()


def _first_of_queued(root: Parent[object]) -> int | None:
    return next(iter(getattr(root, "delivery_ids", ())), None)


def _queued(root: Parent[object]) -> int:
    return len(getattr(root, "delivery_ids", ()))


@strawberry.type(description="Answer of sendTestWebhook")
class SendTestWebhookPayload:
    webhook: Webhook | None = relation("webhooks", key="webhook_id", description="Webhook that is tried")
    delivery_id: ID | None = computed(_first_of_queued, "Identifier of the delivery, whose outcome is in deliveries")
    user_errors: list[SchedulingUserError] = user_errors()


@strawberry.type(description="Answer of replayWebhookDeliveries")
class ReplayWebhookDeliveriesPayload:
    webhook: Webhook | None = relation("webhooks", key="webhook_id", description="Webhook whose deliveries are made")
    queued_count: int = computed(_queued, "Number of deliveries that are due now")
    user_errors: list[SchedulingUserError] = user_errors()


def _webhooks(
    info: Info, first: First = UNSET, after: After = UNSET, last: Last = UNSET, before: Before = UNSET
) -> Listed:
    _check_scope(info)
    window = Window.of(first=first, after=after, last=last, before=before)
    return listed(info, records.Webhook, name="webhooks", listing=webhooks.LISTED, window=window)


async def _webhook(
    info: Info, id: Annotated[ID, strawberry.argument(description="Identifier")]
) -> records.Webhook | None:
    _check_scope(info)
    found = await info.context.loaders.webhooks.load(number(id))
    return None if found is None or found.archived_at is not None else found


def _check_scope(info: Info) -> None:
    # A URL may hold a secret of the receiver's, and who may only read has no business with it.
    if "write" not in info.context.scopes:
        raise refusal(ErrorCode.FORBIDDEN, "This key lacks the scope write, which webhooks need.")


def all_webhooks() -> Any:
    """Declare the list of webhooks."""
    return strawberry.field(
        resolver=_webhooks,
        graphql_type=WebhookConnection | None,
        description="URLs that are told of changes, oldest first; needs the scope write",
    )


def one_webhook() -> Any:
    """Declare the look-up of a webhook by id."""
    return strawberry.field(
        resolver=_webhook,
        graphql_type=Webhook | None,
        description="Webhook by id; null if there is none; needs the scope write",
    )
