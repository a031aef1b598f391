"""The history of an appointment as clients see it: who did what to it and to who attends it, newest first."""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import strawberry
from msgspec import Struct
from strawberry import ID, UNSET, Parent
from strawberry.utils.str_converters import to_camel_case

from gappt_graphql.graph.attendee import Attendee, WaitlistEntry
from gappt_graphql.graph.context import Info
from gappt_graphql.graph.cursors import Cursors
from gappt_graphql.graph.enums import HistoryRecordKind
from gappt_graphql.graph.pages import After, First, Window
from gappt_graphql.graph.relations import computed, personal, relation
from gappt_graphql.scheduling.group_appointment import GroupAppointment as Record
from gappt_graphql.store import AuditRow

# The time of the entry, its record, and what no client sees anywhere.
_UNTOLD = frozenset({"id", "updated_at", "plan", "series_position"})
_TOLD_AS = {"active_attendees": "attendee_count"}

_KINDS = {
    "GroupAppointment": HistoryRecordKind.GROUP_APPOINTMENT,
    "Attendee": HistoryRecordKind.ATTENDEE,
    "WaitlistEntry": HistoryRecordKind.WAITLIST_ENTRY,
}


class Changed(Struct, frozen=True):
    """One field as it was and as it became: what `HistoryChange` is made from."""

    field: str
    before: str | None
    after: str


class Told(Struct, frozen=True):
    """A row of the audit and its place: what `HistoryEntry` is made from."""

    row: AuditRow
    cursor: str

    @property
    def key_id(self) -> int | None:
        return self.row.key_id

    @property
    def attendee_id(self) -> int | None:
        return self.row.record_id if self.row.record_kind == "Attendee" else None

    @property
    def waitlist_entry_id(self) -> int | None:
        return self.row.record_id if self.row.record_kind == "WaitlistEntry" else None


class ToldPage(Struct, frozen=True):
    """A part of a history."""

    nodes: Sequence[Told]
    has_next_page: bool

    @property
    def end_cursor(self) -> str | None:
        return self.nodes[-1].cursor if self.nodes else None


def history(root: Parent[Record], info: Info, first: First = UNSET, after: After = UNSET) -> Awaitable[ToldPage]:
    """Return a part of the appointment's history; those of all appointments of an answer are read at once."""
    context = info.context
    cursors = Cursors("GroupAppointment.history", context.desk.account, ())
    part = Window.of(first=first, after=after).part(cursors)
    before = int(part.after[-1]) if part.after else None  # type: ignore[arg-type]  # a cursor's number
    loader = context.loaders.asking(
        ("history", part.limit, before),
        lambda book, ids: book.history_of(ids, limit=part.limit + 1, before=before),
    )

    def told(rows: Sequence[AuditRow] | None) -> ToldPage:
        shown = [Told(row, cursors.at(row.number)) for row in (rows or ())[: part.limit]]
        return ToldPage(shown, has_next_page=len(rows or ()) > part.limit)

    return loader.load(root.id, told)  # type: ignore[no-any-return]


def _changes(root: Parent[Told]) -> list[Changed]:
    """Return what differs; of a new record, what is set."""
    after = _fields(root.row.after)
    if root.row.before is None:
        return [Changed(_name(name), None, _spelt(name, value)) for name, value in after.items() if value is not None]
    before = _fields(root.row.before)
    return [Changed(_name(name), _spelt(name, before.get(name)), _spelt(name, value)) for name, value in after.items()]


def _fields(text: str) -> Mapping[str, Any]:
    return {name: value for name, value in msgspec.json.decode(text).items() if name not in _UNTOLD}


def _name(field: str) -> str:
    return to_camel_case(_TOLD_AS.get(field, field))


def _spelt(name: str, value: Any) -> str:
    return msgspec.json.encode(_as_clients_have_it(name, value)).decode()


def _as_clients_have_it(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {to_camel_case(inner): _as_clients_have_it(inner, of) for inner, of in value.items()}
    # An id is larger than the numbers that JavaScript reads exactly.
    return str(value) if name.endswith("_id") and value is not None else value


def _at(root: Parent[Told]) -> datetime:
    return root.row.at


def _operation(root: Parent[Told]) -> str:
    return root.row.operation[:1].lower() + root.row.operation[1:]


def _record_kind(root: Parent[Told]) -> HistoryRecordKind:
    return _KINDS[root.row.record_kind]


def _record_id(root: Parent[Told]) -> int:
    return root.row.record_id


def _request_id(root: Parent[Told]) -> str:
    return root.row.request_id


def _actor(root: Parent[Told]) -> str | None:
    return root.row.actor


@strawberry.type(description="API key as people tell it from others")
class HistoryKey:
    id: ID = strawberry.field(description="Identifier")
    last_four: str = strawberry.field(description="Last four characters of the key")


@strawberry.type(description="Field that changed")
class HistoryChange:
    field: str = strawberry.field(description="Name of the field, as the schema spells it")
    before: str | None = personal(description="Value before, as JSON; null if the record is new")
    after: str = personal(description="Value after, as JSON")


@strawberry.type(description="What one request did to one record")
class HistoryEntry:
    cursor: str = strawberry.field(description="Place in the history, to be given as `after`")
    at: datetime = computed(_at, "Timestamp of when it was done")
    operation: str = computed(_operation, "Name of the mutation, whichever door it came by")
    record_kind: HistoryRecordKind = computed(_record_kind, "Kind of the record")
    record_id: ID = computed(_record_id, "Identifier of the record")
    attendee: Attendee | None = relation(
        "attendees", key="attendee_id", description="Place as it is now; null if the record is something else"
    )
    waitlist_entry: WaitlistEntry | None = relation(
        "waitlist_entries",
        key="waitlist_entry_id",
        description="Entry of the waitlist, left or not; null if the record is something else",
    )
    changes: list[HistoryChange] = computed(_changes, "Fields that changed; of a new record, those that were set")
    key: HistoryKey | None = relation("keys", key="key_id", description="API key of the request; null if it had none")
    actor: str | None = computed(_actor, "Who at the client did it, as the request named them; null if it did not")
    request_id: str = computed(_request_id, "Identifier of the request, which its answer and the log have too")


@strawberry.type(description="Part of a history")
class HistoryConnection:
    nodes: list[HistoryEntry] = strawberry.field(description="Entries, newest first")
    has_next_page: bool = strawberry.field(description="Indicates whether there are older entries")
    end_cursor: str | None = strawberry.field(description="Cursor of the last entry of the page")
