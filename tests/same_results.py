"""Whether two results of one operation are the same, as far as GraphQL says what they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

Errors = list[dict[str, Any]]


def difference(expected: ExecutionResult, found: ExecutionResult) -> str | None:
    """Return in which way a result is another one than it should be, or None."""
    if isinstance(expected, PreExecutionError) is not isinstance(found, PreExecutionError):
        return f"one was run, the other not: {expected.errors} / {found.errors}"
    if expected.extensions != found.extensions:
        return f"extensions: {expected.extensions} / {found.extensions}"
    one, other = msgspec.json.encode(expected.data), msgspec.json.encode(found.data)
    if one != other:
        return f"data:\n{one.decode()}\n{other.decode()}"
    return _of_errors(msgspec.json.decode(one), _formatted(expected), _formatted(found))


def _formatted(result: ExecutionResult) -> Errors:
    return msgspec.json.decode(msgspec.json.encode([error.formatted for error in result.errors or ()]))  # type: ignore[no-any-return]


def _of_errors(data: Any, expected: Errors, found: Errors) -> str | None:
    # Of what has made one null together, any part may be told, and in any order. Everything else must be.
    groups, others = _by_null(data, expected), _by_null(data, found)
    if groups.keys() != others.keys():
        return f"errors:\n{expected}\n{found}"
    for null, errors in groups.items():
        own, theirs = ([error for error in some if error.get("path") == list(null)] for some in (errors, others[null]))
        whole = len(own) == len(errors) and len(theirs) == len(others[null])
        if whole and sorted(map(str, errors)) != sorted(map(str, others[null])):
            return f"errors of {null}:\n{errors}\n{others[null]}"
        if not whole:
            same = [error for error in others[null] if error in errors]
            codes = {error["extensions"]["code"] for error in errors} | {
                error["extensions"]["code"] for error in others[null]
            }
            if not same and len(codes) > 2:
                return f"errors below {null}:\n{errors}\n{others[null]}"
    return None


def _by_null(data: Any, errors: Errors) -> dict[tuple[Any, ...], Errors]:
    """Return the errors by the position that they have made null."""
    groups: dict[tuple[Any, ...], Errors] = {}
    for error in errors:
        groups.setdefault(_null_above(data, error.get("path") or ()), []).append(error)
    return groups


def _null_above(data: Any, path: Sequence[str | int]) -> tuple[Any, ...]:
    for length, step in enumerate(path):
        if data is None:
            return tuple(path[:length])
        data = data[step]
    return tuple(path)
