"""Series: the rule by which a group appointment repeats on the wall clock of its business."""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct


class RepeatType(StrEnum):
    """The step of a rule; times `repeating_interval`."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"


class RepeatRule(Struct, frozen=True):
    """Every `repeating_interval` days, weeks or months, `number_of_repeats` times after the first."""

    repeat_type: RepeatType
    repeating_interval: int
    number_of_repeats: int


class Plan(Struct, frozen=True):
    """
    When the rule wants an occurrence to meet.

    `local` is the wall clock's reading, naive, in the zone named beside it. It is the nominal time: one that falls
    into the gap of a clock change stays as the rule says it, and is moved only when it is turned into an instant.
    """

    local: datetime
    time_zone: str
    duration: timedelta
