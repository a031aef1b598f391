"""The text of a calendar, as icalendar reads it, and as a reader does that forgives nothing."""

from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from calendar_reader import NotACalendar, read
from gappt_graphql.scheduling.calendars import Calendar, Entry
from gappt_graphql.scheduling.ids import AccountId, GroupAppointmentId
from gappt_graphql.web.calendar_file import etag_of, written

ACCOUNT = AccountId(7)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
ENTRY = Entry(
    id=GroupAppointmentId(1),
    starts_at=MONDAY,
    ends_at=MONDAY + timedelta(hours=1),
    appointment_type="Pilates",
    business="North",
    practitioner="Dr Robin Hale",
    seats=8,
    seats_taken=3,
    version=4,
    created_at=MONDAY - timedelta(days=30),
    changed_at=MONDAY - timedelta(days=2),
    archived=False,
)


def text_of(*entries: Entry, name: str = "Dr Robin Hale", of_business: bool = False, cut_short: bool = False) -> bytes:
    calendar = Calendar(name, entries, cut_short=cut_short)
    return written(calendar, account=ACCOUNT, names_practitioners=of_business)


def test_an_event_says_when_what_where_and_how_many() -> None:
    [event] = read(text_of(ENTRY)).events

    assert event == {
        "UID": event["UID"],
        "SEQUENCE": "4",
        "DTSTART": "20260302T090000Z",
        "DTEND": "20260302T100000Z",
        "DTSTAMP": "20260228T090000Z",
        "LAST-MODIFIED": "20260228T090000Z",
        "CREATED": "20260131T090000Z",
        "SUMMARY": "Pilates (3/8)",
        "LOCATION": "North",
        "DESCRIPTION": "3 of 8 seats are taken.",
        "STATUS": "CONFIRMED",
        "TRANSP": "OPAQUE",
    }


def test_the_calendar_of_a_business_says_who_runs_a_group() -> None:
    [event] = read(text_of(ENTRY, of_business=True)).events

    assert event["DESCRIPTION"] == "With Dr Robin Hale. 3 of 8 seats are taken."


def test_an_archived_appointment_is_cancelled_and_takes_no_time() -> None:
    [event] = read(text_of(replace(ENTRY, archived=True))).events

    assert (event["STATUS"], event["TRANSP"]) == ("CANCELLED", "TRANSPARENT")


def test_icalendar_reads_back_what_was_written() -> None:
    calendar = icalendar.Calendar.from_ical(text_of(replace(ENTRY, business="North, South; and \\ more")))

    [event] = calendar.walk("VEVENT")
    assert event.decoded("dtstart") == MONDAY
    assert event.decoded("dtend") == MONDAY + timedelta(hours=1)
    assert event["sequence"] == 4
    assert event["location"] == "North, South; and \\ more"
    assert calendar.errors == event.errors == []


def test_a_calendar_without_events_has_the_component_that_it_needs() -> None:
    text = text_of()

    assert read(text).events == []
    assert [each.name for each in icalendar.Calendar.from_ical(text).subcomponents] == ["VTIMEZONE"]


def test_the_uid_is_the_same_whatever_changes_and_never_another_accounts() -> None:
    [event] = read(text_of(ENTRY)).events
    moved = replace(ENTRY, starts_at=MONDAY + timedelta(days=1), ends_at=MONDAY + timedelta(days=2), version=5)
    [later] = read(text_of(moved, of_business=True)).events
    [elsewhere] = read(written(Calendar("x", (ENTRY,), False), account=AccountId(8), names_practitioners=False)).events

    # As programs that have subscribed know it: it is never to change.
    assert event["UID"] == later["UID"] == "e68a83b5-1962-5527-a832-c4c1ad28492d"
    assert elsewhere["UID"] != event["UID"]


def test_times_in_parts_of_a_second_are_written_in_whole_ones() -> None:
    short = replace(
        ENTRY, starts_at=MONDAY + timedelta(microseconds=1), ends_at=MONDAY + timedelta(microseconds=999_999)
    )

    [event] = read(text_of(short)).events

    assert (event["DTSTART"], event["DTEND"]) == ("20260302T090000Z", "20260302T090001Z")


@pytest.mark.parametrize("year", [1900, 2200])
def test_the_first_and_the_last_year_can_be_written(year: int) -> None:
    early = replace(ENTRY, starts_at=MONDAY.replace(year=year), ends_at=MONDAY.replace(year=year, hour=12))

    assert read(text_of(early)).events[0]["DTSTART"] == f"{year}0302T090000Z"


