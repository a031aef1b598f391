"""
What the service tells of its work while it is at it, to whoever counts, logs or traces it.

It tells times, sizes, ids of keys and accounts, and words of its own; nothing that a client wrote.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from msgspec import Struct


class Operation(Struct, frozen=True, kw_only=True):
    """One operation of GraphQL that has come to its end. `connection` is the request id of its socket."""

    door: str
    request_id: str
    key_id: int
    account_id: int
    kind: str
    """`query`, `mutation`, `subscription`, or `unknown` where the document could not be read so far."""
    name: str
    """A name from the list of those that may be told, or `other`, or `anonymous`."""
    document: str
    """The first digits of the SHA-256 of its text; empty where there was none."""
    outcome: str
    """`ok`, `errors` where fields failed, `failed` where something broke inside, `refused` where it was not run."""
    codes: Collection[str]
    cost: int | None
    seconds: float
    connection: str | None = None


Tell = Callable[[str, str, Collection[str]], None]
"""Takes the kind of an operation, its name where it may be told, and the codes of its errors."""

_NOTHING: AbstractContextManager[None] = nullcontext()


def _tell_nobody(kind: str, name: str, codes: Collection[str]) -> None:
    pass


_NOBODY_TO_TELL: AbstractContextManager[Tell] = nullcontext(_tell_nobody)


class Spans:
    """Where the steps of operations are traced: nowhere. Who traces overrides this, and sets `on`."""

    on = False

    def operation(self, traceparent: str | None) -> AbstractContextManager[Tell]:
        """Return what an operation runs in, and what to tell what came of it. `traceparent` is its caller's, if any."""
        return _NOBODY_TO_TELL

    def step(self, name: str, text: str | None = None) -> AbstractContextManager[None]:
        """Return what a step of an operation runs in; `text` is that of a statement, which holds no values."""
        return _NOTHING


class Observer:
    """One who does not care. Who does overrides what it wants to hear of."""

    def __init__(self, spans: Spans | None = None) -> None:
        self.spans = spans or Spans()

    def arrived(self, door: str) -> None:
        """A request has come to this door."""

    def requested(self, door: str, status: int, seconds: float, codes: Collection[str]) -> None:
        """A request to this door has come to its end; the status is 0 where it broke off before its answer."""

    def operated(self, operation: Operation) -> None:
        """An operation of GraphQL has come to its end."""

    def commanded(self, command: str, outcome: str, *, codes: Collection[str] = (), seats: int = 0) -> None:
        """
        A use case has come to its end: `done`, `replayed`, `refused` or `failed`.

        `codes` are those of its problems, `seats` is how many it gave to patients.
        """

    def loaded(self, keys: int) -> None:
        """So many records or lists were asked for at once."""

    def sent(self, outcome: str, seconds: float) -> None:
        """A message was sent to a webhook: `delivered` or `failed`."""

    def behind(self, changes: int, failing_since: datetime | None) -> None:
        """
        Webhooks have yet to be told of so many changes, of all accounts.

        The one that has gone longest without a success has failed since then.
        """

    def waited(self, seconds: float) -> None:
        """Somebody who wanted to write has waited so long for the turn."""

    def committed(self, units: int, seconds: float) -> None:
        """So many units of work were committed together, which took so long."""


NOBODY = Observer()
