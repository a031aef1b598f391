"""The enums of the rules as clients see them; each value described."""

from collections.abc import Mapping
from enum import Enum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from gappt_graphql.scheduling.attendance import CancellationReason
from gappt_graphql.scheduling.conflicts import ConflictKind, OnConflict
from gappt_graphql.scheduling.problems import Code
from gappt_graphql.scheduling.repeats import RepeatType
from gappt_graphql.scheduling.series import Scope
from gappt_graphql.scheduling.webhooks import DeliveryState, Failure, WebhookState

__all__ = [
    "ArchivedFilter",
    "CancellationReason",
    "ChangeKind",
    "Code",
    "ConflictKind",
    "DeliveryState",
    "Failure",
    "GroupAppointmentOrderField",
    "HistoryRecordKind",
    "OnConflict",
    "RepeatType",
    "Scope",
    "WebhookState",
]


class ArchivedFilter(Enum):
    """Whether a list has archived records in it."""

    EXCLUDE = "EXCLUDE"
    INCLUDE = "INCLUDE"
    ONLY = "ONLY"


class GroupAppointmentOrderField(Enum):
    """By which field appointments are ordered; the value is the field's name in the rules."""

    STARTS_AT = "starts_at"
    ENDS_AT = "ends_at"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    ID = "id"


