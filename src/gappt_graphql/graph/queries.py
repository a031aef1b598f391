"""What can be asked."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import strawberry
from strawberry import ID, UNSET

from gappt_graphql.graph import changes, federation, filters
from gappt_graphql.graph.attendee import Attendee
from gappt_graphql.graph.calendars import CalendarFeedConnection, calendar_feeds
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
from gappt_graphql.graph.webhooks import Webhook, WebhookConnection, all_webhooks, one_webhook
from gappt_graphql.practice import booking, repeating
from gappt_graphql.scheduling import directory as records
from gappt_graphql.scheduling.asking import Listing
from gappt_graphql.scheduling.group_appointment import GroupAppointment as Record

Archived = Annotated[
    ArchivedFilter | None,
    strawberry.argument(name="archived", description="Whether archived ones are listed; EXCLUDE if absent"),
]


def _one(loader: str, *, description: str) -> Any:
    """Declare the look-up of a record by id, archived or not."""

    def resolve(info: Info, id: Annotated[ID, strawberry.argument(description="Identifier")]) -> object:
        return getattr(info.context.loaders, loader).load(number(id))

    return strawberry.field(resolver=resolve, description=description)


def _list(kind: type[Any], name: str, listing: Callable[[Any], Listing], takes: object, *, description: str) -> Any:
    """Declare a list: what its filter is, and the function that says what a filter asks for."""

    def resolve(
        info: Info,
        filter: Any = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> object:
        window = Window.of(first=first, after=after, last=last, before=before)
        return listed(info, kind, name=name, listing=listing(filter), window=window)

    resolve.__annotations__["filter"] = takes
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
    service: federation.Service = strawberry.field(
        name="_service", resolver=federation.service, description="What a composer of graphs reads"
    )
    group_appointment: GroupAppointment | None = _one(
        "group_appointments", description="Group appointment by id, archived or not; null if there is none"
    )
    practitioner: Practitioner | None = _one(
        "practitioners", description="Practitioner by id, active or not; null if there is none"
    )
    patient: Patient | None = _one("patients", description="Patient by id, archived or not; null if there is none")
    business: Business | None = _one("businesses", description="Business by id, archived or not; null if there is none")
    appointment_type: AppointmentType | None = _one(
        "appointment_types", description="Appointment type by id, archived or not; null if there is none"
    )
    attendee: Attendee | None = _one(
        "attendees", description="Attendee by id, cancelled and archived ones too; null if there is none"
    )

    @strawberry.field(
        graphql_type=GroupAppointmentConnection | None,
        description="Group appointments, by startsAt unless told otherwise",
    )
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

    practitioners: PractitionerConnection | None = _list(
        records.Practitioner,
        "practitioners",
        filters.practitioners,
        Annotated[PractitionerFilter | None, strawberry.argument(description="Which practitioners; all if absent")],
        description="Practitioners, by name",
    )
    patients: PatientConnection | None = _list(
        records.Patient,
        "patients",
        filters.patients,
        Annotated[
            PatientFilter | None,
            strawberry.argument(description="Which patients; those that are not archived if absent"),
        ],
        description="Patients, by name",
    )
    businesses: BusinessConnection | None = _list(
        records.Business, "businesses", filters.by_name, Archived, description="Businesses, by name"
    )
    appointment_types: AppointmentTypeConnection | None = _list(
        records.AppointmentType, "appointmentTypes", filters.by_name, Archived, description="Appointment types, by name"
    )

    unavailable_blocks: UnavailableBlockConnection | None = _list(
        records.UnavailableBlock,
        "unavailableBlocks",
        filters.unavailable_blocks,
        Annotated[
            UnavailableBlockFilter | None,
            strawberry.argument(description="Which time off; that which is not archived if absent"),
        ],
        description="Practitioners' time off, by start",
    )

    calendar_feeds: CalendarFeedConnection | None = calendar_feeds()
    webhooks: WebhookConnection | None = all_webhooks()
    webhook: Webhook | None = one_webhook()

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
