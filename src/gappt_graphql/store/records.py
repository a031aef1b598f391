"""Records and rows: how each kind of record is kept in its table, and made again from a row."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Column, Table

from gappt_graphql.scheduling.attendance import Attendee, CancellationReason, WaitlistEntry
from gappt_graphql.scheduling.calendars import CalendarFeed
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.repeats import Plan, RepeatRule, RepeatType
from gappt_graphql.scheduling.webhooks import DeliveryState, Failure, Webhook, WebhookDelivery, WebhookState
from gappt_graphql.store import Record, tables
from gappt_graphql.store.statements import instant, microseconds, plain

R = TypeVar("R", bound=Record)

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_TEXTS = msgspec.json.Decoder(tuple[str, ...])
_NUMBERS = msgspec.json.Decoder(tuple[Any, ...])  # ids of one kind or another


class Codec(Struct, Generic[R], frozen=True):
    """
    How one kind of record is kept.

    `decode` takes what a row has in exactly `columns`, in this order. `encode` returns the values of every column that
    the record alone decides, those of `columns` and those derived from it, ready for a driver.
    """

    table: Table
    columns: tuple[Column[Any], ...]
    decode: Callable[[Sequence[Any]], R]
    encode: Callable[[R], dict[str, object]]


def codec(kind: type[R]) -> Codec[R]:
    """Return how records of this kind are kept."""
    return _CODECS[kind]


# A list makes hundreds of records, and what appointments hold repeats: they start on the hour, those of a series were
# saved together, and few rules and lengths are in use. Remembered, an instant costs a fifth. When a person came or a
# place was booked is another moment for each of them, and is not remembered: it would push out all others.
_MOST_REMEMBERED = 16384


class _Instants(dict[int, datetime]):
    """The moments of numbers of microseconds: looking one up calls nothing, where a cached function would be called."""

    def __missing__(self, microseconds: int) -> datetime:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        return self.setdefault(microseconds, instant(microseconds))


_instant = _Instants().__getitem__


def _instant_or_none(value: int | None) -> datetime | None:
    return None if value is None else _instant(value)


# The decoders are written out, one argument a column: a generic one costs twice the time on lists.


def _group_appointment(row: Sequence[Any]) -> GroupAppointment:
    (id, starts_at, ends_at, max_attendees, active_attendees, notes, telehealth_url, appointment_type_id, business_id,
     practitioner_id, repeat_type, repeating_interval, number_of_repeats, repeated_from_id, series_position,
     planned_local, planned_zone, planned_duration, version, created_at, updated_at, archived_at) = row  # fmt: skip
    return GroupAppointment(
        id=id,
        starts_at=_instant(starts_at),
        ends_at=_instant(ends_at),
        max_attendees=max_attendees,
        active_attendees=active_attendees,
        notes=notes,
        telehealth_url=telehealth_url,
        appointment_type_id=appointment_type_id,
        business_id=business_id,
        practitioner_id=practitioner_id,
        repeat_rule=None if repeat_type is None else _rule(repeat_type, repeating_interval, number_of_repeats),
        repeated_from_id=repeated_from_id,
        series_position=series_position,
        plan=None if planned_zone is None else _plan(planned_local, planned_zone, planned_duration),
        version=version,
        created_at=_instant(created_at),
        updated_at=_instant(updated_at),
        archived_at=None if archived_at is None else _instant(archived_at),
    )


@lru_cache(maxsize=_MOST_REMEMBERED)
def _rule(repeat_type: str, repeating_interval: int, number_of_repeats: int) -> RepeatRule:
    return RepeatRule(RepeatType(repeat_type), repeating_interval, number_of_repeats)


def _plan(local: int, time_zone: str, duration: int) -> Plan:
    return Plan(_wall_clock(local), time_zone, _duration(duration))


@lru_cache(maxsize=_MOST_REMEMBERED)
def _wall_clock(microseconds: int) -> datetime:
    return instant(microseconds).replace(tzinfo=None)


@lru_cache(maxsize=_MOST_REMEMBERED)
def _duration(microseconds: int) -> timedelta:
    return timedelta(microseconds=microseconds)


def _attendee(row: Sequence[Any]) -> Attendee:
    (id, group_appointment_id, patient_id, arrived, notes, cancelled_at, cancellation_reason, cancellation_note,
     created_at, updated_at, archived_at) = row  # fmt: skip
    created = instant(created_at)
    return Attendee(
        id=id,
        group_appointment_id=group_appointment_id,
        patient_id=patient_id,
        arrived=None if arrived is None else bool(arrived),
        notes=notes,
        cancelled_at=None if cancelled_at is None else instant(cancelled_at),
        cancellation_reason=None if cancellation_reason is None else CancellationReason(cancellation_reason),
        cancellation_note=cancellation_note,
        created_at=created,
        updated_at=created if updated_at == created_at else instant(updated_at),
        archived_at=None if archived_at is None else instant(archived_at),
    )


def _waitlist_entry(row: Sequence[Any]) -> WaitlistEntry:
    id, group_appointment_id, patient_id, created_at, left_at = row
    return WaitlistEntry(
        id=id,
        group_appointment_id=group_appointment_id,
        patient_id=patient_id,
        created_at=instant(created_at),
        left_at=None if left_at is None else instant(left_at),
    )


def _business(row: Sequence[Any]) -> Business:
    id, name, time_zone, created_at, updated_at, archived_at = row
    return Business(
        id=id,
        name=name,
        time_zone=time_zone,
        created_at=_instant(created_at),
        updated_at=_instant(updated_at),
        archived_at=_instant_or_none(archived_at),
    )


def _practitioner(row: Sequence[Any]) -> Practitioner:
    id, first_name, last_name, title, designation, active, created_at, updated_at = row
    return Practitioner(
        id=id,
        first_name=first_name,
        last_name=last_name,
        title=title,
        designation=designation,
        active=bool(active),
        created_at=_instant(created_at),
        updated_at=_instant(updated_at),
    )


def _patient(row: Sequence[Any]) -> Patient:
    id, first_name, last_name, email, date_of_birth, created_at, updated_at, archived_at = row
    created = instant(created_at)
    return Patient(
        id=id,
        first_name=first_name,
        last_name=last_name,
        email=email,
        date_of_birth=None if date_of_birth is None else date.fromisoformat(date_of_birth),
        created_at=created,
        updated_at=created if updated_at == created_at else instant(updated_at),
        archived_at=None if archived_at is None else instant(archived_at),
    )


def _appointment_type(row: Sequence[Any]) -> AppointmentType:
    (id, name, duration_in_minutes, max_attendees, color, category, description, telehealth_enabled, created_at,
     updated_at, archived_at) = row  # fmt: skip
    return AppointmentType(
        id=id,
        name=name,
        duration_in_minutes=duration_in_minutes,
        max_attendees=max_attendees,
        color=color,
        category=category,
        description=description,
        telehealth_enabled=bool(telehealth_enabled),
        created_at=_instant(created_at),
        updated_at=_instant(updated_at),
        archived_at=_instant_or_none(archived_at),
    )


def _unavailable_block(row: Sequence[Any]) -> UnavailableBlock:
    id, practitioner_id, business_id, starts_at, ends_at, notes, created_at, updated_at, archived_at = row
    return UnavailableBlock(
        id=id,
        practitioner_id=practitioner_id,
        business_id=business_id,
        starts_at=_instant(starts_at),
        ends_at=_instant(ends_at),
        notes=notes,
        created_at=_instant(created_at),
        updated_at=_instant(updated_at),
        archived_at=_instant_or_none(archived_at),
    )


def _calendar_feed(row: Sequence[Any]) -> CalendarFeed:
    id, digest, last_four, practitioner_id, business_id, created_at, revoked_at = row
    return CalendarFeed(
        id=id,
        digest=digest,
        last_four=last_four,
        practitioner_id=practitioner_id,
        business_id=business_id,
        created_at=_instant(created_at),
        revoked_at=_instant_or_none(revoked_at),
    )


def _webhook(row: Sequence[Any]) -> Webhook:
    (id, url, kinds, practitioner_ids, business_ids, state, secret, former_secret, former_secret_until, position,
     waiting, stalled, due_at, failing_since, delivered_at, created_at, updated_at, archived_at) = row  # fmt: skip
    return Webhook(
        id=id,
        url=url,
        kinds=_TEXTS.decode(kinds),
        practitioner_ids=_NUMBERS.decode(practitioner_ids),
        business_ids=_NUMBERS.decode(business_ids),
        state=WebhookState(state),
        secret=secret,
        former_secret=former_secret,
        former_secret_until=_instant_or_none(former_secret_until),
        position=position,
        waiting=waiting,
        stalled=bool(stalled),
        due_at=_instant_or_none(due_at),
        failing_since=_instant_or_none(failing_since),
        delivered_at=_instant_or_none(delivered_at),
        created_at=_instant(created_at),
        updated_at=_instant(updated_at),
        archived_at=_instant_or_none(archived_at),
    )


def _webhook_delivery(row: Sequence[Any]) -> WebhookDelivery:
    (id, webhook_id, number, kind, group_appointment_id, changed_fields, at, state, attempts, due_at, tried_at, status,
     failure, created_at) = row  # fmt: skip
    return WebhookDelivery(
        id=id,
        webhook_id=webhook_id,
        number=number,
        kind=kind,
        group_appointment_id=group_appointment_id,
        changed_fields=_TEXTS.decode(changed_fields),
        at=_instant(at),
        state=DeliveryState(state),
        attempts=attempts,
        due_at=_instant_or_none(due_at),
        tried_at=_instant_or_none(tried_at),
        status=status,
        failure=None if failure is None else Failure(failure),
        created_at=_instant(created_at),
    )


def _encode(record: Record) -> dict[str, object]:
    """Return the fields of a record that is kept as it is."""
    return {name: plain(getattr(record, name)) for name in record.__struct_fields__}


def _encode_named(record: Business | AppointmentType) -> dict[str, object]:
    return _encode(record) | {"sort_name": record.sort_name}


def _encode_person(record: Practitioner | Patient) -> dict[str, object]:
    return _encode(record) | {"sort_name": record.sort_name, "search_name": record.search_name}


def _encode_block(record: UnavailableBlock) -> dict[str, object]:
    return _encode(record) | {"is_long": _is_long(record)}


def _encode_webhook(record: Webhook) -> dict[str, object]:
    lists = {name: _as_json(getattr(record, name)) for name in ("kinds", "practitioner_ids", "business_ids")}
    # Nobody holds one that is new; who delivers writes these past the record.
    return _encode(record) | lists | {"held_by": None, "held_until": microseconds(record.created_at)}


def _encode_delivery(record: WebhookDelivery) -> dict[str, object]:
    return _encode(record) | {"changed_fields": _as_json(record.changed_fields)}


def _as_json(values: tuple[object, ...]) -> str:
    return msgspec.json.encode(values).decode()


def _encode_group_appointment(record: GroupAppointment) -> dict[str, object]:
    fields = _encode(record) | {"is_long": _is_long(record)}
    rule, plan = record.repeat_rule, record.plan
    del fields["repeat_rule"], fields["plan"]
    fields["repeat_type"] = None if rule is None else rule.repeat_type.value
    fields["repeating_interval"] = None if rule is None else rule.repeating_interval
    fields["number_of_repeats"] = None if rule is None else rule.number_of_repeats
    fields["planned_local"] = None if plan is None else microseconds(plan.local.replace(tzinfo=UTC))
    fields["planned_zone"] = None if plan is None else plan.time_zone
    fields["planned_duration"] = None if plan is None else plan.duration // _MICROSECOND
    return fields


def _is_long(record: GroupAppointment | UnavailableBlock) -> int:
    return int(record.ends_at - record.starts_at > _DAY)


# The columns that a field of a group appointment is spread over.
_SPREAD: Mapping[str, tuple[str, ...]] = {
    "repeat_rule": ("repeat_type", "repeating_interval", "number_of_repeats"),
    "plan": ("planned_local", "planned_zone", "planned_duration"),
}


def _columns(kind: type[R], table: Table) -> tuple[Column[Any], ...]:
    names = [name for field in kind.__struct_fields__ for name in _SPREAD.get(field, (field,))]
    return tuple(table.c[name] for name in names)


def _codec(
    kind: type[R], table: Table, decode: Callable[[Sequence[Any]], R], encode: Callable[[R], dict[str, object]]
) -> Codec[R]:
    return Codec(table, _columns(kind, table), decode, encode)


_CODECS: Mapping[type[Any], Codec[Any]] = {
    Business: _codec(Business, tables.businesses, _business, _encode_named),
    Practitioner: _codec(Practitioner, tables.practitioners, _practitioner, _encode_person),
    Patient: _codec(Patient, tables.patients, _patient, _encode_person),
    AppointmentType: _codec(AppointmentType, tables.appointment_types, _appointment_type, _encode_named),
    UnavailableBlock: _codec(UnavailableBlock, tables.unavailable_blocks, _unavailable_block, _encode_block),
    GroupAppointment: _codec(
        GroupAppointment, tables.group_appointments, _group_appointment, _encode_group_appointment
    ),
    Attendee: _codec(Attendee, tables.attendees, _attendee, _encode),
    WaitlistEntry: _codec(WaitlistEntry, tables.waitlist_entries, _waitlist_entry, _encode),
    Webhook: _codec(Webhook, tables.webhooks, _webhook, _encode_webhook),
    WebhookDelivery: _codec(WebhookDelivery, tables.webhook_deliveries, _webhook_delivery, _encode_delivery),
    CalendarFeed: _codec(CalendarFeed, tables.calendar_feeds, _calendar_feed, _encode),
}
