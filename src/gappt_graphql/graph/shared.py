"""What the requests and the sockets of one server share."""

from gappt_graphql.graph.documents import Documents
from gappt_graphql.graph.options import USUAL, Options
from gappt_graphql.graph.watchers import Watchers


class Shared:
    """The options, the documents that are known, and who watches."""

    def __init__(self, options: Options = USUAL) -> None:
        self.options = options
        self.documents = Documents(options)
        self.watchers = Watchers(options.streams)
