"""What the requests and the sockets of one server share."""

from gappt_graphql.graph.documents import Documents
from gappt_graphql.graph.options import USUAL, Options
from gappt_graphql.graph.watchers import Watchers
from gappt_graphql.observing import NOBODY, Observer
from gappt_graphql.practice.allowances import Allowances


class Shared:
    """The options, the known documents, who watches, the points that each key has, and who is told of the work."""

    def __init__(
        self, options: Options = USUAL, *, budget: Allowances | None = None, observer: Observer = NOBODY
    ) -> None:
        self.options, self.observer = options, observer
        self.documents = Documents(options)
        self.watchers = Watchers(options.streams)
        self.budget = budget
