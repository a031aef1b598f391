"""Steps of writing: statements of which none sees what another does, so that a database may run them as one."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gappt_graphql.store.statements import Statement, WritableRows


class Step(NamedTuple):
    """A statement, each of the parameters to run it with, and what to raise where it does not touch a row for each."""

    statement: Statement
    each: Sequence[Mapping[str, object]]
    missed: Callable[[], Exception] | None = None


async def take(rows: WritableRows, *steps: Step) -> None:
    """
    Run the steps, in this order or as one.

    :raises Exception: what a step says, if it touches less rows than it was given parameters
    """
    wanted = [step for step in steps if step.each]
    if not wanted:
        return
    counts = await rows.run_together([(step.statement, step.each) for step in wanted])
    for step, count in zip(wanted, counts, strict=True):
        if step.missed is not None and count != len(step.each):
            raise step.missed()
