"""The rows in the form that `gappt-graphql import` takes (docs/interchange.md)."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.peers.rows import Rows


def write_interchange(rows: Rows, path: Path) -> None:
    """Write the rows as JSON Lines."""
    with path.open("w") as file:
        for record in _records(rows):
            print(json.dumps(record), file=file)


def _records(rows: Rows) -> Iterator[dict[str, Any]]:
    for business in rows.businesses:
        yield {
            "type": "business",
            "id": str(business.id),
            "business_name": business.name,
            "time_zone_identifier": business.timezone,
        }
    for practitioner in rows.practitioners:
        names = {"first_name": practitioner.first_name, "last_name": practitioner.last_name}
        yield {"type": "practitioner", "id": str(practitioner.id), **names, "title": "Dr", "active": True}
    for kind in rows.appointment_types:
        yield {
            "type": "appointment_type",
            "id": str(kind.id),
            "name": kind.name,
            "duration_in_minutes": kind.duration_minutes,
            "max_attendees": kind.max_attendees,
        }
    for patient in rows.patients:
        names = {"first_name": patient.first_name, "last_name": patient.last_name}
        yield {"type": "patient", "id": str(patient.id), **names, "email": patient.email}
    for appointment in rows.group_appointments:
        gone = appointment.archived_at or appointment.deleted_at
        yield {
            "type": "group_appointment",
            "id": str(appointment.id),
            "starts_at": _instant(appointment.starts_at),
            "ends_at": _instant(appointment.ends_at),
            "max_attendees": appointment.max_attendees,
            "notes": appointment.notes,
            "telehealth_url": appointment.telehealth_url,
            "practitioner_id": str(appointment.practitioner_id),
            "business_id": str(appointment.business_id),
            "appointment_type_id": str(appointment.appointment_type_id),
            "archived_at": gone and _instant(gone),
        }
    for attendee in rows.attendees:
        yield {
            "type": "attendee",
            "id": str(attendee.id),
            "group_appointment_id": str(attendee.group_appointment_id),
            "patient_id": str(attendee.patient_id),
            "arrived": attendee.arrived,
            "cancelled_at": attendee.cancelled_at and _instant(attendee.cancelled_at),
        }


def _instant(moment: datetime) -> str:
    return f"{moment.isoformat()}Z"
