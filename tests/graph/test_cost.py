"""What an operation costs: a point for each object of its answer, if every page is full."""

import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_introspection_query, get_nullable_type, is_list_type, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from asking import Client
from builders import Practice
from gappt_graphql.graph.context import Context
from gappt_graphql.graph.lengths import LENGTHS
from gappt_graphql.graph.measure import Measured, Size
from gappt_graphql.graph.options import USUAL, Limits, Options
from gappt_graphql.graph.schema import schema
from naive_size import naive_size

LIMITS = Path(__file__).parents[2] / "docs" / "limits.md"


def size(query: str, **variables: Any) -> Size:
    return Measured(parse(query), schema._schema).size(None, variables)


def cost(query: str, **variables: Any) -> int:
    return size(query, **variables).points


# Objects, pages and plain lists.


def test_an_object_costs_a_point_and_its_scalars_none() -> None:
    assert cost("{ patient(id: 1) { id label email } }") == 1


def test_what_is_asked_of_a_page_costs_for_each_of_its_records() -> None:
    assert cost("{ patients(first: 30) { nodes { id } } }") == 1 + 30
    assert cost("{ patients(last: 30) { edges { node { id } } } }") == 1 + 30 * 2
    assert cost("{ patients { nodes { id } } }") == 1 + 20


def test_what_stands_beside_the_records_of_a_page_costs_once() -> None:
    assert cost("{ patients(first: 30) { totalCount pageInfo { endCursor } } }") == 2


def test_a_page_of_none_costs_its_connection_only() -> None:
    assert cost("{ patients(first: 0) { totalCount nodes { id } } }") == 1


def test_the_page_reaches_into_fragments() -> None:
    fragments = " fragment c on PatientConnection { ...n } fragment n on PatientConnection { nodes { id } }"

    assert cost("{ a: patients(first: 30) { ...c } b: patients(first: 5) { ... { ...n } } }" + fragments) == 2 + 30 + 5


def test_the_change_feed_costs_by_its_page_too() -> None:
    query = "{ groupAppointmentChanges(first: 30) { nodes { kind groupAppointment { id } } } }"

    assert cost(query) == 1 + 30 * 2


@pytest.mark.parametrize(
    ("given", "records"),
    [
        (30, 30),
        (30.0, 30),
        (0, 0),
        (None, 20),
        (101, 100),
        (-1, 100),
        (10**30, 100),
        (float("inf"), 100),
        (float("nan"), 100),
        ("30", 100),
        ({"a": 1}, 100),
    ],
)
def test_a_page_is_as_large_as_its_variable_says_and_at_most_full(given: Any, records: int) -> None:
    assert cost("query ($n: Int) { patients(first: $n) { nodes { id } } }", n=given) == 1 + records


@pytest.mark.parametrize(
    ("literal", "records"),
    [("30", 30), ("null", 20), ("-1", 100), ("9" * 5000, 100), ("3e1", 30), ("1e999", 100), ("X", 100), ('"x"', 100)],
)
def test_a_page_is_as_large_as_its_literal_says_and_at_most_full(literal: str, records: int) -> None:
    assert cost(f"{{ patients(first: {literal}) {{ nodes {{ id }} }} }}") == 1 + records
    assert cost(f"query ($n: Int = {literal}) {{ patients(first: $n) {{ nodes {{ id }} }} }}") == 1 + records


def test_null_for_a_variable_is_not_its_default() -> None:
    query = "query ($n: Int = 50) { patients(first: $n) { nodes { id } } }"

    assert (cost(query), cost(query, n=None), cost(query, n=1)) == (1 + 50, 1 + 20, 1 + 1)


def test_lists_without_pages_have_a_declared_length() -> None:
    assert cost("{ groupAppointment(id: 1) { patients { id } waitlist { id } } }") == 1 + 10 + 5


def test_every_list_of_the_schema_declares_how_long_it_is_taken_to_be() -> None:
    types = [type for type in schema._schema.type_map.values() if isinstance(type, GraphQLObjectType)]
    lists = {
        name for type in types for name, field in type.fields.items() if is_list_type(get_nullable_type(field.type))
    }

    assert lists - {"_entities"} == set(LENGTHS)


