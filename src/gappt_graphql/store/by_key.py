"""The statements that find and write by key: records, accounts, API keys, the journal and idempotency keys."""

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.sql.elements import BindParameter

from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import Record, tables
from gappt_graphql.store.given import InOrder
from gappt_graphql.store.records import codec
from gappt_graphql.store.statements import Statement, in_keys

_ACCOUNT: BindParameter[Any] = bindparam("account")
_OFF: ColumnElement[int] = literal_column("0")
_ON: ColumnElement[int] = literal_column("1")

# What an attendee's row copies from its appointment, in the columns of the same names.
_COPIES = ("starts_at", "ends_at", "is_long")


@cache
def find(kind: type[Record]) -> Statement:
    """Takes :account and the set :ids; gives the codec's columns."""
    table = codec(kind).table
    return Statement(select(*codec(kind).columns).where(table.c.account_id == _ACCOUNT, in_keys(table.c.id, "ids")))


@cache
def insert_into(kind: type[Record]) -> Statement:
    """
    Takes :account_id and what the codec encodes, of an attendee also :active.

    An attendee whose appointment the account does not have is not written.
    """
    if kind is Attendee:
        return _insert_attendee()
    return _insert(codec(kind).table)


@cache
def update_of(kind: type[Record], columns: tuple[str, ...]) -> Statement:
    """Takes :account, :record and a parameter for each of the columns."""
    table = codec(kind).table
    return Statement(
        update(table)
        .where(table.c.account_id == _ACCOUNT, table.c.id == bindparam("record"))
        .values({name: bindparam(name) for name in columns})
    )


def _insert(table: Table, *, without: tuple[str, ...] = ()) -> Statement:
    names = [column.name for column in table.columns if column.name not in without]
    return Statement(insert(table).values({name: bindparam(name) for name in names}))


def _insert_attendee() -> Statement:
    attendees, groups = tables.attendees, tables.group_appointments
    given = [column for column in attendees.columns if column.name not in (*_COPIES, "is_busy")]
    appointment = (
        select(
            *(cast(bindparam(column.name), column.type) for column in given),
            *(groups.c[name] for name in _COPIES),
            case((groups.c.archived_at.is_(null()), cast(bindparam("active"), attendees.c.is_busy.type)), else_=_OFF),
        )
        .where(groups.c.account_id == cast(bindparam("account_id"), groups.c.account_id.type))
        .where(groups.c.id == cast(bindparam("group_appointment_id"), groups.c.id.type))
    )
    return Statement(
        insert(attendees).from_select([*(column.name for column in given), *_COPIES, "is_busy"], appointment)
    )


def _attendees_of(*, include_cancelled: bool) -> Statement:
    """Those of each appointment in booking order, as the index has them: nothing is sorted."""
    table = tables.attendees
    which = [table.c.archived_at.is_(null())]
    if not include_cancelled:
        which.append(table.c.cancelled_at.is_(null()))
    return Statement(
        select(*codec(Attendee).columns)
        .where(table.c.account_id == _ACCOUNT, in_keys(table.c.group_appointment_id, "ids"), *which)
        .order_by(table.c.group_appointment_id, table.c.created_at, table.c.id)
    )


ACTIVE_ATTENDEES_OF = _attendees_of(include_cancelled=False)
ATTENDEES_OF = _attendees_of(include_cancelled=True)

PATIENTS_OF = Statement(
    select(tables.attendees.c.group_appointment_id, *codec(Patient).columns)
    .select_from(
        InOrder(
            tables.attendees,
            tables.patients,
            and_(tables.patients.c.account_id == _ACCOUNT, tables.patients.c.id == tables.attendees.c.patient_id),
        )
    )
    .where(tables.attendees.c.account_id == _ACCOUNT)
    .where(in_keys(tables.attendees.c.group_appointment_id, "ids"))
    .where(tables.attendees.c.cancelled_at.is_(null()), tables.attendees.c.archived_at.is_(null()))
    .order_by(tables.attendees.c.group_appointment_id, tables.attendees.c.created_at, tables.attendees.c.id)
)

