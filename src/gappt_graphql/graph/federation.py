"""Entities: records that other subgraphs name by id, and that a gateway asks for in batches."""

import asyncio
from collections.abc import Mapping, Sequence

from gappt_graphql.graph.context import Info
from gappt_graphql.graph.values import number

_LOADERS = {
    "AppointmentType": "appointment_types",
    "Attendee": "attendees",
    "Business": "businesses",
    "GroupAppointment": "group_appointments",
    "Patient": "patients",
    "Practitioner": "practitioners",
}


async def entities(info: Info, representations: Sequence[object]) -> list[object | None]:
    """
    Return the record of each representation, in order, by one statement for each type.

    What is malformed, of another type, or not in the account gives null: it must not fail the others of its batch.
    """
    loaders = info.context.loaders

    async def one(representation: object) -> object | None:
        name, id = _key(representation)
        return await getattr(loaders, _LOADERS[name]).get(id) if name in _LOADERS else None

    return list(await asyncio.gather(*map(one, representations)))


def _key(representation: object) -> tuple[str, int]:
    if not isinstance(representation, Mapping):
        return "", 0
    name, id = representation.get("__typename"), representation.get("id")
    if isinstance(id, int) and not isinstance(id, bool):
        id = str(id)
    return (name, number(id)) if isinstance(name, str) and isinstance(id, str) else ("", 0)
