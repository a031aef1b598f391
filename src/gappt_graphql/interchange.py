"""
The records as files hold them: each kind's shape, which is that of the REST face, read and written.

What a file may hold is described in docs/interchange.md.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from gappt_graphql.interchange_values import (
    Unfit,
    address,
    boolean,
    cancellation_reason,
    color,
    date_of_birth,
    email,
    identifier,
    identifiers,
    instant,
    link,
    plan,
    plan_shape,
    reason_number,
    rule,
    text,
    time_zone,
    whole,
)
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.repeats import spell_rule
from gappt_graphql.scheduling.text import LONGEST_NAME, LONGEST_NOTES
from gappt_graphql.store import Record

Reader = Callable[[object], object]
# A writer takes the value of one field of one kind of record; only the table below knows which type that is.
Writer = Callable[[Any], object]


class Field(Struct, frozen=True, kw_only=True):
    """
    One field of a record, and how a file spells it.

    Of several `keys` the first that is not null counts. An absent key leaves a stored record's value alone; in a new
    record it is the field's default, and an error where the field is `required`. `omitted` fields are left out of a
    written record where they are None, others are null; `written` lists the keys that are written.
    """

    name: str
    keys: tuple[str, ...]
    read: Reader
    write: Writer
    required: bool = False
    nullable: bool = True
    omitted: bool = False
    to: str | None = None
    written: tuple[str, ...] = ()


class Kind(Struct, frozen=True, kw_only=True):
    """A kind of record: its tag in JSON Lines, its list in JSON, and its fields."""

    tag: str
    plural: str
    record: type[Record]
    fields: tuple[Field, ...]


def read(kind: Kind, given: Mapping[str, object]) -> tuple[dict[str, object], list[str]]:
    """Return the fields that a record of a file states, by the record's own names, and what is wrong with them."""
    found: dict[str, object] = {}
    reasons: list[str] = []
    for field in kind.fields:
        try:
            present = [(key, given[key]) for key in field.keys if key in given]
            if present:
                found[field.name] = _value(field, present)
        except Unfit as unfit:
            reasons.append(str(unfit))
    return found, reasons


def shape(kind: Kind, record: Record, **more: object) -> dict[str, object]:
    """Return a record as a file holds it, tagged with its kind; `more` are values that are not the record's own."""
    written: dict[str, object] = {"type": kind.tag}
    for field in kind.fields:
        value = more[field.name] if field.name in more else getattr(record, field.name)
        if value is None and field.omitted:
            continue
        shown = field.write(value)
        for key in field.written or field.keys[:1]:
            written[key] = shown
    return written


def _value(field: Field, present: list[tuple[str, object]]) -> object:
    values = [(key, _read(field, key, value)) for key, value in present if value is not None]
    if not values:
        if not field.nullable:
            raise Unfit(f"{present[0][0]} can't be null")
        return None
    (first_key, first), *others = values
    if field.to is not None:
        for key, value in others:
            if value != first:
                raise Unfit(f"{first_key} and {key} name different records")
    return first


def _read(field: Field, key: str, value: object) -> object:
    try:
        return field.read(value)
    except Unfit as unfit:
        raise Unfit(f"{key} {unfit}") from None


def _same(value: object) -> object:
    return value


def _own_id() -> Field:
    return Field(name="id", keys=("id",), read=identifier, write=str, required=True, nullable=False)


def _plain(name: str, read: Reader, *, required: bool = False, nullable: bool | None = None) -> Field:
    """A field that JSON holds as it is; one that is required can't be null."""
    nullable = not required if nullable is None else nullable
    return Field(name=name, keys=(name,), read=read, write=_same, required=required, nullable=nullable)


def _relation(
    name: str, plural: str, *, required: bool = True, omitted: bool = False, also: Iterable[str] = ()
) -> Field:
    """A reference, written as a link, and read from a link or an id: `practitioner` and `practitioner_id`."""
    names = [name, *also]
    return Field(
        name="group_appointment_id" if plural == "group_appointments" and required else f"{name}_id",
        keys=tuple(key for each in names for key in (each, f"{each}_id")),
        read=link((plural, "bookings") if also else (plural,)),
        write=lambda id: None if id is None else {"links": {"self": f"/v1/{plural}/{id}"}},
        required=required,
        nullable=not required,
        omitted=omitted,
        to=plural,
    )


def _stamps(*, archived: bool = True) -> tuple[Field, ...]:
    made = (_plain("created_at", instant, nullable=False), _plain("updated_at", instant, nullable=False))
    if not archived:
        return made
    both = ("archived_at", "deleted_at")
    return (*made, Field(name="archived_at", keys=both, read=instant, write=_same, written=both))


_NAME = text(LONGEST_NAME)
_FULL_NAME = text(LONGEST_NAME, empty=False)
_NOTES = text(LONGEST_NOTES, multiline=True)

