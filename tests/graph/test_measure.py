"""What is too large is refused before it is validated, by how much it comes to and not by how long it is."""

from typing import Any

import pytest
from graphql import get_introspection_query, parse

from asking import Client
from builders import Practice
from gappt_graphql.graph.context import Context
from gappt_graphql.graph.measure import Measured, too_large
from gappt_graphql.graph.options import Limits, Options
from gappt_graphql.graph.schema import schema


def complaint(query: str, **variables: Any) -> str:
    return too_large(Measured(parse(query), schema._schema).size(None, variables), Limits()) or ""


def doubling(levels: int, selection: str) -> str:
    """Return fragments that each spread the next one twice."""
    fragments = [
        f"fragment f{n} on GroupAppointment {{ {selection.replace('NEXT', f'...f{n + 1}')} }}" for n in range(levels)
    ]
    last = f"fragment f{levels} on GroupAppointment {{ id }}"
    return " ".join(["{ groupAppointments { nodes { ...f0 } } }", *fragments, last])


@pytest.mark.parametrize(
    "selection",
    ["NEXT NEXT", "a: repeatedFrom { NEXT } b: repeatedFrom { NEXT }", "...{ NEXT } ... @skip(if: true) { NEXT }"],
)
async def test_fragments_that_double_are_refused_at_once(client: Client, selection: str) -> None:
    # Walked one by one, the spreads of sixty levels would never end.
    assert await client.codes(doubling(60, selection)) == ["OPERATION_TOO_LARGE"]


async def test_a_chain_of_fragments_is_no_bomb(client: Client, practice: Practice) -> None:
    await practice.group()

    assert await client.codes(doubling(60, "NEXT")) == []


@pytest.mark.parametrize(
    "query", ["{ ...a } fragment a on Query { ...b } fragment b on Query { ...a ...a }", "{ ...nobody }", "{ a { b } }"]
)
async def test_what_is_wrong_with_a_document_is_left_to_its_validation(client: Client, query: str) -> None:
    assert set(await client.codes(query)) == {"GRAPHQL_VALIDATION_FAILED"}


def test_fields_are_counted_as_often_as_they_are_spread() -> None:
    fragment = " fragment f on GroupAppointment { id startsAt endsAt notes version isFull maxAttendees }"
    spreads = (Limits().fields - 2) // 7

    assert complaint("{ groupAppointments { nodes { " + "...f " * spreads + "} } }" + fragment) == ""
    assert "500 fields" in complaint("{ groupAppointments { nodes { " + "...f " * (spreads + 1) + "} } }" + fragment)


def test_fields_at_the_root_are_counted() -> None:
    assert complaint("{" + "__typename " * Limits().root_fields + "}") == ""
    assert "50 fields at its root" in complaint("{" + "__typename " * (Limits().root_fields + 1) + "}")