WAITLISTS_OF = Statement(
    select(*codec(WaitlistEntry).columns)
    .where(tables.waitlist_entries.c.account_id == _ACCOUNT)
    .where(in_keys(tables.waitlist_entries.c.group_appointment_id, "ids"))
    .where(tables.waitlist_entries.c.left_at.is_(null()))
    .order_by(tables.waitlist_entries.c.created_at, tables.waitlist_entries.c.id)
)


def _vacancy() -> Statement:
    """
    Takes :account, :appointment and the set :patients.

    Gives the codec's columns, how many of the patients can be booked at all, whether one has a seat, and whether
    somebody waits.
    """
    groups, patients, attendees, waiting = (
        tables.group_appointments,
        tables.patients,
        tables.attendees,
        tables.waitlist_entries,
    )
    fit = (
        select(func.count())
        .select_from(patients)
        .where(
            patients.c.account_id == _ACCOUNT, in_keys(patients.c.id, "patients"), patients.c.archived_at.is_(null())
        )
    )
    booked = (
        select(attendees.c.id)
        .where(attendees.c.account_id == _ACCOUNT, attendees.c.group_appointment_id == bindparam("appointment"))
        .where(in_keys(attendees.c.patient_id, "patients"))
        .where(attendees.c.cancelled_at.is_(null()), attendees.c.archived_at.is_(null()))
    )
    waits = (
        select(waiting.c.id)
        .where(waiting.c.account_id == _ACCOUNT, waiting.c.group_appointment_id == bindparam("appointment"))
        .where(waiting.c.left_at.is_(null()))
    )
    return Statement(
        select(*codec(GroupAppointment).columns, fit.scalar_subquery(), booked.exists(), waits.exists()).where(
            groups.c.account_id == _ACCOUNT, groups.c.id == bindparam("appointment")
        )
    )


VACANCY = _vacancy()

REPEATS_OF = Statement(
    select(*codec(GroupAppointment).columns)
    .where(tables.group_appointments.c.account_id == _ACCOUNT)
    .where(in_keys(tables.group_appointments.c.repeated_from_id, "ids"))
    .order_by(tables.group_appointments.c.series_position, tables.group_appointments.c.id)
)

_ACCOUNT_COLUMNS = [tables.accounts.c[name] for name in ("account_id", "name", "created_at", "demo")]

ACCOUNTS = Statement(select(*_ACCOUNT_COLUMNS).order_by(tables.accounts.c.name))
ACCOUNT_NAMED = Statement(select(*_ACCOUNT_COLUMNS).where(tables.accounts.c.name == bindparam("name")))
ADD_ACCOUNT = _insert(tables.accounts, without=("audit_number", "audit_hash"))

_KEY_COLUMNS = [
    tables.api_keys.c[name]
    for name in (
        *("id", "account_id", "digest", "last_four", "scopes", "created_at", "revoked_at", "browser"),
        *("rate_limit", "cost_budget"),
    )
]

KEY_BY_DIGEST = Statement(select(*_KEY_COLUMNS).where(tables.api_keys.c.digest == bindparam("digest")))
KEYS_OF = Statement(
    select(*_KEY_COLUMNS)
    .where(tables.api_keys.c.account_id == _ACCOUNT)
    .order_by(tables.api_keys.c.created_at, tables.api_keys.c.id)
)


def _upsert(table: Table) -> Statement:
    new = upsert(table).values({column.name: bindparam(column.name) for column in table.columns})
    others = {column.name: new.excluded[column.name] for column in table.columns if not column.primary_key}
    # The element is PostgreSQL's; SQLite took the clause over, and Core compiles it for both.
    return Statement(new.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=others))


SAVE_KEY = _upsert(tables.api_keys)

