"""The book of one account, on any connection that runs statements: each question is a statement or two."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import TypeVar

from gappt_graphql.scheduling.asking import Listing, Page, Slice
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.calendars import Calendar, Whose, Window
from gappt_graphql.scheduling.conflicts import Claim, Conflict, ConflictKind
from gappt_graphql.scheduling.directory import Patient
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import LARGEST_ID, AccountId, GroupAppointmentId, PatientId, PractitionerId, WebhookId
from gappt_graphql.scheduling.webhooks import Webhook, WebhookDelivery
from gappt_graphql.store import (
    Account,
    AuditEnd,
    AuditRow,
    Change,
    Edit,
    KeptOutcome,
    Record,
    Vacancy,
    access,
    audit,
    by_key,
    calendars,
    conflicts,
    entering,
    feed,
    journal,
    paging,
    saving,
    webhooks,
)
from gappt_graphql.store.records import codec
from gappt_graphql.store.statements import Reading, Row, Statement, Writing
from gappt_graphql.store.steps import take

R = TypeVar("R", bound=Record)
Placed = TypeVar("Placed", Attendee, WaitlistEntry)


class ReadableBook:
    """A book to read in."""

    def __init__(self, account: AccountId, connection: Reading) -> None:
        self.account = account
        self._connection = connection

    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        """Run the statement and return all its rows."""
        return await self._connection.fetch(statement, parameters)

    async def find(self, kind: type[R], ids: Collection[int]) -> Mapping[int, R]:
        known = [id for id in ids if 0 < id <= LARGEST_ID]
        if not known:
            return {}
        statement = by_key.find(kind)  # type: ignore[arg-type]  # mypy finds no hash in type[R]
        rows = await self.fetch(statement, {"account": self.account, "ids": known})
        decode = codec(kind).decode
        return {row[0]: decode(row) for row in rows}

    async def hold(
        self,
        *,
        appointments: Collection[GroupAppointmentId] = (),
        practitioners: Collection[PractitionerId] = (),
        patients: Collection[PatientId] = (),
    ) -> None:
        """Do nothing: what is read in one transaction is one moment, and on SQLite a writer is alone."""

    async def attendees_of(
        self, appointments: Collection[GroupAppointmentId], *, include_cancelled: bool = False
    ) -> Mapping[GroupAppointmentId, Sequence[Attendee]]:
        statement = by_key.ATTENDEES_OF if include_cancelled else by_key.ACTIVE_ATTENDEES_OF
        found = await self._by_appointment(Attendee, statement, appointments)
        if include_cancelled:
            for attendees in found.values():
                attendees.sort(key=lambda attendee: attendee.cancelled_at is not None)  # those of a kind stay in order
        return found

    async def patients_of(
        self, appointments: Collection[GroupAppointmentId]
    ) -> Mapping[GroupAppointmentId, Sequence[Patient]]:
        found: dict[GroupAppointmentId, list[Patient]] = {appointment: [] for appointment in appointments}
        decode = codec(Patient).decode
        for appointment, *patient in await self._of(by_key.PATIENTS_OF, found):
            found[appointment].append(decode(patient))
        return found

    async def waitlists_of(
        self, appointments: Collection[GroupAppointmentId]
    ) -> Mapping[GroupAppointmentId, Sequence[WaitlistEntry]]:
        return await self._by_appointment(WaitlistEntry, by_key.WAITLISTS_OF, appointments)

    async def vacancy(self, appointment: GroupAppointmentId, patients: Collection[PatientId]) -> Vacancy | None:
        if not all(0 < id <= LARGEST_ID for id in (appointment, *patients)):
            return None
        asked = {"account": self.account, "appointment": appointment, "patients": patients}
        for *group, fit, booked, waited_for in await self.fetch(by_key.VACANCY, asked):
            unfit = len(set(patients)) - fit
            return Vacancy(codec(GroupAppointment).decode(tuple(group)), unfit, bool(booked), bool(waited_for))
        return None

    async def repeats_of(
        self, roots: Collection[GroupAppointmentId]
    ) -> Mapping[GroupAppointmentId, Sequence[GroupAppointment]]:
        found: dict[GroupAppointmentId, list[GroupAppointment]] = {root: [] for root in roots}
        decode = codec(GroupAppointment).decode
        for row in await self._of(by_key.REPEATS_OF, found):
            repeat = decode(row)
            if repeat.repeated_from_id is not None:
                found[repeat.repeated_from_id].append(repeat)
        return found

    async def page(self, kind: type[R], listing: Listing, part: Slice) -> Page[R]:
        return await paging.page(self, kind, listing, part)

    async def pages(
        self, kind: type[R], listing: Listing, part: Slice, *, parent: str, parents: Collection[int]
    ) -> Mapping[int, Page[R]]:
        return await paging.pages(self, kind, listing, part, parent=parent, parents=parents)

    async def count(self, kind: type[Record], listing: Listing) -> int:
        return await paging.count(self, kind, listing)

    async def counts(
        self, kind: type[Record], listing: Listing, *, parent: str, parents: Collection[int]
    ) -> Mapping[int, int]:
        return await paging.counts(self, kind, listing, parent=parent, parents=parents)

    async def conflicts_of(
        self, appointments: Collection[GroupAppointmentId], kinds: Collection[ConflictKind]
    ) -> Mapping[GroupAppointmentId, Sequence[Conflict]]:
        return await conflicts.conflicts_of(self, appointments, kinds)

    async def conflicting(
        self, appointments: Collection[GroupAppointmentId], kinds: Collection[ConflictKind]
    ) -> Set[GroupAppointmentId]:
        return await conflicts.conflicting(self, appointments, kinds)

    async def conflicts_with(
        self,
        claims: Collection[Claim],
        kinds: Collection[ConflictKind],
        *,
        leaving_out: Collection[GroupAppointmentId] = (),
    ) -> Mapping[int, Sequence[Conflict]]:
        return await conflicts.conflicts_with(self, claims, kinds, leaving_out=leaving_out)

    async def changes(
        self,
        *,
        after: int,
        limit: int,
        ids: Collection[int] | None,
        practitioners: Collection[int] | None,
        businesses: Collection[int] | None,
    ) -> Sequence[Change]:
        return await feed.changes(
            self, after=after, limit=limit, ids=ids, practitioners=practitioners, businesses=businesses
        )

    async def calendar(self, whose: Whose, window: Window) -> Calendar | None:
        return await calendars.calendar(self, whose, window)

    async def last_number(self) -> int:
        return await feed.last_number(self)

    async def audit(self, *, after: int, limit: int) -> Sequence[AuditRow]:
        return await audit.audit(self, after=after, limit=limit)

    async def audit_end(self) -> AuditEnd:
        return await audit.audit_end(self)

    async def history_of(
        self, appointments: Collection[GroupAppointmentId], *, limit: int, before: int | None = None
    ) -> Mapping[GroupAppointmentId, Sequence[AuditRow]]:
        return await audit.history_of(self, appointments, limit=limit, before=before)

    async def waiting_deliveries(self, webhook: WebhookId) -> Sequence[WebhookDelivery]:
        return await webhooks.waiting(self, webhook)

    async def _by_appointment(
        self, kind: type[Placed], statement: Statement, appointments: Collection[GroupAppointmentId]
    ) -> Mapping[GroupAppointmentId, list[Placed]]:
        found: dict[GroupAppointmentId, list[Placed]] = {appointment: [] for appointment in appointments}
        decode = codec(kind).decode
        for row in await self._of(statement, found):
            place = decode(row)
            found[place.group_appointment_id].append(place)
        return found

    async def _of(self, statement: Statement, appointments: Iterable[GroupAppointmentId]) -> list[Row]:
        known = [appointment for appointment in appointments if 0 < appointment <= LARGEST_ID]
        return await self.fetch(statement, {"account": self.account, "ids": known}) if known else []


class WritableBook(ReadableBook):
    """A book to read and write in."""

    def __init__(self, account: AccountId, connection: Writing) -> None:
        super().__init__(account, connection)
        self._pen = connection
        self.journalled_to = 0
        """The number that this unit of work has brought the feed to."""
        self.keeps_counts = connection.keeps_counts

    async def run(self, statement: Statement, each: Sequence[Mapping[str, object]]) -> int:
        """Run the statement with each of these parameters, plain values all, and return how many rows it touched."""
        return await self._pen.run(statement, each)

    @property
    def journal_end(self) -> tuple[int, int, str] | None:
        return self._pen.journal_end

    @journal_end.setter
    def journal_end(self, end: tuple[int, int, str] | None) -> None:
        self._pen.journal_end = end

    async def run_together(self, all: Sequence[tuple[Statement, Sequence[Mapping[str, object]]]]) -> Sequence[int]:
        """Run statements of which none sees what another does, and return how many rows each touched."""
        return await self._pen.run_together(all)

    async def enter(
        self,
        edits: Sequence[Edit],
        changes: Sequence[Change],
        audit_rows: Sequence[AuditRow],
        outcome: KeptOutcome | None = None,
    ) -> None:
        reached = await entering.enter(self, edits, changes, audit_rows, outcome)
        self.journalled_to = reached or self.journalled_to

    async def save(self, edits: Sequence[Edit]) -> None:
        await saving.save(self, edits)

    async def open_account(self, account: Account) -> None:
        await access.add_account(self._pen, account)

    async def kept_outcome(self, key: str) -> KeptOutcome | None:
        return await journal.kept_outcome(self, key)

    async def keep_outcome(self, outcome: KeptOutcome) -> None:
        await take(self, journal.kept(self, outcome))

    async def forget_outcomes(self, *, before: datetime, at_most: int) -> None:
        await journal.forget_outcomes(self, before=before, at_most=at_most)

    async def take_webhook(self, id: WebhookId, *, by: str, now: datetime, until: datetime) -> bool:
        return await webhooks.take(self, id, by=by, now=now, until=until)

    async def settle_webhook(self, webhook: Webhook, *, by: str, now: datetime) -> bool:
        return await webhooks.settle(self, webhook, by=by, now=now)

    async def forget_deliveries(self, *, before: datetime, at_most: int) -> None:
        await webhooks.forget(self, before=before, at_most=at_most)

    async def journal(self, changes: Sequence[Change], audit_rows: Sequence[AuditRow]) -> None:
        self.journalled_to = await journal.write(self, changes, audit_rows) or self.journalled_to
