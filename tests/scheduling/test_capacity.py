"""Seats and the waitlist, against a slow model that anybody can check by reading."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gappt_graphql.scheduling import capacity
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.scheduling.problems import Code, Refused

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
PATIENTS = range(1, 9)


def a_group(seats: int = 2, taken: int = 0, **fields) -> GroupAppointment:
    usual = {
        "id": 1,
        "starts_at": NOW + timedelta(hours=1),
        "ends_at": NOW + timedelta(hours=2),
        "max_attendees": seats,
        "active_attendees": taken,
        "appointment_type_id": 1,
        "business_id": 1,
        "practitioner_id": 1,
        "created_at": NOW - timedelta(days=1),
        "updated_at": NOW - timedelta(days=1),
    }
    return GroupAppointment(**(usual | fields))


def a_patient(id: int, *, archived: bool = False) -> Patient:
    return Patient(
        id=id,
        first_name=None,
        last_name=f"Patient {id}",
        created_at=NOW,
        updated_at=NOW,
        archived_at=NOW if archived else None,
    )


def an_entry(patient: int, minutes_ago: int = 0) -> WaitlistEntry:
    at = NOW - timedelta(minutes=minutes_ago)
    return WaitlistEntry(id=patient + 100, group_appointment_id=1, patient_id=patient, created_at=at)


def seat(group: GroupAppointment, *patients: int, active=(), waiting=(), waitlist_if_full=False):
    return capacity.seat(
        group,
        patients,
        active=active,
        waiting=waiting,
        now=NOW,
        ids=Ids(0),
        waitlist_if_full=waitlist_if_full,
    )


def promote(group: GroupAppointment, *waiting: WaitlistEntry, active=(), archived=()):
    patients = {id: a_patient(id, archived=id in archived) for id in PATIENTS}
    return capacity.promote(group, waiting, patients=patients, active=active, now=NOW, ids=Ids(0))


def codes(refused: Refused) -> list[tuple[Code, tuple[str, ...] | None]]:
    return [(problem.code, problem.field) for problem in refused.problems]


def test_a_seat_moves_updated_at_and_not_the_version():
    group = seat(a_group(), 5).group

    assert (group.active_attendees, group.updated_at, group.version) == (1, NOW, 1)


def test_updated_at_never_moves_back():
    later = NOW + timedelta(seconds=1)

    assert seat(a_group(updated_at=later), 5).group.updated_at == later


def test_more_patients_than_seats_are_refused_together():
    with pytest.raises(Refused) as refused:
        seat(a_group(seats=2), 1, 2, 3)

    assert codes(refused.value) == [(Code.CAPACITY_FULL, ("patient_ids",))]


def test_who_is_booked_already_is_refused_on_their_own_field():
    with pytest.raises(Refused) as refused:
        seat(a_group(taken=1), 2, 1, active={1})

    assert codes(refused.value) == [(Code.ALREADY_BOOKED, ("patient_ids", "1"))]


def test_all_reasons_come_together():
    with pytest.raises(Refused) as refused:
        seat(a_group(seats=1, taken=1), 1, 2, active={1})

    assert codes(refused.value) == [
        (Code.ALREADY_BOOKED, ("patient_ids", "0")),
        (Code.CAPACITY_FULL, ("patient_ids",)),
    ]


def test_an_archived_group_takes_nobody():
    with pytest.raises(Refused) as refused:
        seat(a_group(archived_at=NOW), 1)

    assert codes(refused.value) == [(Code.ARCHIVED, ("group_appointment_id",))]


def test_a_group_that_has_started_takes_a_late_patient():
    assert [attendee.patient_id for attendee in seat(a_group(starts_at=NOW), 1).attendees] == [1]


def test_a_group_that_has_started_lists_nobody():
    with pytest.raises(Refused) as refused:
        seat(a_group(seats=1, starts_at=NOW), 1, 2, waitlist_if_full=True)

    assert codes(refused.value) == [(Code.CAPACITY_FULL, ("patient_ids",))]


def test_seats_go_in_order_and_the_rest_waits():
    seating = seat(a_group(seats=2), 3, 1, 2, waitlist_if_full=True)

    assert [attendee.patient_id for attendee in seating.attendees] == [3, 1]
    assert [entry.patient_id for entry in seating.listed] == [2]
    assert seating.group.active_attendees == 2


def test_nobody_waits_twice():
    with pytest.raises(Refused) as refused:
        seat(a_group(seats=1, taken=1), 2, waiting=[an_entry(2)], waitlist_if_full=True)

    assert codes(refused.value) == [(Code.ALREADY_BOOKED, ("patient_ids", "0"))]


def test_nobody_is_booked_past_who_waits():
    with pytest.raises(Refused) as refused:
        seat(a_group(seats=2), 1, waiting=[an_entry(2)])

    assert codes(refused.value) == [(Code.CAPACITY_FULL, ("patient_ids",))]


def test_who_waits_first_may_be_booked_and_then_no_longer_waits():
    seating = seat(a_group(seats=2), 2, waiting=[an_entry(2, 5), an_entry(3)])

    assert [attendee.patient_id for attendee in seating.attendees] == [2]
    assert [(was.left_at, entry.left_at) for was, entry in seating.left] == [(None, NOW)]


def test_a_newcomer_stands_behind_who_came_by_a_faster_clock():
    fast = an_entry(1, minutes_ago=-5)

    assert (
        seat(a_group(seats=1, taken=1), 2, waiting=[fast], waitlist_if_full=True).listed[0].created_at > fast.created_at
    )


def test_the_first_who_waits_moves_up():
    promotion = promote(a_group(seats=2, taken=1), an_entry(4, 2), an_entry(5, 1))

    assert [attendee.patient_id for attendee in promotion.attendees] == [4]
    assert [entry.patient_id for _, entry in promotion.left] == [4]
    assert promotion.group.active_attendees == 2


def test_more_seats_promote_as_many():
    promotion = promote(a_group(seats=5, taken=2), an_entry(3, 3), an_entry(4, 2), an_entry(5, 1), an_entry(6))

    assert [attendee.patient_id for attendee in promotion.attendees] == [3, 4, 5]


def test_an_archived_patient_leaves_the_list_without_a_seat():
    promotion = promote(a_group(seats=1), an_entry(4, 2), an_entry(5), archived={4})

    assert [attendee.patient_id for attendee in promotion.attendees] == [5]
    assert [entry.patient_id for _, entry in promotion.left] == [4, 5]


def test_a_patient_with_a_seat_leaves_the_list_without_another():
    promotion = promote(a_group(seats=2, taken=1), an_entry(4), active={4})

    assert promotion.attendees == ()
    assert [entry.patient_id for _, entry in promotion.left] == [4]
    assert promotion.group.active_attendees == 1


@pytest.mark.parametrize("fields", [{"archived_at": NOW}, {"starts_at": NOW}], ids=["archived", "started"])
def test_nobody_moves_up_in_a_group_that_is_archived_or_has_started(fields):
    group = a_group(**fields)

    assert promote(group, an_entry(4), archived={4}) == capacity.Promotion(group=group)


def test_nobody_moves_up_into_a_full_group():
    group = a_group(seats=1, taken=1)

    assert promote(group, an_entry(4)) == capacity.Promotion(group=group)


def test_a_cancelled_place_frees_no_second_seat():
    gone = Attendee(id=9, group_appointment_id=1, patient_id=1, created_at=NOW, updated_at=NOW, cancelled_at=NOW)

    assert capacity.unseat(a_group(taken=1), gone, now=NOW).active_attendees == 1


def test_a_patient_twice_in_one_list_is_named_by_the_second_place():
    assert [problem.field for problem in capacity.named_twice([7, 8, 7, 7])] == [
        ("patient_ids", "2"),
        ("patient_ids", "3"),
    ]


class Desk(RuleBasedStateMachine):
    """
    One group, worked on at random, beside a model that keeps two plain lists.

    The model knows nothing of entries, counters or times.
    """

    @initialize(seats=st.integers(1, 4))
    def open(self, seats: int) -> None:
        self.now, self.ids = NOW, Ids(0)
        self.group = a_group(seats=seats, starts_at=NOW + timedelta(minutes=30))
        self.attendees: dict[int, Attendee] = {}
        self.entries: list[WaitlistEntry] = []
        self.archived: set[int] = set()
        self.seats, self.started = seats, False
        self.seated: list[int] = []
        self.line: list[int] = []

    @rule(patients=st.lists(st.sampled_from(PATIENTS), min_size=1, max_size=4, unique=True), wait=st.booleans())
    def book(self, patients: list[int], wait: bool) -> None:
        expected = self._expect_booking(patients, wait)
        try:
            seating = capacity.seat(
                self.group,
                patients,
                active=self._active(),
                waiting=self.entries,
                now=self.now,
                ids=self.ids,
                waitlist_if_full=wait,
            )
        except Refused:
            assert expected is None
            return
        assert expected is not None
        self.seated, self.line = expected
        self._take(seating)
        self.entries += seating.listed

    @rule(patient=st.sampled_from(PATIENTS), hide=st.booleans())
    def give_up(self, patient: int, hide: bool) -> None:
        if patient not in self.seated:
            return
        self.seated.remove(patient)
        self._expect_promotion()
        [place] = [place for place in self.attendees.values() if place.patient_id == patient and place.active]
        given_up = {"archived_at": self.now} if hide else {"cancelled_at": self.now}
        self.group = capacity.unseat(self.group, place, now=self.now)
        self.attendees[place.id] = msgspec.structs.replace(place, **given_up)
        self._promote()

    @rule(patient=st.sampled_from(PATIENTS))
    def reinstate(self, patient: int) -> None:
        gone = [place for place in self.attendees.values() if place.patient_id == patient and place.cancelled_at]
        if not gone:
            return
        first = self.line[:1] in ([], [patient])
        possible = patient not in self.seated and len(self.seated) < self.seats and first
        try:
            seating = capacity.reseat(self.group, gone[-1], active=self._active(), waiting=self.entries, now=self.now)
        except Refused:
            assert not possible
            return
        assert possible
        self.seated.append(patient)
        self.line = [other for other in self.line if other != patient]
        self._take(seating)

    @rule(more=st.integers(1, 2))
    def grow(self, more: int) -> None:
        self.seats += more
        self._expect_promotion()
        self.group = msgspec.structs.replace(self.group, max_attendees=self.group.max_attendees + more)
        self._promote()

    @rule(patient=st.sampled_from(PATIENTS))
    def archive_patient(self, patient: int) -> None:
        self.archived.add(patient)

    @rule(minutes=st.integers(1, 10))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.started = self.now >= NOW + timedelta(minutes=30)

    @invariant()
    def the_model_agrees(self) -> None:
        assert sorted(self._active()) == sorted(self.seated)
        assert [entry.patient_id for entry in sorted(self.entries, key=lambda e: (e.created_at, e.id))] == self.line
        assert self.group.active_attendees == len(self.seated) <= self.group.max_attendees == self.seats

    def _expect_booking(self, patients: list[int], wait: bool) -> tuple[list[int], list[int]] | None:
        seated, line = list(self.seated), list(self.line)
        if set(patients) & set(seated):
            return None
        behind = []
        for patient in patients:
            if len(seated) < self.seats and (not line or line[0] == patient):
                seated.append(patient)
                line = line[1:]
            elif wait and not self.started and patient not in self.line:
                behind.append(patient)
            else:
                return None
        return seated, line + behind

    def _expect_promotion(self) -> None:
        while self.line and len(self.seated) < self.seats and not self.started:
            patient = self.line.pop(0)
            if patient not in self.archived:
                self.seated.append(patient)

    def _active(self) -> set[int]:
        return {place.patient_id for place in self.attendees.values() if place.active}

    def _promote(self) -> None:
        patients = {id: a_patient(id, archived=id in self.archived) for id in PATIENTS}
        self._take(
            capacity.promote(
                self.group, self.entries, patients=patients, active=self._active(), now=self.now, ids=self.ids
            )
        )

    def _take(self, done: capacity.Seating | capacity.Promotion) -> None:
        self.group = done.group
        self.attendees |= {attendee.id: attendee for attendee in done.attendees}
        gone = {entry.id for _, entry in done.left}
        self.entries = [entry for entry in self.entries if entry.id not in gone]


test_seats_and_waitlist_do_what_two_plain_lists_do = Desk.TestCase
