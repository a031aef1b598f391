"""Series against a plain model: any run of edits, across changes of the clocks."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gappt_graphql.scheduling.ids import (
    Ids,
)
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType, at_wall_clock, starts, wall_clock
from gappt_graphql.scheduling.series import Scope, expanded
from series_at_work import BERLIN, HOUR, NORTH, NOW, SYDNEY, a_series, edit


class Model:
    """Each occurrence as what the rule says and what was said about it, on a list that is walked every time."""

    def __init__(self, first: datetime, rule: RepeatRule, zone: ZoneInfo) -> None:
        self.zone = zone
        self.actual = [(start, HOUR) for start in starts(first, rule, zone)]
        self.nominal = [(wall_clock(first, zone), HOUR)]
        local = wall_clock(first, zone)
        for n in range(1, rule.number_of_repeats + 1):
            self.nominal.append((local + timedelta(days=n * rule.repeating_interval), HOUR))

    def instant(self, local: datetime) -> datetime:
        return at_wall_clock(local.date(), local.time(), self.zone)

    def on_plan(self, n: int) -> bool:
        start, length = self.actual[n]
        local, planned = self.nominal[n]
        return length == planned and (start == self.instant(local) or wall_clock(start, self.zone) == local)

    def edit(self, n: int, scope: Scope, start: datetime, length: timedelta) -> None:
        old_start, old_length = self.actual[n]
        base = self.nominal[n][0] if self.on_plan(n) else wall_clock(old_start, self.zone)
        shift = wall_clock(start, self.zone) - base if start != old_start else timedelta(0)
        if scope is not Scope.THIS:
            for m in range(len(self.actual)):
                if scope is Scope.THIS_AND_FOLLOWING and self.actual[m][0] < old_start and m != n:
                    continue
                on_plan = self.on_plan(m)
                local, planned = self.nominal[m]
                self.nominal[m] = (local + shift, length if length != old_length else planned)
                if on_plan and m != n:
                    moved = self.instant(local + shift) if shift else self.actual[m][0]
                    self.actual[m] = (moved, self.nominal[m][1])
        self.actual[n] = (start, length)


edits = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(Scope),
        st.sampled_from([0, 0, -1440, -60, -30, 30, 60, 90, 1440]),
        st.sampled_from([0, 0, 30]),
    ),
    max_size=6,
)
firsts = st.sampled_from(
    [
        datetime(2026, 3, 27, 1, 30),
        datetime(2026, 4, 3, 15, 15),
        datetime(2026, 10, 2, 16, 30),
        datetime(2026, 10, 24, 0, 30),
        datetime(2026, 10, 25, 1, 30),
    ]
)


@settings(max_examples=100, deadline=None)
@given(
    firsts,
    st.sampled_from([BERLIN, SYDNEY, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/Santiago")]),
    st.integers(1, 3),
    edits,
)
def test_any_run_of_edits_does_what_a_plain_model_does(
    first: datetime, zone: ZoneInfo, interval: int, changes: Sequence[tuple[int, Scope, int, int]]
) -> None:
    first = first.replace(tzinfo=UTC)
    rule = RepeatRule(RepeatType.DAILY, interval, 5)
    model = Model(first, rule, zone)
    root = a_series(first)[0]
    series = expanded(replace(root, repeat_rule=None, plan=None), rule, zone.key, Ids(counter=0), now=NOW)
    for position, scope, minutes, longer in changes:
        named = series[position]
        start = named.starts_at + timedelta(minutes=minutes)
        length = named.duration + timedelta(minutes=longer)
        series = edit(series, position, scope, zones={NORTH: zone}, starts_at=start, ends_at=start + length)
        model.edit(position, scope, start, length)
        assert [(member.starts_at, member.duration) for member in series] == model.actual
