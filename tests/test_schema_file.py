"""The schema that clients build on: the file is the code's, keeps what was promised, and explains itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_specified_scalar_type,
)

from contract import check_contract
from gappt_graphql.graph.schema import schema, sdl

ROOT = Path(__file__).parent.parent
CONTRACT = Path(__file__).parent / "contract"


def test_the_file_is_what_the_code_prints() -> None:
    assert (ROOT / "schema.graphql").read_text(encoding="utf-8") == sdl(), "`make schema` writes it"


def test_nothing_that_was_promised_is_missing() -> None:
    contract = check_contract.load(CONTRACT / "contract.graphql")
    given = build_schema(sdl(), assume_valid=True, assume_valid_sdl=True)

    assert list(check_contract.losses(contract, given)) == []


def test_the_check_finds_what_is_missing() -> None:
    contract = check_contract.load(CONTRACT / "contract.graphql")
    less = build_schema(
        sdl().replace("  availableSeats: Int!\n", "  freeSeats: Int!\n").replace("): Patient\n", "): Patient!\n"),
        assume_valid=True,
        assume_valid_sdl=True,
    )

    assert sorted(check_contract.losses(contract, less)) == [
        "Field GroupAppointment.availableSeats was removed.",
        "Query.patient must stay nullable.",
    ]


def test_it_is_a_subgraph_that_old_and_new_composers_know() -> None:
    assert "https://specs.apollo.dev/federation/v2.7" in sdl()


def test_optional_inputs_show_no_default_of_null() -> None:
    assert "= null" not in sdl()


@pytest.mark.parametrize(
    "name", ["AppointmentType", "Attendee", "Business", "GroupAppointment", "Patient", "Practitioner"]
)
def test_entities_have_a_key(name: str) -> None:
    assert f'type {name} @key(fields: "id")' in sdl()


@pytest.mark.parametrize("name", ["AppointmentType", "Business", "Patient", "Practitioner"])
def test_other_subgraphs_may_have_the_directory_too(name: str) -> None:
    assert f'type {name} @key(fields: "id") @shareable' in sdl()
    assert "type PageInfo @shareable" in sdl()


def test_fields_about_a_patients_person_are_marked_for_contracts() -> None:
    marked = [line.split(":")[0].strip() for line in sdl().splitlines() if '@tag(name: "personal")' in line]

    assert marked == ["notes", "cancellationReason", "cancellationNote", "before", "after", "email", "dateOfBirth"]


def test_everything_is_described_in_one_style() -> None:
    found = [problem for place, kind, text in described() for problem in problems(place, kind, text)]

    assert found == []


def described() -> Iterator[tuple[str, str, str | None]]:
    """Yield the place, the type and the description of everything that can have one."""
    for name, type_ in schema._schema.type_map.items():
        if "__" in name or name.startswith("_") or is_specified_scalar_type(type_):
            continue
        yield name, "", type_.description
        yield from described_parts(name, type_)


def described_parts(name: str, type_: GraphQLNamedType) -> Iterator[tuple[str, str, str | None]]:
    if isinstance(type_, GraphQLEnumType):
        for value, definition in type_.values.items():
            yield f"{name}.{value}", "", definition.description
    if isinstance(type_, GraphQLObjectType | GraphQLInputObjectType):
        for field_name, field in type_.fields.items():
            if not field_name.startswith("_"):
                yield f"{name}.{field_name}", get_named_type(field.type).name, field.description
    if isinstance(type_, GraphQLObjectType):
        for field_name, field in type_.fields.items():
            for argument_name, argument in field.args.items():
                if not field_name.startswith("_"):
                    place = f"{name}.{field_name}({argument_name})"
                    yield place, get_named_type(argument.type).name, argument.description


def problems(place: str, kind: str, text: str | None) -> Iterator[str]:
    if not text:
        yield f"{place} is not described"
        return
    if text.endswith("."):
        yield f"{place} ends in a full stop"
    if text.startswith("The "):
        yield f"{place} starts with The"
    if not text[0].isupper():
        yield f"{place} starts small"
    if kind in ("DateTime", "InstantRange") and not text.startswith("Timestamp of "):
        yield f"{place} is an instant and says so not"
    if kind == "Boolean" and not text.startswith("Indicates whether "):
        yield f"{place} is a boolean and says so not"
