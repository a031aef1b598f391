"""Managing webhooks: who is told of an account's changes, and the deliveries that did not succeed at once."""

from base64 import b64encode
from collections.abc import Collection, Sequence
from secrets import token_bytes
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from gappt_graphql.practice.desk import Decision, Desk
from gappt_graphql.practice.idempotency import Command
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Slice
from gappt_graphql.scheduling.directory import Business, Practitioner
from gappt_graphql.scheduling.ids import BusinessId, PractitionerId, WebhookDeliveryId, WebhookId
from gappt_graphql.scheduling.problems import Code, Problem, Refused, refuse_if_any
from gappt_graphql.scheduling.receivers import BadReceiver
from gappt_graphql.scheduling.webhooks import (
    MOST_FILTERED,
    MOST_WAITING,
    MOST_WEBHOOKS,
    SECRET_PREFIX,
    SECRETS_OVERLAP,
    DeliveryState,
    Webhook,
    WebhookDelivery,
    WebhookState,
)
from gappt_graphql.store import Book, Edit

T = TypeVar("T")

REPLAYED_AT_ONCE = 100

LISTED = Listing(where=(Condition("archived_at", Operator.IS_NOT_SET),), order=(Order("created_at"),))
"""The webhooks of an account: not those that were deleted, oldest first."""


class CreateWebhook(Command, frozen=True, kw_only=True):
    """What `create` takes. Without kinds, practitioners or businesses it is told of all."""

    url: str
    kinds: tuple[str, ...] = ()
    practitioner_ids: tuple[PractitionerId, ...] = ()
    business_ids: tuple[BusinessId, ...] = ()


class UpdateWebhook(Command, frozen=True, kw_only=True):
    """What `update` takes; UNSET leaves a field, None clears a filter."""

    id: WebhookId
    url: str | UnsetType | None = UNSET
    kinds: tuple[str, ...] | UnsetType | None = UNSET
    practitioner_ids: tuple[PractitionerId, ...] | UnsetType | None = UNSET
    business_ids: tuple[BusinessId, ...] | UnsetType | None = UNSET
    state: WebhookState | UnsetType | None = UNSET


class DeleteWebhook(Command, frozen=True, kw_only=True):
    """What `delete` takes."""

    id: WebhookId


class RotateWebhookSecret(Command, frozen=True, kw_only=True):
    """What `rotate_secret` takes."""

    id: WebhookId


class SendTestWebhook(Command, frozen=True, kw_only=True):
    """What `send_test` takes."""

    id: WebhookId


class ReplayWebhookDeliveries(Command, frozen=True, kw_only=True):
    """What `replay` takes: the deliveries, or None for those that are dead, oldest first."""

    id: WebhookId
    delivery_ids: tuple[WebhookDeliveryId, ...] | None = None


class WrittenWebhook(Struct, frozen=True):
    """The webhook that a command wrote."""

    webhook_id: WebhookId


class IssuedSecret(Struct, frozen=True):
    """
    The webhook that a command wrote, with its fresh secret.

    A command that was done before has none: it was shown once.
    """

    webhook_id: WebhookId
    secret: str | None


class Queued(Struct, frozen=True):
    """The deliveries that a command has made due."""

    webhook_id: WebhookId
    delivery_ids: tuple[WebhookDeliveryId, ...]


async def create(desk: Desk, command: CreateWebhook) -> IssuedSecret:
    """
    Tell a URL of what happens from now on.

    :raises Refused: with every problem of the command, each on its field; if the account has too many
    """
    secret, made = _new_secret(), False

    async def decide(book: Book) -> Decision[WrittenWebhook]:
        nonlocal made
        problems = [*_problems_of_url(desk, command.url), *await _problems_of_filters(book, command)]
        if await book.count(Webhook, LISTED) >= MOST_WEBHOOKS:
            sentence = f"An account has {MOST_WEBHOOKS} webhooks at most: delete one first."
            problems.append(Problem(Code.OUT_OF_RANGE, sentence))
        refuse_if_any(problems)
        webhook = Webhook(
            id=WebhookId(desk.ids.next(desk.now)),
            url=command.url,
            kinds=_once(command.kinds),
            practitioner_ids=_once(command.practitioner_ids),
            business_ids=_once(command.business_ids),
            secret=secret,
            position=await book.last_number(),
            created_at=desk.now,
            updated_at=desk.now,
        )
        made = True
        return Decision(WrittenWebhook(webhook.id), [Edit(None, webhook)])

    written = await desk.carry_out(command, decide, WrittenWebhook)
    return IssuedSecret(written.webhook_id, secret if made else None)


