"""What the resolvers of one operation share."""

import strawberry

from gappt_graphql.graph.documents import Documents
from gappt_graphql.graph.loaders import Loaders
from gappt_graphql.graph.options import USUAL, Options
from gappt_graphql.practice.desk import Desk

_SHARED = Documents()


class Context:
    """
    The desk that the operation's key opens, what the key may do, and the records read so far.

    The options and the known documents are those of the door that the operation came through.
    """

    __slots__ = ("desk", "documents", "loaders", "options", "scopes")

    def __init__(
        self, desk: Desk, *, scopes: frozenset[str], options: Options = USUAL, documents: Documents = _SHARED
    ) -> None:
        self.desk, self.scopes, self.options, self.documents = desk, scopes, options, documents
        self.loaders = Loaders(desk)

    def forget(self) -> None:
        """Forget every record read so far."""
        self.loaders = Loaders(self.desk)


Info = strawberry.Info[Context, None]
