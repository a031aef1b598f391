"""
Running a plan, in waves.

In a wave every field that can be answered is, column by column, and what the others need is noted. Then all of it is
read from the book, and the next wave begins. All readings of an operation are one unit of work: it sees one moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from graphql import GraphQLError, GraphQLResolveInfo
from graphql.execution.values import VariableValues
from strawberry import Info
from strawberry.types.field import StrawberryField

from gappt_graphql.graph.execution.places import Failures, Root, joined
from gappt_graphql.graph.loaders import BookLoader, Gathered, Opened
from gappt_graphql.graph.loading import Batch, Loader, wait_for

if TYPE_CHECKING:
    from gappt_graphql.graph.context import Context
    from gappt_graphql.graph.execution.completing import Column
    from gappt_graphql.graph.execution.fields import Asked, Rows
    from gappt_graphql.graph.execution.plan import Plan
    from gappt_graphql.store import Book

T = TypeVar("T")


class Run:
    """One run of a plan."""

    def __init__(self, plan: Plan, context: Context, variables: VariableValues) -> None:
        self.plan, self.context, self.variables = plan, context, variables
        self.failures = Failures()
        self._waiting: list[tuple[Collection[Batch[Any]], Callable[[], None]]] = []
        self._opened: list[Opened] = []
        self._running: list[Running] = []

    async def answer(self) -> tuple[Any, list[GraphQLError]]:
        """Return the data, to be encoded, and the errors."""
        # A query has one selection at its root; of a mutation each field is one, and is done before the next.
        parts = [await self._in_waves(partial(selection.rows, self, [None], Root())) for selection in self.plan.roots]
        return self.failures.applied(parts[0] if len(parts) == 1 else joined(parts))

    async def _in_waves(self, begin: Callable[[], Rows]) -> Any:
        [data] = self._gathering(begin)
        while self._waiting:
            await (self._settle() if self._running or not self._opened else self._read())
        return data

    async def _read(self) -> None:
        """Read what is waited for, wave after wave and all as of one moment, as long as it stands in the book."""
        loaders = self.context.loaders
        waiting, opened, failures = self._waiting, self._opened, len(self.failures)
        read: list[Opened] = []

        async def waves(book: Book) -> None:
            if self._opened is not opened:  # the store runs it again from the start: that is another moment
                loaders.unread([*read, *self._opened])
                read.clear()
                self._waiting, self._opened = waiting, opened
                self.failures.cut(failures)
            while self._opened and not self._running:
                await loaders.read(book, self._opened)
                read.extend(self._opened)
                self._go_on()

        try:
            await self.context.desk.read(waves)
        except Exception:
            if not self._opened:
                raise  # it was not a reading that failed
            await loaders.read_each(self._opened)
            self._go_on()

    async def _settle(self) -> None:
        """Wait for what is not in the book, or opens it itself; what else is waited for is read meanwhile."""
        works = [one.run() for one in self._running]
        if self._opened:
            works.append(self.context.loaders.read_together(self._opened))
        self._running = []
        if len(works) == 1:
            await works[0]
        else:
            await asyncio.gather(*works)
        for batches, _ in self._waiting:
            for batch in batches:
                await wait_for(batch)
        self._go_on()

    def _go_on(self) -> None:
        """Begin the next wave: let everything that waited go on."""
        waiting, self._waiting, self._opened = self._waiting, [], []

        def finish() -> None:
            for _, fill in waiting:
                fill()

        self._gathering(finish)

    def _gathering(self, work: Callable[[], T]) -> T:
        """Do a part of the run that waits for nothing, and take the batches that it opens."""
        loaders = self.context.loaders
        loaders.gathered = gathered = Gathered()
        try:
            done = work()
        finally:
            loaders.gathered = None
        for loader, batch in gathered:
            if isinstance(loader, BookLoader):
                self._opened.append((loader, batch))
            else:
                self.running(loader.read(batch))
        return done

    def when(
        self,
        batches: Collection[Batch[Any]],
        finished: Callable[[], Column],
        attribute: str,
        rows: Rows,
        length: int,
        *,
        at_once: bool = True,
    ) -> Column:
        """
        Return the column that `finished` makes: at once if there is nothing to wait for, and that may be.

        Else there are nulls, and the rows, which do not stand yet, get their values as this attribute in the next wave.
        """
        if at_once and not batches:
            return finished()

        def fill() -> None:
            for row, value in zip(rows, finished(), strict=True):
                setattr(row, attribute, value)

        self._waiting.append((batches, fill))
        return [None] * length

    def running(self, work: Awaitable[Any]) -> Running:
        """Have this done before the next wave, and return what will tell what came of it."""
        one = Running(work)
        self._running.append(one)
        return one

    def loader(self, name: str) -> Loader[Any, Any]:
        loader: Loader[Any, Any] = getattr(self.context.loaders, name)
        return loader

    def info(self, asked: Asked, field: StrawberryField) -> Info[Context, None]:
        """Return what a resolver may ask about its field. Its path is of no single source."""
        plan = self.plan
        raw = GraphQLResolveInfo(
            asked.nodes[0].name.value,
            list(asked.nodes),
            asked.field.type,
            asked.parent,
            None,  # type: ignore[arg-type]
            plan.schema._schema,
            plan.fragments,
            None,
            plan.operation,
            self.variables,
            self.context,
            None,  # type: ignore[arg-type]
            None,
            None,  # type: ignore[arg-type]
        )
        return Info(_raw_info=raw, _field=field)


class Running:
    """Something awaited, and what came of it."""

    def __init__(self, work: Awaitable[Any]) -> None:
        self._work = work
        self.outcome: Any = None

    async def run(self) -> None:
        try:
            self.outcome = await self._work
        except Exception as failure:
            self.outcome = failure
