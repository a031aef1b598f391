from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from gappt_graphql.scheduling.spans import Span, in_years

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SYDNEY = ZoneInfo("Australia/Sydney")


def span(first: int, last: int) -> Span:
    return Span(START + timedelta(minutes=first), START + timedelta(minutes=last))


def in_zone(zone: ZoneInfo, day: tuple[int, int, int], start: float, end: float) -> Span:
    """A span between two readings of the clocks, in hours after midnight."""
    midnight = datetime(*day)
    readings = [(midnight + timedelta(hours=hours)).replace(tzinfo=zone) for hours in (start, end)]
    return Span(*(reading.astimezone(UTC) for reading in readings))


spans = st.builds(lambda first, length: span(first, first + length), st.integers(0, 20), st.integers(1, 10))


@settings(max_examples=100, deadline=None)
@given(spans, spans)
def test_spans_overlap_when_they_share_a_minute(one: Span, other: Span) -> None:
    def minutes(some: Span) -> set[datetime]:
        return {
            START + timedelta(minutes=n)
            for n in range(40)
            if some.starts_at <= START + timedelta(minutes=n) < some.ends_at
        }

    shared = minutes(one) & minutes(other)
    assert one.overlaps(other) is bool(shared)
    if shared:
        assert minutes(one.overlap(other)) == shared


def test_touching_spans_do_not_overlap() -> None:
    assert not span(0, 60).overlaps(span(60, 120))
    assert not span(60, 120).overlaps(span(0, 60))


def test_a_span_overlaps_one_that_it_contains() -> None:
    assert span(0, 60).overlaps(span(20, 30))
    assert span(20, 30).overlaps(span(0, 60))
    assert span(0, 60).overlap(span(20, 30)) == span(20, 30)


def test_a_span_across_midnight_overlaps_one_of_the_next_day() -> None:
    assert in_zone(BERLIN, (2026, 6, 1), 23, 25).overlaps(in_zone(BERLIN, (2026, 6, 2), 0.5, 2))


def test_the_two_passes_of_a_repeated_hour_do_not_overlap() -> None:
    first = datetime(2026, 10, 25, 2, tzinfo=BERLIN).astimezone(UTC)
    second = datetime(2026, 10, 25, 2, tzinfo=BERLIN, fold=1).astimezone(UTC)
    assert second - first == timedelta(hours=1)
    assert not Span(first, first + timedelta(hours=1)).overlaps(Span(second, second + timedelta(hours=1)))


def test_a_span_across_the_end_of_summer_lasts_an_hour_longer() -> None:
    night = in_zone(BERLIN, (2026, 10, 25), 1, 4)
    assert night.ends_at - night.starts_at == timedelta(hours=4)
    assert not night.overlaps(in_zone(BERLIN, (2026, 10, 25), 4, 5))


def test_a_span_across_the_start_of_summer_lasts_an_hour_less() -> None:
    night = in_zone(BERLIN, (2026, 3, 29), 1, 4)
    assert night.ends_at - night.starts_at == timedelta(hours=2)
    assert not night.overlaps(in_zone(BERLIN, (2026, 3, 29), 4, 5))


def test_summer_ends_in_april_in_the_southern_hemisphere() -> None:
    night = in_zone(SYDNEY, (2026, 4, 5), 1, 4)
    assert night.ends_at - night.starts_at == timedelta(hours=4)


def test_the_book_holds_the_years_1900_to_2200() -> None:
    held = [year for year in (1899, 1900, 2200, 2201) if in_years(datetime(year, 1, 1, tzinfo=UTC))]
    assert held == [1900, 2200]
