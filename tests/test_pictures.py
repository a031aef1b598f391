"""What the pictures of docs/guide/repeats.md show of a clock change is what the rule does."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType, at_wall_clock, starts

PICTURES = Path(__file__).parents[1] / "docs" / "guide" / "pictures"
SYDNEY = ZoneInfo("Australia/Sydney")


def shown(picture: str, what: str) -> list[tuple[str, str]]:
    """Return the clock readings of this kind, each with the instant that it stands for."""
    text = (PICTURES / picture).read_text(encoding="utf-8")
    return re.findall(rf'class="{what}"(?: data-starts="([^"]+)")?[^>]*>([\d:]+)<', text)


def reading(instant: datetime, zone: ZoneInfo | None = None) -> str:
    there = instant.astimezone(zone or UTC)
    return f"{there.hour}:{there.minute:02}"


def test_the_weekly_group_of_the_picture_keeps_its_hour() -> None:
    picture = "weekly-over-a-clock-change.svg"
    instants = [datetime.fromisoformat(instant) for instant, _ in shown(picture, "utc")]
    rule = RepeatRule(RepeatType.WEEKLY, repeating_interval=1, number_of_repeats=3)

    assert instants == list(starts(instants[0], rule, SYDNEY))
    assert [text for _, text in shown(picture, "utc")] == [reading(instant) for instant in instants]
    assert [text for _, text in shown(picture, "local")] == [reading(instant, SYDNEY) for instant in instants]
    assert len(set(map(reading, instants))) == 2


def test_the_group_at_half_past_two_meets_when_the_picture_says() -> None:
    for what, day in (("spring", datetime(2030, 10, 6)), ("autumn", datetime(2030, 4, 7))):
        [(instant, text)] = shown("nights-of-a-clock-change.svg", what)
        meets = at_wall_clock(day.date(), day.replace(hour=2, minute=30).time(), SYDNEY)

        assert (datetime.fromisoformat(instant), text) == (meets, reading(meets, SYDNEY))