KEPT_OUTCOME = Statement(
    select(*(tables.idempotency_keys.c[name] for name in ("key", "fingerprint", "outcome", "at")))
    .where(tables.idempotency_keys.c.account_id == _ACCOUNT)
    .where(tables.idempotency_keys.c.key == bindparam("idempotency_key"))
)
KEEP_OUTCOME = _upsert(tables.idempotency_keys)


def _forget_outcomes() -> Statement:
    """Takes :account, :before and :at_most."""
    kept, old = tables.idempotency_keys, tables.idempotency_keys.alias("old")
    oldest = (
        select(old.c.key)
        .where(old.c.account_id == _ACCOUNT, old.c.at < bindparam("before"))
        .order_by(old.c.at)
        .limit(bindparam("at_most"))
    )
    return Statement(delete(kept).where(kept.c.account_id == _ACCOUNT, kept.c.key.in_(oldest)))


FORGET_OUTCOMES = _forget_outcomes()

LAST_NUMBER = Statement(select(tables.accounts.c.last_number).where(tables.accounts.c.account_id == _ACCOUNT))
JOURNAL_END = Statement(
    select(tables.accounts.c.last_number, tables.accounts.c.audit_number, tables.accounts.c.audit_hash).where(
        tables.accounts.c.account_id == _ACCOUNT
    )
)
WRITE_CHANGE = _insert(tables.changes)
WRITE_AUDIT = _insert(tables.audit)
MOVE_JOURNAL_END = Statement(
    update(tables.accounts)
    .where(tables.accounts.c.account_id == _ACCOUNT, tables.accounts.c.last_number == bindparam("was"))
    .values(last_number=bindparam("last"), audit_number=bindparam("audit"), audit_hash=bindparam("audit_hash"))
)
AUDIT_END = Statement(
    select(tables.accounts.c.audit_number, tables.accounts.c.audit_hash).where(tables.accounts.c.account_id == _ACCOUNT)
)

_AUDIT_COLUMNS = [column for column in tables.audit.columns if column.name != "account_id"]

AUDIT = Statement(
    select(*_AUDIT_COLUMNS)
    .where(tables.audit.c.account_id == _ACCOUNT, tables.audit.c.number > bindparam("after"))
    .order_by(tables.audit.c.number)
    .limit(bindparam("limit")),
    long=True,
)


def _history_of() -> Statement:
    """Takes :account, the set :ids of appointments, the number :before, and :limit for each."""
    appointment = tables.group_appointments.c.id.label("appointment")
    about = [
        select(literal(GroupAppointment.__name__).label("kind"), appointment, appointment.label("record")).where(
            tables.group_appointments.c.account_id == _ACCOUNT, in_keys(tables.group_appointments.c.id, "ids")
        )
    ]
    for kind, table in ((Attendee, tables.attendees), (WaitlistEntry, tables.waitlist_entries)):
        about.append(
            select(literal(kind.__name__), table.c.group_appointment_id, table.c.id).where(
                table.c.account_id == _ACCOUNT, in_keys(table.c.group_appointment_id, "ids")
            )
        )
    # Made first, and walked first: or else a long audit is walked for a few records.
    records, audit = union_all(*about).cte("records").prefix_with("MATERIALIZED"), tables.audit
    place = func.row_number().over(partition_by=records.c.appointment, order_by=audit.c.number.desc())
    theirs = and_(
        audit.c.account_id == _ACCOUNT,
        audit.c.record_kind == records.c.kind,
        audit.c.record_id == records.c.record,
        audit.c.number < bindparam("before"),
    )
    rows = (
        select(records.c.appointment, *_AUDIT_COLUMNS, place.label("place"))
        .select_from(InOrder(records, audit, theirs))
        .subquery()
    )
    wanted = [rows.c.appointment, *(rows.c[column.name] for column in _AUDIT_COLUMNS)]
    return Statement(
        select(*wanted).where(rows.c.place <= bindparam("limit")).order_by(rows.c.appointment, rows.c.number.desc()),
        long=True,
    )


HISTORY_OF = _history_of()
