"""What can be asked."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import strawberry
from strawberry import ID, UNSET

from gappt_graphql.graph import changes, filters
from gappt_graphql.graph.attendee import Attendee
from gappt_graphql.graph.context import Info
from gappt_graphql.graph.directory import (
    AppointmentType,
    AppointmentTypeConnection,
    Business,
    BusinessConnection,
    Filter,
    OrderBy,
    Patient,
    PatientConnection,
    Practitioner,
    PractitionerConnection,
    UnavailableBlockConnection,
)
from gappt_graphql.graph.enums import ArchivedFilter
from gappt_graphql.graph.filters import PatientFilter, PractitionerFilter, UnavailableBlockFilter
from gappt_graphql.graph.group_appointment import GroupAppointment
from gappt_graphql.graph.inputs import (
    CreateGroupAppointmentInput,
    RepeatGroupAppointmentInput,
    UpdateGroupAppointmentInput,
)
from gappt_graphql.graph.pages import After, Before, First, GroupAppointmentConnection, Last, Listed, Window, listed
from gappt_graphql.graph.payloads import GroupAppointmentPreview
from gappt_graphql.graph.values import number
from gappt_graphql.practice import booking, repeating
from gappt_graphql.scheduling import directory as records
from gappt_graphql.scheduling.group_appointment import GroupAppointment as Record

Archived = Annotated[
    ArchivedFilter | None, strawberry.argument(description="Whether archived ones are listed; EXCLUDE if absent")
]


def _one(loader: str, *, description: str) -> Any:
    """Declare the look-up of a record by id, archived or not."""

    def resolve(info: Info, id: Annotated[ID, strawberry.argument(description="Identifier")]) -> object:
        return getattr(info.context.loaders, loader).load(number(id))

    return strawberry.field(resolver=resolve, description=description)


def _list_by_name(kind: type[Any], name: str, *, description: str) -> Any:
    """Declare a list of the directory that can only be limited to archived records or others."""

    def resolve(
        info: Info,
        archived: Archived = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> object:
        window = Window.of(first=first, after=after, last=last, before=before)
        return listed(info, kind, name=name, listing=filters.by_name(archived), window=window)

    return strawberry.field(resolver=resolve, description=description)


def _preview(foresee: Callable[..., Awaitable[booking.Proposal]], takes: type[Any], *, description: str) -> Any:
    """Declare the preview of a mutation: it takes the mutation's input."""

    async def resolve(info: Info, input: Any) -> booking.Proposal:
        return await foresee(info.context.desk, input.to_command())

    argument = strawberry.argument(description="Input of the mutation; its idempotencyKey is ignored")
    resolve.__annotations__["input"] = Annotated[takes, argument]
    return strawberry.field(resolver=resolve, description=description)


@strawberry.type(description="What can be asked; records of other accounts do not exist here")
class Query:
    group_appointment: GroupAppointment | None = _one("group_appointments", description="Group appointment by id")
    practitioner: Practitioner | None = _one("practitioners", description="Practitioner by id")
    patient: Patient | None = _one("patients", description="Patient by id")
    business: Business | None = _one("businesses", description="Business by id")
    appointment_type: AppointmentType | None = _one("appointment_types", description="Appointment type by id")
    attendee: Attendee | None = _one("attendees", description="Attendee by id")

    @strawberry.field(graphql_type=GroupAppointmentConnection | None, description="Group appointments, by startsAt")
    def group_appointments(
        self,
        info: Info,
        filter: Filter = UNSET,
        order_by: OrderBy = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Listed:
        window = Window.of(first=first, after=after, last=last, before=before)
        listing = filters.group_appointments(filter, order_by)
        return listed(info, Record, name="groupAppointments", listing=listing, window=window)

    @strawberry.field(graphql_type=PractitionerConnection | None, description="Practitioners, by name")
    def practitioners(
        self,
        info: Info,
        filter: Annotated[
            PractitionerFilter | None, strawberry.argument(description="Which practitioners; all if absent")
        ] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Listed:
        window = Window.of(first=first, after=after, last=last, before=before)
        listing = filters.practitioners(filter)
        return listed(info, records.Practitioner, name="practitioners", listing=listing, window=window)

    @strawberry.field(graphql_type=PatientConnection | None, description="Patients, by name")
    def patients(
        self,
        info: Info,
        filter: Annotated[
            PatientFilter | None,
            strawberry.argument(description="Which patients; those that are not archived if absent"),
        ] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Listed:
        window = Window.of(first=first, after=after, last=last, before=before)
        return listed(info, records.Patient, name="patients", listing=filters.patients(filter), window=window)

    businesses: BusinessConnection | None = _list_by_name(
        records.Business, "businesses", description="Businesses, by name"
    )
    appointment_types: AppointmentTypeConnection | None = _list_by_name(
        records.AppointmentType, "appointmentTypes", description="Appointment types, by name"
    )

    @strawberry.field(graphql_type=UnavailableBlockConnection | None, description="Practitioners' time off, by start")
    def unavailable_blocks(
        self,
        info: Info,
        filter: Annotated[
            UnavailableBlockFilter | None,
            strawberry.argument(description="Which time off; that which is not archived if absent"),
        ] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Listed:
        window = Window.of(first=first, after=after, last=last, before=before)
        listing = filters.unavailable_blocks(filter)
        return listed(info, records.UnavailableBlock, name="unavailableBlocks", listing=listing, window=window)

    preview_group_appointment: GroupAppointmentPreview | None = _preview(
        booking.preview_create,
        CreateGroupAppointmentInput,
        description="What createGroupAppointment would do now; nothing is stored",
    )
    preview_group_appointment_update: GroupAppointmentPreview | None = _preview(
        booking.preview_update,
        UpdateGroupAppointmentInput,
        description="What updateGroupAppointment would do now; nothing is stored",
    )
    preview_group_appointment_repeat: GroupAppointmentPreview | None = _preview(
        repeating.preview_repeat,
        RepeatGroupAppointmentInput,
        description="What repeatGroupAppointment would do now; nothing is stored",
    )

    @strawberry.field(
        graphql_type=changes.GroupAppointmentChangeConnection | None,
        description="What happened to group appointments, oldest first",
    )
    async def group_appointment_changes(
        self,
        info: Info,
        filter: changes.Filter = UNSET,
        first: First = UNSET,
        after: changes.After = UNSET,
    ) -> changes.ToldPage:
        return await changes.changes(info, filter, Window.of(first=first, after=after))
