"""Buckets of tokens: how much each may ask for."""

from datetime import UTC, datetime, timedelta

from gappt_graphql.practice.allowances import Allowances, Standing

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def taken(allowances: Allowances, amount: int = 1, owner: str = "a", **own: int | None) -> tuple[int, float]:
    standing = allowances.take(owner, amount, **own)
    assert standing is not None
    return standing.left, standing.wait


def test_a_minutes_worth_can_be_had_at_once() -> None:
    allowances = Allowances(60, Clock())

    assert taken(allowances, 60) == (0, 0)
    assert taken(allowances) == (0, 1)


def test_what_is_refused_takes_nothing() -> None:
    allowances = Allowances(60, Clock())

    assert taken(allowances, 61) == (60, 1)
    assert taken(allowances, 60) == (0, 0)


def test_a_bucket_fills_evenly_and_no_further_than_it_holds() -> None:
    clock = Clock()
    allowances = Allowances(60, clock)
    taken(allowances, 60)
    clock.now += timedelta(seconds=10)
    assert taken(allowances, 4) == (6, 0)
    clock.now += timedelta(hours=1)

    assert taken(allowances) == (59, 0)


def test_a_clock_that_is_set_back_adds_nothing_and_takes_nothing_away() -> None:
    clock = Clock()
    allowances = Allowances(60, clock)
    taken(allowances, 50)
    clock.now -= timedelta(hours=1)
    assert taken(allowances) == (9, 0)
    clock.now += timedelta(seconds=1)

    assert taken(allowances) == (9, 0)


def test_one_does_not_use_up_what_is_anothers() -> None:
    allowances = Allowances(1, Clock())
    taken(allowances)

    assert taken(allowances, owner="b") == (0, 0)


def test_without_a_limit_there_is_nothing_to_stand_with() -> None:
    assert Allowances(0, Clock()).take("a") is None
    assert Allowances(5, Clock()).take("a", per_minute=0) is None


def test_a_limit_of_ones_own_is_in_place_of_that_for_all() -> None:
    allowances = Allowances(1, Clock())

    assert taken(allowances, 7, per_minute=10) == (3, 0)
    assert taken(Allowances(0, Clock()), 7, per_minute=10) == (3, 0)


def test_a_standing_tells_when_the_bucket_is_full_again_or_when_to_come_back() -> None:
    allowances = Allowances(60, Clock())
    seconds = NOW.timestamp()

    assert allowances.take("a", 20) == Standing(most=60, left=40, wait=0, resets_at=seconds + 20)
    assert allowances.take("a", 50) == Standing(most=60, left=40, wait=10, resets_at=seconds + 10)


def test_who_did_not_ask_for_longest_is_forgotten_first() -> None:
    allowances = Allowances(5, Clock(), remembered=2)
    for owner in ("a", "b", "a", "c"):
        taken(allowances, owner=owner)

    assert taken(allowances, owner="a") == (2, 0)
    assert taken(allowances, owner="b") == (4, 0)
