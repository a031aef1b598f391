"""
Whatever two practices ask for at once, in whatever order, the book stays sound and its audit tells how it came about.

What is asked for in one step is asked at once, so that it shares a transaction; some leave before they are answered.
"""

import asyncio
import json
from collections import defaultdict
from datetime import timedelta

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from at_the_desk import WEEKLY, creation
from builders import A_MONDAY, Practice
from conftest import NOW, EmptyStore
from gappt_graphql.practice import archiving, attendance, auditing, booking, repeating, revising
from gappt_graphql.practice.attendance import (
    ArchiveAttendee,
    BookAttendees,
    CancelAttendee,
    JoinWaitlist,
    LeaveWaitlist,
    ReinstateAttendee,
)
from gappt_graphql.scheduling.attendance import Attendee, CancellationReason, WaitlistEntry
from gappt_graphql.scheduling.conflicts import OnConflict
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.problems import Code, Refused
from gappt_graphql.scheduling.repeats import RepeatRule, RepeatType
from gappt_graphql.scheduling.series import Scope
from gappt_graphql.store.invariants import INVARIANTS
from gappt_graphql.store.opening import open_store
from gappt_graphql.store.sqlite.store import SqliteStore
from tasks import others_are_told

PATIENTS = 5
TABLES = {GroupAppointment: "group_appointments", Attendee: "attendees", WaitlistEntry: "waitlist_entries"}

which = st.integers(0, 30)
"""Of the records that there are, this one, counted round and round."""
people = st.lists(st.integers(0, PATIENTS - 1), min_size=1, max_size=3, unique=True)
scopes, on_conflict, flags = st.sampled_from(Scope), st.sampled_from(OnConflict), st.booleans()
rules = st.builds(RepeatRule, st.sampled_from(RepeatType), st.just(1), st.integers(1, 3))
starts = st.integers(0, 6).map(lambda half_hours: A_MONDAY + timedelta(minutes=30 * half_hours))
seats = st.integers(1, 3)

asked = st.one_of(
    st.tuples(st.just("create"), starts, seats, people, st.none() | rules, flags, on_conflict),
    st.tuples(st.just("book"), which, people, scopes, flags, on_conflict),
    st.tuples(st.just("join"), which, which),
    st.tuples(st.just("leave"), which),
    st.tuples(st.just("cancel"), which, scopes),
    st.tuples(st.just("reinstate"), which, on_conflict),
    st.tuples(st.just("hide"), which),
    st.tuples(st.just("resize"), which, seats, scopes),
    st.tuples(st.just("move"), which, starts, scopes, on_conflict),
    st.tuples(st.just("repeat"), which, rules, flags),
    st.tuples(st.just("archive"), which, scopes),
    st.tuples(st.just("restore"), which, scopes, on_conflict),
    st.tuples(st.just("again"), which),
    st.tuples(st.just("reuse"), which, which),
)
patience = st.sampled_from([None, None, None, 0, 2, 4, 6, 8, 10, 12])
"""How many turns of the event loop a client waits before it leaves; None waits for the answer."""
times = st.sampled_from([1, 1, 1, 2, 3])
"""How often a client asks at once, with one key."""


