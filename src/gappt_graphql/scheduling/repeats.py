"""Series: the rule by which a group appointment repeats on the wall clock of its business."""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct

from gappt_graphql.scheduling.problems import Code, Problem
from gappt_graphql.scheduling.spans import LAST_YEAR

LARGEST_INTERVAL = 52
MOST_REPEATS = 365
MOST_PLACES = 5_000
"""How many occurrences times patients one command may write."""


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


REPEAT_TYPES: Mapping[object, RepeatType] = {step.capitalize(): step for step in RepeatType}
"""The steps as the reference spells them, in REST and in files."""


def spell_rule(rule: RepeatRule | None) -> dict[str, object]:
    """Return the rule as the reference spells it, in REST and in files: an object, empty where there is none."""
    if rule is None:
        return {}
    return {
        "number_of_repeats": rule.number_of_repeats,
        "repeat_type": rule.repeat_type.capitalize(),
        "repeating_interval": rule.repeating_interval,
    }


class Plan(Struct, frozen=True):
    """
    When the rule wants an occurrence to meet.

    `local` is the wall clock's reading, naive, in the zone named beside it. It is the nominal time: one that falls
    into the gap of a clock change stays as the rule says it, and is moved only when it is turned into an instant.
    """

    local: datetime
    time_zone: str
    duration: timedelta

    @property
    def starts_at(self) -> datetime:
        return at_wall_clock(self.local.date(), self.local.time(), ZoneInfo(self.time_zone))


def starts(first: datetime, rule: RepeatRule, zone: ZoneInfo) -> Iterator[datetime]:
    """
    Return the start of every appointment of the series, the first included, in UTC.

    A group that meets at 9 keeps meeting at 9 when the clocks change: the rule runs on the wall clock of the
    business. One that meets on the 31st meets on the last day of a shorter month, and on the 31st again after it.
    """
    yield first  # never recomputed: it may lie in the second pass of a repeated hour
    for local in _repeats(wall_clock(first, zone), rule):
        yield at_wall_clock(local.date(), local.time(), zone)


def plans(first: datetime, duration: timedelta, rule: RepeatRule, time_zone: str) -> Iterator[Plan]:
    """Return the plan of every appointment of the series, the first included, in step with `starts`."""
    local = wall_clock(first, ZoneInfo(time_zone))
    yield Plan(local, time_zone, duration)
    for later in _repeats(local, rule):
        yield Plan(later, time_zone, duration)


def at_wall_clock(day: date, time: time, zone: ZoneInfo) -> datetime:
    """
    Return the instant at which the clocks of the zone show this time, in UTC.

    A time that the clocks skip moves forward by as much as they skip; of one that they show twice it is the first.
    """
    # Without the fold, a skipped time counts by the offset before the change, which is just that move (PEP 495).
    return datetime.combine(day, time.replace(fold=0), zone).astimezone(UTC)


def wall_clock(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clocks of the zone show, as a naive time."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def checked_rule(rule: RepeatRule | None, problems: list[Problem]) -> RepeatRule | None:
    """
    Return the rule, or None where it repeats nothing, and add to the problems what is wrong with it.

    Zero repeats are no rule, whatever the interval.
    """
    if rule is None:
        return None
    found = len(problems)
    if not 0 <= rule.number_of_repeats <= MOST_REPEATS:
        message = f"An appointment can repeat 0 to {MOST_REPEATS} times."
        problems.append(Problem(Code.OUT_OF_RANGE, message, ("repeat_rule", "number_of_repeats")))
    if rule.number_of_repeats == 0:
        smallest, largest = 0, None
    else:
        smallest, largest = 1, LARGEST_INTERVAL
    if rule.repeating_interval < smallest or (largest is not None and rule.repeating_interval > largest):
        message = f"The interval must be {smallest}" + (" or more." if largest is None else f" to {largest}.")
        problems.append(Problem(Code.OUT_OF_RANGE, message, ("repeat_rule", "repeating_interval")))
    return rule if rule.number_of_repeats and len(problems) == found else None


def check_reach(
    first: datetime, duration: timedelta, rule: RepeatRule, time_zone: str, problems: list[Problem]
) -> None:
    """Add a problem if the rule runs past the last year that the book holds."""
    *_, last = plans(first, duration, rule, time_zone)
    if (last.starts_at + last.duration).year > LAST_YEAR:
        message = f"The last repeat would be after the year {LAST_YEAR}."
        problems.append(Problem(Code.OUT_OF_RANGE, message, ("repeat_rule",)))


def check_places(occurrences: int, patients: int, problems: list[Problem]) -> None:
    """Add a problem if the command would write more places than one command may."""
    if occurrences * patients > MOST_PLACES:
        field = "repeat_rule" if occurrences > 1 else "patient_ids"
        message = (
            f"{occurrences:,} appointments with {patients:,} patients are too many at once:"
            f" together {MOST_PLACES:,} places at most."
        )
        problems.append(Problem(Code.OUT_OF_RANGE, message, (field,)))


def _repeats(local: datetime, rule: RepeatRule) -> Iterator[datetime]:
    for n in range(1, rule.number_of_repeats + 1):
        # Always counted from the first: a chain would make the 31st a 28th for good after February.
        day = _moved(local.date(), rule.repeat_type, n * rule.repeating_interval)
        yield datetime.combine(day, local.time())


def _moved(day: date, step: RepeatType, steps: int) -> date:
    if step is RepeatType.DAILY:
        return day + timedelta(days=steps)
    if step is RepeatType.WEEKLY:
        return day + timedelta(weeks=steps)
    year, month = divmod(day.year * 12 + day.month - 1 + steps, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
