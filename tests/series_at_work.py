"""Series in memory, and edits of them, for tests of the rules."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from gappt_graphql.scheduling.group_appointment import GroupAppointment, next_version
from gappt_graphql.scheduling.ids import (
    AppointmentTypeId,
    BusinessId,
    GroupAppointmentId,
    Ids,
    PractitionerId,
)
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType, wall_clock
from gappt_graphql.scheduling.series import Scope, carried, expanded, reached

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SYDNEY = ZoneInfo("Australia/Sydney")
HOUR = timedelta(hours=1)
NORTH, SOUTH = BusinessId(1), BusinessId(2)

Series = list[GroupAppointment]


def a_series(
    first: datetime, *, step: RepeatType = RepeatType.WEEKLY, repeats: int = 3, zone: ZoneInfo = BERLIN, **fields: Any
) -> Series:
    usual: dict[str, Any] = {
        "id": GroupAppointmentId(1),
        "starts_at": first,
        "ends_at": first + HOUR,
        "max_attendees": 8,
        "appointment_type_id": AppointmentTypeId(1),
        "business_id": NORTH,
        "practitioner_id": PractitionerId(1),
        "created_at": NOW,
        "updated_at": NOW,
    }
    root = GroupAppointment(**(usual | fields))
    return expanded(root, RepeatRule(step, 1, repeats), zone.key, Ids(counter=0), now=NOW)


def berlin(*reading: int) -> datetime:
    return datetime(*reading, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[arg-type,misc]


def edit(
    series: Series,
    position: int,
    scope: Scope = Scope.ALL,
    *,
    zones: Mapping[BusinessId, ZoneInfo] | None = None,
    now: datetime = NOW,
    **fields: Any,
) -> Series:
    """Return the series after an edit of one of it; a start that moves alone keeps the duration."""
    named = series[position]
    if "starts_at" in fields:
        fields.setdefault("ends_at", fields["starts_at"] + named.duration)
    after = next_version(named, replace(named, **fields), now=now)
    if scope is Scope.THIS:
        return [after if member is named else member for member in series]
    touched = reached(named, series, scope, now=now)
    edits = carried(named, after, touched, zones or {NORTH: BERLIN, SOUTH: SYDNEY}, now=now)
    changed = {before.id: after for before, after in edits}
    return [changed.get(member.id, member) for member in series]


def readings(series: Series, zone: ZoneInfo = BERLIN) -> list[str]:
    return [wall_clock(member.starts_at, zone).strftime("%d.%m. %H:%M") for member in series]
