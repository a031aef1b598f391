"""What the resolvers of one operation share."""

from __future__ import annotations

from collections.abc import Callable

import strawberry

from gappt_graphql.graph.documents import Documents
from gappt_graphql.graph.loaders import Loaders
from gappt_graphql.graph.options import USUAL, Options
from gappt_graphql.practice.desk import Desk
from gappt_graphql.store import ApiKey

_SHARED = Documents()


class Context:
    """
    The desk that the operation's key opens, what the key may do, and the records read so far.

    The options and the known documents are those of the door that the operation came through. `remember` is called
    once the operation's document is known to be valid. `cost` is known before the operation runs (docs/limits.md); an
    answer has it if `wants_cost` is set.
    """

    __slots__ = (
        "cost",
        "desk",
        "documents",
        "loaders",
        "options",
        "remember",
        "scopes",
        "trusted_only",
        "wants_cost",
    )

    def __init__(
        self,
        desk: Desk,
        *,
        scopes: frozenset[str],
        trusted_only: bool = False,
        options: Options = USUAL,
        documents: Documents = _SHARED,
    ) -> None:
        self.desk, self.scopes, self.trusted_only = desk, scopes, trusted_only
        self.options, self.documents = options, documents
        self.remember: Callable[[], None] | None = None
        self.cost: int | None = None
        self.wants_cost = False
        self.loaders = Loaders(desk)

    @classmethod
    def of(cls, key: ApiKey, desk: Desk, *, options: Options, documents: Documents) -> Context:
        """Return the context of an operation that comes with this key; `desk` is the one that the key opens."""
        kept = options.trusted_only == "all" or (options.trusted_only == "browsers" and key.browser)
        return cls(desk, scopes=frozenset(key.scopes), trusted_only=kept, options=options, documents=documents)

    def forget(self) -> None:
        """Forget every record read so far."""
        self.loaders = Loaders(self.desk)


Info = strawberry.Info[Context, None]
