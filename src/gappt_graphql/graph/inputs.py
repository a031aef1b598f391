"""Inputs of the mutations of group appointments, and the commands that they stand for."""

from datetime import datetime

import strawberry
from strawberry import ID, Maybe

from gappt_graphql.graph.enums import OnConflict, RepeatType, Scope
from gappt_graphql.graph.scalars import Url
from gappt_graphql.graph.values import (
    expected_version,
    given,
    given_id,
    idempotency_key,
    number,
    numbers,
    on_conflict,
    optional,
    or_none,
    present,
    required,
    scope,
)
from gappt_graphql.practice import archiving, booking, repeating
from gappt_graphql.scheduling.ids import AppointmentTypeId, BusinessId, GroupAppointmentId, PatientId, PractitionerId
from gappt_graphql.scheduling.repeats import RepeatRule


@strawberry.input(description="Rule by which an appointment repeats on the wall clock of its business")
class RepeatRuleInput:
    repeat_type: RepeatType = required("Step of the rule")
    repeating_interval: int = strawberry.field(
        default=1, description="Number of days, weeks or months from one appointment to the next: 1 to 52"
    )
    number_of_repeats: int = required("How many appointments are added to the first: 0 to 365")

    def to_domain(self) -> RepeatRule:
        return RepeatRule(self.repeat_type, self.repeating_interval, self.number_of_repeats)


@strawberry.input(description="New group appointment")
class CreateGroupAppointmentInput:
    starts_at: datetime = required("Timestamp of when the group meets")
    ends_at: datetime | None = optional(
        "Timestamp of when it ends; if absent, as long after the start as the type says"
    )
    max_attendees: int | None = optional("Number of seats, 1 to 100; if absent, as many as the type says")
    notes: str | None = optional("Notes of the staff")
    practitioner_id: ID = required("Identifier of the practitioner who runs the group")
    business_id: ID = required("Identifier of the business where the group meets")
    appointment_type_id: ID = required("Identifier of the appointment type")
    patient_ids: list[ID] | None = optional("Identifiers of patients to book, in this order")
    telehealth_url: Url | None = optional("Address where staff join a remote group")
    repeat_rule: RepeatRuleInput | None = optional("Rule for the appointments that repeat it")
    copy_attendees: bool | None = optional(
        "Indicates whether the patients are booked into the repeats too; false if absent"
    )
    on_conflict: OnConflict | None = on_conflict()
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> booking.CreateGroupAppointment:
        rule = or_none(self.repeat_rule)
        return booking.CreateGroupAppointment(
            starts_at=self.starts_at,
            ends_at=or_none(self.ends_at),
            max_attendees=or_none(self.max_attendees),
            notes=or_none(self.notes),
            practitioner_id=PractitionerId(number(self.practitioner_id)),
            business_id=BusinessId(number(self.business_id)),
            appointment_type_id=AppointmentTypeId(number(self.appointment_type_id)),
            patient_ids=tuple(map(PatientId, numbers(present(self.patient_ids, [])))),
            telehealth_url=or_none(self.telehealth_url),
            repeat_rule=None if rule is None else rule.to_domain(),
            copy_attendees=present(self.copy_attendees, False),
            on_conflict=present(self.on_conflict, OnConflict.ALLOW),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(
    description="Changes of a group appointment; an absent field stays, null clears it where it can be cleared"
)
class UpdateGroupAppointmentInput:
    id: ID = required("Identifier of the appointment")
    starts_at: Maybe[datetime | None] = required("Timestamp of when the group meets; alone it keeps the duration")
    ends_at: Maybe[datetime | None] = required("Timestamp of when it ends; null takes the type's duration")
    max_attendees: Maybe[int | None] = required("Number of seats, 1 to 100, and no fewer than active attendees")
    notes: Maybe[str | None] = required("Notes of the staff")
    telehealth_url: Maybe[Url | None] = required("Address where staff join a remote group")
    practitioner_id: Maybe[ID | None] = required("Identifier of the practitioner who runs the group")
    business_id: Maybe[ID | None] = required("Identifier of the business where the group meets")
    appointment_type_id: Maybe[ID | None] = required("Identifier of the appointment type")
    scope: Scope | None = scope()
    on_conflict: OnConflict | None = on_conflict()
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> booking.UpdateGroupAppointment:
        return booking.UpdateGroupAppointment(
            id=GroupAppointmentId(number(self.id)),
            starts_at=given(self.starts_at),
            ends_at=given(self.ends_at),
            max_attendees=given(self.max_attendees),
            notes=given(self.notes),
            telehealth_url=given(self.telehealth_url),
            practitioner_id=given_id(self.practitioner_id, PractitionerId),
            business_id=given_id(self.business_id, BusinessId),
            appointment_type_id=given_id(self.appointment_type_id, AppointmentTypeId),
            scope=present(self.scope, Scope.THIS),
            on_conflict=present(self.on_conflict, OnConflict.ALLOW),
            expected_version=or_none(self.expected_version),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Group appointment to archive")
class ArchiveGroupAppointmentInput:
    id: ID = required("Identifier of the appointment")
    scope: Scope | None = scope()
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> archiving.ArchiveGroupAppointment:
        return archiving.ArchiveGroupAppointment(
            id=GroupAppointmentId(number(self.id)),
            scope=present(self.scope, Scope.THIS),
            expected_version=or_none(self.expected_version),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Archived group appointment to restore")
class RestoreGroupAppointmentInput:
    id: ID = required("Identifier of the appointment")
    scope: Scope | None = scope()
    on_conflict: OnConflict | None = on_conflict()
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> archiving.RestoreGroupAppointment:
        return archiving.RestoreGroupAppointment(
            id=GroupAppointmentId(number(self.id)),
            scope=present(self.scope, Scope.THIS),
            on_conflict=present(self.on_conflict, OnConflict.ALLOW),
            expected_version=or_none(self.expected_version),
            idempotency_key=or_none(self.idempotency_key),
        )


@strawberry.input(description="Group appointment to make a series of")
class RepeatGroupAppointmentInput:
    id: ID = required("Identifier of the appointment, which becomes the root")
    repeat_rule: RepeatRuleInput = required("Rule for the appointments that repeat it")
    copy_attendees: bool | None = optional(
        "Indicates whether its patients are booked into the repeats too; false if absent"
    )
    on_conflict: OnConflict | None = on_conflict()
    expected_version: int | None = expected_version()
    idempotency_key: str | None = idempotency_key()

    def to_command(self) -> repeating.RepeatGroupAppointment:
        return repeating.RepeatGroupAppointment(
            id=GroupAppointmentId(number(self.id)),
            repeat_rule=self.repeat_rule.to_domain(),
            copy_attendees=present(self.copy_attendees, False),
            on_conflict=present(self.on_conflict, OnConflict.ALLOW),
            expected_version=or_none(self.expected_version),
            idempotency_key=or_none(self.idempotency_key),
        )
