"""The change feed as clients see it: what happened to which appointment, oldest first."""

from datetime import datetime
from typing import Annotated

import strawberry
from msgspec import Struct
from strawberry import ID, Parent
from strawberry.utils.str_converters import to_camel_case

from gappt_graphql.graph.context import Info
from gappt_graphql.graph.cursors import Cursors
from gappt_graphql.graph.enums import ChangeKind
from gappt_graphql.graph.errors import bad_user_input
from gappt_graphql.graph.filters import GroupAppointmentChangeFilter, any_number
from gappt_graphql.graph.group_appointment import GroupAppointment
from gappt_graphql.graph.pages import Window
from gappt_graphql.graph.relations import computed, relation
from gappt_graphql.graph.values import present
from gappt_graphql.practice import enquiries
from gappt_graphql.practice.desk import Desk
from gappt_graphql.practice.watching import last_number
from gappt_graphql.scheduling.asking import Slice
from gappt_graphql.scheduling.ids import AccountId
from gappt_graphql.store import Change

Filter = Annotated[GroupAppointmentChangeFilter | None, strawberry.argument(description="Which changes; all if absent")]
After = Annotated[str | None, strawberry.argument(description="Cursor of the last change that was seen")]


class Told(Struct, frozen=True):
    """A change and its place in the feed: what `GroupAppointmentChange` is made from."""

    change: Change
    cursor: str

    @property
    def group_appointment_id(self) -> int:
        return self.change.group_appointment_id


class ToldPage(Struct, frozen=True):
    """A part of the feed."""

    nodes: list[Told]
    has_next_page: bool

    @property
    def end_cursor(self) -> str | None:
        return self.nodes[-1].cursor if self.nodes else None


def feed_of(account: AccountId) -> Cursors:
    """Return the cursors of an account's feed, which are the same wherever it is read."""
    return Cursors("groupAppointmentChanges", account, ())


async def number_behind(part: Slice, desk: Desk) -> int | None:
    """
    Return the number behind which a part of the feed begins; None if its window names none.

    A number that lies ahead of the feed is of another life of this book, from before it was restored: whoever waited
    for it would miss changes.
    """
    if part.after is None:
        return None
    number = int(part.after[-1])  # type: ignore[arg-type]  # a cursor's number
    if number > await last_number(desk):
        raise bad_user_input("This cursor lies ahead of the feed. Read what there is, and go on from there.")
    return number


async def changes(info: Info, filter: GroupAppointmentChangeFilter | None, window: Window) -> ToldPage:
    """Return a part of the account's feed."""
    desk = info.context.desk
    cursors = feed_of(desk.account)
    part = window.part(cursors)
    asked = present(filter, GroupAppointmentChangeFilter())

    found = await enquiries.changes(
        desk,
        after=await number_behind(part, desk) or 0,
        limit=part.limit + 1,
        ids=any_number(asked.ids),
        practitioners=any_number(asked.practitioner_ids),
        businesses=any_number(asked.business_ids),
    )
    told = [Told(change, cursors.at(change.number)) for change in found[: part.limit]]
    return ToldPage(told, has_next_page=len(found) > part.limit)


def _kind(root: Parent[Told]) -> ChangeKind:
    return ChangeKind[root.change.kind]


def _id(root: Parent[Told]) -> int:
    return root.change.group_appointment_id


def _at(root: Parent[Told]) -> datetime:
    return root.change.at


def _changed_fields(root: Parent[Told]) -> list[str]:
    return [to_camel_case(field) for field in root.change.changed_fields]


@strawberry.type(description="Something that happened to a group appointment")
class GroupAppointmentChange:
    cursor: str = strawberry.field(description="Place in the feed, to be given as `after`")
    kind: ChangeKind = computed(_kind, "What happened")
    id: ID = computed(_id, "Identifier of the appointment")
    at: datetime = computed(_at, "Timestamp of when it happened")
    changed_fields: list[str] = computed(_changed_fields, "Names of the appointment's fields that changed")
    group_appointment: GroupAppointment | None = relation(
        "group_appointments", key="group_appointment_id", description="Appointment as it is now"
    )


@strawberry.type(description="Part of the change feed")
class GroupAppointmentChangeConnection:
    nodes: list[GroupAppointmentChange] = strawberry.field(description="Changes, oldest first")
    has_next_page: bool = strawberry.field(description="Indicates whether there are later changes")
    end_cursor: str | None = strawberry.field(description="Cursor of the last change of the page")
