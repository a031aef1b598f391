"""What is asked most, at the store and as whole GraphQL operations in process, each time a little elsewhere."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from gappt_graphql.graph.context import Context
from gappt_graphql.graph.results import content_of
from gappt_graphql.graph.schema import schema
from gappt_graphql.graph.shared import Shared
from gappt_graphql.practice.access import authenticate, issue_key
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.asking import Condition, Listing, Operator, Order, Page, Slice
from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.conflicts import ConflictKind
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import AccountId, Ids
from gappt_graphql.store import ApiKey, Store

LIVE = Condition("archived_at", Operator.IS_NOT_SET)
_BY_START = (Order("starts_at"),)


class Visit(NamedTuple):
    """A store with a key, and what to ask about: appointments from the middle of the diary on, and patients."""

    desk: Desk
    key: ApiKey
    shared: Shared
    groups: Sequence[GroupAppointment]
    patients: Sequence[Patient]
    feed_from: int

    async def graphql(self, query: str, **variables: object) -> None:
        """Ask, and encode the answer, as the door does."""
        result = await schema.execute(query, variables, Context.of(self.key, self.desk, self.shared))
        answer = msgspec.json.encode(content_of(result))
        assert b'"errors"' not in answer, answer
        assert b'"userErrors":[{' not in answer, answer

    async def page(
        self, *where: Condition, order: Sequence[Order] = _BY_START, kind: type[Any] = GroupAppointment, **part: Any
    ) -> Page[Any]:
        """Return a page of 50."""
        listing = Listing(where, tuple(order))
        return await self.desk.read(lambda book: book.page(kind, listing, Slice(50, **part)))


class Operation(NamedTuple):
    """What to ask, the n-th time; how often to repeat it, against others; why it grows, where it may."""

    name: str
    ask: Callable[[Visit, int], Awaitable[object]]
    weight: float = 1
    grows_because: str = ""


async def begin(store: Store, account: AccountId) -> Visit:
    """Look around in the book."""
    ids = Ids(time.time_ns() % 2**21)
    listing = Listing((LIVE,), (Order("starts_at"),))
    first = await store.read(account, lambda book: book.page(GroupAppointment, listing, Slice(1)))
    last = await store.read(account, lambda book: book.page(GroupAppointment, listing, Slice(1, backward=True)))
    now = first.records[0].starts_at + (last.records[0].starts_at - first.records[0].starts_at) / 2
    now = datetime.combine(now.date() - timedelta(days=now.weekday()), datetime.min.time(), now.tzinfo)
    coming = Listing((LIVE, Condition("starts_at", Operator.GREATER_OR_EQUAL, (now,))), _BY_START)
    groups = await store.read(account, lambda book: book.page(GroupAppointment, coming, Slice(1000)))
    patients = await store.read(
        account, lambda book: book.page(Patient, Listing((LIVE,), (Order("name"),)), Slice(1000))
    )
    issued = await issue_key(store, account=account, scopes=["read", "write"], now=now, ids=ids, cost_budget=0)
    key = await authenticate(store, issued.secret)
    assert key is not None
    desk = Desk(store=store, account=account, now=now, ids=ids, request_id="benchmark", key_id=key.id)
    feed = await store.read(account, lambda book: book.last_number())
    return Visit(desk, key, Shared(), groups.records, patients.records, feed // 2)


def _some(visit: Visit, n: int) -> list[GroupAppointment]:
    """Fifty appointments that follow each other."""
    return list(visit.groups[n % 100 : n % 100 + 50])


def _from(visit: Visit, n: int) -> Condition:
    return Condition("starts_at", Operator.GREATER_OR_EQUAL, (visit.groups[n % 100].starts_at,))


def _middle(visit: Visit, n: int) -> tuple[Any, ...]:
    return visit.groups[n % 100].starts_at, visit.groups[n % 100].id


def _week(visit: Visit, n: int) -> dict[str, Any]:
    # As many days as hold some sixty appointments, in each book.
    start = visit.groups[n % 100].starts_at
    return {"gte": start.isoformat(), "lt": visit.groups[n % 100 + 60].starts_at.isoformat()}


NODE = """id startsAt endsAt maxAttendees attendeeCount availableSeats isFull notes version createdAt
  appointmentType { name } business { name } practitioner { label }"""
LIST = f"query ($after: String) {{ groupAppointments(first: 50, after: $after) {{ nodes {{ {NODE} }} }} }}"
FROM = f"""query ($from: DateTime!) {{
  groupAppointments(first: 50, filter: {{ startsAt: {{ gte: $from }} }}) {{ nodes {{ {NODE} }} }}
}}"""
DEEP = """query ($from: DateTime!) {
  groupAppointments(first: 50, filter: { startsAt: { gte: $from } }) {
    nodes { id patients { id firstName lastName email } conflicts { exist items { kind startsAt endsAt } } }
  }
}"""
ONE = f"query ($id: ID!) {{ groupAppointment(id: $id) {{ {NODE} patients {{ id label }} }} }}"
CONFLICTING = """query ($within: InstantRange!) {
  groupAppointments(first: 50, filter: { startsAt: $within, hasConflicts: true }) { nodes { id startsAt } }
}"""
HISTORY = """query ($id: ID!) {
  groupAppointment(id: $id) { history(first: 50) { nodes { at operation recordKind changes { field before after } } } }
}"""
BOOK = """mutation ($input: BookAttendeesInput!) {
  bookAttendees(input: $input) {
    groupAppointment { id availableSeats } outcomes { attendee { id } } userErrors { code message }
  }
}"""
ARCHIVE = """mutation ($input: ArchiveGroupAppointmentInput!) {
  archiveGroupAppointment(input: $input) { groupAppointment { id archivedAt } userErrors { code message } }
}"""


async def _book(visit: Visit, n: int) -> None:
    group = visit.groups[200 + n % 300]
    here = await visit.desk.read(lambda book: book.attendees_of([group.id], include_cancelled=True))
    there = {attendee.patient_id for attendee in here[group.id]}
    patient = next(one.id for one in visit.patients[n:] if one.id not in there)
    await visit.graphql(BOOK, input={"groupAppointmentId": str(group.id), "patientIds": [str(patient)]})


async def _archive(visit: Visit, n: int) -> None:
    await visit.graphql(ARCHIVE, input={"id": str(visit.groups[600 + n].id)})


async def _changes(visit: Visit, n: int) -> object:
    asked = {"ids": None, "practitioners": None, "businesses": None}
    return await visit.desk.read(lambda book: book.changes(after=visit.feed_from + n, limit=50, **asked))


def _practitioner(visit: Visit, n: int) -> Condition:
    return Condition("practitioner_id", Operator.IN, (visit.groups[n % 100].practitioner_id,))


def _business(visit: Visit, n: int) -> Condition:
    return Condition("business_id", Operator.IN, (visit.groups[n % 100].business_id,))


def _on_date(visit: Visit, n: int) -> Condition:
    return Condition("starts_at", Operator.ON_DATE, (visit.groups[n % 100].starts_at.date(),))


def _search(visit: Visit, n: int) -> Condition:
    name = visit.patients[n % 1000].last_name or ""
    return Condition("name", Operator.SEARCH, (name,))


def _of_fifty(ask: Callable[[Any, list[Any]], Awaitable[object]]) -> Callable[[Visit, int], Awaitable[object]]:
    return lambda visit, n: visit.desk.read(lambda book: ask(book, [group.id for group in _some(visit, n)]))


_CREATED = (Order("created_at"),)
OPERATIONS = (
    Operation("page of 50, first", lambda visit, n: visit.page(LIVE)),
    Operation("page of 50, from the middle by cursor", lambda visit, n: visit.page(LIVE, after=_middle(visit, n))),
    Operation(
        "page of 50, backwards from the middle",
        lambda visit, n: visit.page(LIVE, before=_middle(visit, n), backward=True),
    ),
    Operation(
        "page of 50, of a practitioner", lambda visit, n: visit.page(LIVE, _practitioner(visit, n), _from(visit, n))
    ),
    Operation("page of 50, of a business", lambda visit, n: visit.page(LIVE, _business(visit, n), _from(visit, n))),
    Operation(
        "page of 50, of a local date",
        lambda visit, n: visit.page(LIVE, _on_date(visit, n)),
        grows_because="it sorts all appointments of that day, of which a practice with more people has more",
    ),
    Operation(
        "page of 50, of a local date at a business",
        lambda visit, n: visit.page(LIVE, _on_date(visit, n), _business(visit, n)),
    ),
    Operation("page of 50, last changed", lambda visit, n: visit.page(LIVE, order=[Order("updated_at", True)])),
    # As many days as hold nine hundred appointments, in each book.
    Operation(
        "page of 50, archived in some days",
        lambda visit, n: visit.page(
            Condition("archived_at", Operator.GREATER_OR_EQUAL, (visit.groups[0].starts_at,)),
            Condition("archived_at", Operator.LESS, (visit.groups[900].starts_at,)),
        ),
    ),
    Operation(
        "page of 50 attendees, by creation",
        lambda visit, n: visit.page(LIVE, order=_CREATED, kind=Attendee),
    ),
    Operation("page of 50 patients, by creation", lambda visit, n: visit.page(LIVE, order=_CREATED, kind=Patient)),
    Operation("page of 50 patients, by name", lambda visit, n: visit.page(LIVE, order=[Order("name")], kind=Patient)),
    Operation(
        "count of a list",
        lambda visit, n: visit.desk.read(lambda book: book.count(GroupAppointment, Listing((LIVE,), ()))),
        grows_because="it counts every row",
    ),
    Operation(
        "search of patients",
        lambda visit, n: visit.page(LIVE, _search(visit, n), order=[Order("name")], kind=Patient),
        grows_because="a part of a name may stand anywhere: patients are walked by name until 51 are found",
    ),
    Operation(
        "search of patients, nobody found",
        lambda visit, n: visit.page(
            LIVE, Condition("name", Operator.SEARCH, (f"zq{n}",)), order=[Order("name")], kind=Patient
        ),
        grows_because="a part of a name may stand anywhere: all patients are looked at",
    ),
    Operation(
        "one appointment",
        lambda visit, n: visit.desk.read(lambda book: book.find(GroupAppointment, [_some(visit, n)[0].id])),
    ),
    Operation("attendees of 50", _of_fifty(lambda book, ids: book.attendees_of(ids))),
    Operation("conflicts of 50", _of_fifty(lambda book, ids: book.conflicts_of(ids, tuple(ConflictKind)))),
    Operation("which of 50 conflict", _of_fifty(lambda book, ids: book.conflicting(ids, tuple(ConflictKind)))),
    Operation("history of 50", _of_fifty(lambda book, ids: book.history_of(ids, limit=20))),
    Operation("page of 50 changes", _changes),
    Operation("GraphQL: list of 50, first page", lambda visit, n: visit.graphql(LIST)),
    Operation(
        "GraphQL: list of 50 from a time",
        lambda visit, n: visit.graphql(FROM, **{"from": visit.groups[n % 100].starts_at.isoformat()}),
    ),
    Operation(
        "GraphQL: 50 with patients and conflicts",
        lambda visit, n: visit.graphql(DEEP, **{"from": visit.groups[n % 100].starts_at.isoformat()}),
    ),
    Operation("GraphQL: one with patients", lambda visit, n: visit.graphql(ONE, id=str(visit.groups[n].id))),
    Operation(
        "GraphQL: those of 60 that have conflicts",
        lambda visit, n: visit.graphql(CONFLICTING, within=_week(visit, n)),
    ),
    Operation("GraphQL: history of one", lambda visit, n: visit.graphql(HISTORY, id=str(visit.groups[n].id))),
    Operation("GraphQL: a booking", _book),
    Operation("GraphQL: an archive", _archive),
)
