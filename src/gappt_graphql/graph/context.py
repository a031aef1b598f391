"""What the resolvers of one operation share."""

import strawberry

from gappt_graphql.graph.loaders import Loaders
from gappt_graphql.practice.desk import Desk


class Context:
    """The desk that the operation's key opens, what the key may do, and the records read so far."""

    __slots__ = ("desk", "loaders", "scopes")

    def __init__(self, desk: Desk, *, scopes: frozenset[str]) -> None:
        self.desk, self.scopes = desk, scopes
        self.loaders = Loaders(desk)

    def forget(self) -> None:
        """Forget every record read so far."""
        self.loaders = Loaders(self.desk)


Info = strawberry.Info[Context, None]
