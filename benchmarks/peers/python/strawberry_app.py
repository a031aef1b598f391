"""Plain Strawberry on Starlette; TUNED=1 adds its caches for documents, and orjson."""

import os
from datetime import datetime
from typing import Annotated, Any

import orjson
import records
import strawberry
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

IS_TUNED = os.environ.get("TUNED") == "1"


@strawberry.type
class Practitioner:
    id: strawberry.ID
    first_name: str
    last_name: str
    label: str


@strawberry.type
class Business:
    id: strawberry.ID
    name: str
    timezone: str


@strawberry.type
class AppointmentType:
    id: strawberry.ID
    name: str
    duration_minutes: int


@strawberry.type
class Patient:
    id: strawberry.ID
    first_name: str
    last_name: str
    email: str | None
    phone: str | None


@strawberry.type
class Conflicts:
    exist: bool


@strawberry.type
class GroupAppointment:
    id: strawberry.ID
    starts_at: datetime
    ends_at: datetime
    max_attendees: int
    notes: str | None
    telehealth_url: str | None
    practitioner_id: strawberry.Private[int]
    business_id: strawberry.Private[int]
    appointment_type_id: strawberry.Private[int]

    @classmethod
    def of(cls, record: records.GroupAppointment) -> "GroupAppointment":
        return cls(
            id=strawberry.ID(str(record.id)),
            starts_at=record.starts_at,
            ends_at=record.ends_at,
            max_attendees=record.max_attendees,
            notes=record.notes,
            telehealth_url=record.telehealth_url,
            practitioner_id=record.practitioner_id,
            business_id=record.business_id,
            appointment_type_id=record.appointment_type_id,
        )

    @strawberry.field
    async def practitioner(self, info: strawberry.Info) -> Practitioner:
        return await info.context["practitioners"].load(self.practitioner_id)

    @strawberry.field
    async def business(self, info: strawberry.Info) -> Business:
        return await info.context["businesses"].load(self.business_id)

    @strawberry.field
    async def appointment_type(self, info: strawberry.Info) -> AppointmentType:
        return await info.context["types"].load(self.appointment_type_id)

    @strawberry.field
    async def patients(self, info: strawberry.Info) -> list[Patient]:
        return await info.context["patients"].load(int(self.id))

    @strawberry.field
    async def conflicts(self, info: strawberry.Info) -> Conflicts:
        return Conflicts(exist=await info.context["conflicts"].load(int(self.id)))


@strawberry.type
class Attendee:
    id: strawberry.ID
    group_appointment_id: strawberry.ID
    patient_id: strawberry.ID
    arrived: bool


@strawberry.type
class BookPayload:
    attendee: Attendee


@strawberry.type
class Query:
    @strawberry.field
    async def group_appointments(
        self, from_: Annotated[datetime, strawberry.argument(name="from")], to: datetime, limit: int = 50
    ) -> list[GroupAppointment]:
        return [GroupAppointment.of(record) for record in await records.listed(from_, to, limit)]

    @strawberry.field
    async def group_appointment(self, id: strawberry.ID) -> GroupAppointment | None:
        record = await records.one(int(id))
        return GroupAppointment.of(record) if record else None


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def book_patient(self, group_appointment_id: strawberry.ID, patient_id: strawberry.ID) -> BookPayload:
        booked = await records.book(int(group_appointment_id), int(patient_id))
        place = {"group_appointment_id": booked.group_appointment_id, "patient_id": booked.patient_id}
        return BookPayload(attendee=Attendee(id=booked.id, arrived=booked.arrived, **place))


class Door(GraphQL):
    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {
            "request": request,
            "practitioners": DataLoader(records.by_id(records.Practitioner)),
            "businesses": DataLoader(records.by_id(records.Business)),
            "types": DataLoader(records.by_id(records.AppointmentType)),
            "patients": DataLoader(records.patients_of),
            "conflicts": DataLoader(records.conflicts_of),
        }


class TunedDoor(Door):
    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)

    def decode_json(self, data: str | bytes) -> Any:
        return orjson.loads(data)


caches = [ParserCache(maxsize=128), ValidationCache(maxsize=128)] if IS_TUNED else []
schema = strawberry.Schema(Query, Mutation, extensions=caches)
door = (TunedDoor if IS_TUNED else Door)(schema, graphql_ide=None)
app = Starlette(routes=[Route("/graphql", door)])