BUSINESS = Kind(
    tag="business",
    plural="businesses",
    record=Business,
    fields=(
        _own_id(),
        Field(name="name", keys=("business_name", "name"), read=_FULL_NAME, write=_same, required=True, nullable=False),
        Field(
            name="time_zone",
            keys=("time_zone_identifier",),
            read=time_zone,
            write=_same,
            required=True,
            nullable=False,
        ),
        *_stamps(),
    ),
)

PRACTITIONER = Kind(
    tag="practitioner",
    plural="practitioners",
    record=Practitioner,
    fields=(
        _own_id(),
        _plain("first_name", _NAME),
        _plain("last_name", _NAME),
        _plain("title", _NAME),
        _plain("designation", _NAME),
        _plain("active", boolean, nullable=False),
        *_stamps(archived=False),
    ),
)

PATIENT = Kind(
    tag="patient",
    plural="patients",
    record=Patient,
    fields=(
        _own_id(),
        _plain("first_name", _NAME),
        _plain("last_name", _NAME),
        _plain("email", email),
        Field(
            name="date_of_birth",
            keys=("date_of_birth",),
            read=date_of_birth,
            write=lambda date: None if date is None else date.isoformat(),
        ),
        *_stamps(),
    ),
)

APPOINTMENT_TYPE = Kind(
    tag="appointment_type",
    plural="appointment_types",
    record=AppointmentType,
    fields=(
        _own_id(),
        _plain("name", _FULL_NAME, required=True),
        _plain("duration_in_minutes", whole(0, 1440), required=True),
        _plain("max_attendees", whole(0, 100), required=True),
        _plain("color", color),
        _plain("category", _NAME),
        _plain("description", _NOTES),
        _plain("telehealth_enabled", boolean, nullable=False),
        *_stamps(),
    ),
)

UNAVAILABLE_BLOCK = Kind(
    tag="unavailable_block",
    plural="unavailable_blocks",
    record=UnavailableBlock,
    fields=(
        _own_id(),
        _plain("starts_at", instant, required=True),
        _plain("ends_at", instant, required=True),
        _relation("practitioner", "practitioners"),
        _relation("business", "businesses", required=False),
        _plain("notes", _NOTES),
        *_stamps(),
    ),
)

GROUP_APPOINTMENT = Kind(
    tag="group_appointment",
    plural="group_appointments",
    record=GroupAppointment,
    fields=(
        _own_id(),
        _plain("starts_at", instant, required=True),
        _plain("ends_at", instant, required=True),
        _plain("max_attendees", whole(1, 100), required=True),
        Field(
            name="patient_ids",
            keys=("patient_ids",),
            read=identifiers,
            write=lambda ids: [str(id) for id in ids],
        ),
        _plain("notes", _NOTES),
        _plain("telehealth_url", address),
        _relation("appointment_type", "appointment_types"),
        _relation("business", "businesses"),
        _relation("practitioner", "practitioners"),
        Field(name="repeat_rule", keys=("repeat_rule",), read=rule, write=spell_rule),
        _relation("repeated_from", "group_appointments", required=False, omitted=True),
        Field(
            name="series_position",
            keys=("series_position",),
            read=whole(0, 1_000_000),
            write=_same,
            omitted=True,
        ),
        Field(name="plan", keys=("plan",), read=plan, write=plan_shape, omitted=True),
        _plain("version", whole(1, 2**31 - 1), nullable=False),
        *_stamps(),
    ),
)

ATTENDEE = Kind(
    tag="attendee",
    plural="attendees",
    record=Attendee,
    fields=(
        _own_id(),
        _relation("booking", "group_appointments", also=["group_appointment"]),
        _relation("patient", "patients"),
        _plain("arrived", boolean),
        _plain("notes", _NOTES),
        _plain("cancelled_at", instant),
        Field(
            name="cancellation_reason",
            keys=("cancellation_reason",),
            read=cancellation_reason,
            write=reason_number,
        ),
        _plain("cancellation_note", _NOTES),
        *_stamps(),
    ),
)

WAITLIST_ENTRY = Kind(
    tag="waitlist_entry",
    plural="waitlist_entries",
    record=WaitlistEntry,
    fields=(
        _own_id(),
        _relation("group_appointment", "group_appointments", also=["booking"]),
        _relation("patient", "patients"),
        _plain("created_at", instant, nullable=False),
        _plain("left_at", instant),
    ),
)

KINDS = (
    BUSINESS,
    PRACTITIONER,
    APPOINTMENT_TYPE,
    PATIENT,
    UNAVAILABLE_BLOCK,
    GROUP_APPOINTMENT,
    ATTENDEE,
    WAITLIST_ENTRY,
)
"""Every kind, in an order in which each refers to earlier ones only."""

BY_TAG = {kind.tag: kind for kind in KINDS}
BY_PLURAL = {kind.plural: kind for kind in KINDS}
