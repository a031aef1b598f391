"""What went wrong with an operation, for machines: a closed list of codes, and nothing of what broke inside."""

import logging
import re
import traceback
from collections.abc import Sequence
from enum import StrEnum

from graphql import FieldNode, GraphQLError, GraphQLSyntaxError

log = logging.getLogger("gappt_graphql.graph")

_ABOUT_A_VARIABLE = re.compile(r"Variable '\$(\w+)' has invalid value(?: at ((?:\.\w+|\[\d+\])+))?: ")
# How the library's messages quote what a client wrote; the groups are what stays.
_VALUES = (
    re.compile(r"( cannot represent [^:]*)(): .*?(?=\. Did you mean|$)", re.DOTALL),
    re.compile(r"()(),? [Ff]ound: .*$", re.DOTALL),
    re.compile(r"(Value) '.*'( does not exist in '\w+' enum)", re.DOTALL),
)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


class ErrorCode(StrEnum):
    """What `extensions.code` of an error may be."""

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    DOCUMENT_NOT_FOUND = "DOCUMENT_NOT_FOUND"
    """No trusted document has the documentId."""
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    """Not a failure: Apollo's clients send the text upon it."""
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    OPERATION_TOO_LARGE = "OPERATION_TOO_LARGE"
    THROTTLED = "THROTTLED"
    INTERNAL = "INTERNAL"


def refusal(code: ErrorCode, message: str) -> GraphQLError:
    """Return an error to raise, with a message for a person to act on."""
    return GraphQLError(message, extensions={"code": code.value})


def bad_user_input(message: str) -> GraphQLError:
    """Return an error to raise about an argument that its type can hold but the field can't take."""
    return refusal(ErrorCode.BAD_USER_INPUT, message)


def shown(errors: Sequence[GraphQLError], *, request_id: str) -> list[GraphQLError]:
    """
    Return the errors as clients may see them: each with a code, and unexpected ones without their message.

    Unexpected ones are logged here, once, with the request id that the client sees too.
    """
    broken = {id(_cause(error)): error for error in reversed(errors) if _code(error) is ErrorCode.INTERNAL}
    for error in reversed(broken.values()):  # one failure may be the end of many fields
        _report(error, request_id)
    return [_shown(error, request_id) for error in errors]


def _shown(error: GraphQLError, request_id: str) -> GraphQLError:
    extensions = error.extensions or {}
    if "code" in extensions and error.path:
        return error
    code = _code(error)
    if code is ErrorCode.INTERNAL:
        message, original = "Internal error", None
        extensions = {"code": code.value, "correlationId": request_id}
    else:
        message, original = _without_value(error.message), error.original_error
        extensions = {"code": code.value, **extensions, **_path_into_variables(message)}
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        original_error=original,
        extensions=extensions,
    )


def _code(error: GraphQLError) -> ErrorCode:
    if error.extensions and "code" in error.extensions:
        return ErrorCode(error.extensions["code"])
    if isinstance(error, GraphQLSyntaxError):
        return ErrorCode.GRAPHQL_PARSE_FAILED
    original = error.original_error
    if original is not None and not isinstance(original, GraphQLError):
        return ErrorCode.INTERNAL
    # Without a path it is about the variables (errors of validation have a code); with one it is about an argument
    # if it is blamed on a place in the document, and else about an answer that doesn't fit its type.
    nodes = (original or error).nodes or ()
    of_client = error.path is None or any(not isinstance(node, FieldNode) for node in nodes)
    return ErrorCode.BAD_USER_INPUT if of_client else ErrorCode.INTERNAL


def _cause(error: GraphQLError) -> BaseException:
    return error.original_error or error


def _without_value(message: str) -> str:
    # The library repeats the value that doesn't fit, which may be somebody's data, and ends in the logs of clients.
    for value in _VALUES:
        message = value.sub(r"\1\2", message)
    return message.replace(" not to be None", " not to be null")


def _path_into_variables(message: str) -> dict[str, list[str | int]]:
    # The library tells it only inside of its message.
    found = _ABOUT_A_VARIABLE.match(message)
    if found is None:
        return {}
    steps = _STEP.findall(found[2] or "")
    return {"path": [found[1], *(int(index) if index else name for name, index in steps)]}


def _report(error: GraphQLError, request_id: str) -> None:
    # Messages may quote patients' data, and so may the operation: the log has the kind and the place only.
    cause = _cause(error)
    frames = "".join(traceback.format_list(traceback.extract_tb(cause.__traceback__)))
    path = ".".join(map(str, error.path or ()))
    log.error("Unexpected %s at %s, request id %s\n%s", type(cause).__qualname__, path or "-", request_id, frames)
