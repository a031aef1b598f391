"""From the values of inputs to those of commands: ids, and absent against null."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import strawberry
from msgspec import UNSET, UnsetType

from gappt_graphql.scheduling.ids import read_id

T = TypeVar("T")

T_co = TypeVar("T_co", covariant=True)


class _Holds(Protocol[T_co]):
    """What `strawberry.Some` is to a reader."""

    @property
    def value(self) -> T_co: ...


def number(id: str) -> int:
    """Return the id as a number; what is no id, or written in another way than ours, is nobody's."""
    return read_id(id)


def numbers(ids: Sequence[str]) -> tuple[int, ...]:
    """Return the ids as numbers. Each that is no id gets another nobody's number, so that none looks like a repeat."""
    return tuple(number(id) or -place for place, id in enumerate(ids, start=1))


def present(value: T | None, otherwise: T) -> T:
    """Return the value of an optional field, where absent and null mean the same."""
    return otherwise if value is None or value is strawberry.UNSET else value


def or_none(value: T | None) -> T | None:
    """Return the value of an optional field, None where it is absent."""
    return None if value is strawberry.UNSET else value


def given(value: _Holds[T] | None) -> T | UnsetType:
    """Return the value of an update's field: UNSET where it is absent, None where it is null."""
    return UNSET if value is None else value.value


def given_id(value: strawberry.Maybe[strawberry.ID | None], kind: Callable[[int], T]) -> T | UnsetType | None:
    """Return the id in an update's field as a number: UNSET where it is absent, None where it is null."""
    if value is None:
        return UNSET
    return None if value.value is None else kind(number(value.value))


# What these return stands where Strawberry's own `field` would: its type is the attribute's.
def required(description: str) -> Any:
    """Declare a field of an input."""
    return strawberry.field(description=description)


def optional(description: str) -> Any:
    """Declare a field of an input that may be left out, without a default that would show in the schema."""
    return strawberry.field(default=strawberry.UNSET, description=description)


def idempotency_key() -> Any:
    """Declare the field that every mutation's input has."""
    return optional(
        "Name of this request, so that a retry takes effect once: at most 255 characters; "
        "kept for 24 hours, unless who runs the server chose another time"
    )


def expected_version() -> Any:
    """Declare the field that makes a mutation refuse a record that was changed in between."""
    return optional("Version that the named appointment must have, else the mutation is refused as STALE_VERSION")


def scope() -> Any:
    """Declare the field that lets a mutation reach into a series."""
    return optional("How far into its series this reaches; THIS if absent")


def on_conflict() -> Any:
    """Declare the field that says what conflicts do to a mutation."""
    return optional("What to do about conflicts; ALLOW if absent")