async def update(desk: Desk, command: UpdateWebhook) -> WrittenWebhook:
    """
    Change where a webhook goes and what it wants; pause it, or let it go on from where it stopped.

    :raises Refused: with every problem of the command, each on its field
    """

    async def decide(book: Book) -> Decision[WrittenWebhook]:
        problems: list[Problem] = []
        if command.url is None:
            problems.append(Problem(Code.REQUIRED, "A webhook needs a URL.", ("url",)))
        elif command.url is not UNSET:
            problems += _problems_of_url(desk, command.url)
        problems += await _problems_of_filters(book, command)
        if command.state is None:
            problems.append(Problem(Code.REQUIRED, "A webhook is active or paused.", ("state",)))
        elif command.state is WebhookState.DISABLED:
            problems.append(Problem(Code.INVALID, "A webhook is disabled by its failures alone: pause it.", ("state",)))
        webhook = await _found(book, command.id, problems)
        refuse_if_any(problems)
        after = replace(webhook, **_stated(command))
        goes_on = after.state is WebhookState.ACTIVE and webhook.state is not WebhookState.ACTIVE
        if goes_on or after.url != webhook.url:  # what failed was another receiver
            after = replace(after, failing_since=None, stalled=False)
        return Decision(WrittenWebhook(webhook.id), _edits(desk, webhook, after))

    return await desk.carry_out(command, decide, WrittenWebhook)


async def delete(desk: Desk, command: DeleteWebhook) -> WrittenWebhook:
    """
    Tell a URL nothing more, and forget the secret. What waits is not delivered.

    :raises Refused: if there is no such webhook
    """

    async def decide(book: Book) -> Decision[WrittenWebhook]:
        webhook = await _found(book, command.id)
        after = replace(webhook, archived_at=desk.now, secret="", former_secret=None, former_secret_until=None)
        return Decision(WrittenWebhook(webhook.id), _edits(desk, webhook, after))

    return await desk.carry_out(command, decide, WrittenWebhook)


async def rotate_secret(desk: Desk, command: RotateWebhookSecret) -> IssuedSecret:
    """
    Give a webhook a new secret; for a day deliveries are signed with the former one too.

    :raises Refused: if there is no such webhook
    """
    secret, made = _new_secret(), False

    async def decide(book: Book) -> Decision[WrittenWebhook]:
        nonlocal made
        webhook = await _found(book, command.id)
        until = desk.now + SECRETS_OVERLAP
        after = replace(webhook, secret=secret, former_secret=webhook.secret, former_secret_until=until)
        made = True
        return Decision(WrittenWebhook(webhook.id), _edits(desk, webhook, after))

    written = await desk.carry_out(command, decide, WrittenWebhook)
    return IssuedSecret(written.webhook_id, secret if made else None)


async def send_test(desk: Desk, command: SendTestWebhook) -> Queued:
    """
    Send a webhook a message that tells of nothing, as soon as can be.

    :raises Refused: if there is no such webhook, it is not active, or too much waits for it
    """

    async def decide(book: Book) -> Decision[Queued]:
        webhook = await _found(book, command.id)
        _check_active(webhook)
        test = WebhookDelivery(
            id=WebhookDeliveryId(desk.ids.next(desk.now)),
            webhook_id=webhook.id,
            number=0,
            kind="TEST",
            group_appointment_id=None,
            at=desk.now,
            due_at=desk.now,
            created_at=desk.now,
        )
        return Decision(Queued(webhook.id, (test.id,)), [*_due_now(desk, webhook, more=1), Edit(None, test)])

    return await desk.carry_out(command, decide, Queued)


async def replay(desk: Desk, command: ReplayWebhookDeliveries) -> Queued:
    """
    Deliver again what was delivered late, or is dead, or waits: as soon as can be, and for a day from now.

    :raises Refused: if there is no such webhook, it is not active, or has no such delivery; if they are too many
    """

    async def decide(book: Book) -> Decision[Queued]:
        webhook = await _found(book, command.id)
        _check_active(webhook)
        found = await _to_replay(book, command)
        again = [
            replace(one, state=DeliveryState.WAITING, attempts=0, due_at=desk.now, status=None, failure=None)
            for one in found
        ]
        more = sum(one.state is not DeliveryState.WAITING for one in found)
        edits = [Edit(before, after) for before, after in zip(found, again, strict=True) if before != after]
        if not edits:
            return Decision(Queued(webhook.id, ()))
        return Decision(
            Queued(webhook.id, tuple(one.id for one in again)), [*_due_now(desk, webhook, more=more), *edits]
        )

    return await desk.carry_out(command, decide, Queued)