def test_what_is_left_out_is_told() -> None:
    told = "Too many for one calendar: the next 4,000 and the last 1,000 are shown."

    assert read(text_of(ENTRY, cut_short=True)).properties["DESCRIPTION"] == told
    assert "DESCRIPTION" not in read(text_of(ENTRY)).properties


def test_programs_are_told_to_come_back_after_an_hour() -> None:
    properties = read(text_of(ENTRY)).properties

    assert (properties["REFRESH-INTERVAL"], properties["X-PUBLISHED-TTL"]) == ("PT1H", "PT1H")


HOSTILE = [
    "",
    " ",
    "\r\nEND:VEVENT\r\nBEGIN:VEVENT",
    "\nATTENDEE:mailto:a@example.com",
    "\x00\x07\x0b\x0c\x1b\x7f\x85\u2028\u2029",
    "\\n\\,\\;\\\\",
    'a"b:c;d,e\\',
    "ö" * 200,
    "👩‍⚕️" * 60,
    "x" * 74 + "é",
    "\u202eקلב\u202c",
    " , ; ",
    "BEGIN:VCALENDAR",
]


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_a_name_is_a_name_whatever_is_in_it(name: str) -> None:
    hostile = replace(ENTRY, appointment_type=name, business=name, practitioner=name)

    text = text_of(hostile, name=name, of_business=True)

    [event] = read(text).events
    shown = " ".join("".join(each if each.isprintable() else " " for each in name).split())
    assert event["SUMMARY"] == f"{shown} (3/8)"
    assert event["LOCATION"] == shown
    assert icalendar.Calendar.from_ical(text).walk("VEVENT")[0]["location"] == shown


@settings(max_examples=60, deadline=None)
@given(name=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_name_is_read_back(name: str) -> None:
    text = text_of(replace(ENTRY, appointment_type=name, business=name), name=name)

    read(text)
    assert str(icalendar.Calendar.from_ical(text).walk("VEVENT")[0]["location"]) == read(text).events[0]["LOCATION"]


def tag(*entries: Entry, name: str = "n", cut_short: bool = False, of_business: bool = False) -> str:
    return etag_of(Calendar(name, entries, cut_short=cut_short), names_practitioners=of_business)


def test_the_tag_changes_with_all_that_is_shown_and_with_nothing_else() -> None:
    others = {
        "id": 2,
        "starts_at": MONDAY + timedelta(minutes=1),
        "ends_at": MONDAY + timedelta(hours=2),
        "appointment_type": "Yoga",
        "business": "South",
        "practitioner": "Kim",
        "seats": 9,
        "seats_taken": 4,
        "version": 5,
        "created_at": MONDAY,
        "changed_at": MONDAY,
        "archived": True,
    }
    assert others.keys() == set(Entry.__struct_fields__)
    changed = [tag(replace(ENTRY, **{name: value})) for name, value in others.items()]
    changed += [tag(ENTRY, name="other"), tag(ENTRY, cut_short=True), tag(ENTRY, of_business=True), tag()]

    assert tag(ENTRY) == tag(replace(ENTRY))
    assert len({tag(ENTRY), *changed}) == len(changed) + 1


BROKEN = {
    "CRLF": lambda text: text.replace(b"\r\n", b"\n"),
    "octets": lambda text: text.replace(b"LOCATION:North", b"LOCATION:" + b"N" * 70),
    "without": lambda text: text.replace(b"SEQUENCE:4\r\n", b""),
    "escaped": lambda text: text.replace(b"Pilates ", b"Pilates, "),
    "no time": lambda text: text.replace(b"T090000Z", b"T090000"),
    "after its start": lambda text: text.replace(b"T100000Z", b"T080000Z"),
    "twice": lambda text: text.replace(b"SEQUENCE:4", b"SEQUENCE:4\r\nSEQUENCE:4"),
    "status": lambda text: text.replace(b"CONFIRMED", b"MAYBE"),
    "nobody knows": lambda text: text.replace(b"LOCATION:North", b"X-WR-CALDESC:North"),
    "no number": lambda text: text.replace(b"SEQUENCE:4", b"SEQUENCE:four"),
    "a component": lambda text: text[: text.index(b"BEGIN:VEVENT")] + b"END:VCALENDAR\r\n",
}


@pytest.mark.parametrize("rule", BROKEN)
def test_the_strict_reader_forgives_nothing(rule: str) -> None:
    with pytest.raises(NotACalendar, match=rule):
        read(BROKEN[rule](text_of(ENTRY)))
