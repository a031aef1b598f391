"""
A part of a larger graph: what a gateway asks for, and what is left to another subgraph.

Entities are records that other subgraphs name by id; a gateway asks for them in batches.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.tools import create_type

from gappt_graphql.graph.context import Info
from gappt_graphql.graph.errors import ErrorCode, bad_user_input, refusal
from gappt_graphql.graph.values import number

MOST = 5_000
"""Representations of one batch. A gateway's largest have about a thousand."""

_LOADERS = {
    "AppointmentType": "appointment_types",
    "Attendee": "attendees",
    "Business": "businesses",
    "GroupAppointment": "group_appointments",
    "Patient": "patients",
    "Practitioner": "practitioners",
}

_KINDS = ("practitioner", "patient", "business", "appointment_type")
_DIRECTORY = {f"{verb}_{kind}" for verb in ("create", "update", "archive") for kind in _KINDS}
_DIRECTORY |= {*_KINDS, "practitioners", "patients", "businesses", "appointment_types"}

_LONGEST_ID = 100
_REFERENCE = "A representation is an object with the __typename of an entity and its id, a string or a whole number."


def without_directory(root: type[Any]) -> type[Any]:
    """
    Return the root type without the fields of people, places and types, for a graph where another subgraph has them.

    Time off stays: it is the book's. The entities stay too, since appointments name them.
    """
    definition = root.__strawberry_definition__
    kept = [field for field in definition.fields if field.python_name not in _DIRECTORY]
    return create_type(definition.name, kept, description=definition.description)


@strawberry.type(name="_Service", description="What a composer reads")
class Service:
    sdl: str = strawberry.field(description="Schema of this service in GraphQL's own language")


@lru_cache
def _service_of(schema: strawberry.Schema) -> Service:
    return Service(sdl=schema.as_str())


# The library's own prints the schema each time that it is asked: 11 ms, and one operation may ask fifty times.
def service(info: Info) -> Service:
    """Return what a composer reads."""
    return _service_of(info.schema)


async def entities(info: Info, representations: Sequence[object]) -> list[object | None]:
    """
    Return the record of each representation, in order, by one statement for each type.

    One that is not in the account gives null. A malformed one, or one of another type, gives an error in its place,
    which the library tells as that place's own. So do all of a type that can't be read: nothing fails another's.
    """
    if len(representations) > MOST:
        raise refusal(ErrorCode.OPERATION_TOO_LARGE, f"A batch takes {MOST:,} representations at most.")
    answers: list[object | None] = [None] * len(representations)
    places: dict[str, list[tuple[int, int]]] = {}
    for place, representation in enumerate(representations):
        try:
            name, id = _key(representation)
        except GraphQLError as malformed:
            answers[place] = malformed
        else:
            places.setdefault(name, []).append((place, id))

    async def load(name: str) -> None:
        found: Sequence[object | None]
        try:
            found = await getattr(info.context.loaders, _LOADERS[name]).load_many([id for _, id in places[name]])
        except Exception as failure:
            found = [failure] * len(places[name])
        for (place, _), answer in zip(places[name], found, strict=True):
            answers[place] = answer

    await asyncio.gather(*map(load, places))
    return answers


def _key(representation: object) -> tuple[str, int]:
    # Other keys of a representation are fields that another subgraph knows: ours are read from the store.
    if not isinstance(representation, Mapping):
        raise bad_user_input(_REFERENCE)
    name, id = representation.get("__typename"), representation.get("id")
    if not isinstance(name, str) or name not in _LOADERS:
        raise bad_user_input(_REFERENCE)
    if isinstance(id, int) and not isinstance(id, bool) and id.bit_length() <= 64:
        id = str(id)
    if not isinstance(id, str) or not id.strip() or len(id) > _LONGEST_ID:
        raise bad_user_input(_REFERENCE)
    return name, number(id)
