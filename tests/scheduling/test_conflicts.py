from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gappt_graphql.scheduling.conflicts import (
    MOST_LISTED,
    Claim,
    Conflict,
    ConflictKind,
    conflicts_among,
    in_order_of_time,
    left_out,
)
from gappt_graphql.scheduling.ids import GroupAppointmentId, PatientId, PractitionerId, UnavailableBlockId
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType, starts
from gappt_graphql.scheduling.spans import Span

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DOUBLE_BOOKED = ConflictKind.PRACTITIONER_DOUBLE_BOOKED


def claim(
    key: int,
    first: int,
    minutes: int = 60,
    practitioner: int = 1,
    patients: Sequence[int] = (),
    stored: int | None = None,
) -> Claim:
    starts_at = START + timedelta(minutes=first)
    return Claim(
        key=key,
        span=Span(starts_at, starts_at + timedelta(minutes=minutes)),
        practitioner_id=PractitionerId(practitioner),
        patient_ids=tuple(PatientId(patient) for patient in patients),
        group_appointment_id=None if stored is None else GroupAppointmentId(stored),
    )


def slow_conflicts(claims: Sequence[Claim], standing: Sequence[Claim]) -> dict[int, list[Conflict]]:
    """Compare every claim with every other, one kind after the other."""
    found: dict[int, list[Conflict]] = {each.key: [] for each in claims}
    for one in claims:
        others = [(other, True) for other in claims if other.key != one.key]
        others += [(other, False) for other in standing if other.group_appointment_id != one.group_appointment_id]
        for other, of_proposal in others:
            if not (one.span.starts_at < other.span.ends_at and other.span.starts_at < one.span.ends_at):
                continue
            usual = Conflict(
                kind=DOUBLE_BOOKED,
                starts_at=max(one.span.starts_at, other.span.starts_at),
                ends_at=min(one.span.ends_at, other.span.ends_at),
                occurrence_index=other.key if of_proposal else None,
                group_appointment_id=None if of_proposal else other.group_appointment_id,
            )
            if one.practitioner_id == other.practitioner_id:
                found[one.key].append(usual)
            for patient in one.patient_ids:
                if patient in other.patient_ids:
                    found[one.key].append(replace(usual, kind=ConflictKind.PATIENT_DOUBLE_BOOKED, patient_id=patient))
    return {key: in_order_of_time(conflicts) for key, conflicts in found.items()}


times = {
    "first": st.integers(0, 30),
    "minutes": st.integers(1, 12),
    "practitioner": st.integers(1, 2),
    "patients": st.lists(st.integers(1, 4), unique=True, max_size=3),
}
proposals = st.lists(st.builds(dict, **times, stored=st.sampled_from([None, 101, 102])), max_size=7).map(
    lambda made: [claim(key, **fields) for key, fields in enumerate(made)]
)
diaries = st.lists(st.builds(dict, **times, stored=st.sampled_from([101, 102, 103])), max_size=4).map(
    lambda made: [claim(-1 - key, **fields) for key, fields in enumerate(made)]
)


@settings(max_examples=100, deadline=None)
@given(proposals, diaries)
def test_the_sweep_finds_what_comparing_every_pair_finds(claims: list[Claim], standing: list[Claim]) -> None:
    assert conflicts_among(claims, standing) == slow_conflicts(claims, standing)


@settings(max_examples=100, deadline=None)
@given(proposals, st.sets(st.integers(0, 6)), st.booleans())
def test_kept_dates_never_conflict_and_greed_drops_none_without_reason(
    claims: list[Claim], held: set[int], moving: bool
) -> None:
    claims = [replace(each, group_appointment_id=GroupAppointmentId(200 + each.key)) for each in claims]
    against = {key: [Conflict(kind=DOUBLE_BOOKED, starts_at=START, ends_at=START)] for key in held}
    former = {each.key: shifted(each, hours=-1) for each in claims} if moving else {}
    out = left_out(claims, against, fixed=[0], former=former)
    kept = [each for each in claims if each.key == 0 or each.key not in out]
    stays = [former[key] for key in out if key in former and key != 0]
    for key, conflicts in slow_conflicts(kept, stays).items():
        if key != 0:
            assert not conflicts or key in out
    assert all(out.values())
    assert held.intersection(range(len(claims))) <= set(out)
    if not moving:
        assert set(out) - {0} == slow_greed(claims, held)


