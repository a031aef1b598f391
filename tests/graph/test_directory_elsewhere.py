"""A graph where another subgraph has the people, places and types: their lists and writes go, the entities stay."""

from graphql import GraphQLObjectType, get_named_type

from asking import Client
from builders import Practice
from gappt_graphql.graph.context import Context
from gappt_graphql.graph.options import Options
from gappt_graphql.graph.schema import schema_of

HERE, ELSEWHERE = schema_of()._schema, schema_of(directory=False)._schema
OF_DIRECTORY = ("AppointmentType", "Business", "Patient", "Practitioner")


def root_fields(schema: object) -> set[str]:
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)  # type: ignore[attr-defined]
    return {f"{root.name}.{name}" for root in roots for name in root.fields}


def test_exactly_what_lists_and_writes_the_directory_goes() -> None:
    roots = (HERE.query_type, HERE.mutation_type)
    answers = {
        f"{root.name}.{name}": get_named_type(field.type).name
        for root in roots
        if root is not None
        for name, field in root.fields.items()
    }
    about_it = {
        name
        for name, type_ in answers.items()
        if type_.startswith(OF_DIRECTORY) or type_.removesuffix("Payload").endswith(OF_DIRECTORY)
    }

    assert root_fields(HERE) - root_fields(ELSEWHERE) == about_it
    assert len(about_it) == 8 + 11


def test_nothing_else_is_lost_or_changed() -> None:
    kept = {name: type_ for name, type_ in ELSEWHERE.type_map.items() if isinstance(type_, GraphQLObjectType)}
    kept = {name: type_ for name, type_ in kept.items() if name not in ("Query", "Mutation")}

    assert {"UnavailableBlockConnection", "GroupAppointmentConnection", *OF_DIRECTORY} <= set(kept)
    for name, type_ in kept.items():
        assert list(type_.fields) == list(HERE.type_map[name].fields)  # type: ignore[attr-defined]
    assert not set(ELSEWHERE.type_map) - set(HERE.type_map)


async def test_its_records_are_still_found_by_reference(practice: Practice) -> None:
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Patient { label } } }"
    reference = {"__typename": "Patient", "id": str(practice.patients[0].id)}
    context = Context(practice.desk, scopes=frozenset({"read"}), options=Options(directory=False))
    result = await schema_of(directory=False).execute(query, {"r": [reference]}, context)

    assert (result.errors, result.data) == (None, {"_entities": [{"label": "Patient 1 Lee"}]})


async def test_it_tells_composers_the_schema_without_them(practice: Practice) -> None:
    context = Context(practice.desk, scopes=frozenset({"read"}))
    result = await schema_of(directory=False).execute("{ _service { sdl } }", None, context)

    assert result.data == {"_service": {"sdl": schema_of(directory=False).as_str()}}
    assert await Client(practice).ask("{ _service { sdl } }") == {"_service": {"sdl": schema_of().as_str()}}