@pytest.mark.parametrize(("one", "what"), [("a: __typename", "aliases"), ("__typename @skip(if: true)", "directives")])
def test_aliases_and_directives_are_counted_as_often_as_they_are_spread(one: str, what: str) -> None:
    most = getattr(Limits(), what)
    query = "{ groupAppointment(id: 1) { %s } } fragment f on GroupAppointment { " + f"{one} " * 2 + "}"

    assert complaint(query % ("...f " * (most // 2))) == ""
    assert f"{most} {what}" in complaint(query % ("...f " * (most // 2 + 1)))


@pytest.mark.parametrize(
    "query",
    [
        "{ __typename DIRECTIVES }",
        "{ ...f DIRECTIVES } fragment f on Query { __typename }",
        "{ ... DIRECTIVES { __typename } }",
        "query DIRECTIVES { __typename }",
        "query ($n: Int DIRECTIVES) { patients(first: $n) { nodes { id } } }",
        "{ ...f } fragment f on Query DIRECTIVES { __typename }",
    ],
)
def test_directives_are_counted_wherever_they_stand(query: str) -> None:
    most = Limits().directives

    assert complaint(query.replace("DIRECTIVES", "@x " * most)) == ""
    assert "directives" in complaint(query.replace("DIRECTIVES", "@x " * (most + 1)))


@pytest.mark.parametrize(
    "beside",
    [
        "query B { groupAppointment(id: 1) { " + "id " * 500 + "} }",
        "query B { groupAppointment(id: 1) { " + "a: id " * 61 + "} }",
        "query B { " + "__typename " * 51 + "}",
        "query B { __typename " + "@x " * 61 + "}",
        "query B { groupAppointment(id: 1) { " + "repeatedFrom { " * 20 + "id" + " }" * 20 + " } }",
        "fragment f on GroupAppointment { " + "id " * 501 + "}",
        "fragment f on GroupAppointment { " + "a: id " * 61 + "}",
        "fragment f on GroupAppointment { id " + "@x " * 61 + "}",
        "fragment f on GroupAppointment { " + "repeatedFrom { " * 20 + "id" + " }" * 20 + " }",
    ],
)
async def test_nothing_is_hidden_in_what_is_not_run(client: Client, beside: str) -> None:
    result = await schema.execute(
        "query A { __typename } " + beside,
        context_value=Context(client.practice.desk, scopes=frozenset({"read"})),
        operation_name="A",
    )

    assert [(error.extensions or {})["code"] for error in result.errors or ()] == ["OPERATION_TOO_LARGE"]


async def test_the_limits_are_those_of_the_door(client: Client) -> None:
    limits = Limits(tokens=30, fields=5, aliases=1, directives=1, root_fields=2, depth=3, values=50, cost=12)

    async def sentence(query: str) -> str:
        context = Context(client.practice.desk, scopes=frozenset({"read"}), options=Options(limits=limits))
        errors = (await schema.execute(query, context_value=context)).errors
        return errors[0].message if errors else ""

    assert await sentence("{ a: __typename @skip(if: false) patients(first: 11) { nodes { id } } }") == ""
    for query, number in (
        ("{ __typename" + " @x" * 15 + "}", "30 tokens"),
        ("{ patient(id: 1) { id id id id id } }", "5 fields"),
        ("{ a: __typename b: __typename }", "1 aliases"),
        ("{ __typename @skip(if: false) @include(if: true) }", "1 directives"),
        ("{ __typename __typename __typename }", "2 fields"),
        ("{ patients(first: 1) { edges { node { id } } } }", "3 levels"),
        ("{ patients(first: 10) { nodes { id id id id } } }", "5 fields"),
        ("{ patients(first: 10) { nodes { id id id } } }", ""),
        ("{ patients(first: 12) { nodes { id } } }", "12 points"),
    ):
        assert number in await sentence(query)
        assert bool(number) == bool(await sentence(query))


def test_levels_are_counted_through_fragments() -> None:
    deep = "{ ...f } fragment f on Query { attendee(id: 1) { groupAppointment { REST } } }"

    def nested(levels: int) -> str:
        return deep.replace("REST", "repeatedFrom {" * (levels - 3) + "id" + "}" * (levels - 3))

    assert complaint(nested(Limits().depth)) == ""
    assert "20 levels" in complaint(nested(Limits().depth + 1))


def test_fragments_nested_past_what_python_can_follow_are_too_deep() -> None:
    inner = "repeatedFrom {" * 100
    fragments = [f"fragment f{n} on GroupAppointment {{ {inner} ...f{n + 1} {'}' * 100} }}" for n in range(6)]
    query = " ".join(["{ groupAppointment(id: 1) { ...f0 } }", *fragments, "fragment f6 on GroupAppointment { id }"])

    assert "20 levels" in complaint(query)


async def test_lists_within_lists_are_refused_by_what_they_come_to(client: Client) -> None:
    query = "{ patients { nodes { groupAppointments { nodes { patients { REST } } } } } }"

    assert await client.codes(query.replace("REST", "id")) == []
    assert await client.codes(query.replace("REST", "groupAppointments { nodes { patients { id } } }")) == [
        "OPERATION_TOO_LARGE"
    ]


def test_the_sizes_of_pages_count_wherever_they_are_given() -> None:
    wide = """query ($n: Int DEFAULT) { practitioners(first: 100) { nodes {
        groupAppointments(last: $n) { nodes { patients { id } } } } } }"""

    assert complaint(wide.replace("DEFAULT", ""), n=5) == ""
    assert f"{Limits().values:,} values" in complaint(wide.replace("DEFAULT", ""), n=100)
    assert f"{Limits().values:,} values" in complaint(wide.replace("DEFAULT", "= 100"))
    assert complaint(wide.replace("DEFAULT", "= 100"), n=5) == ""
    assert f"{Limits().values:,} values" in complaint(wide.replace("DEFAULT", ""), n=100.0)
    assert complaint(wide.replace("DEFAULT", "")) == ""


def test_a_page_of_less_than_none_makes_no_room_for_others() -> None:
    wide = "practitioners(first: 100) { nodes { groupAppointments(first: 100) { nodes { patients { id } } } } }"

    assert "values" in complaint("{ " + wide + " a: " + wide.replace("first: 100", "first: -100000", 1) + " }")


async def test_a_document_that_was_small_enough_is_measured_again_with_other_variables(client: Client) -> None:
    query = """query ($n: Int) { practitioners(first: $n) { nodes {
        groupAppointments(first: $n) { nodes { patients { id } } } } } }"""

    assert await client.codes(query, n=5) == []
    assert await client.codes(query, n=100) == ["OPERATION_TOO_LARGE"]


def test_plain_fields_count_in_every_record() -> None:
    query = "{ patients(first: 100) { nodes { groupAppointments(first: 100) { nodes { FIELDS } } } } }"

    assert complaint(query.replace("FIELDS", "id startsAt endsAt")) == ""
    assert "values" in complaint(query.replace("FIELDS", "id startsAt endsAt createdAt " * 5))


def test_a_gateways_batch_counts_by_its_length() -> None:
    query = """query ($r: [_Any!]!) { _entities(representations: $r) {
        ... on GroupAppointment { patients { id } conflicts { items { kind } } practitioner { id } } } }"""

    assert complaint(query, r=[{}] * 1000) == ""
    assert "values" in complaint(query, r=[{}] * 5000)


async def test_a_gateway_gets_a_thousand_appointments_with_their_patients_and_conflicts(
    client: Client, practice: Practice
) -> None:
    group = await practice.group()
    query = """query ($r: [_Any!]!) { _entities(representations: $r) { ... on GroupAppointment {
        startsAt endsAt availableSeats practitioner { label } business { name } patients { label }
        conflicts { exist items { kind patient { label } } } } } }"""

    found = await client.ask(query, r=[{"__typename": "GroupAppointment", "id": str(group.id)}] * 1000)

    assert len(found["_entities"]) == 1000


@pytest.mark.parametrize("size", ["9" * 5000, "-1", "1.5", '"x"', "[1]", "null", "$nobody"])
async def test_a_size_that_makes_no_sense_is_left_to_its_validation(client: Client, size: str) -> None:
    codes = await client.codes(f"{{ patients(first: {size}) {{ nodes {{ id }} }} }}")

    assert set(codes) <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize(
    "query",
    [
        get_introspection_query(input_value_deprecation=True, specified_by_url=True, directive_is_repeatable=True),
        """{ groupAppointments(first: 100) { totalCount pageInfo { endCursor hasNextPage } nodes {
            id startsAt endsAt availableSeats practitioner { label } business { name } appointmentType { name }
            attendees { arrived patient { label email } } waitlist { position patient { label } }
            conflicts { exist items { kind message patient { label } groupAppointment { id } } } } } }""",
        """{ practitioners(first: 50) { nodes { label groupAppointments(first: 50) { nodes {
            id startsAt patients { label } } } } } }""",
    ],
)
async def test_what_clients_really_ask_is_small_enough(client: Client, query: str) -> None:
    assert await client.codes(query) == []
