"""What answers the methods that write: each is one use case, which is one transaction."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from gappt_graphql.practice import archiving, attendance, booking, enquiries
from gappt_graphql.practice.desk import Desk
from gappt_graphql.practice.occurrences import Proposal
from gappt_graphql.rest import commands, resource
from gappt_graphql.rest.bodies import Body, read_body
from gappt_graphql.rest.errors import not_found, unprocessable
from gappt_graphql.rest.http import id_of, json
from gappt_graphql.rest.resource import Shape, base_of
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import AttendeeId, GroupAppointmentId
from gappt_graphql.scheduling.problems import Refused

T = TypeVar("T")


async def create_group_appointment(request: Request, desk: Desk) -> Response:
    """Write an appointment, and its repeats where the body has a rule. 201, with the whole record."""
    body = await read_body(request)
    command = commands.creation(body, _key(request))
    await _check(body, lambda: booking.preview_create(desk, command))
    created = await booking.create(desk, command)
    return await _group_appointment(request, desk, created.group_appointment_id, status=201)


async def update_group_appointment(request: Request, desk: Desk) -> Response:
    """Change an appointment, and repeat it where the body has a rule. 200, with the whole record."""
    body = await read_body(request)
    command = commands.revision(body, id_of(request), _key(request))
    await _check(body, lambda: booking.preview_update(desk, command))
    await booking.update(desk, command)
    return await _group_appointment(request, desk, command.id)


async def archive_group_appointment(request: Request, desk: Desk) -> Response:
    """Archive an appointment. 204."""
    id = GroupAppointmentId(id_of(request))
    await archiving.archive(desk, archiving.ArchiveGroupAppointment(id=id, idempotency_key=_key(request)))
    return Response(status_code=204)


async def delete_group_appointment(request: Request, desk: Desk) -> Response:
    """Archive an appointment by the older method, and say that it is one."""
    response = await archive_group_appointment(request, desk)
    successor = f"{base_of(request)}/group_appointments/{id_of(request)}/archive"
    response.headers["Deprecation"] = "true"
    response.headers["Link"] = f'<{successor}>; rel="successor-version"'
    return response


async def create_attendee(request: Request, desk: Desk) -> Response:
    """Give a patient a place in an appointment. 201, with the whole record."""
    body = await read_body(request)
    command = commands.booking(body, _key(request))
    booked = await _told(body, attendance.book(desk, command), commands.BOOKING_NAMES)
    [outcome] = booked.outcomes
    assert outcome.attendee_id is not None  # a place, since nothing else was asked for and nothing was refused
    return await _attendee(request, desk, outcome.attendee_id, status=201)


async def update_attendee(request: Request, desk: Desk) -> Response:
    """Write whether a patient arrived, and notes. 200, with the whole record."""
    body = await read_body(request)
    command = commands.attendee_revision(body, id_of(request), _key(request))
    await _check_place(body, desk, command.id)
    await attendance.update(desk, command)
    return await _attendee(request, desk, command.id)


async def archive_attendee(request: Request, desk: Desk) -> Response:
    """Hide the record of a place, and free it. 204."""
    id = AttendeeId(id_of(request))
    await attendance.archive(desk, attendance.ArchiveAttendee(id=id, idempotency_key=_key(request)))
    return Response(status_code=204)


async def cancel_attendee(request: Request, desk: Desk) -> Response:
    """Cancel a place. 204."""
    body = await read_body(request)
    command = commands.cancellation(body, id_of(request), _key(request))
    await _check_place(body, desk, command.id)
    await _told(body, attendance.cancel(desk, command), commands.CANCELLATION_NAMES)
    return Response(status_code=204)


def _key(request: Request) -> str | None:
    return request.headers.get("idempotency-key")


async def _check(body: Body, preview: Callable[[], Awaitable[Proposal]]) -> None:
    """
    Refuse a body with fields that can't be read, together with what the use case would refuse in the others.

    :raises Refused: with all of that
    """
    if body.problems:
        raise body.refused_with((await preview()).problems)


async def _check_place(body: Body, desk: Desk, id: AttendeeId) -> None:
    """
    Refuse a body with fields that can't be read, about a place that exists.

    :raises Refused: with the body's problems
    :raises Answered: with 404 if there is no such place, or it is archived
    """
    if body.problems:
        found = (await enquiries.find(desk, kind=Attendee, ids=[id])).get(id)
        raise not_found() if found is None or found.archived_at else body.refused_with(())


async def _told(body: Body, work: Awaitable[T], names: Mapping[str, str]) -> T:
    """Do the work, and tell what it refuses in the body's names of the fields."""
    try:
        return await work
    except Refused as refused:
        raise unprocessable(body.refused_with(refused.problems, names)) from None


async def _group_appointment(request: Request, desk: Desk, id: GroupAppointmentId, *, status: int = 200) -> Response:
    record = (await enquiries.find(desk, kind=GroupAppointment, ids=[id]))[id]
    places = (await enquiries.attendees_of(desk, appointments=[id]))[id]
    base = base_of(request)
    shape = resource.group_appointment(record, base, [place.patient_id for place in places])
    return _whole(shape, f"{base}/group_appointments/{id}", status)


async def _attendee(request: Request, desk: Desk, id: AttendeeId, *, status: int = 200) -> Response:
    record = (await enquiries.find(desk, kind=Attendee, ids=[id]))[id]
    base = base_of(request)
    return _whole(resource.attendee(record, base), f"{base}/attendees/{id}", status)


def _whole(shape: Shape, address: str, status: int) -> Response:
    return json(shape, status, {"Location": address} if status == 201 else None)
