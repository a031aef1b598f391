"""Where the book is kept: the questions that the use cases ask of it, as interfaces."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence, Set
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from msgspec import Struct

from gappt_graphql.scheduling.asking import Listing, Page, Slice
from gappt_graphql.scheduling.attendance import Attendee, WaitlistEntry
from gappt_graphql.scheduling.calendars import Calendar, CalendarFeed, Whose, Window
from gappt_graphql.scheduling.conflicts import Claim, Conflict, ConflictKind
from gappt_graphql.scheduling.directory import AppointmentType, Business, Patient, Practitioner, UnavailableBlock
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.ids import AccountId, GroupAppointmentId, PatientId, PractitionerId, WebhookId
from gappt_graphql.scheduling.webhooks import Webhook, WebhookDelivery
from gappt_graphql.store.entries import (
    Account,
    ApiKey,
    AuditEnd,
    AuditRow,
    Change,
    KeptOutcome,
    WebhookFigures,
    audit_hash,
)
from gappt_graphql.store.errors import (
    NameTaken,
    StoreBehind,
    StoreError,
    StoreInUse,
    StoreTooNew,
    Unreadable,
    UnsupportedStore,
)

__all__ = [
    "Account",
    "ApiKey",
    "AuditEnd",
    "AuditRow",
    "Book",
    "Change",
    "Edit",
    "Fault",
    "Figures",
    "KeptOutcome",
    "NameTaken",
    "Record",
    "Store",
    "StoreBehind",
    "StoreError",
    "StoreInUse",
    "StoreTooNew",
    "Unreadable",
    "UnsupportedStore",
    "Vacancy",
    "WebhookFigures",
    "WritableBook",
    "audit_hash",
]

Record = (
    GroupAppointment
    | Attendee
    | WaitlistEntry
    | Business
    | Practitioner
    | Patient
    | AppointmentType
    | UnavailableBlock
    | CalendarFeed
    | Webhook
    | WebhookDelivery
)
R = TypeVar("R", bound=Record)
T = TypeVar("T")


class Edit(Struct, frozen=True):
    """A record as it was, or None where it is new, and as it shall be."""

    before: Record | None
    after: Record


class Vacancy(Struct, frozen=True):
    """An appointment, and what may be in the way of some patients who want to be booked into it."""

    group: GroupAppointment
    unfit: int
    """How many of the patients do not exist or are archived."""
    booked: bool
    """One of them has a seat."""
    waited_for: bool
    """Somebody waits for a seat."""


class Book(Protocol):
    """The appointment book of one account, open in one transaction."""

    account: AccountId

    async def find(self, kind: type[R], ids: Collection[int]) -> Mapping[int, R]:
        """Return the records of these ids, archived ones too; an id that does not exist in the account is left out."""

    async def hold(
        self,
        *,
        appointments: Collection[GroupAppointmentId] = (),
        practitioners: Collection[PractitionerId] = (),
        patients: Collection[PatientId] = (),
    ) -> None:
        """
        Keep these as they are until the transaction ends, so that what is read next stays true.

        Locks in this order, each kind by id. In a reading book it does nothing: it sees one moment anyway.
        """

    async def page(self, kind: type[R], listing: Listing, part: Slice) -> Page[R]:
        """Return a part of a list."""

    async def pages(
        self, kind: type[R], listing: Listing, part: Slice, *, parent: str, parents: Collection[int]
    ) -> Mapping[int, Page[R]]:
        """
        Return the same part of one list for each parent, in one statement.

        The parent is `practitioner_id`, `repeated_from_id` or `patient_ids`. Parents without records have a page too.
        """

    async def count(self, kind: type[Record], listing: Listing) -> int:
        """Return the length of a list."""

    async def counts(
        self, kind: type[Record], listing: Listing, *, parent: str, parents: Collection[int]
    ) -> Mapping[int, int]:
        """Return the length of the list of each parent, in one statement."""

    async def attendees_of(
        self, appointments: Collection[GroupAppointmentId], *, include_cancelled: bool = False
    ) -> Mapping[GroupAppointmentId, Sequence[Attendee]]:
        """
        Return the attendees of each appointment in booking order, active ones first, archived ones never.

        Every appointment asked about has an entry.
        """

    async def patients_of(
        self, appointments: Collection[GroupAppointmentId]
    ) -> Mapping[GroupAppointmentId, Sequence[Patient]]:
        """
        Return the patients of the active attendees of each appointment, in booking order, by one statement.

        Every appointment asked about has an entry.
        """

    async def waitlists_of(
        self, appointments: Collection[GroupAppointmentId]
    ) -> Mapping[GroupAppointmentId, Sequence[WaitlistEntry]]:
        """Return who waits for a seat in each appointment, first come first. Every appointment has an entry."""

    async def vacancy(self, appointment: GroupAppointmentId, patients: Collection[PatientId]) -> Vacancy | None:
        """Return, by one statement, what is to be known before these patients are booked; None if there is no such."""

    async def repeats_of(
        self, roots: Collection[GroupAppointmentId]
    ) -> Mapping[GroupAppointmentId, Sequence[GroupAppointment]]:
        """Return the repeats of each root by position, archived ones too. Every root has an entry."""

    async def conflicts_of(
        self, appointments: Collection[GroupAppointmentId], kinds: Collection[ConflictKind]
    ) -> Mapping[GroupAppointmentId, Sequence[Conflict]]:
        """
        Return the conflicts of stored appointments, in order of time, by a constant number of statements.

        Archived appointments have none. Every appointment has an entry.
        """

    async def conflicting(
        self, appointments: Collection[GroupAppointmentId], kinds: Collection[ConflictKind]
    ) -> Set[GroupAppointmentId]:
        """Return those of the stored appointments that have a conflict. It costs less than to list the conflicts."""

    async def conflicts_with(
        self,
        claims: Collection[Claim],
        kinds: Collection[ConflictKind],
        *,
        leaving_out: Collection[GroupAppointmentId] = (),
    ) -> Mapping[int, Sequence[Conflict]]:
        """
        Return what the stored book holds against each claim, by its key, in order of time.

        A claim's own stored appointment and those left out never count.
        """

    async def changes(
        self,
        *,
        after: int,
        limit: int,
        ids: Collection[int] | None,
        practitioners: Collection[int] | None,
        businesses: Collection[int] | None,
    ) -> Sequence[Change]:
        """Return the changes after this number, oldest first. None does not filter; an empty collection has none."""

    async def calendar(self, whose: Whose, window: Window) -> Calendar | None:
        """Return the calendar of a practitioner or a business; None if there is no such."""

    async def last_number(self) -> int:
        """Return the number that the account's feed has reached; 0 before the first change."""

    async def audit(self, *, after: int, limit: int) -> Sequence[AuditRow]:
        """Return the audit rows after this number, oldest first."""

    async def audit_end(self) -> AuditEnd:
        """Return where the account's audit ends by its own count."""

    async def history_of(
        self, appointments: Collection[GroupAppointmentId], *, limit: int, before: int | None = None
    ) -> Mapping[GroupAppointmentId, Sequence[AuditRow]]:
        """
        Return what was done to each appointment, its attendees and its waitlist, newest first, so many rows of each.

        Those before this number, if one is given. Every appointment asked about has an entry.
        """

    async def waiting_deliveries(self, webhook: WebhookId) -> Sequence[WebhookDelivery]:
        """Return the deliveries of a webhook that wait, in order of their numbers."""


