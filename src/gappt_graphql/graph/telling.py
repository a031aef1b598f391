"""What is told of an operation to those who operate the server."""

from collections.abc import Iterable
from hashlib import sha256
from time import perf_counter

from graphql import OperationDefinitionNode, parse
from strawberry.types import ExecutionResult

from gappt_graphql.graph.context import Context
from gappt_graphql.graph.errors import ErrorCode
from gappt_graphql.graph.results import codes_of, was_run
from gappt_graphql.observing import Operation

MOST_NAMES = 500
"""Each is a row of every table that is kept by name."""

_DIGITS = 16


def names_in(texts: Iterable[str]) -> list[str]:
    """Return the names of the operations in these documents, which are valid."""
    definitions = (definition for text in texts for definition in parse(text).definitions)
    return [one.name.value for one in definitions if isinstance(one, OperationDefinitionNode) and one.name]


class Telling:
    """An operation on its way, of which its door notes what comes of it."""

    def __init__(self, context: Context, door: str, *, connection: str | None = None) -> None:
        self._context, self._door, self._connection = context, door, connection
        self._began = perf_counter()
        self._codes: set[str] = set()
        self._outcome = "ok"
        self.text: str | None = None

    def note(self, result: ExecutionResult) -> None:
        """Note a result, the only one or one of many."""
        if result.errors:
            codes = codes_of(result)
            self._codes.update(code.value for code in codes)
            if not was_run(result):
                self._outcome = "refused"
            elif ErrorCode.INTERNAL in codes:
                self._outcome = "failed"
            elif self._outcome == "ok":
                self._outcome = "errors"

    def refused(self, code: ErrorCode) -> None:
        """Note that the operation was not run."""
        self._outcome = "refused"
        self._codes.add(code.value)

    def left(self) -> None:
        """Note that the client has gone, and the operation was stopped."""
        self._outcome = "left"

    def ended(self) -> Operation:
        """Tell of the operation, once, and return what was told."""
        context = self._context
        desk, text = context.desk, self.text
        operation = Operation(
            door=self._door,
            request_id=desk.request_id,
            key_id=desk.key_id or 0,
            account_id=desk.account,
            kind=context.kind,
            name=context.name,
            # Half a surrogate pair has no bytes in UTF-8.
            document=sha256(text.encode(errors="replace")).hexdigest()[:_DIGITS] if text else "",
            outcome=self._outcome,
            codes=sorted(self._codes) if self._codes else (),
            cost=context.cost,
            seconds=perf_counter() - self._began,
            connection=self._connection,
        )
        context.observer.operated(operation)
        return operation