class ChangeKind(Enum):
    """What happened to an appointment."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    ARCHIVED = "ARCHIVED"
    RESTORED = "RESTORED"
    ATTENDEES_CHANGED = "ATTENDEES_CHANGED"
    WAITLIST_CHANGED = "WAITLIST_CHANGED"


class HistoryRecordKind(Enum):
    """Kinds of records that belong to an appointment."""

    GROUP_APPOINTMENT = "GROUP_APPOINTMENT"
    ATTENDEE = "ATTENDEE"
    WAITLIST_ENTRY = "WAITLIST_ENTRY"


def _expose(enum: type[Enum], description: str, values: Mapping[Enum, str], *, name: str | None = None) -> None:
    # The rules know nothing of Strawberry, so the descriptions are added from outside.
    strawberry.enum(enum, name=name, description=description)
    definition: StrawberryEnumDefinition = enum.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[enum[value.name]]


_expose(
    ConflictKind,
    "Who is needed twice at once",
    {
        ConflictKind.PRACTITIONER_DOUBLE_BOOKED: "Practitioner runs another appointment, at any business",
        ConflictKind.PRACTITIONER_UNAVAILABLE: "Practitioner has time off",
        ConflictKind.PATIENT_DOUBLE_BOOKED: "Patient attends another appointment",
    },
)
_expose(
    OnConflict,
    "What to do about conflicts",
    {
        OnConflict.ALLOW: "Save all the same; conflicts are advice",
        OnConflict.REJECT: "Refuse the whole mutation",
        OnConflict.SKIP: "Leave out the dates of a series that conflict; without a series the same as REJECT",
    },
)
_expose(
    Scope,
    "How far an edit of a series reaches",
    {
        Scope.THIS: "Appointment named, alone",
        Scope.THIS_AND_FOLLOWING: "Appointment named and those that start no earlier",
        Scope.ALL: "Whole series",
    },
    name="SeriesScope",
)
_expose(
    RepeatType,
    "Step of a repeat rule",
    {
        RepeatType.DAILY: "Every so many days",
        RepeatType.WEEKLY: "Every so many weeks",
        RepeatType.MONTHLY: "Every so many months, on the same day or the month's last",
    },
)
_expose(
    CancellationReason,
    "Why a patient does not come",
    {
        CancellationReason.FEELING_BETTER: "Feels better",
        CancellationReason.CONDITION_WORSE: "Feels worse",
        CancellationReason.SICK: "Is sick",
        CancellationReason.COVID_19_RELATED: "Stays away because of COVID-19",
        CancellationReason.AWAY: "Is away",
        CancellationReason.OTHER: "Has another reason",
        CancellationReason.WORK: "Has to work",
    },
)
_expose(
    Code,
    "What kind of problem a refusal is about",
    {
        Code.REQUIRED: "Value is missing, or can't be cleared",
        Code.INVALID: "Value makes no sense here",
        Code.OUT_OF_RANGE: "Value is too small, too large or too long",
        Code.NOT_FOUND: "There is no such record",
        Code.ARCHIVED: "Record is archived or inactive",
        Code.CAPACITY_FULL: "Too few seats are free",
        Code.CAPACITY_BELOW_ROSTER: "More patients are booked than there would be seats",
        Code.ALREADY_BOOKED: "Patient is booked or waits already",
        Code.ALREADY_REPEATS: "Appointment belongs to a series already",
        Code.CONFLICT: "Something else is at the same time, and onConflict does not allow it",
        Code.STALE_VERSION: "Record was changed since it was read",
        Code.IDEMPOTENCY_KEY_REUSED: "Idempotency key was used for a different request",
    },
    name="SchedulingUserErrorCode",
)
_expose(
    ArchivedFilter,
    "Whether a list has archived records in it",
    {
        ArchivedFilter.EXCLUDE: "Only records that are not archived",
        ArchivedFilter.INCLUDE: "Archived records too",
        ArchivedFilter.ONLY: "Only archived records",
    },
)
_expose(
    GroupAppointmentOrderField,
    "Field to order group appointments by",
    {
        GroupAppointmentOrderField.STARTS_AT: "When it starts",
        GroupAppointmentOrderField.ENDS_AT: "When it ends",
        GroupAppointmentOrderField.CREATED_AT: "When it was created",
        GroupAppointmentOrderField.UPDATED_AT: "When it, or who attends it, was last changed",
        GroupAppointmentOrderField.ID: "Identifier",
    },
)
_expose(
    ChangeKind,
    "What happened to a group appointment",
    {
        ChangeKind.CREATED: "It was put into the book",
        ChangeKind.UPDATED: "Its own fields changed",
        ChangeKind.ARCHIVED: "It was archived",
        ChangeKind.RESTORED: "It was restored",
        ChangeKind.ATTENDEES_CHANGED: "Who attends it changed",
        ChangeKind.WAITLIST_CHANGED: "Who waits for a seat changed",
    },
)
_expose(
    HistoryRecordKind,
    "Kind of a record whose history is told",
    {
        HistoryRecordKind.GROUP_APPOINTMENT: "Appointment itself",
        HistoryRecordKind.ATTENDEE: "Patient's place in it",
        HistoryRecordKind.WAITLIST_ENTRY: "Patient's entry on its waitlist",
    },
)
_expose(
    WebhookState,
    "Whether a webhook is told of changes",
    {
        WebhookState.ACTIVE: "It is told of them",
        WebhookState.PAUSED: "Somebody has paused it",
        WebhookState.DISABLED: "Nothing succeeded for three days, or its receiver answered 410",
    },
)
_expose(
    DeliveryState,
    "How far a delivery is",
    {
        DeliveryState.WAITING: "It will be tried again, or waits for an earlier one of the same appointment",
        DeliveryState.DELIVERED: "It was delivered, later than at once",
        DeliveryState.DEAD: "It was tried for a day, and is given up until somebody replays it",
    },
    name="WebhookDeliveryState",
)
_expose(
    Failure,
    "Why an attempt to deliver had no answer",
    {
        Failure.URL_REFUSED: "Settings of the server allow the URL no more",
        Failure.NAME_NOT_FOUND: "Its host has no address",
        Failure.ADDRESS_REFUSED: "Its host has an address that is not public, and not allowed",
        Failure.CONNECTION_REFUSED: "Nobody listens there",
        Failure.CONNECTION_LOST: "Connection could not be made, or broke off",
        Failure.CERTIFICATE: "Certificate is not good for the host",
        Failure.TLS: "TLS could not be agreed on",
        Failure.TIMEOUT: "There was no answer within 10 seconds",
        Failure.PROTOCOL: "What came was no answer of HTTP, or too long a one",
    },
    name="WebhookFailure",
)
