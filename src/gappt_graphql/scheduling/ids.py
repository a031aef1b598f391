"""Identifiers of records, and how they are made."""

from datetime import UTC, datetime
from typing import NewType

AccountId = NewType("AccountId", int)
AppointmentTypeId = NewType("AppointmentTypeId", int)
AttendeeId = NewType("AttendeeId", int)
BusinessId = NewType("BusinessId", int)
CalendarFeedId = NewType("CalendarFeedId", int)
GroupAppointmentId = NewType("GroupAppointmentId", int)
KeyId = NewType("KeyId", int)
PatientId = NewType("PatientId", int)
PractitionerId = NewType("PractitionerId", int)
UnavailableBlockId = NewType("UnavailableBlockId", int)
WaitlistEntryId = NewType("WaitlistEntryId", int)
WebhookDeliveryId = NewType("WebhookDeliveryId", int)
WebhookId = NewType("WebhookId", int)

LARGEST_ID = 2**63 - 1
NOBODY = 0
"""An id that no record has."""

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_COUNTER_BITS = 21


def read_id(text: str) -> int:
    """Return the id as a number; what is no id, or written in another way than ours, is nobody's."""
    if text.isascii() and text.isdigit() and text[0] != "0" and len(text) <= len(str(LARGEST_ID)):
        id = int(text)
        return id if id <= LARGEST_ID else NOBODY
    return NOBODY


class Ids:
    """
    Make identifiers that sort by the time they were made.

    42 bits of milliseconds since 2020, then 21 bits of a counter. Within one process they only rise; two
    processes may clash, which the store sees and answers by running the unit of work again.
    """

    def __init__(self, counter: int) -> None:
        """Start the counter at this number, which is random for each process."""
        self._counter = counter
        self._last = 0

    def next(self, now: datetime) -> int:
        """Return an identifier made at this moment."""
        milliseconds = (now - _EPOCH) // _MILLISECOND
        self._counter = (self._counter + 1) % (1 << _COUNTER_BITS)
        made = (milliseconds << _COUNTER_BITS) | self._counter
        self._last = made if made > self._last else self._last + 1
        return self._last


_MILLISECOND = (_EPOCH.replace(microsecond=1000)) - _EPOCH
