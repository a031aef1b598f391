"""Why something is refused: values for a person to act on, collected and raised once."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Self

from msgspec import Struct

from gappt_graphql.scheduling.conflicts import Occurrence


class Code(StrEnum):
    """What kind of problem it is; clients branch on it."""

    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    NOT_FOUND = "NOT_FOUND"
    ARCHIVED = "ARCHIVED"
    CAPACITY_FULL = "CAPACITY_FULL"
    CAPACITY_BELOW_ROSTER = "CAPACITY_BELOW_ROSTER"
    ALREADY_BOOKED = "ALREADY_BOOKED"
    ALREADY_REPEATS = "ALREADY_REPEATS"
    CONFLICT = "CONFLICT"
    STALE_VERSION = "STALE_VERSION"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


class Problem(Struct, frozen=True):
    """
    One reason for a refusal, with the input at fault.

    The field is a path into the input in the words of the rules: `("repeat_rule", "number_of_repeats")`,
    `("patient_ids", "1")`; each door spells it in its own way. None stands for the request as a whole.
    """

    code: Code
    message: str
    field: tuple[str, ...] | None = None


class Refused(Exception):
    """All problems of one request together, and the occurrences whose conflicts are the reason, if any."""

    def __init__(self, problems: Iterable[Problem], conflicting: Sequence[Occurrence] = ()) -> None:
        self.problems = tuple(problems)
        self.conflicting = tuple(conflicting)
        super().__init__("; ".join(f"{problem.code} {problem.field}" for problem in self.problems))

    @classmethod
    def one(cls, code: Code, message: str, *field: str) -> Self:
        """Refuse for a single reason."""
        return cls([Problem(code, message, field or None)])


def refuse_if_any(problems: Sequence[Problem]) -> None:
    """
    Go on only without problems.

    :raises Refused: with all of them, if there are any
    """
    if problems:
        raise Refused(problems)
