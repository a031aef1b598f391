"""A strict reader of calendars: it takes what RFC 5545 allows of what we write, and nothing else."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

_LINE = re.compile(r"([A-Z][A-Z0-9-]*)((?:;[A-Z-]+=[A-Za-z0-9-]+)*):(.*)", re.DOTALL)
_UTC = re.compile(r"\d{8}T\d{6}Z")
_DURATION = re.compile(r"P(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?")
_TEXTS = {
    *("SUMMARY", "LOCATION", "DESCRIPTION", "NAME", "X-WR-CALNAME", "X-WR-CALDESC"),
    *("UID", "PRODID", "VERSION", "STATUS", "TRANSP", "TZID"),
}
_TIMES = {"DTSTART", "DTEND", "DTSTAMP", "CREATED", "LAST-MODIFIED"}
_OF_A_CALENDAR = {"PRODID", "VERSION"}
_OF_AN_EVENT = {"UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "STATUS", "SUMMARY", "LAST-MODIFIED", "CREATED"}
_ELSE_OF_A_CALENDAR = {"NAME", "X-WR-CALNAME", "DESCRIPTION", "X-WR-CALDESC", "REFRESH-INTERVAL", "X-PUBLISHED-TTL"}
_ELSE_OF_AN_EVENT = {"LOCATION", "DESCRIPTION", "TRANSP"}


class NotACalendar(AssertionError):
    """What breaks the rules, and which."""


class Read(NamedTuple):
    """A calendar: its own properties, and those of each event."""

    properties: dict[str, str]
    events: list[dict[str, str]]


def instant(value: str) -> datetime:
    """Return a time in UTC as it is written."""
    if not _UTC.fullmatch(value):
        raise NotACalendar(f"no time in UTC: {value}")
    return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def read(text: bytes) -> Read:
    """
    Return what a calendar says.

    :raises NotACalendar: for the first rule that it breaks
    """
    lines = [_line(each) for each in _unfolded(text)]
    if lines[0] != ("BEGIN", "", "VCALENDAR") or lines[-1] != ("END", "", "VCALENDAR"):
        raise NotACalendar("a calendar begins and ends as one")
    own: dict[str, str] = {}
    events: list[dict[str, str]] = []
    components = 0
    inside: list[str] = []
    current: dict[str, str] = own
    for name, parameters, value in lines[1:-1]:
        if name == "BEGIN":
            allowed = {"": ("VEVENT", "VTIMEZONE"), "VTIMEZONE": ("STANDARD",)}.get("".join(inside), ())
            if value not in allowed:
                raise NotACalendar(f"{value} within {inside}")
            components += not inside
            inside.append(value)
            current = {}
        elif name == "END":
            if not inside or inside.pop() != value:
                raise NotACalendar(f"{value} ends that did not begin")
            if value == "VEVENT":
                events.append(_checked(current, _OF_AN_EVENT, _OF_AN_EVENT | _ELSE_OF_AN_EVENT))
            current = own
        elif inside and inside[0] == "VTIMEZONE":
            continue  # of the one zone that there may be: icalendar reads it
        else:
            if name in current:
                raise NotACalendar(f"{name} stands twice")
            current[name] = _value(name, parameters, value)
    if inside or not components:
        raise NotACalendar("a calendar has a component, and each ends")
    _checked(own, _OF_A_CALENDAR, _OF_A_CALENDAR | _ELSE_OF_A_CALENDAR)
    if own["VERSION"] != "2.0":
        raise NotACalendar("the version is 2.0")
    for event in events:
        if instant(event["DTEND"]) <= instant(event["DTSTART"]):
            raise NotACalendar("an event ends after its start")
        if event["STATUS"] not in ("CONFIRMED", "CANCELLED"):
            raise NotACalendar(f"no status: {event['STATUS']}")
    if len({event["UID"] for event in events}) < len(events):
        raise NotACalendar("a UID stands twice")
    return Read(own, events)


def _unfolded(text: bytes) -> list[str]:
    if not text.endswith(b"\r\n") or re.search(rb"(?<!\r)\n|\r(?!\n)", text):
        raise NotACalendar("each line ends in CRLF")
    whole: list[bytes] = []
    for line in text[:-2].split(b"\r\n"):
        if len(line) > 75:
            raise NotACalendar(f"a line of {len(line)} octets")
        line.decode()  # a character that is cut in two is read wrong by many
        if line.startswith((b" ", b"\t")):
            whole[-1] += line[1:]
        elif not line:
            raise NotACalendar("an empty line")
        else:
            whole.append(line)
    return [line.decode() for line in whole]


def _line(line: str) -> tuple[str, str, str]:
    found = _LINE.fullmatch(line)
    if not found or any(ord(each) < 32 or ord(each) == 127 for each in line):
        raise NotACalendar(f"no line of a calendar: {line!r}")
    return found[1], found[2], found[3]


def _value(name: str, parameters: str, value: str) -> str:
    if parameters and (name, parameters) != ("REFRESH-INTERVAL", ";VALUE=DURATION"):
        raise NotACalendar(f"{name} takes no {parameters}")
    if name in _TEXTS:
        if re.search(r"(?<!\\)(?:\\\\)*(?:[,;]|\\[^\\,;nN]|\\$)", value):
            raise NotACalendar(f"a text that is not escaped: {value!r}")
        return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)
    if name in _TIMES:
        instant(value)
    elif name == "SEQUENCE":
        if not re.fullmatch(r"0|[1-9]\d{0,8}", value):
            raise NotACalendar(f"no number: {value}")
    elif not _DURATION.fullmatch(value):
        raise NotACalendar(f"no duration: {name} {value}")
    return value


def _checked(found: dict[str, str], needed: set[str], known: set[str]) -> dict[str, str]:
    if missing := needed - found.keys():
        raise NotACalendar(f"without {sorted(missing)}")
    if unknown := found.keys() - known:
        raise NotACalendar(f"{sorted(unknown)}, which nobody knows")
    return found
