"""
The seats taken and the copies that attendees keep of their appointments, written by the program.

For databases whose own triggers do not: what a booking rests on must be there on every one of them. A seat is taken by
a counter that refuses to pass the seats, whatever was read before.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, bindparam, case, cast, null, update

from gappt_graphql.scheduling.attendance import Attendee
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store import Edit
from gappt_graphql.store.statements import Statement, WritableRows, in_keys, plain
from gappt_graphql.store.steps import Step
from gappt_graphql.store.tables import attendees, group_appointments


class Overtaken(Exception):
    """Somebody else has taken or freed seats since they were read: the unit of work has to decide anew."""


async def count(rows: WritableRows, edits: Iterable[Edit]) -> None:
    """
    Add the seats that these edits of attendees take, and those that they free.

    :raises Overtaken: if there are fewer seats than were thought
    """
    more = _more(edits)
    each = [{"account": rows.account, "record": id, "more": number} for id, number in sorted(more.items()) if number]
    if await rows.run(_COUNT, each) != len(each):
        raise Overtaken


def taken(rows: WritableRows, groups: Iterable[Edit], attendees: Iterable[Edit]) -> Step:
    """Return what adds the seats that these attendees take in these appointments, and writes when that was."""
    more = _more(attendees)
    each = [{**parameters, "more": more[id]} for id, parameters in _times(rows, groups)]
    return Step(_COUNT_AND_TOUCH, each, Overtaken)


def touched(rows: WritableRows, groups: Iterable[Edit]) -> Step:
    """Return what writes when seats in these appointments were taken, where the database counts them."""
    return Step(_TOUCH, [parameters for _, parameters in _times(rows, groups)], _no_group)


def _no_group() -> Exception:
    return LookupError("An edit of a GroupAppointment that is not in the book.")


def _times(rows: WritableRows, groups: Iterable[Edit]) -> Iterator[tuple[int, dict[str, object]]]:
    for edit in groups:
        if isinstance(edit.after, GroupAppointment):
            id = edit.after.id
            yield id, {"account": rows.account, "record": id, "updated_at": plain(edit.after.updated_at)}


def _more(edits: Iterable[Edit]) -> Counter[int]:
    more: Counter[int] = Counter()
    for edit in edits:
        if isinstance(edit.after, Attendee):
            was_active = isinstance(edit.before, Attendee) and edit.before.active
            more[edit.after.group_appointment_id] += edit.after.active - was_active
    return more


async def copy(rows: WritableRows, edits: Iterable[Edit]) -> None:
    """Let the attendees of appointments that have moved, and those that have changed themselves, tell when that is."""
    moved = {edit.after.id for edit in edits if _moves(edit)}
    changed = {edit.after.group_appointment_id for edit in edits if isinstance(edit.after, Attendee) and edit.before}
    if moved | changed:
        await rows.fetch(_COPY, {"account": rows.account, "ids": sorted(moved | changed)})


def _moves(edit: Edit) -> bool:
    before, after = edit.before, edit.after
    if not (isinstance(before, GroupAppointment) and isinstance(after, GroupAppointment)):
        return False
    return before.span != after.span or (before.archived_at is None) != (after.archived_at is None)


_ACCOUNT: ColumnElement[Any] = bindparam("account")
_SEATS = group_appointments.c.active_attendees + cast(bindparam("more"), Integer)
_OF_ONE = update(group_appointments).where(
    group_appointments.c.account_id == _ACCOUNT, group_appointments.c.id == bindparam("record")
)
_COUNTING = _OF_ONE.where(_SEATS.between(0, group_appointments.c.max_attendees))
_COUNT = Statement(_COUNTING.values(active_attendees=_SEATS))
_COUNT_AND_TOUCH = Statement(_COUNTING.values(active_attendees=_SEATS, updated_at=bindparam("updated_at")))
_TOUCH = Statement(_OF_ONE.values(updated_at=bindparam("updated_at")))
_COPY = Statement(
    update(attendees)
    .where(attendees.c.account_id == _ACCOUNT, in_keys(attendees.c.group_appointment_id, "ids"))
    .where(group_appointments.c.account_id == attendees.c.account_id)
    .where(group_appointments.c.id == attendees.c.group_appointment_id)
    .values(
        starts_at=group_appointments.c.starts_at,
        ends_at=group_appointments.c.ends_at,
        is_long=group_appointments.c.is_long,
        is_busy=case(
            (
                and_(
                    attendees.c.cancelled_at.is_(null()),
                    attendees.c.archived_at.is_(null()),
                    group_appointments.c.archived_at.is_(null()),
                ),
                1,
            ),
            else_=0,
        ),
    )
)
