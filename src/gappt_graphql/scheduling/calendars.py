"""Calendars that other programs show: who may read which, and what is in one."""

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from msgspec import Struct

from gappt_graphql.scheduling.ids import AccountId, BusinessId, CalendarFeedId, GroupAppointmentId, PractitionerId

DAYS_BACK = 366
DAYS_AHEAD = 731
MOST_PAST = 1_000
MOST_AHEAD = 4_000

_NAMESPACE = UUID("5e0f4c55-7f5c-4b8a-9b7a-0d6f6f6f3c1e")
"""Never to change: calendar programs know an appointment by what is made from it."""


class CalendarFeed(Struct, frozen=True, kw_only=True):
    """
    The secret address of one calendar as it is stored: by the digest of its token, never the token itself.

    Of a practitioner or of a business: the other is None.
    """

    id: CalendarFeedId
    digest: str
    last_four: str
    practitioner_id: PractitionerId | None = None
    business_id: BusinessId | None = None
    created_at: datetime
    revoked_at: datetime | None = None


class Whose(Struct, frozen=True):
    """Of whom a calendar is: a practitioner or a business."""

    practitioner_id: PractitionerId | None = None
    business_id: BusinessId | None = None


class Entry(Struct, frozen=True, kw_only=True):
    """
    One appointment as a calendar shows it, which is less than the book knows: nothing about patients, and no notes.

    `changed_at` is when the last of what is shown was changed, the names among it. `version` grows with the
    appointment's own fields, not with its seats.
    """

    id: GroupAppointmentId
    starts_at: datetime
    ends_at: datetime
    appointment_type: str
    business: str
    practitioner: str
    seats: int
    seats_taken: int
    version: int
    created_at: datetime
    changed_at: datetime
    archived: bool


class Calendar(Struct, frozen=True):
    """
    What a feed shows, in order of time.

    `cut_short` tells that the window holds more appointments than a calendar has: those far from today are left out.
    """

    name: str
    entries: tuple[Entry, ...]
    cut_short: bool


class Window(Struct, frozen=True):
    """The time that a calendar shows: starts from `first` on and before `last`. `today` is where the past ends."""

    first: datetime
    today: datetime
    last: datetime


def window_at(now: datetime) -> Window:
    """Return the window of the day (UTC): it moves at midnight, so that a calendar is the same all day by itself."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(today - timedelta(days=DAYS_BACK), today, today + timedelta(days=DAYS_AHEAD))


def uid(account: AccountId, appointment: GroupAppointmentId) -> UUID:
    """Return by what programs know the appointment: the same in every calendar that shows it, and for ever."""
    return uuid5(_NAMESPACE, f"{account}/{appointment}")
