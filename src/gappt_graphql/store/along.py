"""Records that are read along with others, which name them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import Along, Record

_NAMED: Mapping[str, type[Any]] = {
    "appointment_type_id": AppointmentType,
    "business_id": Business,
    "group_appointment_id": GroupAppointment,
    "patient_id": Patient,
    "practitioner_id": Practitioner,
    "repeated_from_id": GroupAppointment,
}


class _Finding(Protocol):
    async def find(self, kind: type[Any], ids: Collection[int]) -> Mapping[int, Any]: ...


async def read_along(book: _Finding, records: Iterable[Record], along: Along | None) -> None:
    """
    Read what the records name in these columns, each record once, unless a dictionary has it already.

    A statement for each column costs SQLite less than joins, which give a practitioner again with each appointment.
    """
    if not along:
        return
    every = tuple(records)
    for column, known in along.items():
        missing = {getattr(record, column) for record in every}.difference(known, (None,))
        if missing:
            known.update(await book.find(_NAMED[column], missing))
