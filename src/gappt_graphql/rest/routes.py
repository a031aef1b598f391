"""Which address of the reference's interface answers with what."""

from starlette.routing import BaseRoute, Route

from gappt_graphql.rest import reading, writing
from gappt_graphql.rest.http import Address, Handle, OpenDesk
from gappt_graphql.rest.openapi import description
from gappt_graphql.rest.reading import list_of, one_of


def routes(open_desk: OpenDesk) -> list[BaseRoute]:
    """
    Return the routes, to be mounted under /v1.

    `open_desk` finds out whose key a request carries, leaves the key in `request.state.key`, and raises
    Starlette's HTTPException for a request that gets no further.
    """

    def at(path: str, **methods: Handle) -> BaseRoute:
        return Route(path, Address(open_desk, path, **methods))

    return [
        at(
            "/group_appointments",
            GET=list_of(reading.GROUP_APPOINTMENTS),
            POST=writing.create_group_appointment,
        ),
        at(
            "/group_appointments/{id}",
            GET=one_of(reading.GROUP_APPOINTMENTS),
            PATCH=writing.update_group_appointment,
            PUT=writing.update_group_appointment,
            DELETE=writing.delete_group_appointment,
        ),
        at("/group_appointments/{id}/archive", POST=writing.archive_group_appointment),
        at("/group_appointments/{id}/conflicts", GET=reading.conflicts_of),
        at("/group_appointments/{id}/attendees", GET=reading.attendees_of),
        at("/attendees", GET=list_of(reading.ATTENDEES), POST=writing.create_attendee),
        at("/attendees/{id}", GET=one_of(reading.ATTENDEES), PATCH=writing.update_attendee),
        at("/attendees/{id}/archive", POST=writing.archive_attendee),
        at("/attendees/{id}/cancel", PATCH=writing.cancel_attendee),
        at("/appointment_types", GET=list_of(reading.APPOINTMENT_TYPES)),
        at("/appointment_types/{id}", GET=one_of(reading.APPOINTMENT_TYPES)),
        at("/businesses", GET=list_of(reading.BUSINESSES)),
        at("/businesses/{id}", GET=one_of(reading.BUSINESSES)),
        at("/patients", GET=list_of(reading.PATIENTS)),
        at("/patients/{id}", GET=one_of(reading.PATIENTS)),
        at("/practitioners", GET=list_of(reading.PRACTITIONERS)),
        at("/practitioners/{id}", GET=one_of(reading.PRACTITIONERS)),
        Route("/openapi.yaml", description, methods=["GET", "OPTIONS"]),
    ]
