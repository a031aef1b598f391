"""Retries that take effect once: what an idempotency key did is kept in the transaction that did it."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar

import msgspec
from msgspec import Struct

from gappt_graphql.scheduling.problems import Code, Problem, Refused
from gappt_graphql.store import KeptOutcome, WritableBook

LONGEST_KEY = 255
KEPT_FOR = timedelta(hours=24)
"""How long a key is remembered, where nobody sets it."""

_SWEPT_ONCE_IN = 16
"""Commands with a key, on average: each would have one more statement to wait for."""
_FORGOTTEN_AT_ONCE = 100
"""More than are added meanwhile, so that the keys of the past become fewer; few, so that nobody waits for it."""

Outcome = TypeVar("Outcome", bound=Struct)


class Command(Struct, frozen=True, kw_only=True):
    """What somebody wants done, in normal form: alike through every door, so that a fingerprint tells it apart."""

    idempotency_key: str | None = None


def key_problems(key: str | None) -> list[Problem]:
    """Return what is wrong with a key: there may be none, or one of 1 to 255 printable characters."""
    field = ("idempotency_key",)
    if key is None:
        return []
    if not key or not key.isprintable():
        message = "An idempotency key takes printable characters, at least one."
        return [Problem(Code.INVALID, message, field)]
    if len(key) > LONGEST_KEY:
        return [Problem(Code.OUT_OF_RANGE, f"An idempotency key has at most {LONGEST_KEY} characters.", field)]
    return []


def fingerprint(command: Command) -> str:
    """Return what tells this command from every other: a digest of the use case and its arguments, without the key."""
    arguments = msgspec.structs.replace(command, idempotency_key=None)
    text = msgspec.json.encode(arguments, order="deterministic")
    return sha256(type(command).__name__.encode() + b"\0" + text).hexdigest()


async def earlier_outcome(
    book: WritableBook, command: Command, outcome_type: type[Outcome], *, since: datetime
) -> Outcome | None:
    """
    Return what the command's key did since that time, if it did anything.

    :raises Refused: if it did something else
    """
    if command.idempotency_key is None:
        return None
    kept = await book.kept_outcome(command.idempotency_key)
    if kept is None or kept.at < since:
        return None
    if kept.fingerprint != fingerprint(command):
        message = "This idempotency key was used for a different request. Use a fresh key."
        raise Refused.one(Code.IDEMPOTENCY_KEY_REUSED, message, "idempotency_key")
    return msgspec.json.decode(kept.outcome, type=outcome_type)


def kept(command: Command, outcome: Struct, *, at: datetime) -> KeptOutcome | None:
    """Return what to remember of what the command's key did, if it has one."""
    if command.idempotency_key is None:
        return None
    text = msgspec.json.encode(outcome).decode()
    return KeptOutcome(key=command.idempotency_key, fingerprint=fingerprint(command), outcome=text, at=at)


async def sweep(book: WritableBook, *, at: datetime, since: datetime) -> None:
    """Forget some of what keys did before `since`, once in a while: the clock's last digits say when."""
    if at.microsecond % _SWEPT_ONCE_IN == 0:
        await book.forget_outcomes(before=since, at_most=_FORGOTTEN_AT_ONCE)