class WritableBook(Book, Protocol):
    """The book, open for writing."""

    async def save(self, edits: Sequence[Edit]) -> None:
        """Write the records. An edit writes only the fields that differ."""

    async def enter(
        self,
        edits: Sequence[Edit],
        changes: Sequence[Change],
        audit: Sequence[AuditRow],
        outcome: KeptOutcome | None = None,
    ) -> None:
        """
        Do what `save`, `keep_outcome` and `journal` do, in as few statements as these edits allow.

        To be called last, as `journal` is.
        """

    async def kept_outcome(self, key: str) -> KeptOutcome | None:
        """Return what this idempotency key did before."""

    async def open_account(self, account: Account) -> None:
        """Write the account itself, where this is the first that its book holds."""

    async def keep_outcome(self, outcome: KeptOutcome) -> None:
        """Remember what an idempotency key did."""

    async def forget_outcomes(self, *, before: datetime, at_most: int) -> None:
        """Forget what idempotency keys did before this moment, the oldest first."""

    async def take_webhook(self, id: WebhookId, *, by: str, now: datetime, until: datetime) -> bool:
        """Hold an active webhook until this moment, and tell whether nobody else does."""

    async def settle_webhook(self, webhook: Webhook, *, by: str, now: datetime) -> bool:
        """Write how far a webhook is and let go of it; tell whether it was still held by this one."""

    async def forget_deliveries(self, *, before: datetime, at_most: int) -> None:
        """Forget deliveries that were done with before this moment, the oldest first."""

    async def journal(self, changes: Sequence[Change], audit: Sequence[AuditRow]) -> None:
        """
        Write the changes and the audit rows, numbered from the account's counter.

        To be called last: the counter's row stays locked until commit, so that the order of numbers is the order of
        commits and a reader of the feed misses none.
        """


