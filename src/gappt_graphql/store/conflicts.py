"""Conflicts, found in the database: one statement for any number of appointments, by indexes alone."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
    union_all,
)

from gappt_graphql.scheduling.conflicts import Claim, Conflict, ConflictKind
from gappt_graphql.scheduling.ids import GroupAppointmentId, PatientId, UnavailableBlockId
from gappt_graphql.store.given import InOrder, a_day_before, as_rows, given, unindexed, worked_out
from gappt_graphql.store.statements import Row, Rows, Statement, in_keys, instant
from gappt_graphql.store.tables import attendees, group_appointments, unavailable_blocks

MOST = 10

KINDS = tuple(sorted(ConflictKind))
"""The kinds by their numbers in rows, which sort like their names."""


async def conflicts_of(
    rows: Rows, appointments: Collection[GroupAppointmentId], kinds: Collection[ConflictKind]
) -> Mapping[GroupAppointmentId, Sequence[Conflict]]:
    """Return the conflicts of each stored appointment in order of time; archived ones have none."""
    found: dict[GroupAppointmentId, list[Conflict]] = {id: [] for id in appointments}
    if found and kinds:
        parameters = {"account": rows.account, "ids": as_rows((id,) for id in found)}
        for row in await rows.fetch(_of_stored(frozenset(kinds)), parameters):
            found[row[0]].append(_conflict(row))
    return found


async def conflicting(
    rows: Rows, appointments: Collection[GroupAppointmentId], kinds: Collection[ConflictKind]
) -> Set[GroupAppointmentId]:
    """Return those of the stored appointments that have a conflict; nobody looks for a second one."""
    if not appointments or not kinds:
        return frozenset()
    parameters = {"account": rows.account, "ids": as_rows((id,) for id in appointments)}
    return frozenset(row[0] for row in await rows.fetch(_conflicting(frozenset(kinds)), parameters))


async def conflicts_with(
    rows: Rows,
    claims: Collection[Claim],
    kinds: Collection[ConflictKind],
    *,
    leaving_out: Collection[GroupAppointmentId] = (),
) -> Mapping[int, Sequence[Conflict]]:
    """
    Return what the stored book holds against each claim, by its key, in order of time.

    Of one kind, for one practitioner or patient, these are the first `MOST` of a claim: a proposal of a year of whole
    days over a full diary would have a million.
    """
    found: dict[int, list[Conflict]] = {claim.key: [] for claim in claims}
    if found and kinds:
        parameters = {
            "account": rows.account,
            "claims": as_rows((*_stem(claim), claim.practitioner_id) for claim in claims),
            "needs": as_rows((*_stem(claim), patient) for claim in claims for patient in claim.patient_ids),
            "left_out": tuple(leaving_out),
        }
        for row in await rows.fetch(_with_claims(frozenset(kinds)), parameters):
            found[row[0]].append(_conflict(row))
    return found


def has_conflicts(appointment: FromClause, kinds: Collection[ConflictKind] = KINDS) -> ColumnElement[bool]:
    """Tell whether the appointment of this row has a conflict of one of these kinds."""
    place = attendees.alias()
    tests: list[ColumnElement[bool]] = []
    found: Select[Any]
    # Those of the practitioner first: there is one.
    for kind in sorted(kinds, reverse=True):
        for rival, meets in _rivals(kind):
            if kind is ConflictKind.PATIENT_DOUBLE_BOOKED:
                # The attendee has the same times, but under row-level security PostgreSQL walks an index from what is
                # made of an outer row, and not from what is made of one beside it.
                both = InOrder(place, rival, meets(place, place.c.group_appointment_id, appointment))
                found = select(_YES).select_from(both).where(_holds(place, appointment.c.id))
            else:
                found = select(_YES).where(meets(appointment, appointment.c.id))
            tests.append(exists(found.correlate(appointment)))
    return and_(appointment.c.archived_at.is_(None), or_(*tests))


@lru_cache
def _conflicting(kinds: frozenset[ConflictKind]) -> Statement:
    """Which of the appointments given by id have a conflict."""
    ids = given("ids", "id")
    own = group_appointments.alias()
    known = and_(own.c.account_id == _ACCOUNT, own.c.id == ids.c.id)
    found = select(own.c.id).select_from(InOrder(ids, own, known)).where(has_conflicts(own, kinds))
    return Statement(found, long=True)


@lru_cache
def _of_stored(kinds: frozenset[ConflictKind]) -> Statement:
    """The conflicts of appointments given by id."""
    ids = given("ids", "id")
    own = group_appointments.alias()
    known = and_(own.c.account_id == _ACCOUNT, own.c.id == ids.c.id, own.c.archived_at.is_(None))
    asked = worked_out(
        select(own.c.id.label("key"), own.c.id.label("own"), *_span_of(own), own.c.practitioner_id)
        .select_from(InOrder(ids, own, known))
        .cte("asked")
    )
    place = attendees.alias()
    needed = worked_out(
        select(asked.c.key, asked.c.own, asked.c.from_at, asked.c.starts_at, asked.c.ends_at, place.c.patient_id)
        .select_from(InOrder(asked, place, _holds(place, asked.c.own)))
        .cte("needed")
    )
    return _in_order(_every(_found(asked, needed, kind) for kind in KINDS if kind in kinds))


@lru_cache
def _with_claims(kinds: frozenset[ConflictKind]) -> Statement:
    """What stands against claims given as values, apart from the appointments left out."""
    stem = ("key", "own", "from_at", "starts_at", "ends_at")
    asked, needed = given("claims", *stem, "practitioner_id"), given("needs", *stem, "patient_id")
    return _first(MOST, _every(_found(asked, needed, kind, leaving_out=True) for kind in KINDS if kind in kinds))


def _stem(claim: Claim) -> tuple[object, ...]:
    # No id is 0: a proposal that is not stored is none of the stored appointments.
    start = claim.span.starts_at
    return claim.key, claim.group_appointment_id or 0, start - timedelta(days=1), start, claim.span.ends_at


def _span_of(row: FromClause) -> tuple[ColumnElement[Any], ...]:
    """The span, and `from_at`, from when on what is short and meets it may start."""
    return a_day_before(row.c.starts_at).label("from_at"), row.c.starts_at, row.c.ends_at


class _Source(NamedTuple):
    """Where a kind of conflict is found: by which column of the asked, and what the other side is called there."""

    table: Table
    by: str
    other: str


_SOURCES = {
    ConflictKind.PRACTITIONER_DOUBLE_BOOKED: _Source(group_appointments, "practitioner_id", "id"),
    ConflictKind.PRACTITIONER_UNAVAILABLE: _Source(unavailable_blocks, "practitioner_id", "id"),
    ConflictKind.PATIENT_DOUBLE_BOOKED: _Source(attendees, "patient_id", "group_appointment_id"),
}
_ACCOUNT: ColumnElement[Any] = bindparam("account")
# Written into the text, not a parameter: otherwise a partial index would not be used.
_YES: ColumnElement[Any] = literal_column("1")


class _Meets(Protocol):
    def __call__(
        self, asked: FromClause, own: ColumnElement[Any], spanning: FromClause | None = None
    ) -> ColumnElement[bool]:
        """Tell whether the rival meets the asked, during the span of another row if one is given."""


def _rivals(kind: ConflictKind) -> Iterator[tuple[FromClause, _Meets]]:
    """
    Give the rows that may stand in the way, and the test by which they do, for the short and for the long ones.

    The two need different indexes: what lasts at most a day starts at most a day before what it overlaps.
    """
    source = _SOURCES[kind]
    for span in (_short, _long):
        rival = source.table.alias()

        def meets(
            asked: FromClause,
            own: ColumnElement[Any],
            spanning: FromClause | None = None,
            *,
            rival: FromClause = rival,
            span: _Span = span,
        ) -> ColumnElement[bool]:
            during = span(asked if spanning is None else spanning, rival)
            tests = [rival.c.account_id == _ACCOUNT, rival.c[source.by] == asked.c[source.by], during]
            if source.table is attendees:
                tests.append(rival.c.is_busy == _YES)
            else:
                tests.append(rival.c.archived_at.is_(None))
            if source.table is not unavailable_blocks:
                tests.append(rival.c[source.other] != own)
            return and_(*tests)

        yield rival, meets


_Span = Callable[[FromClause, FromClause], ColumnElement[bool]]


def _short(asked: FromClause, rival: FromClause) -> ColumnElement[bool]:
    return and_(
        rival.c.starts_at < asked.c.ends_at,
        rival.c.ends_at > asked.c.starts_at,
        rival.c.starts_at > (asked.c.from_at if "from_at" in asked.c else a_day_before(asked.c.starts_at)),
        # The same as is_long = 0, but the index on the busy has both columns.
        rival.c.starts_at >= a_day_before(rival.c.ends_at),
    )


def _long(asked: FromClause, rival: FromClause) -> ColumnElement[bool]:
    # By the start it would be found by the index of the short ones, which holds the whole past.
    starts_at = unindexed(rival.c.starts_at)
    return and_(rival.c.is_long == _YES, rival.c.ends_at > asked.c.starts_at, starts_at < asked.c.ends_at)


def _holds(place: FromClause, appointment: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell whether the row is an active attendee of an appointment: an index alone knows who they are."""
    return and_(
        place.c.account_id == _ACCOUNT,
        place.c.group_appointment_id == appointment,
        place.c.cancelled_at.is_(None),
        place.c.archived_at.is_(None),
    )


