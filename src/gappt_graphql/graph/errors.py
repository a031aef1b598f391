"""
What went wrong with an operation, for machines: a closed list of codes, and nothing of what broke inside.

Strawberry's MaskErrors takes the codes away with the messages, and what it logs has the operation and its literals.
"""

import logging
import re
import traceback
from collections.abc import Mapping, Sequence
from enum import StrEnum

from graphql import FieldNode, GraphQLError, GraphQLSyntaxError

from gappt_graphql.practice.bounds import OutOfTime
from gappt_graphql.store.unavailable import OutcomeUnknown, Unavailable

log = logging.getLogger("gappt_graphql.graph")

_ABOUT_A_VARIABLE = re.compile(r"Variable '\$(\w+)' has invalid value(?: at ((?:\.\w+|\[\d+\])+))?: ")
_MEANT = r"(?:\. Did you mean(?: the enum value)?(?:[ ,]|or|'\w+')*\?)?$"
# How the library's messages quote what a client wrote; the groups are what stays.
_VALUES = (
    re.compile(rf"( cannot represent [^:]*)(): .*?(?={_MEANT})", re.DOTALL),
    re.compile(r"()(), but encountered error '.*$", re.DOTALL),  # whatever exception it was
    re.compile(r"()(),? [Ff]ound: .*$", re.DOTALL),
    re.compile(rf"(unknown field)() '(?!\w{{1,100}}'{_MEANT}).*$", re.DOTALL),
    re.compile(r"(Value) '.*'( does not exist in '\w+' enum)", re.DOTALL),
)
# How it quotes the document where that can't be read.
_TOKEN = re.compile(
    r"(\b(?:Name|Int|Float|String|BlockString|Comment|sequence|after 0)):? '.*'|"
    r" but got: '.*'|, did you mean '0\.\d+'\?",
    re.DOTALL,
)
_SUGGESTION = re.compile(r" Did you mean .*", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


MOST_ERRORS = 5
"""About one operation that was not run: who mends these asks again anyway."""


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
    TIMEOUT = "TIMEOUT"
    OVERLOADED = "OVERLOADED"
    UNAVAILABLE = "UNAVAILABLE"
    """The database can't be used at the moment; nothing was written."""
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    """Nobody knows whether something was written."""
    INTERNAL = "INTERNAL"


_EXPECTED: Mapping[type[Exception], ErrorCode] = {
    OutOfTime: ErrorCode.TIMEOUT,
    Unavailable: ErrorCode.UNAVAILABLE,
    OutcomeUnknown: ErrorCode.OUTCOME_UNKNOWN,
}
"""What is raised with a message for a person."""


def refusal(code: ErrorCode, message: str) -> GraphQLError:
    """Return an error to raise, with a message for a person to act on."""
    return GraphQLError(message, extensions={"code": code.value})


def bad_user_input(message: str) -> GraphQLError:
    """Return an error to raise about an argument that its type can hold but the field can't take."""
    return refusal(ErrorCode.BAD_USER_INPUT, message)


def shown(errors: Sequence[GraphQLError], *, request_id: str, suggestions: bool = True) -> list[GraphQLError]:
    """
    Return the errors as clients may see them: each with a code, and unexpected ones without their message.

    Unexpected ones are logged here, once, with the request id that the client sees too. Suggestions name what the
    schema has: they are for clients that may introspect it.
    """
    if not any(error.path for error in errors):
        errors = errors[:MOST_ERRORS]
    broken = {id(_cause(error)): error for error in reversed(errors) if _code(error) is ErrorCode.INTERNAL}
    for error in reversed(broken.values()):  # one failure may be the end of many fields
        _report(error, request_id)
    return [_shown(error, request_id, suggestions) for error in errors]


def _shown(error: GraphQLError, request_id: str, suggestions: bool) -> GraphQLError:
    extensions = error.extensions or {}
    if "code" in extensions and error.path:
        return error
    code = _code(error)
    if code is ErrorCode.INTERNAL:
        message, original = "Internal error", None
        extensions = {"code": code.value, "correlationId": request_id}
    else:
        message, original = _without_value(error), error.original_error
        if not suggestions:
            message = _SUGGESTION.sub("", message)
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
    for kind, code in _EXPECTED.items():
        if isinstance(original, kind):
            return code
    if original is not None and not isinstance(original, GraphQLError):
        return ErrorCode.INTERNAL
    # Without a path it is about the variables (errors of validation have a code); with one it is about an argument
    # if it is blamed on a place in the document, and else about an answer that doesn't fit its type.
    nodes = (original or error).nodes or ()
    of_client = error.path is None or any(not isinstance(node, FieldNode) for node in nodes)
    return ErrorCode.BAD_USER_INPUT if of_client else ErrorCode.INTERNAL


def _cause(error: GraphQLError) -> BaseException:
    return error.original_error or error


def _without_value(error: GraphQLError) -> str:
    # The library repeats the value that doesn't fit, which may be somebody's data, and ends in the logs of clients.
    message = error.message
    if isinstance(error, GraphQLSyntaxError):
        return _TOKEN.sub(r"\1", message)
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
    # Messages may quote patients' data, and so may the operation, by aliases too: the log has the kind and the place
    # only.
    cause = _cause(error)
    frames = "".join(traceback.format_list(traceback.extract_tb(cause.__traceback__)))
    field = next((node.name.value for node in error.nodes or () if isinstance(node, FieldNode)), "-")
    kind, fields = type(cause).__qualname__, {"request_id": request_id, "failure": frames}
    log.error("Unexpected %s at %s, request id %s", kind, field, request_id, extra={"fields": fields})
