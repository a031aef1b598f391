"""To-one fields are declared, so that an executor may load a whole column of them without calling a resolver."""

import pytest
from graphql import GraphQLObjectType, get_nullable_type, is_list_type, is_object_type

from builders import Practice
from gappt_graphql.graph.declared import Relation
from gappt_graphql.graph.loaders import Loaders
from gappt_graphql.graph.loading import Loader
from gappt_graphql.graph.schema import schema
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.directory import UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store.records import codec

RECORDS = {
    "AppointmentType",
    "Attendee",
    "Business",
    "GroupAppointment",
    "Patient",
    "Practitioner",
    "UnavailableBlock",
    "WaitlistEntry",
}


def to_one_fields() -> list[tuple[str, str]]:
    found = []
    for name, type_ in schema._schema.type_map.items():
        if isinstance(type_, GraphQLObjectType) and name not in ("Query", "Subscription") and not name.endswith("Edge"):
            for field_name, field in type_.fields.items():
                target = get_nullable_type(field.type)
                if not is_list_type(target) and is_object_type(target) and target.name in RECORDS:
                    found.append((name, field_name))
    return found


@pytest.mark.parametrize(("type_name", "field_name"), to_one_fields())
def test_a_field_that_names_a_record_says_by_what_it_is_loaded(
    type_name: str, field_name: str, practice: Practice
) -> None:
    field = schema.get_field_for_type(field_name, type_name)

    assert field is not None
    relation = field.metadata["relation"]
    assert isinstance(relation, Relation)
    assert isinstance(relation.choose(Loaders(practice.desk)), Loader)


KINDS = {
    "Attendee": Attendee,
    "GroupAppointment": GroupAppointment,
    "UnavailableBlock": UnavailableBlock,
    "WaitlistEntry": WaitlistEntry,
}


def held_fields() -> list[tuple[str, Relation]]:
    found = []
    for type_name, name in to_one_fields():
        field = schema.get_field_for_type(name, type_name)
        assert field is not None
        if field.metadata["relation"].held:
            found.append((type_name, field.metadata["relation"]))
    return found


@pytest.mark.parametrize(("type_name", "relation"), held_fields())
def test_what_is_said_to_be_held_is_held_by_the_tables(type_name: str, relation: Relation, practice: Practice) -> None:
    column = codec(KINDS[type_name]).table.c[relation.key]

    assert not column.nullable
    assert column.foreign_keys


def test_what_the_tables_hold_is_said() -> None:
    assert len(held_fields()) == 8
