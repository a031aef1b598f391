"""Requests over HTTP and sockets: what each asks for, checked, or why it is not taken."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from gappt_graphql.graph.errors import ErrorCode
from gappt_graphql.graph.incoming import Fields
from gappt_graphql.graph.negotiation import JSON


class NotTaken(Exception):
    """A request that gets no further: the status, the code and a sentence for a person."""

    def __init__(
        self,
        status: int,
        message: str,
        code: ErrorCode = ErrorCode.BAD_USER_INPUT,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, headers


class Asked(Struct, frozen=True):
    """What a request asks for. An empty string and null are the same as absent."""

    query: str | None = None
    document_id: str | None = None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None

    @property
    def wants_cost(self) -> bool:
        """Whether the answer is to tell what the operation costs: on a socket no header can ask for it."""
        return (self.extensions or {}).get("cost") is True


def asked_of(given: object) -> Asked:
    """
    Return what decoded JSON asks for. Whether there is a document is not looked at here.

    :raises NotTaken: if it is no request
    """
    if not isinstance(given, dict):
        raise NotTaken(400, "A request is one JSON object with a query; lists of requests are not taken.")
    return Asked(
        query=_text(given, "query"),
        document_id=_text(given, "documentId"),
        variables=_object(given, "variables"),
        operation_name=_text(given, "operationName"),
        extensions=_object(given, "extensions"),
    )


def asked_by_address(query_string: bytes) -> Asked:
    """
    Return what the address of a GET asks for: `variables` and `extensions` are JSON in it.

    :raises NotTaken: if that is no request
    """
    try:
        pairs = parse_qsl(query_string.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        raise NotTaken(400, "The address is not UTF-8.") from None
    given: dict[str, object] = dict(pairs)
    if len(given) < len(pairs):
        raise NotTaken(400, "The address gives a parameter twice.")
    for name in ("variables", "extensions"):
        if text := given.get(name):
            given[name] = decoded(str(text), f"The {name} are not JSON.")
        else:
            given.pop(name, None)
    return asked_of(given)


def check_body_type(headers: Fields) -> None:
    """
    Pass if the headers of a POST announce plain JSON in UTF-8.

    Foreign pages can send forms and text without asking, but not this.

    :raises NotTaken: if they announce anything else
    """
    kind = headers.get("content-type", "")
    if kind != JSON and not _is_json(kind):
        raise NotTaken(415, "The body must be JSON in UTF-8, with Content-Type: application/json.")
    if headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
        raise NotTaken(415, "The body must not be compressed.", headers={"Accept-Encoding": "identity"})


def decoded(text: bytes | str, otherwise: str) -> object:
    """
    Return decoded JSON.

    :raises NotTaken: with the sentence `otherwise`, if it is none
    """
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        raise NotTaken(400, otherwise) from None


def _is_json(content_type: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    named = (parameter.partition("=") for parameter in parameters)
    charsets = [value.strip("\"' ") for name, _, value in named if name == "charset"]
    return kind == JSON and all(charset in ("utf-8", "utf8") for charset in charsets)


def _text(given: dict[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise NotTaken(400, f"The {name} must be a string.")
    return value or None


def _object(given: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = given.get(name)
    if value is not None and not isinstance(value, dict):
        raise NotTaken(400, f"The {name} must be a JSON object.")
    return value
