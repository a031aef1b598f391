"""Documents that are known: those that were found valid."""

from collections import OrderedDict

from gappt_graphql.graph.execution.plans import Plans
from gappt_graphql.graph.measure import Measured
from gappt_graphql.graph.options import USUAL, Options
from gappt_graphql.graph.shelves import Shelves

_MOST_DOCUMENTS = 500
_LONGEST_KEPT = 16_000
_MOST_CHARACTERS = 400_000
"""Of all together. One takes up about 80 bytes of a parsed document, and up to 240 of one that is made to."""


class Documents:
    """
    The documents that were valid, by their text; the ones used longest ago are forgotten first.

    Clients send few different ones, and to parse and validate one takes longer than to run it. Strawberry's caches keep
    no sizes (Measured), and as many of the longest documents as of the shortest.
    """

    def __init__(self, options: Options = USUAL) -> None:
        self.shelves = Shelves(documents=options.persisted_queries)
        self.plans = Plans()
        self._known: OrderedDict[str, Measured] = OrderedDict()
        self._characters = 0

    def get(self, text: str) -> Measured | None:
        document = self._known.get(text)
        if document is not None:
            self._known.move_to_end(text)
        return document

    def keep(self, text: str, document: Measured) -> None:
        if len(text) > _LONGEST_KEPT:
            return
        if text not in self._known:  # two requests may have found it valid at once
            self._characters += len(text)
        self._known[text] = document
        while len(self._known) > _MOST_DOCUMENTS or self._characters > _MOST_CHARACTERS:
            forgotten, _ = self._known.popitem(last=False)
            self._characters -= len(forgotten)
