"""A week of a practice, day by day."""

import asyncio
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from .generated import PracticeClient
from .generated.day import DayGroupAppointmentsNodes as Group
from .server import ask_again


async def week(client: PracticeClient, business: str, first_day: date) -> None:
    """Print seven days of a business."""
    days = [first_day + timedelta(days=number) for number in range(7)]
    for day, groups in zip(days, await asyncio.gather(*(_day(client, business, day) for day in days)), strict=True):
        print(day)
        for group in groups:
            print(f"  {_line(group)}")


def clock(instant: datetime, time_zone: str, style: str = "%H:%M") -> str:
    """Return the time that the practice's own clock shows, wherever the reader is."""
    return instant.astimezone(ZoneInfo(time_zone)).strftime(style)


async def _day(client: PracticeClient, business: str, day: date) -> list[Group]:
    answer = await ask_again(lambda: client.day(business, day))
    return answer.nodes if answer else []


def _line(group: Group) -> str:
    time = clock(group.starts_at, group.business.time_zone)
    seats = f"{group.available_seats} of {group.max_attendees} seats free"
    conflicts = "".join(f"  {conflict.kind.value}" for conflict in group.conflicts.items)
    return f"{time}  {group.appointment_type.name} with {group.practitioner.label}, {seats}  (id {group.id}){conflicts}"