async def all_of(desk: Desk) -> Sequence[Webhook]:
    """Return the account's webhooks, oldest first."""
    page = await desk.read(lambda book: book.page(Webhook, LISTED, Slice(MOST_WEBHOOKS)))
    return page.records


async def dead_of(desk: Desk, id: WebhookId) -> Sequence[WebhookDelivery]:
    """
    Return the oldest deliveries of a webhook that are dead, as many as are replayed at once.

    :raises Refused: if there is no such webhook
    """

    async def work(book: Book) -> Sequence[WebhookDelivery]:
        await _found(book, id)
        return await _dead(book, id)

    return await desk.read(work)


async def _dead(book: Book, id: WebhookId) -> Sequence[WebhookDelivery]:
    dead = (
        Condition("webhook_id", Operator.IN, (id,)),
        Condition("state", Operator.IN, (DeliveryState.DEAD.value,)),
    )
    page = await book.page(WebhookDelivery, Listing(dead, (Order("created_at"),)), Slice(REPLAYED_AT_ONCE))
    return page.records


async def _to_replay(book: Book, command: ReplayWebhookDeliveries) -> Sequence[WebhookDelivery]:
    wanted = command.delivery_ids
    if wanted is None:
        return await _dead(book, command.id)
    if len(wanted) > REPLAYED_AT_ONCE:
        raise Refused.one(Code.OUT_OF_RANGE, f"At most {REPLAYED_AT_ONCE} at once.", "delivery_ids")
    found = await book.find(WebhookDelivery, wanted)
    theirs = {id: one for id, one in found.items() if one.webhook_id == command.id}
    if set(wanted) - set(theirs):
        raise Refused.one(Code.NOT_FOUND, "The webhook has no such delivery.", "delivery_ids")
    return list(theirs.values())


async def _found(book: Book, id: WebhookId, problems: Sequence[Problem] = ()) -> Webhook:
    webhook = (await book.find(Webhook, [id])).get(id)
    if webhook is None or webhook.archived_at is not None:
        raise Refused([Problem(Code.NOT_FOUND, "There is no such webhook.", ("id",)), *problems])
    return webhook


def _check_active(webhook: Webhook) -> None:
    if webhook.state is not WebhookState.ACTIVE:
        raise Refused.one(Code.INVALID, "The webhook is not active, so nothing is sent: let it go on first.", "id")


def _due_now(desk: Desk, webhook: Webhook, *, more: int) -> list[Edit]:
    """Return the webhook's part of deliveries that are due now, so many of which did not wait before."""
    if webhook.waiting + more > MOST_WAITING:
        raise Refused.one(Code.OUT_OF_RANGE, f"{MOST_WAITING:,} deliveries wait at most: try again later.", "id")
    return _edits(desk, webhook, replace(webhook, waiting=webhook.waiting + more, due_at=desk.now))


def _edits(desk: Desk, before: Webhook, after: Webhook) -> list[Edit]:
    if after == before:
        return []
    return [Edit(before, replace(after, updated_at=max(desk.now, before.updated_at)))]


def _problems_of_url(desk: Desk, url: str) -> list[Problem]:
    try:
        desk.receivers.read(url)
    except BadReceiver as bad:
        return [Problem(Code.INVALID, str(bad), ("url",))]
    return []


async def _problems_of_filters(book: Book, command: CreateWebhook | UpdateWebhook) -> list[Problem]:
    problems: list[Problem] = []
    asked: Sequence[tuple[str, type[Practitioner | Business], object]] = (
        ("practitioner_ids", Practitioner, command.practitioner_ids),
        ("business_ids", Business, command.business_ids),
    )
    for field, kind, ids in asked:
        if not isinstance(ids, tuple):
            continue
        if len(ids) > MOST_FILTERED:
            problems.append(Problem(Code.OUT_OF_RANGE, f"At most {MOST_FILTERED} of them.", (field,)))
        elif set(ids) - set(await book.find(kind, ids)):
            noun = "practitioner" if kind is Practitioner else "business"
            problems.append(Problem(Code.NOT_FOUND, f"There is no such {noun}.", (field,)))
    return problems


def _stated(command: UpdateWebhook) -> dict[str, object]:
    """Return the fields that the command states a value for; a filter that it clears lets through any."""
    values = {name: getattr(command, name) for name in ("url", "kinds", "practitioner_ids", "business_ids", "state")}
    stated = {name: () if value is None else value for name, value in values.items() if value is not UNSET}
    return {name: _once(value) if isinstance(value, tuple) else value for name, value in stated.items()}


def _once(values: Collection[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))


def _new_secret() -> str:
    return SECRET_PREFIX + b64encode(token_bytes(32)).decode()
