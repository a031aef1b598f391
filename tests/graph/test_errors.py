"""Errors: each has a code of a closed list, and what broke inside stays inside."""

import json
import logging
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from graphql import get_introspection_query

from asking import Client
from builders import Practice
from gappt_graphql.graph.context import Context
from gappt_graphql.graph.errors import MOST_ERRORS, ErrorCode
from gappt_graphql.graph.http import STATUSES
from gappt_graphql.graph.options import Options
from gappt_graphql.graph.schema import schema
from gappt_graphql.store import Store

PATIENT = "Jo Roe"


class BrokenStore:
    """A store whose disk is gone."""

    async def read(self, account: object, work: object) -> object:
        raise OSError(f"no disk for {PATIENT}")

    write = read


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($a: Int) { patients { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ patients(first: 1.5) { totalCount } }", "BAD_USER_INPUT"),
        ("{ patients(first: 1000) { totalCount } }", "BAD_USER_INPUT"),
        ("{ patient(id: null) { id } }", "BAD_USER_INPUT"),
        ("query ($id: ID!) { patient(id: $id) { id } }", "BAD_USER_INPUT"),
        ("query A { patients { totalCount } } query B { patients { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment A on Query { patients { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
        ("", "BAD_USER_INPUT"),
        ("{" + "a:patients{totalCount}" * 700 + "}", "OPERATION_TOO_LARGE"),
        ("#\n" * 3000 + "{ patients { totalCount } }", "OPERATION_TOO_LARGE"),
        ("{a" * 1000 + "}" * 1000, "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_every_error_has_a_code(client: Client, query: str, code: str) -> None:
    result = await client.send(query)

    assert result.errors
    assert {(error.extensions or {})["code"] for error in result.errors} == {code}
    assert code in set(ErrorCode)


async def test_what_breaks_inside_is_masked_and_logged_once_without_peoples_data(
    practice: Practice, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(practice, store=BrokenStore())
    with caplog.at_level(logging.DEBUG):
        result = await client.send("query ($id: ID!) { patient(id: $id) { label } }", id="4711")

    assert result.data == {"patient": None}
    assert result.errors is not None
    (error,) = result.errors
    assert error.formatted == {
        "message": "Internal error",
        "locations": [{"line": 1, "column": 20}],
        "path": ["patient"],
        "extensions": {"code": "INTERNAL", "correlationId": "test"},
    }
    (record,) = [record for record in caplog.records if record.name.startswith(("gappt", "strawberry"))]
    assert "OSError at patient, request id test" in record.getMessage()
    assert PATIENT not in caplog.text
    assert "4711" not in caplog.text
    assert "label" not in record.getMessage()


async def test_one_failure_that_ends_many_fields_is_logged_once(
    practice: Practice, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(practice, store=BrokenStore())
    codes = await client.codes("{ a: patient(id: 1) { id } b: patient(id: 2) { id } c: business(id: 1) { id } }")

    assert codes == ["INTERNAL"] * 3
    assert len([record for record in caplog.records if record.name.startswith("gappt")]) == 2


async def test_a_mutation_that_breaks_is_masked_too(practice: Practice) -> None:
    client = Client(practice, store=BrokenStore())

    assert await client.codes('mutation { createPatient(input: {lastName: "Roe"}) { patient { id } } }') == ["INTERNAL"]


async def test_client_mistakes_are_not_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    await client.send("{ nothing }")
    await client.send("{ patients(first: 1000) { totalCount } }")

    assert [record for record in caplog.records if record.name.startswith(("gappt", "strawberry"))] == []


SEARCH = "query ($filter: PatientFilter) { patients(filter: $filter) { totalCount } }"
FIRST = "query ($first: Int) { patients(first: $first) { totalCount } }"


@pytest.mark.parametrize(
    ("query", "variables", "message"),
    [
        (SEARCH, {"filter": {"search": [PATIENT]}}, "String cannot represent a non string value"),
        (SEARCH, {"filter": PATIENT}, "Expected value of type 'PatientFilter' to be an object"),
        (SEARCH, {"filter": {"serch": PATIENT}}, "not to include unknown field 'serch'. Did you mean 'search'?"),
        (SEARCH, {"filter": {PATIENT: 1}}, "not to include unknown field"),
        (SEARCH, {"filter": {f"a'. Did you mean {PATIENT}": 1}}, "not to include unknown field"),
        (SEARCH, {"filter": {f"a', found: {PATIENT}": 1}}, "not to include unknown field"),
        (FIRST, {"first": f"1. Did you mean {PATIENT}?"}, "Int cannot represent non-integer value"),
        (FIRST, {"first": f"1. Did you mean the enum value '{PATIENT}'?"}, "Int cannot represent non-integer value"),
        (SEARCH, {"filter": {"archived": PATIENT}}, "Value does not exist in 'ArchivedFilter' enum"),
        (SEARCH, {"filter": {"archived": [PATIENT]}}, "cannot represent non-string value"),
        (
            SEARCH,
            {"filter": {"archived": "ONLI"}},
            "Value does not exist in 'ArchivedFilter' enum. Did you mean the enum value 'ONLY'?",
        ),
        (FIRST, {"first": PATIENT}, "Int cannot represent non-integer value"),
        (FIRST, {"first": 10**17}, "Int cannot represent non 32-bit signed integer value"),
        (f'{{ patients(first: "{PATIENT}") {{ totalCount }} }}', {}, "Int cannot represent non-integer value"),
        (f'{{ patients(filter: {{archived: "{PATIENT}"}}) {{ totalCount }} }}', {}, "non-enum value"),
        (f'{{ patients(filter: "{PATIENT}") {{ totalCount }} }}', {}, "to be an object"),
        ("query ($id: ID!) { patient(id: $id) { id } }", {"id": None}, "not to be null."),
    ],
)
async def test_a_value_that_does_not_fit_is_not_repeated(
    client: Client, query: str, variables: dict[str, Any], message: str
) -> None:
    result = await client.send(query, **variables)

    assert result.errors is not None
    assert (result.errors[0].extensions or {})["code"] == "BAD_USER_INPUT"
    assert message in result.errors[0].message
    assert PATIENT not in result.errors[0].message
    assert str(10**17) not in result.errors[0].message


async def test_a_number_that_python_can_not_read_is_told_in_no_words_of_python(client: Client) -> None:
    [error] = (await client.send(f"{{ patients(first: {'9' * 5000}) {{ totalCount }} }}")).errors or []

    assert error.message == "Expected value of type 'Int'"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (f'{{ patients "{PATIENT}" }}', "Syntax Error: Expected Name, found String."),
        (f'{{ patients(after: "{PATIENT} }}', "Syntax Error: Unterminated string."),
        ('{ patients """Jo\n\'s""" }', "Syntax Error: Expected Name, found BlockString."),
        ("{ patients 4711 }", "Syntax Error: Expected Name, found Int."),
        ("{ patients 4711.0815 }", "Syntax Error: Expected Name, found Float."),
        ("{ patients(first: .4711) { id } }", "Syntax Error: Invalid number, expected digit before '.'"),
        ("{ patients(first: 04711) { id } }", "Syntax Error: Invalid number, unexpected digit after 0."),
        ("{ patients(first: 4711J) { id } }", "Syntax Error: Invalid number, expected digit."),
        ("{ a: patient(id: Jo Roe) { id } }", "Syntax Error: Expected ':', found ')'."),
        ("Jo", "Syntax Error: Unexpected Name."),
        ('{ patients(after: "\\uD83D\\uJoRo") { id } }', "Syntax Error: Invalid Unicode escape sequence."),
        ('{ patients(after: "\\J") { id } }', "Syntax Error: Invalid character escape sequence."),
    ],
)
async def test_a_document_that_can_not_be_read_is_not_repeated(client: Client, query: str, message: str) -> None:
    result = await client.send(query)

    [error] = result.errors or []
    assert error.message == message
    assert error.locations


@pytest.mark.parametrize(
    ("query", "variables", "hint"),
    [
        ("{ patint(id: 1) { id } }", {}, "'patient'"),
        ("{ patients(frst: 1) { totalCount } }", {}, "'first'"),
        ("{ patients { ...on Patint { id } } }", {}, "'Patient'"),
        ("{ patients }", {}, "subfields"),
        ("{ patients(filter: {serch: 1}) { totalCount } }", {}, "'search'"),
        ("{ patients(filter: {archived: ONLI}) { totalCount } }", {}, "'ONLY'"),
        (SEARCH, {"filter": {"serch": 1}}, "'search'"),
        (SEARCH, {"filter": {"archived": "ONLI"}}, "'ONLY'"),
    ],
)
async def test_names_are_suggested_only_where_the_schema_may_be_asked_for(
    practice: Practice, query: str, variables: dict[str, Any], hint: str
) -> None:
    async def messages(options: Options) -> str:
        context = Context(practice.desk, scopes=frozenset({"read"}), options=options)
        result = await schema.execute(query, variables, context)
        return "\n".join(error.message for error in result.errors or ())

    told, untold = await messages(Options()), await messages(Options(introspection=False))

    assert "Did you mean" in told
    assert hint in told
    assert untold
    assert "Did you mean" not in untold


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{" + " ".join(f"nothing{n}" for n in range(40)) + "}", {}),
        ("query (" + " ".join(f"$v{n}: Int!" for n in range(40)) + ") { __typename }", {}),
        (SEARCH, {"filter": {f"nothing{n}": n for n in range(40)}}),
    ],
)
async def test_one_operation_has_few_errors(client: Client, query: str, variables: dict[str, Any]) -> None:
    result = await client.send(query, **variables)

    assert len(result.errors or ()) == MOST_ERRORS


async def test_every_field_that_failed_has_its_error(practice: Practice) -> None:
    query = "{" + " ".join(f"p{n}: patient(id: {n}) {{ id }}" for n in range(20)) + "}"

    assert await Client(practice, store=BrokenStore()).codes(query) == ["INTERNAL"] * 20


class StrangeStore:
    """A store whose records hold what no answer can."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def read(self, account: Any, work: Any) -> Any:
        found = await self.store.read(account, work)
        return {id: msgspec.structs.replace(one, created_at=PATIENT) for id, one in found.items()}


async def test_a_value_that_can_not_be_shown_is_masked(practice: Practice, caplog: pytest.LogCaptureFixture) -> None:
    client = Client(practice, store=StrangeStore(practice.store))
    with caplog.at_level(logging.DEBUG):
        result = await client.send(f"{{ patient(id: {practice.patients[0].id}) {{ createdAt }} }}")

    assert [error.message for error in result.errors or ()] == ["Internal error"]
    assert "at createdAt, request id test" in caplog.text
    assert PATIENT not in caplog.text


async def test_an_alias_is_not_logged(practice: Practice, caplog: pytest.LogCaptureFixture) -> None:
    await Client(practice, store=BrokenStore()).send("query Roe { Jo_Roe: patient(id: 4711) { id } }")

    assert "OSError at patient, request id test" in caplog.text
    assert "Roe" not in caplog.text


MUTATION = 'mutation { createPatient(input: {lastName: "Roe"}) { patient { label } userErrors { code } } }'
QUERY = "{ patients { totalCount } }"


async def test_a_key_that_only_reads_changes_nothing(practice: Practice, client: Client) -> None:
    reader = Client(practice, scopes=frozenset({"read"}))

    assert await reader.codes(MUTATION) == ["FORBIDDEN"]
    assert (await reader.ask(QUERY))["patients"]["totalCount"] == 12


async def test_a_key_that_only_writes_asks_nothing(practice: Practice) -> None:
    writer = Client(practice, scopes=frozenset({"write"}))

    assert await writer.codes(QUERY) == ["FORBIDDEN"]
    assert await writer.codes("{ __typename }") == ["FORBIDDEN"]
    assert (await writer.ask(MUTATION))["createPatient"]["patient"] == {"label": "Roe"}


async def test_a_known_document_is_still_forbidden(practice: Practice, client: Client) -> None:
    await client.ask(MUTATION)

    assert await Client(practice, scopes=frozenset({"read"})).codes(MUTATION) == ["FORBIDDEN"]


async def test_a_document_is_as_good_the_second_time(client: Client, store: Store) -> None:
    assert await client.ask(QUERY) == await client.ask(QUERY)
    assert await client.codes("{ nothing }") == await client.codes("{ nothing }") == ["GRAPHQL_VALIDATION_FAILED"]
    query = "query A { patients { totalCount } } query B { practitioners { totalCount } }"
    assert await client.codes(query) == await client.codes(query)


async def test_introspection_passes_the_limits(client: Client) -> None:
    assert (await client.ask(get_introspection_query(input_value_deprecation=True)))["__schema"]["types"]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ('filter: {startsAt: {gte: "yesterday"}}', ["filter", "startsAt", "gte"]),
        ("filter: {ids: [1, true]}", ["filter", "ids", 1]),
        ("filter: null, first: 1.5", ["first"]),
    ],
)
async def test_a_literal_that_does_not_fit_is_told_by_its_path_and_place(
    client: Client, arguments: str, path: list[str | int]
) -> None:
    result = await client.send(f"{{ groupAppointments({arguments}) {{ totalCount }} }}")

    [error] = result.errors or []
    assert (error.extensions or {}) == {"code": "BAD_USER_INPUT", "path": path}
    assert error.locations


def test_the_page_of_errors_has_every_code_with_its_statuses() -> None:
    page = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \| [^|]+ \| [^|]+ \|$", page, re.MULTILINE)

    assert {code: (int(response), int(plain)) for code, response, plain in rows} == STATUSES
    assert len(rows) == len(STATUSES)
    assert f"at most {MOST_ERRORS} errors" in page


async def test_the_example_of_the_page_of_errors_is_true(client: Client) -> None:
    page = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    result = await client.send("{ patients(first: 1.5) { totalCount } }")

    assert [error.formatted for error in result.errors or ()] == json.loads(example)["errors"]