def slow_greed(claims: list[Claim], held: set[int]) -> set[int]:
    """Take the dates one by one, and compare each with all that were kept before it."""
    kept, out = claims[:1], set()
    for each in claims[1:]:
        if each.key in held or any(slow_conflicts([each, other], [])[each.key] for other in kept):
            out.add(each.key)
        else:
            kept.append(each)
    return out


def shifted(each: Claim, *, hours: int) -> Claim:
    move = timedelta(hours=hours)
    return replace(each, span=Span(each.span.starts_at + move, each.span.ends_at + move))


def test_dates_are_kept_greedily_in_order() -> None:
    daily = [claim(key, key * 60, minutes=90) for key in range(5)]
    assert set(left_out(daily, {}, fixed=[0], former={})) == {1, 3}


def test_the_fixed_date_makes_no_room_for_earlier_ones() -> None:
    daily = [claim(key, key * 60, minutes=90) for key in range(3)]
    assert set(left_out(daily, {}, fixed=[1], former={})) == {0, 2}


def test_the_first_is_not_refused_because_of_its_own_repeats() -> None:
    daily = [claim(key, key * 60, minutes=90) for key in range(3)]
    assert 0 not in left_out(daily, {}, fixed=[0], former={})


def test_a_date_that_stays_where_it_was_is_in_the_way_of_one_that_would_move_there() -> None:
    # Each moves onto the old time of the next; the last can't move, so none but the first could.
    weekly = [claim(key, 60 * (key + 1), stored=10 + key) for key in range(3)]
    former = {key: claim(key, 60 * key, stored=10 + key) for key in range(3)}
    held = {2: [Conflict(kind=DOUBLE_BOOKED, starts_at=START, ends_at=START)]}
    out = left_out(weekly, held, fixed=[0], former=former)
    assert set(out) == {0, 1, 2}
    assert [conflict.group_appointment_id for conflict in out[1]] == [12]


def test_siblings_of_a_rule_longer_than_its_step_conflict() -> None:
    first, second, third = starts(START, RepeatRule(RepeatType.DAILY, 1, 2), ZoneInfo("UTC"))
    claims = [
        replace(claim(key, 0), span=Span(start, start + timedelta(hours=30)))
        for key, start in enumerate((first, second, third))
    ]
    found = conflicts_among(claims)
    assert {key: [conflict.occurrence_index for conflict in each] for key, each in found.items()} == {
        0: [1],
        1: [0, 2],
        2: [1],
    }


def test_dates_that_all_overlap_list_a_bounded_number_of_conflicts() -> None:
    found = conflicts_among([claim(key, key, minutes=1000) for key in range(300)])
    assert {len(conflicts) for conflicts in found.values()} == {MOST_LISTED}


def test_touching_dates_do_not_conflict() -> None:
    assert conflicts_among([claim(0, 0), claim(1, 60)]) == {0: [], 1: []}


def test_a_contained_date_shares_its_whole_span() -> None:
    (conflict,) = conflicts_among([claim(0, 0, minutes=60), claim(1, 20, minutes=10)])[0]
    assert (conflict.starts_at, conflict.ends_at) == (START + timedelta(minutes=20), START + timedelta(minutes=30))


def test_a_date_does_not_conflict_with_its_own_stored_self() -> None:
    assert conflicts_among([claim(0, 0, stored=7)], [claim(9, 0, stored=7)]) == {0: []}


def test_a_patient_in_two_groups_of_different_practitioners_is_double_booked() -> None:
    (conflict,) = conflicts_among([claim(0, 0, patients=[5, 6]), claim(1, 30, practitioner=2, patients=[6])])[0]
    assert (conflict.kind, conflict.patient_id) == (ConflictKind.PATIENT_DOUBLE_BOOKED, 6)


def test_a_message_names_kind_instants_and_ids_in_one_sentence() -> None:
    usual = Conflict(kind=DOUBLE_BOOKED, starts_at=START, ends_at=START + timedelta(hours=1))
    when = "from 2026-03-02T09:00:00Z to 2026-03-02T10:00:00Z."
    messages = [
        replace(usual, group_appointment_id=GroupAppointmentId(7)).message,
        replace(usual, kind=ConflictKind.PRACTITIONER_UNAVAILABLE, unavailable_block_id=UnavailableBlockId(8)).message,
        replace(usual, kind=ConflictKind.PATIENT_DOUBLE_BOOKED, occurrence_index=2, patient_id=PatientId(9)).message,
    ]
    assert messages == [
        f"The practitioner is booked in group appointment 7 {when}",
        f"The practitioner is kept away by block 8 {when}",
        f"Patient 9 is booked on date 2 of this series {when}",
    ]