def test_a_gateways_call_costs_by_its_representations() -> None:
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on GroupAppointment { patients { id } } } }"

    assert cost(query, r=[{}] * 300) == 300 * 11
    assert cost(query, r={}) == 11
    assert cost(query.replace("$r)", '[{id: "1"} {id: "2"}])').replace("query ($r: [_Any!]!)", "")) == 22


# Mutations, and the dates that they reach.

RULE = {"repeatType": "WEEKLY", "repeatingInterval": 1}


def of_mutation(name: str, selection: str, **input: Any) -> int:
    return cost(f"mutation ($i: I!) {{ {name}(input: $i) {{ {selection} }} }}", i=input)


def test_a_mutation_has_a_price_of_its_own() -> None:
    assert of_mutation("archivePatient", "patient { id }") == 10 + 2


@pytest.mark.parametrize(
    ("mutation", "list"),
    [
        ("updateGroupAppointment", "updated"),
        ("updateGroupAppointment", "conflicting"),
        ("archiveGroupAppointment", "archived"),
        ("restoreGroupAppointment", "restored"),
        ("cancelAttendee", "cancelled"),
    ],
)
def test_a_list_of_a_series_is_one_long_unless_the_scope_is_wider(mutation: str, list: str) -> None:
    alone, series = 10 + 1 + 1, 10 + 365 + 1 + 366

    assert of_mutation(mutation, f"{list} {{ id }}") == alone
    assert of_mutation(mutation, f"{list} {{ id }}", scope="THIS") == alone
    assert of_mutation(mutation, f"{list} {{ id }}", scope=None) == alone
    assert of_mutation(mutation, f"{list} {{ id }}", scope="ALL") == series
    assert of_mutation(mutation, f"{list} {{ id }}", scope="THIS_AND_FOLLOWING") == series


@pytest.mark.parametrize("mutation", ["createGroupAppointment", "repeatGroupAppointment"])
@pytest.mark.parametrize("list", ["repeats", "conflicting"])
def test_the_repeats_of_a_rule_are_counted(mutation: str, list: str) -> None:
    assert of_mutation(mutation, f"{list} {{ id }}", repeatRule=RULE | {"numberOfRepeats": 7}) == 10 + 7 + 1 + 8
    assert of_mutation(mutation, f"{list} {{ id }}", repeatRule=RULE | {"numberOfRepeats": 9**9}) == 10 + 365 + 1 + 366
    assert of_mutation(mutation, f"{list} {{ id }}", repeatRule=None) == 10 + 1 + 1


def test_the_dates_of_a_preview_are_counted() -> None:
    query = "query ($i: I!) { previewGroupAppointment(input: $i) { occurrences { conflicts { items { kind } } } } }"

    assert cost(query, i={"repeatRule": RULE | {"numberOfRepeats": 7}}) == 7 + 1 + 8 * (1 + 1 + 5)


def test_places_cost_a_point_each() -> None:
    rule = RULE | {"numberOfRepeats": 7}

    assert of_mutation("createGroupAppointment", "userErrors { code }", patientIds=[1, 2, 3]) == 10 + 3 + 1 + 2
    assert of_mutation("createGroupAppointment", "__typename", patientIds=[1, 2], repeatRule=rule) == 10 + 7 + 2 + 1
    assert (
        of_mutation("createGroupAppointment", "__typename", patientIds=[1, 2], repeatRule=rule, copyAttendees=True)
        == 10 + 7 + 2 * 8 + 1
    )


def test_a_booking_answers_for_each_patient_on_each_date() -> None:
    assert of_mutation("bookAttendees", "outcomes { patient { id } }", patientIds=[1, 2, 3]) == 10 + 3 + 1 + 3 * 2
    assert of_mutation("bookAttendees", "outcomes { patient { id } }", patientIds="1") == 10 + 1 + 1 + 2
    assert (
        of_mutation("bookAttendees", "outcomes { patient { id } }", patientIds=[1, 2], scope="ALL")
        == 10 + 365 + 732 + 1 + 732 * 2
    )


@pytest.mark.parametrize(
    ("variables", "input"),
    [
        ({}, "{repeatRule: {numberOfRepeats: 7}, patientIds: [1, 2]}"),
        ({"n": 7, "p": ["1", "2"]}, "{repeatRule: {numberOfRepeats: $n}, patientIds: $p}"),
        ({"r": {"numberOfRepeats": 7}}, "{repeatRule: $r, patientIds: [1, 2]}"),
    ],
)
def test_an_input_is_read_wherever_it_is_written(variables: dict[str, Any], input: str) -> None:
    query = f"mutation ($n: Int, $r: R, $p: [ID!]) {{ createGroupAppointment(input: {input}) {{ repeats {{ id }} }} }}"

    assert cost(query, **variables) == 10 + 7 + 2 + 1 + 8


