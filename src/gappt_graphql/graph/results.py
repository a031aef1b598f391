"""Results of operations, as every door hands them out."""

from typing import Any

from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from gappt_graphql.graph.errors import ErrorCode


def was_run(result: ExecutionResult) -> bool:
    """Tell whether the operation was run, whatever came of it; a subscription, whether it has begun."""
    if isinstance(result, PreExecutionError):
        return False
    return result.data is not None or any(error.path for error in result.errors or ())


def codes_of(result: ExecutionResult) -> list[ErrorCode]:
    """Return the codes of the result's errors."""
    return [ErrorCode((error.extensions or {})["code"]) for error in result.errors or ()]


def content_of(result: ExecutionResult) -> dict[str, Any]:
    """Return the result as JSON has it: `data` is left out where nothing was run, as GraphQL's section 7.1 has it."""
    content: dict[str, Any] = {}
    if was_run(result):
        content["data"] = result.data
    if result.errors:
        content["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        content["extensions"] = result.extensions
    return content
