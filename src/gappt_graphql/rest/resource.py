"""Records as the reference shows them: ids as text, relations as links, every key there but `repeated_from`."""

import re
from collections.abc import Iterable

from starlette.requests import Request

from gappt_graphql.scheduling.attendance import NUMBERS, Attendee
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.repeats import spell_rule

Shape = dict[str, object]
"""What becomes a JSON object. Instants stay what they are: they are spelled when the answer is."""

_HOST = re.compile(r"[A-Za-z0-9._~-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")


def base_of(request: Request) -> str:
    """Return where all addresses of this interface begin, as the client wrote it: `https://HOST/v1`."""
    scope = request.scope
    root = scope.get("app_root_path", scope.get("root_path", ""))
    return f"{scope['scheme']}://{_host(request)}{root}/v1"


def group_appointment(record: GroupAppointment, base: str, patient_ids: Iterable[int]) -> Shape:
    """Show an appointment. `patient_ids` are those of its active attendees in booking order."""
    own = f"{base}/group_appointments/{record.id}"
    root = record.repeated_from_id
    shape: Shape = {
        "archived_at": record.archived_at,
        "appointment_type": _link(f"{base}/appointment_types/{record.appointment_type_id}"),
        "attendees": _link(f"{own}/attendees"),
        "business": _link(f"{base}/businesses/{record.business_id}"),
        "conflicts": _link(f"{own}/conflicts"),
        "created_at": record.created_at,
        "deleted_at": record.archived_at,
        "ends_at": record.ends_at,
        "id": str(record.id),
        "links": {"self": own},
        "max_attendees": record.max_attendees,
        "notes": record.notes,
        "patient_ids": [str(id) for id in patient_ids],
        "practitioner": _link(f"{base}/practitioners/{record.practitioner_id}"),
        "repeat_rule": spell_rule(record.repeat_rule),
    }
    if root is not None:
        shape["repeated_from"] = _link(f"{base}/group_appointments/{root}")
    is_root = root is None and record.series_position is not None
    shape["repeats"] = _link(f"{base}/group_appointments?q[]=repeated_from_id:={record.id}") if is_root else None
    shape["starts_at"] = record.starts_at
    shape["telehealth_url"] = record.telehealth_url
    shape["updated_at"] = record.updated_at
    return shape


def attendee(record: Attendee, base: str) -> Shape:
    """Show one patient's place in one appointment."""
    return {
        "archived_at": record.archived_at,
        "arrived": record.arrived,
        "booking": _link(f"{base}/group_appointments/{record.group_appointment_id}"),
        "cancellation_note": record.cancellation_note,
        "cancellation_reason": None if record.cancellation_reason is None else NUMBERS[record.cancellation_reason],
        "cancelled_at": record.cancelled_at,
        "created_at": record.created_at,
        "deleted_at": record.archived_at,
        "id": str(record.id),
        "links": {"self": f"{base}/attendees/{record.id}"},
        "notes": record.notes,
        "patient": _link(f"{base}/patients/{record.patient_id}"),
        "updated_at": record.updated_at,
    }


def appointment_type(record: AppointmentType, base: str) -> Shape:
    """Show a kind of group."""
    return {
        "archived_at": record.archived_at,
        "category": record.category,
        "color": record.color,
        "created_at": record.created_at,
        "deleted_at": record.archived_at,
        "description": record.description,
        "duration_in_minutes": record.duration_in_minutes,
        "id": str(record.id),
        "links": {"self": f"{base}/appointment_types/{record.id}"},
        "max_attendees": record.max_attendees,
        "name": record.name,
        "telehealth_enabled": record.telehealth_enabled,
        "updated_at": record.updated_at,
    }


def business(record: Business, base: str) -> Shape:
    """Show a location."""
    return {
        "archived_at": record.archived_at,
        "business_name": record.name,
        "created_at": record.created_at,
        "deleted_at": record.archived_at,
        "id": str(record.id),
        "links": {"self": f"{base}/businesses/{record.id}"},
        "time_zone_identifier": record.time_zone,
        "updated_at": record.updated_at,
    }


def practitioner(record: Practitioner, base: str) -> Shape:
    """Show a person who runs groups. They are active or not, never archived."""
    return {
        "active": record.active,
        "created_at": record.created_at,
        "designation": record.designation,
        "first_name": record.first_name,
        "id": str(record.id),
        "last_name": record.last_name,
        "links": {"self": f"{base}/practitioners/{record.id}"},
        "title": record.title,
        "updated_at": record.updated_at,
    }


def patient(record: Patient, base: str) -> Shape:
    """Show a person who attends groups."""
    return {
        "archived_at": record.archived_at,
        "created_at": record.created_at,
        "date_of_birth": record.date_of_birth,
        "deleted_at": record.archived_at,
        "email": record.email,
        "first_name": record.first_name,
        "id": str(record.id),
        "last_name": record.last_name,
        "links": {"self": f"{base}/patients/{record.id}"},
        "updated_at": record.updated_at,
    }


def _link(address: str) -> Shape:
    return {"links": {"self": address}}


def _host(request: Request) -> str:
    """Return the host as the request names it; the server's own where that is no host, or is not there."""
    host = request.headers.get("host", "")
    if _HOST.fullmatch(host):
        return host
    name, port = request.scope.get("server") or ("localhost", None)
    usual = {"http": 80, "https": 443}.get(request.scope["scheme"])
    return name if port is None or port == usual else f"{name}:{port}"
