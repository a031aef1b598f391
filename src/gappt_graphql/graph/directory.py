"""Who and where, as clients see it: businesses, practitioners, patients, appointment types, and time off."""

from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from strawberry import ID, UNSET, Parent

from gappt_graphql.graph import filters
from gappt_graphql.graph.context import Info
from gappt_graphql.graph.filters import GroupAppointmentFilter, GroupAppointmentOrder
from gappt_graphql.graph.pages import (
    After,
    Before,
    Connection,
    First,
    GroupAppointmentConnection,
    Last,
    Listed,
    Window,
    listed_under,
)
from gappt_graphql.graph.relations import personal, relation
from gappt_graphql.scheduling import directory as records
from gappt_graphql.scheduling.group_appointment import GroupAppointment

Filter = Annotated[
    GroupAppointmentFilter | None,
    strawberry.argument(description="Which appointments; those that are not archived if absent"),
]
OrderBy = Annotated[
    list[GroupAppointmentOrder] | None,
    strawberry.argument(description="Terms of the order, most important first; by startsAt if absent"),
]


def _group_appointments(name: str, *, by: str, description: str) -> Any:
    """Declare the appointments of a practitioner or a patient; those of a whole list of them are read as one."""

    def resolve(
        root: Parent[records.Practitioner | records.Patient],
        info: Info,
        filter: Filter = UNSET,
        order_by: OrderBy = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Listed:
        return listed_under(
            root.id,
            info,
            GroupAppointment,
            by=by,
            name=name,
            listing=filters.group_appointments(filter, order_by),
            window=Window.of(first=first, after=after, last=last, before=before),
        )

    return strawberry.field(resolver=resolve, description=description)


@strawberry.federation.type(keys=["id"], shareable=True, description="Location with its own wall clock")
class Business:
    id: ID = strawberry.field(description="Identifier")
    name: str = strawberry.field(description="Name")
    time_zone: str = strawberry.field(description="IANA time zone on whose wall clock its series repeat")
    created_at: datetime = strawberry.field(description="Timestamp of when it was created")
    updated_at: datetime = strawberry.field(description="Timestamp of when it was last changed")
    archived_at: datetime | None = strawberry.field(description="Timestamp of when it was archived; null if it is not")

    @classmethod
    def is_type_of(cls, source: object, _: object) -> bool:
        return isinstance(source, records.Business)


@strawberry.federation.type(keys=["id"], shareable=True, description="Person who runs groups")
class Practitioner:
    id: ID = strawberry.field(description="Identifier")
    first_name: str | None = strawberry.field(description="First name")
    last_name: str | None = strawberry.field(description="Last name")
    title: str | None = strawberry.field(description="Title, such as Dr")
    designation: str | None = strawberry.field(description="Profession, such as Physiotherapist")
    label: str = strawberry.field(description="Name as it is shown, with the title first")
    active: bool = strawberry.field(description="Indicates whether the practitioner can be given appointments")
    group_appointments: GroupAppointmentConnection = _group_appointments(
        "Practitioner.groupAppointments", by="practitioner_id", description="Appointments that the practitioner runs"
    )
    created_at: datetime = strawberry.field(description="Timestamp of when the record was created")
    updated_at: datetime = strawberry.field(description="Timestamp of when the record was last changed")

    @classmethod
    def is_type_of(cls, source: object, _: object) -> bool:
        return isinstance(source, records.Practitioner)


@strawberry.federation.type(keys=["id"], shareable=True, description="Person who attends groups")
class Patient:
    id: ID = strawberry.field(description="Identifier")
    first_name: str | None = strawberry.field(description="First name")
    last_name: str | None = strawberry.field(description="Last name")
    label: str = strawberry.field(description="Name as it is shown")
    email: str | None = personal(description="E-mail address")
    date_of_birth: date | None = personal(description="Date of birth")
    group_appointments: GroupAppointmentConnection = _group_appointments(
        "Patient.groupAppointments", by="patient_ids", description="Appointments that the patient attends"
    )
    created_at: datetime = strawberry.field(description="Timestamp of when the record was created")
    updated_at: datetime = strawberry.field(description="Timestamp of when the record was last changed")
    archived_at: datetime | None = strawberry.field(
        description="Timestamp of when the record was archived; null if it is not"
    )

    @classmethod
    def is_type_of(cls, source: object, _: object) -> bool:
        return isinstance(source, records.Patient)


@strawberry.federation.type(keys=["id"], shareable=True, description="Kind of group, with its usual length and seats")
class AppointmentType:
    id: ID = strawberry.field(description="Identifier")
    name: str = strawberry.field(description="Name")
    duration_in_minutes: int = strawberry.field(description="Minutes that an appointment takes that states no end")
    max_attendees: int = strawberry.field(description="Number of seats of an appointment that states none")
    color: str | None = strawberry.field(description="Color in the diary")
    category: str | None = strawberry.field(description="Category that it is listed under")
    description: str | None = strawberry.field(description="What happens in the group")
    telehealth_enabled: bool = strawberry.field(description="Indicates whether its appointments can be remote")
    created_at: datetime = strawberry.field(description="Timestamp of when it was created")
    updated_at: datetime = strawberry.field(description="Timestamp of when it was last changed")
    archived_at: datetime | None = strawberry.field(description="Timestamp of when it was archived; null if it is not")

    @classmethod
    def is_type_of(cls, source: object, _: object) -> bool:
        return isinstance(source, records.AppointmentType)


@strawberry.type(description="Time off of a practitioner; it binds at every business")
class UnavailableBlock:
    id: ID = strawberry.field(description="Identifier")
    starts_at: datetime = strawberry.field(description="Timestamp of when the time off starts")
    ends_at: datetime = strawberry.field(description="Timestamp of when the time off ends")
    practitioner: Practitioner = relation(
        "practitioners", key="practitioner_id", held=True, description="Practitioner who is not available"
    )
    business: Business | None = relation(
        "businesses", key="business_id", description="Business that it was noted at; it binds everywhere"
    )
    notes: str | None = strawberry.field(description="Notes of the staff")
    created_at: datetime = strawberry.field(description="Timestamp of when it was created")
    updated_at: datetime = strawberry.field(description="Timestamp of when it was last changed")
    archived_at: datetime | None = strawberry.field(description="Timestamp of when it was archived; null if it is not")


BusinessConnection = Connection[Business]
PractitionerConnection = Connection[Practitioner]
PatientConnection = Connection[Patient]
AppointmentTypeConnection = Connection[AppointmentType]
UnavailableBlockConnection = Connection[UnavailableBlock]