def test_an_input_is_read_from_a_default_too() -> None:
    query = """mutation ($i: I = {repeatRule: {numberOfRepeats: 7}}) {
        createGroupAppointment(input: $i) { repeats { id } } }"""

    assert cost(query) == 10 + 7 + 1 + 8


# What is remembered of a document.


def test_a_known_document_is_not_looked_at_again_for_the_same_pages() -> None:
    known = Measured(parse("query ($n: Int, $s: String) { patients(first: $n) { nodes { id } } }"), schema._schema)
    known.size(None, {"n": 5})
    visited = known.visited

    assert known.size(None, {"n": 5, "s": "other"}).points == 6
    assert known.visited == visited


def test_a_known_document_is_measured_again_for_other_pages_and_other_operations() -> None:
    known = Measured(
        parse("query A($n: Int) { patients(first: $n) { nodes { id } } } query B($n: Int = 3) { ...f } "
              "fragment f on Query { businesses(first: $n) { nodes { id } } }"),
        schema._schema,
    )  # fmt: skip

    assert [known.size(name, {"n": n}).points for n in (5, 6) for name in ("A", "B")] == [6, 6, 7, 7]
    assert [known.size(name, {}).points for name in ("A", "B", "A")] == [21, 4, 21]


def test_what_is_remembered_of_a_document_is_bounded() -> None:
    known = Measured(parse("query ($n: Int) { patients(first: $n) { nodes { id } } }"), schema._schema)
    for n in range(1000):
        known.size(None, {"n": n})

    assert len(known._sizes) <= 64


def test_the_cost_is_that_of_the_operation_that_runs() -> None:
    both = "query A { patients(first: 100) { nodes { id } } } query B { patient(id: 1) { id } }"

    assert Measured(parse(both), schema._schema).size("B", {}).points == 1


# What clients are told, and what is refused.


async def told(practice: Practice, query: str, *, wants_cost: bool = True, options: Options = USUAL) -> Any:
    context = Context(practice.desk, scopes=frozenset({"read", "write"}), options=options)
    context.wants_cost = wants_cost
    result = await schema.execute(query, {}, context)
    return result, context


async def test_a_client_that_asks_is_told_the_cost(practice: Practice) -> None:
    result, _ = await told(practice, "{ patients(first: 30) { nodes { id } } }")

    assert result.extensions["cost"] == {"requestedQueryCost": 31, "maximumQueryCost": 30_000}


async def test_a_client_that_does_not_ask_is_told_nothing(practice: Practice) -> None:
    result, context = await told(practice, "{ patients(first: 30) { nodes { id } } }", wants_cost=False)

    assert not result.extensions
    assert context.cost == 31


async def test_the_cost_of_what_is_refused_is_told_too(practice: Practice) -> None:
    limits = Options(limits=Limits(cost=30))
    result, _ = await told(practice, "{ patients(first: 30) { nodes { id } } }", options=limits)

    assert result.errors[0].message == (
        "The operation has more than 30 points of cost; ask for smaller pages, or for fewer lists in lists."
    )
    assert result.extensions["cost"] == {"requestedQueryCost": 31, "maximumQueryCost": 30}


async def test_what_can_not_be_read_has_no_cost(practice: Practice) -> None:
    result, context = await told(practice, "{")

    assert not result.extensions
    assert context.cost is None


def test_the_example_of_the_page_costs_what_the_page_says() -> None:
    text = LIMITS.read_text()
    (query,) = re.findall(r"```graphql\n(.*?)```", text, re.DOTALL)
    (said,) = re.findall(r"= (\d+) points", text)

    assert cost(query) == int(said)
    assert f'"requestedQueryCost": {said}' in text
    assert f'"maximumQueryCost": {Limits().cost}' in text


def test_the_page_names_every_limit_with_its_default() -> None:
    said = re.findall(r"\| `GAPPT_MAX_(\w+)` \| ([\d,]+) \|", LIMITS.read_text())
    limits = Limits()

    assert {name.lower(): int(number.replace(",", "")) for name, number in said} == {
        name: getattr(limits, name) for name in limits.__struct_fields__
    }


