"""What the resolvers of one operation share."""

from __future__ import annotations

from collections.abc import Callable

import strawberry
from msgspec.structs import replace

from gappt_graphql.graph.loaders import Loaders
from gappt_graphql.graph.options import USUAL, Options
from gappt_graphql.graph.shared import Shared
from gappt_graphql.practice.allowances import Allowances, Standing
from gappt_graphql.practice.desk import Desk
from gappt_graphql.store import ApiKey, Change

_SHARED = Shared()


class Context:
    """
    The desk that the operation's key opens, what the key may do, and the records read so far.

    The options, the known documents and those who watch are the server's. `key` is looked up again while something is
    watched; `place` is the cursor behind which a subscription goes on: of the last change that it has told of. `begun`
    is called once a subscription stands, and `remember` once the operation's document is known to be valid. `cost` is
    known before the operation runs (docs/limits.md); an answer has it if `wants_cost` is set. `standing` is how the key
    stood with its budget when the operation was charged. `kind` and `name` are for those who operate the server, who
    are told as little as `observing.Operation` says. `traceparent` is the caller's span, where there are traces.
    """

    __slots__ = (
        "_loaders",
        "begun",
        "budget",
        "cost",
        "desk",
        "documents",
        "key",
        "kind",
        "name",
        "observer",
        "options",
        "place",
        "remember",
        "scopes",
        "standing",
        "traceparent",
        "trusted_only",
        "wants_cost",
        "watchers",
    )

    def __init__(
        self,
        desk: Desk,
        *,
        scopes: frozenset[str],
        trusted_only: bool = False,
        options: Options = USUAL,
        shared: Shared = _SHARED,
        key: ApiKey | None = None,
    ) -> None:
        self.desk, self.scopes, self.trusted_only = desk, scopes, trusted_only
        self.options, self.documents, self.watchers = options, shared.documents, shared.watchers
        self.observer = shared.observer
        self.key = key
        self.budget: Allowances | None = shared.budget
        self.standing: Standing | None = None
        self.place: str | None = None
        self.begun: Callable[[], None] | None = None
        self.remember: Callable[[], None] | None = None
        self.cost: int | None = None
        self.kind, self.name = "unknown", "other"
        self.traceparent: str | None = None
        self.wants_cost = False
        self._loaders: Loaders | None = None

    @property
    def loaders(self) -> Loaders:
        """What reads the operation's records, and remembers them."""
        if self._loaders is None:
            self._loaders = Loaders(self.desk)
        return self._loaders

    @classmethod
    def of(cls, key: ApiKey, desk: Desk, shared: Shared) -> Context:
        """Return the context of an operation that comes with this key; `desk` is the one that the key opens."""
        options = shared.options
        kept = options.trusted_only == "all" or (options.trusted_only == "browsers" and key.browser)
        scopes = frozenset(key.scopes)
        return cls(desk, scopes=scopes, trusted_only=kept, options=options, shared=shared, key=key)

    def begin(self, *, writes: bool) -> None:
        """Begin to run the operation: from here on its time counts."""
        self.desk = self.desk.begun(writes=writes)
        self.forget()

    def charge(self, points: int) -> Standing | None:
        """Take points from the key's budget, if it has one and there are as many. An operation costs one at least."""
        if self.budget is not None and self.key is not None:
            own = self.key.cost_budget
            self.standing = self.budget.take(self.key.id, max(1, points), per_minute=own)
        return self.standing

    def turn_to(self, change: Change, place: str) -> None:
        """Go on to an event: it is told with the records as they are then."""
        self.desk = replace(self.desk.begun(), now=max(self.desk.now, change.at))
        self.place = place
        self.forget()

    def forget(self) -> None:
        """Forget every record read so far."""
        self._loaders = None


Info = strawberry.Info[Context, None]
