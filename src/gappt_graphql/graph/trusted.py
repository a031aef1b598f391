"""The manifest of trusted documents: read and checked once, before anything is served."""

import re
import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import msgspec
from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError, OperationDefinitionNode, parse, validate
from msgspec.structs import replace

from gappt_graphql.graph.measure import Measured, too_large
from gappt_graphql.graph.options import Limits
from gappt_graphql.graph.schema import Schema

_PREFIX = "sha256:"
_HASH = re.compile(r"[0-9a-f]{64}")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_APOLLOS = "apollo-persisted-query-manifest"


class BadManifest(Exception):
    """A manifest that can't be served; the message is a sentence that names the entry."""


def read_manifest(path: Path, schema: Schema, limits: Limits) -> Mapping[str, str]:
    """
    Return the texts of a manifest's documents by their SHA-256, without its prefix.

    The file is the `persisted-documents.json` of graphql-codegen's client preset, or the manifest of Apollo's
    `generate-persisted-query-manifest`. Every document is one that the schema can run: an old page that asks for what
    is gone is found here, and not by those who read it.

    :raises BadManifest: if it is none, or if a document of it is not what its hash says, or not valid
    """
    texts: dict[str, str] = {}
    for id, text in _entries(path):
        try:
            texts[_checked(id, text, schema, limits)] = str(text)
        except _BadEntry as bad:
            raise BadManifest(f"The entry {id!r} of the trusted documents in {path} {bad}") from None
    return texts


class _BadEntry(Exception):
    """What is wrong with an entry; it follows the entry's name in a sentence."""


def _entries(path: Path) -> Iterator[tuple[object, object]]:
    try:
        content = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise BadManifest(f"The trusted documents in {path} can't be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise BadManifest(f"The trusted documents in {path} are not JSON in UTF-8") from None
    if not isinstance(content, dict):
        raise BadManifest(f"The trusted documents in {path} are not one JSON object of texts by their hashes")
    if "format" not in content:
        yield from content.items()
        return
    if content["format"] != _APOLLOS or content.get("version") != 1 or not isinstance(content.get("operations"), list):
        raise BadManifest(f"The trusted documents in {path} are in a format that is not {_APOLLOS}, version 1")
    for operation in content["operations"]:
        entry = operation if isinstance(operation, dict) else {}
        yield entry.get("id"), entry.get("body")


def _checked(id: object, text: object, schema: Schema, limits: Limits) -> str:
    hash = id.removeprefix(_PREFIX) if isinstance(id, str) else ""
    if _SHA1.fullmatch(hash):
        raise _BadEntry(
            "is named by a SHA-1: give graphql-codegen's client preset persistedDocuments: { hashAlgorithm: 'sha256' }"
        )
    if not _HASH.fullmatch(hash):
        raise _BadEntry("is not named by a SHA-256, which is 64 hexadecimal digits in lower case")
    if not isinstance(text, str):
        raise _BadEntry("holds no text")
    if sha256(text.encode()).hexdigest() != hash:
        raise _BadEntry("has a text with another SHA-256: generate the file again, and change nothing in it")
    document = _parsed(text, limits)
    if not _operations(document):
        raise _BadEntry("holds no operation")
    if errors := validate(schema._schema, document, max_errors=1):
        raise _BadEntry(f"({_names(document)}) is not valid in this schema: {_told(errors[0])}")
    # What an answer holds and costs depends on the variables, and is looked at when they are there.
    whatever_they_are = replace(limits, values=sys.maxsize, cost=sys.maxsize)
    if sentence := too_large(Measured(document, schema._schema).size(None, {}), whatever_they_are):
        raise _BadEntry(f"({_names(document)}) would never run: {sentence.rstrip('.')}")
    return hash


def _parsed(text: str, limits: Limits) -> DocumentNode:
    try:
        return parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.tokens)
    except GraphQLSyntaxError as error:
        if "more than" in error.message:
            raise _BadEntry(f"has more than {limits.tokens:,} tokens or comments (GAPPT_MAX_TOKENS)") from None
        raise _BadEntry(f"is not GraphQL: {_told(error)}") from None


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [definition for definition in document.definitions if isinstance(definition, OperationDefinitionNode)]


def _names(document: DocumentNode) -> str:
    """Return the names by which a developer finds the document again."""
    named = [
        f"{one.operation.value} {one.name.value if one.name else 'without a name'}" for one in _operations(document)
    ]
    return ", ".join(named)


def _told(error: GraphQLError) -> str:
    where = "".join(f" (line {place.line}, column {place.column})" for place in (error.locations or ())[:1])
    return f"{error.message.rstrip('.')}{where}"
