"""The document of a request: its text, or what its hash stands for; and whose keys may run trusted documents only."""

import re
from collections.abc import Mapping
from functools import partial
from hashlib import sha256

from gappt_graphql.graph.context import Context
from gappt_graphql.graph.errors import ErrorCode
from gappt_graphql.graph.requests import Asked, NotTaken

_HASH = re.compile(r"[0-9a-f]{64}")
_PREFIX = "sha256:"


def text_of(asked: Asked, context: Context) -> str:
    """
    Return the text of the document that a request asks for.

    A text that comes with the right hash is remembered for the account, once it is known to be valid.

    :raises NotTaken: if the request names no document, or none that the key may run
    """
    persisted = (asked.extensions or {}).get("persistedQuery")
    if asked.document_id is not None:
        if persisted is not None:
            raise NotTaken(400, "The request has a documentId and a persistedQuery: it takes one of them.")
        return _by_id(asked, context)
    if persisted is not None:
        return _by_hash(asked.query, _hash_in(persisted), context)
    if asked.query is None:
        raise NotTaken(400, "The request has no query and no documentId.")
    if context.trusted_only:
        raise _trusted_documents_only()
    return asked.query


def _by_id(asked: Asked, context: Context) -> str:
    text = context.options.trusted.get(_hash("documentId", asked.document_id))
    if text is None:
        raise _no_such_document()
    if asked.query is not None and asked.query != text:
        raise NotTaken(400, "The query is another document than that of the documentId: send one of them.")
    return text


def _by_hash(query: str | None, hash: str, context: Context) -> str:
    if query is not None and _digest(query) != hash:
        raise NotTaken(400, "The sha256Hash is not that of the query.")
    # Apollo's clients name the documents of their manifest so.
    trusted = context.options.trusted.get(hash)
    if trusted is not None:
        return trusted
    if context.trusted_only:
        # Not PersistedQueryNotFound, upon which the client would send the text in vain.
        raise _no_such_document() if query is None else _trusted_documents_only()
    shelves, account = context.documents.shelves, context.desk.account
    if query is not None:
        context.remember = partial(shelves.put, account, hash, query)
        return query
    # The messages and the status are those that Apollo's clients were made for.
    if not context.options.persisted_queries:
        raise NotTaken(200, "PersistedQueryNotSupported", ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED)
    text = shelves.get(account, hash)
    if text is None:
        raise NotTaken(200, "PersistedQueryNotFound", ErrorCode.PERSISTED_QUERY_NOT_FOUND)
    return text


def _hash_in(persisted: object) -> str:
    if not isinstance(persisted, Mapping):
        raise NotTaken(400, "The extension persistedQuery is an object with a version and a sha256Hash.")
    version = persisted.get("version")
    if type(version) is not int or version != 1:
        raise NotTaken(400, "The version of a persistedQuery is 1.")
    return _hash("sha256Hash", persisted.get("sha256Hash"))


def _hash(name: str, given: object) -> str:
    # The specification's ids have the prefix, Apollo's have none, and graphql-codegen's depend on its version: clients
    # send what it wrote in either place.
    hash = given.removeprefix(_PREFIX) if isinstance(given, str) else ""
    if not _HASH.fullmatch(hash):
        raise NotTaken(400, f"A {name} is sha256: and 64 hexadecimal digits in lower case; the prefix may be absent.")
    return hash


def _digest(text: str) -> str:
    # Half a surrogate pair has no bytes in UTF-8; the parser refuses it whatever its hash.
    return sha256(text.encode(errors="replace")).hexdigest()


def _no_such_document() -> NotTaken:
    return NotTaken(400, "No trusted document of this server has this hash.", ErrorCode.DOCUMENT_NOT_FOUND)


def _trusted_documents_only() -> NotTaken:
    message = "This key may run trusted documents only: name one by its documentId."
    return NotTaken(403, message, ErrorCode.FORBIDDEN)