class Store(Protocol):
    """A database that keeps the books of all accounts."""

    async def read(self, account: AccountId, work: Callable[[Book], Awaitable[T]]) -> T:
        """Run the work in one reading transaction; it awaits nothing but its book."""

    async def write(self, account: AccountId, work: Callable[[WritableBook], Awaitable[T]]) -> T:
        """
        Run the work in one transaction, again from the start where the store asks for it.

        It awaits nothing but its book, touches nothing else, and is all or nothing.
        """

    async def wait_for_changes(self, account: AccountId, *, after: int, look_every: float) -> None:
        """
        Return when the account's feed has grown past this number, and what it grew by is committed.

        What other processes write is looked for at these intervals, in seconds, once for all who wait.
        """

    async def accounts(self) -> Sequence[Account]:
        """Return every account, by name."""

    async def account_named(self, name: str) -> Account | None:
        """Return the account of this name."""

    async def add_account(self, account: Account, audit: Sequence[AuditRow] = ()) -> None:
        """Write a new account, and who made it. A name that is taken raises `NameTaken`."""

    async def key_by_digest(self, digest: str, *, as_stored: bool = False) -> ApiKey | None:
        """
        Return the key with this digest, revoked or not.

        What another process has just written of it may be missing for a second, unless it is wanted `as_stored`.
        """

    async def calendar_feed_by_digest(self, digest: str) -> tuple[AccountId, CalendarFeed] | None:
        """Return the calendar feed with this digest, revoked or not, and whose it is."""

    async def webhooks_at_work(self, *, now: datetime, limit: int) -> Sequence[tuple[AccountId, WebhookId]]:
        """Return webhooks of any account that have something to deliver and that nobody holds, longest left first."""

    async def webhook_figures(self) -> WebhookFigures:
        """Return how far deliveries are behind, of all accounts together."""

    async def keys(self, account: AccountId) -> Sequence[ApiKey]:
        """Return the account's keys, oldest first."""

    async def save_key(self, key: ApiKey, audit: Sequence[AuditRow] = ()) -> None:
        """Write a key, or what changed of it, and who did so."""

    async def fault(self) -> "Fault | None":
        """Return what keeps the store from being written, after waiting for one's turn to write."""

    def figures(self) -> "Figures":
        """Return how the store is at this moment."""

    async def close(self) -> None:
        """End all work and let go of the database."""


class Figures(Struct, frozen=True, kw_only=True):
    """
    How a store is: its connections in use, of those that read where one alone writes.

    An embedded store has the bytes of its file and of the log beside it too.
    """

    in_use: int
    bytes: int | None = None
    log_bytes: int | None = None


class Fault(StrEnum):
    """What keeps a store from being written, in a word."""

    DISK = "disk"
    """It is full, nearly full, or can only be read."""
    MIGRATIONS = "migrations"
    """The tables are not those that this program expects."""
    READ_ONLY = "read-only"
    """It is a standby of another database, or was set to be read only."""
