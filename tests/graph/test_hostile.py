"""Documents that are made to hurt are measured by looking at each of their parts once, and refused before they do."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import DocumentNode, parse

from asking import Client
from gappt_graphql.graph.measure import Measured, too_large
from gappt_graphql.graph.options import Limits
from gappt_graphql.graph.schema import schema
from gappt_graphql.graph.validation import problems

TOO_LARGE = ["OPERATION_TOO_LARGE"]


def measured(document: DocumentNode, **variables: Any) -> Measured:
    told = Measured(document, schema._schema)
    told.size(None, variables)
    return told


def fragments(number: int, body: Callable[[int], str], on: str = "GroupAppointment") -> str:
    """Return a chain of fragments under every appointment, whose last one asks for an id."""
    chain = [f"fragment f{n} on {on} {{ {body(n + 1)} }}" for n in range(number)]
    return " ".join(["{ groupAppointments { nodes { ...f0 } } }", *chain, f"fragment f{number} on {on} {{ id }}"])


def under_appointments(selection: str) -> str:
    return "{ groupAppointments { nodes { " + selection + " } } }"


REFUSED: dict[str, Callable[[int], str]] = {
    "spreads that double": lambda n: fragments(n, lambda next: f"...f{next} ...f{next}"),
    "spreads that double under aliases": lambda n: fragments(
        n, lambda next: f"a: repeatedFrom {{ ...f{next} }} b: repeatedFrom {{ ...f{next} }}"
    ),
    "inline fragments that double": lambda n: fragments(n, lambda next: f"... {{ ...f{next} }} ... {{ ...f{next} }}"),
    "skipped fragments that double": lambda n: fragments(n, lambda next: f"...f{next} ...f{next} @skip(if: true)"),
    "fragments in which each spreads all later ones": lambda n: fragments(
        n, lambda next: " ".join(f"...f{later}" for later in range(next, n + 1))
    ),
    "fields in fields": lambda n: under_appointments("repeatedFrom { " * n + "id" + " }" * n),
    "a field again": lambda n: under_appointments("id " * 20 * n),
    "a typename again at the root": lambda n: "{" + " __typename" * 3 * n + " }",
    "aliases": lambda n: under_appointments(" ".join(f"a{i}: id" for i in range(4 * n))),
    "directives on a field": lambda n: "{ __typename" + " @skip(if: true)" * 4 * n + " }",
    "unknown directives": lambda n: "{ __typename" + " @x" * 4 * n + " }",
    "directives on an operation": lambda n: "query" + " @x" * 4 * n + " { __typename }",
    "directives on variables": lambda n: (
        "query (" + " ".join(f"$v{i}: Int @x @x" for i in range(2 * n)) + ") { __typename }"
    ),
    "directives on a fragment": lambda n: "{ ...f } fragment f on Query" + " @x" * 4 * n + " { __typename }",
    "directives on spreads": lambda n: under_appointments("...f @x " * 4 * n) + "fragment f on GroupAppointment { id }",
    "directives in a fragment that is spread again": lambda n: (
        under_appointments("...f " * n) + "fragment f on GroupAppointment { id @x @x @x }"
    ),
    "the schema again under aliases": lambda n: (
        "{"
        + " ".join(f"a{i}: __schema {{ types {{ fields {{ name args {{ name }} }} }} }}" for i in range(4 * n))
        + "}"
    ),
    "the schema around and around": lambda n: (
        "{ __schema { types { " + "fields { type { " * n + "name" + " } }" * n + " } } }"
    ),
    "lists in lists": lambda n: (
        "{ patients { nodes { "
        + "groupAppointments(first: 100) { nodes { patients { " * n
        + "id"
        + " } } }" * n
        + "}}}"
    ),
    "a bomb in a fragment that nobody spreads": lambda n: fragments(n, lambda next: f"...f{next} ...f{next}").replace(
        "...f0 ", "id ", 1
    ),
    "mutations": lambda n: (
        "mutation {" + " archiveGroupAppointment(input: {id: 1}) { userErrors { code } }" * 3 * n + " }"
    ),
}

HARMLESS_TO_MEASURE: dict[str, Callable[[int], str]] = {
    "a chain of spreads": lambda n: fragments(n, lambda next: f"...f{next}"),
    "a cycle": lambda n: fragments(n, lambda next: f"...f{next} ...f0"),
    "inline fragments in inline fragments": lambda n: under_appointments("... { " * n + "id" + " }" * n),
    "a list literal": lambda n: f"{{ groupAppointments(filter: {{ids: [{'1 ' * 20 * n}]}}) {{ nodes {{ id }} }} }}",
    "a deep list literal": lambda n: (
        f"{{ groupAppointments(filter: {{ids: {'[' * n}1{']' * n}}}) {{ nodes {{ id }} }} }}"
    ),
    "a deep object literal": lambda n: (
        f"mutation {{ createPatient(input: {'{a: ' * n}1{'}' * n}) {{ patient {{ id }} }} }}"
    ),
    "a wide object literal": lambda n: (
        "mutation { createGroupAppointment(input: {" + "repeatRule: {numberOfRepeats: 1} " * 6 * n + "})"
        " { repeats { id } } }"
    ),
    "arguments": lambda n: "{ patients(" + " ".join(f"a{i}: 1" for i in range(9 * n)) + ") { nodes { id } } }",
    "variables": lambda n: "query (" + " ".join(f"$v{i}: Int" for i in range(9 * n)) + ") { __typename }",
    "operations": lambda n: " ".join(f"query q{i} {{ __typename }}" for i in range(6 * n)),
    "operations that spread the same chain": lambda n: (
        " ".join(f"query q{i} {{ ...f0 }}" for i in range(2 * n))
        + " ".join(f"fragment f{i} on Query {{ ...f{i + 1} }}" for i in range(n))
    ),
    "fragments that nobody spreads": lambda n: (
        "{ __typename }" + " ".join(f"fragment f{i} on Query {{ __typename }}" for i in range(4 * n))
    ),
    "fragments of one name": lambda n: "{ ...f }" + " fragment f on Query { ...f ...f }" * 3 * n,
    "unknown fields": lambda n: under_appointments(" ".join(f"x{i} {{ y }}" for i in range(6 * n))),
    "comments": lambda n: "# first: 100\n" * 30 * n + "{ __typename }",
    "a block string": lambda n: '{ patients(filter: {search: """' + "\n  x" * 9 * n + '"""}) { nodes { id } } }',
    "a long name": lambda n: "{ " + "x" * 99 * n + ": __typename }",
}


@pytest.mark.parametrize("number", [15, 30, 60])
@pytest.mark.parametrize("name", [*REFUSED, *HARMLESS_TO_MEASURE])
def test_a_document_is_measured_by_few_looks_at_each_of_its_tokens(name: str, number: int) -> None:
    document = parse((REFUSED | HARMLESS_TO_MEASURE)[name](number))

    assert 0 < measured(document).visited <= 2 * document.token_count


@pytest.mark.parametrize("name", REFUSED)
async def test_a_hostile_document_is_refused(client: Client, name: str) -> None:
    assert await client.codes(REFUSED[name](60)) == TOO_LARGE


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_document_is_known_before_it_is_validated(name: str) -> None:
    size = Measured(parse(REFUSED[name](60)), schema._schema).size(None, {})

    assert too_large(size, Limits())


@pytest.mark.parametrize("name", HARMLESS_TO_MEASURE)
async def test_what_is_only_odd_ends_in_an_answer_or_in_a_refusal(client: Client, name: str) -> None:
    allowed = {"OPERATION_TOO_LARGE", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "BAD_USER_INPUT"}

    assert set(await client.codes(HARMLESS_TO_MEASURE[name](60))) <= allowed


@pytest.mark.parametrize(
    "one", ["id ", "{ ", "[", "$a:Int", "query a { b } ", "@x ", '"" ', "... ", "fragment f on A { b } "]
)
async def test_more_than_two_thousand_tokens_of_anything_are_not_read(client: Client, one: str) -> None:
    codes = await client.codes("{ a } " + one * 2000)

    assert codes[0] in ("OPERATION_TOO_LARGE", "GRAPHQL_PARSE_FAILED")


async def test_more_comments_than_tokens_are_not_read(client: Client) -> None:
    assert await client.codes("#\n" * 1900 + "{ __typename }") == []
    assert await client.codes("#\n" * 2100 + "{ __typename }") == TOO_LARGE


def test_the_variables_of_a_document_are_not_walked() -> None:
    deep: Any = 1
    for _ in range(10_000):
        deep = {"scope": deep, "repeatRule": deep, "first": [deep]}
    document = parse(
        """mutation ($i: UpdateGroupAppointmentInput!) { updateGroupAppointment(input: $i) { updated { id } } }"""
    )

    assert measured(document, i=deep).visited == measured(document, i={}).visited


@pytest.mark.parametrize(
    "many",
    [
        "practitioner { id } " * 240,
        "conflicts(kinds: [PATIENT_DOUBLE_BOOKED]) { exist } " * 120,
        " ".join(f"...f{n}" for n in range(150)),
        "... { id } " * 300,
    ],
)
def test_fields_are_not_compared_with_each_other_without_end(many: str) -> None:
    used = " ".join(f"fragment f{n} on GroupAppointment {{ id }}" for n in range(150) if f"...f{n}" in many)
    document = parse(under_appointments(many) + used, max_lexical_tokens=Limits().tokens)

    assert [(error.extensions or {})["code"] for error in problems(schema._schema, document)] == TOO_LARGE


def test_the_fragments_of_a_large_screen_are_compared() -> None:
    names = ("id", "startsAt", "endsAt", "isFull", "practitioner { id label }", "business { id name }")
    used = " ".join(f"fragment f{n} on GroupAppointment {{ {' '.join(names)} }}" for n in range(20))
    document = parse(under_appointments(" ".join(f"...f{n}" for n in range(20))) + used)

    assert problems(schema._schema, document) == []
