"""What the requests and the sockets of one server share."""

from gappt_graphql.graph.documents import Documents
from gappt_graphql.graph.options import USUAL, Options
from gappt_graphql.graph.watchers import Watchers
from gappt_graphql.practice.allowances import Allowances


class Shared:
    """The options, the documents that are known, who watches, and the points that each key has."""

    def __init__(self, options: Options = USUAL, *, budget: Allowances | None = None) -> None:
        self.options = options
        self.documents = Documents(options)
        self.watchers = Watchers(options.streams)
        self.budget = budget
