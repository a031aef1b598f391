"""The OpenAPI description as a judge of answers: what in an answer is not as it says."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import yaml

import gappt_graphql.rest

DESCRIPTION = Path(gappt_graphql.rest.__file__).parent / "openapi.yaml"

Json = Any
"""What YAML and JSON hold."""


class Described:
    """The description, with its references followed."""

    def __init__(self) -> None:
        self.document: Json = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))

    def operations(self) -> Iterator[tuple[str, str, Json]]:
        """Yield each method, path and operation."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method, path, operation

    def follow(self, node: Json) -> Json:
        """Return what the node refers to, with the words beside the reference added; itself where it refers to none."""
        if "$ref" not in node:
            return node
        target = self.document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return self.follow(target) | {word: value for word, value in node.items() if word != "$ref"}

    def faults(self, answer: httpx2.Response) -> list[str]:
        """Return what the description does not say of this answer: its status, a header, its kind, or its content."""
        method, path = answer.request.method.lower(), urlsplit(str(answer.request.url)).path
        operation = self._operation("get" if method == "head" else method, path.removeprefix("/v1"))
        if operation is None:
            # OPTIONS, and what is no address or method at all, are told once for all addresses.
            usual = answer.status_code in ((200, 204) if method == "options" else (404, 405))
            return [] if usual else [f"{method} {path} is not described"]
        described = operation["responses"].get(str(answer.status_code))
        if described is None:
            return [f"{method} {path} may not answer {answer.status_code}"]
        described = self.follow(described)
        found = [f"no header {name}" for name in described["headers"] if name not in answer.headers]
        if method == "head":
            return found
        if "content" not in described:
            return [*found, "a body"] if answer.content else found
        kind = answer.headers["content-type"].partition(";")[0]
        if kind not in described["content"]:
            return [*found, f"a body of {kind}"]
        if kind == "application/json":
            found += self.mismatches(answer.json(), described["content"][kind]["schema"])
        return found

    def mismatches(self, value: Json, schema: Json, at: str = "$") -> list[str]:
        """
        Return where the value is not as the schema says.

        :raises KeyError: if the schema has a word that is not known here
        """
        schema = self.follow(schema)
        return [
            fault for word, said in schema.items() for fault in _WORDS[word](self, value, said, schema, at) if fault
        ]

    def _operation(self, method: str, path: str) -> Json:
        for template, methods in self.document["paths"].items():
            if method in methods and re.fullmatch(re.sub(r"\{\w+\}", "[^/]*", template), path):
                return methods[method]
        return None


_TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}


def _is(value: Json, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and not (name == "integer" and isinstance(value, bool))


def _type(described: Described, value: Json, said: Json, schema: Json, at: str) -> list[str]:
    names = [said] if isinstance(said, str) else said
    return [] if any(_is(value, name) for name in names) else [f"{at}: {value!r} is no {' or '.join(names)}"]


def _format(described: Described, value: Json, said: Json, schema: Json, at: str) -> list[str]:
    if not isinstance(value, str):
        return []
    try:
        if said == "date-time":
            right = datetime.fromisoformat(value).tzinfo is not None
        elif said == "date":
            right = date.fromisoformat(value).isoformat() == value
        elif said == "int64":
            right = -(2**63) <= int(value) < 2**63
        elif said == "uri":
            right = bool(urlsplit(value).scheme and urlsplit(value).netloc)
        else:
            raise KeyError(said)
    except ValueError:
        right = False
    return [] if right else [f"{at}: {value!r} is no {said}"]


def _pattern(described: Described, value: Json, said: Json, schema: Json, at: str) -> list[str]:
    return [f"{at}: {value!r} is not like {said}"] if isinstance(value, str) and not re.search(said, value) else []


def _limits(described: Described, value: Json, said: Json, schema: Json, at: str) -> list[str]:
    if _is(value, "integer"):
        inside = schema.get("minimum", value) <= value <= schema.get("maximum", value)
    elif isinstance(value, str):
        inside = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
    elif isinstance(value, dict):
        inside = schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value))
    else:
        inside = True
    return [] if inside else [f"{at}: {value!r} is out of bounds"]


def _properties(described: Described, value: Json, said: Json, schema: Json, at: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    known = (described.mismatches(value[name], said[name], f"{at}.{name}") for name in said if name in value)
    return [fault for faults in known for fault in faults]


def _additional(described: Described, value: Json, said: Json, schema: Json, at: str) -> list[str]:
    names = value.keys() - schema.get("properties", {}).keys() if isinstance(value, dict) else ()
    if said is False:
        return [f"{at}.{name} is not described" for name in names]
    return [fault for name in names for fault in described.mismatches(value[name], said, f"{at}.{name}")]


def _required(described: Described, value: Json, said: Json, schema: Json, at: str) -> list[str]:
    return [f"{at}.{name} is missing" for name in said if isinstance(value, dict) and name not in value]


def _items(described: Described, value: Json, said: Json, schema: Json, at: str) -> list[str]:
    each = enumerate(value) if isinstance(value, list) else ()
    return [fault for number, item in each for fault in described.mismatches(item, said, f"{at}[{number}]")]


def _among(described: Described, value: Json, said: Json, schema: Json, at: str) -> list[str]:
    return [] if value in said else [f"{at}: {value!r} is none of {said}"]


def _const(described: Described, value: Json, said: Json, schema: Json, at: str) -> list[str]:
    return _among(described, value, [said], schema, at)


def _any_of(described: Described, value: Json, said: Json, schema: Json, at: str) -> list[str]:
    found = [described.mismatches(value, each, at) for each in said]
    return [] if [] in found else [fault for faults in found for fault in faults]


def _one_of(described: Described, value: Json, said: Json, schema: Json, at: str) -> list[str]:
    fitting = [described.mismatches(value, each, at) for each in said].count([])
    return [] if fitting == 1 else [f"{at}: {value!r} is like {fitting} of those that it may be like one of"]


def _nothing(described: Described, value: Json, said: Json, schema: Json, at: str) -> list[str]:
    return []


_WORDS = {
    "type": _type,
    "format": _format,
    "pattern": _pattern,
    "minimum": _limits,
    "maximum": _limits,
    "minLength": _limits,
    "maxLength": _limits,
    "minProperties": _limits,
    "maxProperties": _limits,
    "properties": _properties,
    "additionalProperties": _additional,
    "required": _required,
    "items": _items,
    "enum": _among,
    "const": _const,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "description": _nothing,
    "default": _nothing,
}