class WholeBook(RuleBasedStateMachine):
    """Two practices in one store."""

    @initialize()
    def open(self) -> None:
        self.url, self.past = MAKE[0]()
        self.runner = asyncio.Runner()
        self.runner.run(self._open())
        # Of each key: who asked for what, and what they were told, if anything.
        self.keys: dict[str, list] = {}
        self.asked = 0

    async def _open(self) -> None:
        self.store = await open_store(self.url, serving=True)
        practices = [await Practice.open(self.store, name=name, now=NOW) for name in ("Riverside", "Lakeside")]
        for practice in practices:
            for repeats in (None, WEEKLY):
                full = creation(
                    practice,
                    max_attendees=1,
                    patient_ids=(practice.patients[0].id,),
                    repeat_rule=repeats,
                    copy_attendees=True,
                )
                made = await booking.create(practice.desk, full)
                join = JoinWaitlist(group_appointment_id=made.group_appointment_id, patient_id=practice.patients[1].id)
                await attendance.join_waitlist(practice.desk, join)
        self.practices = practices

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.runner.run(self.store.close())
            self.runner.close()

    @rule(clients=st.lists(st.tuples(st.integers(0, 1), asked, times, patience), min_size=1, max_size=6))
    def at_once(self, clients) -> None:
        self.runner.run(self._at_once(clients))

    async def _at_once(self, clients) -> None:
        works = [work for client in clients for work in self._works(*client)]
        await asyncio.gather(*works)
        # Who has left does not wait for the end.
        await (self.store._writers if self.in_a_file else self.store._transactions).finish()

    @property
    def in_a_file(self) -> bool:
        return isinstance(self.store, SqliteStore)

    def _works(self, n, asked, times, patience):
        """Return what one client does, by the records that there are at the moment."""
        practice, (what, *how) = self.practices[n], asked
        self.asked += 1
        key = f"key {self.asked}"
        if what in ("again", "reuse") and self.keys:
            key = list(self.keys)[how[0] % len(self.keys)]
        if what == "again" and key in self.keys:
            practice, use_case, command, _ = self.keys[key]
        elif what in ("again", "reuse"):
            use_case, command = self._command(practice, "archive", [how[0], Scope.THIS])
        else:
            use_case, command = self._command(practice, what, how)
        # Only the last of them may leave before it is answered.
        return [
            self._asked(key, practice, use_case, command, patience if n == times - 1 else None) for n in range(times)
        ]

    def _command(self, practice, what, how):
        """Return the use case and its command. There is a record of each kind from the beginning."""
        ids = {
            kind: [id for (id,) in self.past.rows(f"SELECT id FROM {table} WHERE account_id = {practice.account.id}")]
            for kind, table in TABLES.items()
        }
        kind = {"leave": WaitlistEntry, "cancel": Attendee, "reinstate": Attendee, "hide": Attendee}
        if what != "create":
            known = ids[kind.get(what, GroupAppointment)]
            id, how = known[how[0] % len(known)], how[1:]
        patients = [patient.id for patient in practice.patients]
        match what, how:
            case "create", [start, seats, chosen, rule, copy, reaction]:
                return booking.create, creation(
                    practice,
                    starts_at=start,
                    max_attendees=seats,
                    patient_ids=tuple(patients[n] for n in chosen),
                    repeat_rule=rule,
                    copy_attendees=copy,
                    on_conflict=reaction,
                )
            case "book", [chosen, scope, waits, reaction]:
                return attendance.book, BookAttendees(
                    group_appointment_id=id,
                    patient_ids=tuple(patients[n] for n in chosen),
                    scope=scope,
                    waitlist_if_full=waits,
                    on_conflict=reaction,
                )
            case "join", [who]:
                return attendance.join_waitlist, JoinWaitlist(
                    group_appointment_id=id, patient_id=patients[who % PATIENTS]
                )
            case "leave", []:
                return attendance.leave_waitlist, LeaveWaitlist(id=id)
            case "cancel", [scope]:
                return attendance.cancel, CancelAttendee(id=id, reason=CancellationReason.SICK, scope=scope)
            case "reinstate", [reaction]:
                return attendance.reinstate, ReinstateAttendee(id=id, on_conflict=reaction)
            case "hide", []:
                return attendance.archive, ArchiveAttendee(id=id)
            case "resize", [seats, scope]:
                return revising.update, revising.UpdateGroupAppointment(id=id, max_attendees=seats, scope=scope)
            case "move", [start, scope, reaction]:
                return revising.update, revising.UpdateGroupAppointment(
                    id=id, starts_at=start, scope=scope, on_conflict=reaction
                )
            case "repeat", [rule, copy]:
                return repeating.repeat, repeating.RepeatGroupAppointment(id=id, repeat_rule=rule, copy_attendees=copy)
            case "archive", [scope]:
                return archiving.archive, archiving.ArchiveGroupAppointment(id=id, scope=scope)
            case "restore", [scope, reaction]:
                return archiving.restore, archiving.RestoreGroupAppointment(id=id, scope=scope, on_conflict=reaction)
        raise AssertionError(what)

    async def _asked(self, key, practice, use_case, command, patience) -> None:
        """Ask with a key, wait as long as the client is patient, and compare the answer with what was told before."""
        known = self.keys.setdefault(key, [practice, use_case, command, None])
        command = msgspec.structs.replace(command, idempotency_key=key)
        asking = asyncio.create_task(use_case(practice.desk, command))
        if patience is not None:
            for _ in range(patience):
                await asyncio.sleep(0)
            asking.cancel()
        try:
            told = await asking
        except asyncio.CancelledError:
            return
        except Refused as refused:
            codes = [problem.code for problem in refused.problems]
            if known[0] is practice and known[3] is not None:
                same = known[1] is use_case and msgspec.structs.replace(command, idempotency_key=None) == known[2]
                assert (codes == [Code.IDEMPOTENCY_KEY_REUSED]) != same
            return
        if known[0] is practice:
            assert known[3] in (None, told)
            self.keys[key] = [practice, use_case, msgspec.structs.replace(command, idempotency_key=None), told]

    @invariant()
    def nothing_is_left_open(self) -> None:
        if hasattr(self, "store"):
            self.runner.run(others_are_told(self.store))
            assert not (self.in_a_file and self.store._connection.in_transaction)
            assert self.store.figures().in_use == 0

    @invariant()
    def the_book_is_sound(self) -> None:
        if hasattr(self, "store"):
            assert {meaning: self.past.rows(text) for meaning, text in INVARIANTS.items()} == {
                meaning: [] for meaning in INVARIANTS
            }
            assert not (self.in_a_file and self.past.rows("PRAGMA foreign_key_check"))

    @invariant()
    def the_audit_tells_how_the_book_came_to_be_what_it_is(self) -> None:
        if hasattr(self, "store"):
            for practice in self.practices:
                self.runner.run(self._compare(practice))

    async def _compare(self, practice: Practice) -> None:
        verified = await auditing.verify(self.store, account=practice.account.id)
        assert verified.reason is None
        told: dict[tuple[str, int], dict] = defaultdict(dict)
        closed = set()
        for kind, id, before, after in self.past.rows(
            f"SELECT record_kind, record_id, before, after FROM audit WHERE account_id = {practice.account.id}"
            " ORDER BY number"
        ):
            record = told[kind, id]
            assert before is None or json.loads(before).items() <= record.items()
            record |= json.loads(after)
            if kind == "GroupAppointment" and (record["archived_at"] or record["starts_at"] < as_told(NOW)):
                closed.add(id)  # nobody moves up there
        held = await self.store.read(practice.account.id, self._records)
        assert {key: as_told(msgspec.structs.asdict(record)) for key, record in held.items()} == told
        created = self.past.rows(
            f"SELECT group_appointment_id FROM changes WHERE account_id = {practice.account.id} AND kind = 'CREATED'"
        )
        assert sorted(created) == sorted((id,) for kind, id in held if kind == "GroupAppointment")
        for (kind, _), entry in held.items():
            if kind == "WaitlistEntry" and entry.left_at is None:
                group = held["GroupAppointment", entry.group_appointment_id]
                if group.id not in closed:
                    assert group.active_attendees == group.max_attendees

    async def _records(self, book):
        held = {}
        for kind, table in TABLES.items():
            ids = [id for (id,) in self.past.rows(f"SELECT id FROM {table} WHERE account_id = {book.account}")]
            held |= {(kind.__name__, id): record for id, record in (await book.find(kind, ids)).items()}
        return held


def as_told(value):
    """Return a value as the audit tells it."""
    return json.loads(msgspec.json.encode(value))


MAKE: list[EmptyStore] = []
"""What makes the store that each run begins with: a state machine takes no fixtures."""


def test_the_book_stays_sound_whatever_two_practices_ask_for_at_once(empty_store):
    MAKE[:] = [empty_store]

    run_state_machine_as_test(
        WholeBook,
        settings=settings(
            max_examples=20,
            stateful_step_count=10,
            deadline=None,
            phases=(Phase.reuse, Phase.generate),  # to make a failure smaller takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
