"""Valid documents are kept by their text: so many, of so many characters."""

from graphql import parse

from gappt_graphql.graph.documents import Documents
from gappt_graphql.graph.measure import Measured
from gappt_graphql.graph.schema import schema

ONE = Measured(parse("{ __typename }"), schema._schema)


def text(n: int, length: int = 100) -> str:
    return f"{n:06}".ljust(length, "#")


def kept(documents: Documents, *texts: str) -> list[bool]:
    return [documents.get(text) is not None for text in texts]


def test_the_document_that_was_used_longest_ago_is_forgotten_first() -> None:
    documents = Documents()
    for n in range(500):
        documents.keep(text(n), ONE)
    documents.get(text(0))
    documents.keep(text(500), ONE)

    assert kept(documents, text(0), text(1), text(2), text(500)) == [True, False, True, True]


def test_long_documents_are_fewer() -> None:
    documents = Documents()
    for n in range(100):
        documents.keep(text(n, 10_000), ONE)

    assert kept(documents, text(59, 10_000), text(60, 10_000)) == [False, True]


def test_a_document_that_two_requests_found_valid_counts_once() -> None:
    documents = Documents()
    for n in range(40):
        for _ in range(2):
            documents.keep(text(n, 10_000), ONE)

    assert kept(documents, text(0, 10_000)) == [True]


def test_a_very_long_document_is_not_kept() -> None:
    documents = Documents()
    documents.keep(text(0, 16_001), ONE)

    assert kept(documents, text(0, 16_001)) == [False]
