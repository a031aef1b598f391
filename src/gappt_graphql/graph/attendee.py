"""Places in a group as clients see them: attendees and the waitlist."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import ID, Parent

from gappt_graphql.graph.context import Info
from gappt_graphql.graph.directory import Patient
from gappt_graphql.graph.enums import CancellationReason
from gappt_graphql.graph.relations import computed, personal, relation
from gappt_graphql.scheduling import attendance as records

if TYPE_CHECKING:
    from gappt_graphql.graph.group_appointment import GroupAppointment

LazyGroupAppointment = Annotated["GroupAppointment", strawberry.lazy("gappt_graphql.graph.group_appointment")]


@strawberry.federation.type(keys=["id"], description="One patient's place in one group appointment")
class Attendee:
    id: ID = strawberry.field(description="Identifier")
    group_appointment: LazyGroupAppointment = relation(
        "group_appointments", key="group_appointment_id", held=True, description="Appointment that the place is in"
    )
    patient: Patient = relation("patients", key="patient_id", held=True, description="Patient who has the place")
    arrived: bool | None = strawberry.field(
        description="Indicates whether the patient came; null while it is not known"
    )
    notes: str | None = personal(description="Notes of the staff")
    cancelled_at: datetime | None = strawberry.field(
        description="Timestamp of when the place was cancelled; null if it is not"
    )
    cancellation_reason: CancellationReason | None = personal(
        description="Why the patient does not come; null if the place is not cancelled"
    )
    cancellation_note: str | None = personal(description="Note about the reason")
    created_at: datetime = strawberry.field(description="Timestamp of when the place was booked")
    updated_at: datetime = strawberry.field(description="Timestamp of when the record was last changed")
    archived_at: datetime | None = strawberry.field(
        description="Timestamp of when the record was archived; null if it is not"
    )

    @classmethod
    def is_type_of(cls, source: object, _: object) -> bool:
        return isinstance(source, records.Attendee)


def _position(root: Parent[records.WaitlistEntry], info: Info) -> Awaitable[int]:
    def among(waiting: Sequence[records.WaitlistEntry] | None) -> int:
        return 1 + sum((entry.created_at, entry.id) < (root.created_at, root.id) for entry in waiting or ())

    return info.context.loaders.waitlists.load(root.group_appointment_id, among)  # type: ignore[no-any-return]


@strawberry.type(description="Patient who waits for a seat")
class WaitlistEntry:
    id: ID = strawberry.field(description="Identifier")
    group_appointment: LazyGroupAppointment = relation(
        "group_appointments",
        key="group_appointment_id",
        held=True,
        description="Appointment that the patient waits for",
    )
    patient: Patient = relation("patients", key="patient_id", held=True, description="Patient who waits")
    position: int = computed(_position, "Place in the list, from 1")
    created_at: datetime = strawberry.field(description="Timestamp of when the patient joined the list")