async def test_introspection_is_not_taken_to_be_smaller_than_it_is(client: Client) -> None:
    query = get_introspection_query(input_value_deprecation=True, specified_by_url=True, directive_is_repeatable=True)

    assert _objects(await client.ask(query)) - 1 <= cost(query) <= Limits().cost


def _objects(answer: Any) -> int:
    if isinstance(answer, dict):
        return 1 + sum(map(_objects, answer.values()))
    return sum(map(_objects, answer)) if isinstance(answer, list) else 0


# Against a measure that follows every spread.

FIELDS = {
    "Query": ["patients", "groupAppointments", "groupAppointment", "groupAppointmentChanges", "__schema"],
    "PatientConnection": ["nodes", "edges", "totalCount", "pageInfo"],
    "GroupAppointmentConnection": ["nodes", "edges", "totalCount"],
    "GroupAppointment": ["id", "patients", "patientIds", "repeats", "repeatedFrom", "conflicts"],
    "Mutation": ["createGroupAppointment", "updateGroupAppointment", "bookAttendees"],
}
PAGES = ["", "(first: 3)", "(last: 200)", "(first: $n)", "(first: $m)", "(first: null)"]
INPUTS = ["(input: {scope: ALL, patientIds: [1, 2]})", "(input: {repeatRule: {numberOfRepeats: $n}})", "(input: $i)"]
TYPES = [*FIELDS, "Nothing"]


def selections(draw: Random, type: str, later: list[str], depth: int) -> str:
    parts = []
    for _ in range(draw.randint(1, 3)):
        directive = draw.choice(["", "", " @skip(if: false)", " @x @y"])
        kind = draw.choice(["field", "field", "field", "spread", "inline"])
        if kind == "spread" and later:
            parts.append(f"...{draw.choice(later)}{directive}")
        elif kind == "inline":
            on = draw.choice(["", f"on {draw.choice(TYPES)}"])
            inner = selections(draw, on.removeprefix("on ") or type, later, depth - 1) if depth > 0 else "id"
            parts.append(f"... {on}{directive} {{ {inner} }}")
        else:
            parts.append(field(draw, type, later, depth, directive))
    return " ".join(parts)


def field(draw: Random, type: str, later: list[str], depth: int, directive: str) -> str:
    name = draw.choice(FIELDS.get(type, ["id", "unknown", "nodes"]))
    known = schema._schema.type_map.get(type)
    definition = known.fields.get(name) if isinstance(known, GraphQLObjectType) else None
    takes = definition.args if definition is not None else {}
    arguments = draw.choice(INPUTS if "input" in takes else PAGES if "first" in takes else [""])
    text = draw.choice(["", "a: "]) + name + arguments + directive
    if depth <= 0 or draw.random() < 0.2:
        return text
    below = re.sub(r"\W", "", str(definition.type)) if definition is not None else "Nothing"
    return f"{text} {{ {selections(draw, below, later, depth - 1)} }}"


def any_document(draw: Random) -> str:
    names = [f"f{n}" for n in range(draw.randint(0, 4))]
    variables = draw.choice(["", "($n: Int = 7)", "($n: Int @x, $i: I = {scope: ALL})"])
    kinds = draw.choices(["query", "mutation"], k=draw.randint(1, 2))
    parts = [
        f"{kind} q{number}{variables} {{ {selections(draw, kind.capitalize(), names, 4)} }}"
        for number, kind in enumerate(kinds)
    ]
    for number, name in enumerate(names):
        inner = selections(draw, on := draw.choice(TYPES), names[number + 1 :], 3)
        parts.append(f"fragment {name} on {on} @z {{ {inner} }}")
    return "\n".join(parts)


@settings(max_examples=500, deadline=None)
@given(
    st.integers(0, 2**32), st.sampled_from([{}, {"n": 5, "i": {"patientIds": [1]}}, {"n": None}, {"n": -3, "m": 1.0}])
)
def test_the_size_is_that_of_the_document_with_every_fragment_in_its_place(seed: int, variables: Any) -> None:
    document = parse(any_document(Random(seed)))

    assert Measured(document, schema._schema).size("q0", variables) == naive_size(document, schema._schema, variables)