def _found(
    asked: FromClause, needed: FromClause, kind: ConflictKind, *, leaving_out: bool = False
) -> Iterator[Select[Any]]:
    source = _SOURCES[kind]
    about_patients = kind is ConflictKind.PATIENT_DOUBLE_BOOKED
    side = needed if about_patients else asked
    for rival, meets in _rivals(kind):
        found = select(
            side.c.key,
            literal_column(str(KINDS.index(kind))).label("kind"),
            _later(side.c.starts_at, rival.c.starts_at).label("starts_at"),
            _later(rival.c.ends_at, side.c.ends_at, first=True).label("ends_at"),
            rival.c[source.other].label("other"),
            (side.c.patient_id if about_patients else null()).label("patient_id"),
        ).select_from(InOrder(side, rival, meets(side, side.c.own)))
        if leaving_out and source.table is not unavailable_blocks:
            found = found.where(~in_keys(rival.c[source.other], "left_out"))
        yield found


def _later(one: ColumnElement[Any], other: ColumnElement[Any], *, first: bool = False) -> ColumnElement[Any]:
    return case((one < other if first else one > other, one), else_=other)


def _every(found: Iterator[Iterator[Select[Any]]]) -> CompoundSelect[Any]:
    return union_all(*(each for of_kind in found for each in of_kind))


