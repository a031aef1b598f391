"""Every record comes back from its row as it was."""

from datetime import UTC, date, datetime, timedelta
from enum import EnumMeta
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.calendars import CalendarFeed
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import LARGEST_ID
from gappt_graphql.scheduling.repeats import Plan, RepeatRule
from gappt_graphql.scheduling.webhooks import Webhook, WebhookDelivery
from gappt_graphql.store import Record
from gappt_graphql.store.records import codec
from gappt_graphql.store.statements import microseconds

KINDS = list(get_args(Record))

MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 12, 31))
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    datetime: MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC)),
    date: st.dates(),
    timedelta: st.timedeltas(timedelta(microseconds=1), timedelta(days=400)),
    bool: st.booleans(),
    int: st.integers(0, 1000),
    str: st.text(),
    type(None): st.none(),
}


def values(annotation: Any) -> st.SearchStrategy[Any]:
    if isinstance(annotation, UnionType):
        return st.one_of([values(each) for each in get_args(annotation)])
    if get_origin(annotation) is tuple:
        return st.lists(values(get_args(annotation)[0]), max_size=3).map(tuple)
    if isinstance(annotation, EnumMeta):
        return st.sampled_from(annotation)
    if annotation is Plan:
        return st.builds(Plan, MOMENTS, st.sampled_from(["UTC", "Australia/Lord_Howe"]), VALUES[timedelta])
    if annotation is RepeatRule:
        return st.builds(RepeatRule, *(values(each) for each in get_type_hints(RepeatRule).values()))
    return VALUES[annotation] if annotation in VALUES else st.integers(1, LARGEST_ID)


@st.composite
def records(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(KINDS))
    return kind(**{name: draw(values(annotation)) for name, annotation in get_type_hints(kind).items()})


@given(records())
def test_a_record_is_the_same_after_it_was_kept_in_a_row(record):
    kept = codec(type(record))
    encoded = kept.encode(record)

    assert kept.decode(tuple(encoded[column.name] for column in kept.columns)) == record


def test_more_instants_than_are_remembered_are_still_themselves():
    moments = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=n) for n in range(40_000)]
    decode = codec(WaitlistEntry).decode

    for _ in range(2):
        made = [decode((1, 2, 3, microseconds(moment), None)).created_at for moment in moments]
        assert made == moments


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_decides_every_column_of_its_table(kind, practice):
    of_others = {Attendee: {"starts_at", "ends_at", "is_long", "is_busy"}}.get(kind, set())
    record = {
        Business: practice.business,
        Practitioner: practice.practitioner,
        AppointmentType: practice.type,
        Patient: practice.patients[0],
        UnavailableBlock: practice.new_block(practice.now),
        GroupAppointment: practice.new_group(),
        Attendee: practice.new_attendee(practice.new_group(), practice.patients[0]),
        WaitlistEntry: practice.new(WaitlistEntry, group_appointment_id=1, patient_id=1),
        CalendarFeed: practice.new(CalendarFeed, digest="d", last_four="four", business_id=1),
        Webhook: practice.new(Webhook, url="https://a.example", secret="whsec_", position=0),
        WebhookDelivery: practice.new(
            WebhookDelivery, webhook_id=1, number=1, kind="UPDATED", group_appointment_id=1, at=practice.now
        ),
    }[kind]

    assert {"account_id", *codec(kind).encode(record)} | of_others == set(codec(kind).table.columns.keys())


async def test_instants_are_kept_to_the_microsecond_through_three_centuries(practice):
    for moment in (datetime(1900, 1, 1, 0, 0, 0, 1, UTC), datetime(2200, 12, 31, 23, 59, 59, 999999, UTC)):
        group = await practice.group(moment)

        assert (await practice.reload(group)).starts_at == moment


async def test_a_nominal_time_stays_on_its_wall_clock(practice):
    in_a_gap = Plan(datetime(2026, 10, 4, 2, 30), "Australia/Sydney", timedelta(minutes=90))
    group = await practice.group(plan=in_a_gap)

    assert (await practice.reload(group)).plan == in_a_gap


async def test_what_lasts_a_day_is_not_long_and_what_lasts_longer_is(practice):
    day, longer = practice.new_group(minutes=24 * 60), practice.new_group(minutes=24 * 60 + 1)

    assert [codec(GroupAppointment).encode(group)["is_long"] for group in (day, longer)] == [0, 1]


def test_a_derived_name_follows_the_record(practice):
    ada = practice.new(Patient, first_name="Ada", last_name="ÅSTRÖM")

    encoded = codec(Patient).encode(ada)

    assert (encoded["sort_name"], encoded["search_name"]) == (ada.sort_name, "ada åström")
