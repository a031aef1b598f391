"""
Running a plan, in waves.

In a wave every field that can be answered is, column by column, and what the others need is noted. Then all of it is
read from the store at once, and the next wave begins. So an operation costs as many readings as its longest chain of
records that name others.
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

from gappt_graphql.graph.execution.places import Failures, Root, members
from gappt_graphql.graph.loaders import Opened
from gappt_graphql.graph.loading import Batch, Loader, wait_for

if TYPE_CHECKING:
    from gappt_graphql.graph.context import Context
    from gappt_graphql.graph.execution.completing import Column
    from gappt_graphql.graph.execution.fields import Asked, Rows
    from gappt_graphql.graph.execution.plan import Plan

T = TypeVar("T")


class Run:
    """One run of a plan."""

    def __init__(self, plan: Plan, context: Context, variables: VariableValues) -> None:
        self.plan, self.context, self.variables = plan, context, variables
        self.failures = Failures()
        self._waiting: list[tuple[Collection[Batch[Any]], Callable[[], None]]] = []
        self._running: list[Running] = []

    async def answer(self) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """Return the data and the errors."""
        data: dict[str, Any] = {}
        # A query has one selection at its root; of a mutation each field is one, and is done before the next.
        for selection in self.plan.roots:
            data |= members(await self._in_waves(partial(selection.rows, self, [None], Root())))
        return self.failures.applied(data)

    async def _in_waves(self, begin: Callable[[], Rows]) -> Any:
        [data], opened = self._gathering(begin)
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            running, self._running = self._running, []
            await self._settle(opened, running)
            for batches, _ in waiting:
                for batch in batches:
                    await wait_for(batch)

            def go_on(waiting: Any = waiting) -> None:
                for _, finish in waiting:
                    finish()

            _, opened = self._gathering(go_on)
        return data

    def _gathering(self, work: Callable[[], T]) -> tuple[T, list[Opened]]:
        """Do a part of the run that waits for nothing, and return the batches that it has opened too."""
        loaders, opened = self.context.loaders, list[Opened]()
        loaders.gathered = opened
        try:
            return work(), opened
        finally:
            loaders.gathered = None

    async def _settle(self, opened: list[Opened], running: list[Running]) -> None:
        works = [one.run() for one in running]
        if opened:
            works.append(self.context.loaders.read_together(opened))
        if len(works) == 1:
            await works[0]  # a mutation's, or all that most queries ever wait for
        elif works:
            await asyncio.gather(*works)

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
