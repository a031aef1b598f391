"""Refusals of a mutation, as data: what is wrong with which input."""

from collections.abc import Sequence
from typing import Any

import strawberry
from msgspec import Struct
from strawberry import Parent
from strawberry.utils.str_converters import to_camel_case

from gappt_graphql.graph.enums import Code
from gappt_graphql.graph.relations import computed
from gappt_graphql.practice.attendance import BookingOutcome
from gappt_graphql.scheduling.conflicts import Occurrence
from gappt_graphql.scheduling.problems import Problem, Refused


class Refusal(Struct, frozen=True):
    """What a payload is made from when the use case refused: it has no record, only problems."""

    problems: Sequence[Problem]
    conflicting: Sequence[Occurrence] = ()
    outcomes: Sequence[BookingOutcome] = ()

    @classmethod
    def of(cls, refused: Refused) -> "Refusal":
        return cls(refused.problems, refused.conflicting)


def _path(root: Parent[Problem]) -> list[str] | None:
    return None if root.field is None else [to_camel_case(word) for word in root.field]


@strawberry.type(description="Reason for a refusal, for a person to act on")
class SchedulingUserError:
    message: str = strawberry.field(description="Sentence that says what is wrong and what would be right")
    field: list[str] | None = computed(
        _path, "Path to the input at fault, starting at the input's field; null for the whole"
    )
    code: Code = strawberry.field(description="Kind of problem, to branch on")


def _problems(root: Parent[object]) -> Sequence[Problem]:
    return getattr(root, "problems", ())


def user_errors(description: str = "Why nothing was done; empty if it was done") -> Any:
    """Declare the field that every payload has."""
    return computed(_problems, description)
