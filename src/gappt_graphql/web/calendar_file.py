"""A calendar as the text that calendar programs read (RFC 5545), written by the package icalendar."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

import icalendar
import msgspec
from icalendar import vText

from gappt_graphql.scheduling.calendars import MOST_AHEAD, MOST_PAST, Calendar, Entry, uid
from gappt_graphql.scheduling.ids import AccountId

_LAYOUT = 1
"""To be raised where the same calendar becomes another text: programs that have the former one then take it anew."""
_PRODUCT = "-//gappt-graphql//gappt-graphql//EN"
_SECOND = timedelta(seconds=1)
_REMEMBERED = 8192


def etag_of(calendar: Calendar, *, names_practitioners: bool) -> str:
    """Return what tells this text from every other, without writing it."""
    told = msgspec.json.encode((_LAYOUT, names_practitioners, calendar))
    return f'"{sha256(told).hexdigest()[:32]}"'


def written(calendar: Calendar, *, account: AccountId, names_practitioners: bool) -> bytes:
    """
    Return the calendar's text: lines of at most 75 octets that end in CRLF, in UTF-8.

    Instants are in UTC: each date of a series is an event of its own, so that no rule has to be counted on somebody's
    wall clock. There is no METHOD, which makes DTSTAMP the time of the last change (RFC 5545, 3.8.7.2): what has not
    changed is the same text.
    """
    head = icalendar.Calendar()
    head.add("prodid", vText(_PRODUCT))
    head.add("version", vText("2.0"))
    name = _plain(calendar.name) or "Group appointments"
    for property in ("name", "x-wr-calname"):
        head.add(property, vText(name))
    if calendar.cut_short:
        sentence = f"Too many for one calendar: the next {MOST_AHEAD:,} and the last {MOST_PAST:,} are shown."
        for property in ("description", "x-wr-caldesc"):
            head.add(property, vText(sentence))
    head.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    head.add("x-published-ttl", icalendar.vDuration(timedelta(hours=1)))
    if not calendar.entries:
        head.add_component(_utc())  # a calendar has to have a component
    begin, end = head.to_ical(sorted=False).split(b"END:VCALENDAR")
    events = [_event(entry, account, names_practitioners) for entry in calendar.entries]
    return b"".join((begin, *events, b"END:VCALENDAR", end))


@lru_cache(_REMEMBERED)
def _event(entry: Entry, account: AccountId, names_practitioners: bool) -> bytes:
    """Return one event. Those that have not changed are remembered: writing one takes a quarter of a millisecond."""
    event = icalendar.Event()
    event.add("uid", vText(str(uid(account, entry.id))))
    event.add("sequence", entry.version)
    for name, moment in (("dtstamp", entry.changed_at), ("created", entry.created_at)):
        event.add(name, _to_the_second(moment))
    event.add("last-modified", _to_the_second(entry.changed_at))
    starts_at = _to_the_second(entry.starts_at)
    event.add("dtstart", starts_at)
    event.add("dtend", max(_to_the_second(entry.ends_at), starts_at + _SECOND))
    event.add("summary", vText(f"{_plain(entry.appointment_type)} ({entry.seats_taken}/{entry.seats})"))
    event.add("location", vText(_plain(entry.business)))
    by = f"With {_plain(entry.practitioner)}. " if names_practitioners and entry.practitioner else ""
    event.add("description", vText(f"{by}{entry.seats_taken} of {entry.seats} seats are taken."))
    event.add("status", vText("CANCELLED" if entry.archived else "CONFIRMED"))
    event.add("transp", vText("TRANSPARENT" if entry.archived else "OPAQUE"))
    text: bytes = event.to_ical(sorted=False)
    return text


def _utc() -> icalendar.Timezone:
    standard = icalendar.TimezoneStandard()
    standard.add("dtstart", datetime(1970, 1, 1))
    standard.add("tzoffsetfrom", timedelta())
    standard.add("tzoffsetto", timedelta())
    zone = icalendar.Timezone()
    zone.add("tzid", vText("Etc/UTC"))
    zone.add_component(standard)
    return zone


def _to_the_second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _plain(text: str) -> str:
    """Return the text on one line without control characters, which this format has no way to write."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
