"""To-one fields are declared, so that an executor may load a whole column of them without calling a resolver."""

import pytest
from graphql import GraphQLObjectType, get_nullable_type, is_list_type, is_object_type

from builders import Practice
from gappt_graphql.graph.declared import Relation
from gappt_graphql.graph.loaders import Loaders
from gappt_graphql.graph.loading import Loader
from gappt_graphql.graph.schema import schema

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