def _in_order(every: CompoundSelect[Any] | Select[Any]) -> Statement:
    # By the shared span, the kind, the other record and the patient: the order of `conflicts.in_order_of_time`.
    return Statement(every.order_by(text("3, 4, 2, 5, 6")), long=True)


def _first(most: int, every: CompoundSelect[Any]) -> Statement:
    found = every.subquery()
    place = func.row_number().over(
        partition_by=[found.c.key, found.c.kind, found.c.patient_id],
        order_by=[found.c.starts_at, found.c.ends_at, found.c.other],
    )
    placed = select(found, place.label("place")).subquery()
    return _in_order(
        select(*(placed.c[column.name] for column in found.c)).where(placed.c.place <= literal_column(str(most)))
    )


def _conflict(row: Row) -> Conflict:
    _, number, starts_at, ends_at, other, patient = row
    kind = KINDS[number]
    of_block = kind is ConflictKind.PRACTITIONER_UNAVAILABLE
    return Conflict(
        kind=kind,
        starts_at=instant(starts_at),
        ends_at=instant(ends_at),
        group_appointment_id=None if of_block else GroupAppointmentId(other),
        unavailable_block_id=UnavailableBlockId(other) if of_block else None,
        patient_id=None if patient is None else PatientId(patient),
    )
