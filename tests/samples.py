"""One stored record of each kind, and the questions that find records."""

from collections.abc import Collection
from typing import Any

from builders import Practice
from gappt_graphql.scheduling.attendance import WaitlistEntry
from gappt_graphql.scheduling.calendars import CalendarFeed
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.scheduling.webhooks import Webhook, WebhookDelivery
from gappt_graphql.store import AuditRow, Change


async def one_of_each(practice: Practice) -> dict[type[Any], Any]:
    """Store a record of each kind, and return them by kind; the appointment is a repeat of another."""
    group = await practice.group(patients=practice.patients[:1])
    repeat = practice.new_group(repeated_from_id=group.id, series_position=1)
    block = practice.new_block(practice.now, business_id=practice.business.id)
    waiting = practice.new(WaitlistEntry, group_appointment_id=group.id, patient_id=practice.patients[1].id)
    feed = practice.new(
        CalendarFeed, digest=f"{practice.account.id:064}", last_four="four", business_id=practice.business.id
    )
    hook = practice.new(
        Webhook,
        url="https://receiver.example/hook",
        kinds=("UPDATED",),
        practitioner_ids=(practice.practitioner.id,),
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        position=0,
    )
    told = practice.new(
        WebhookDelivery,
        webhook_id=hook.id,
        number=1,
        kind="UPDATED",
        group_appointment_id=group.id,
        changed_fields=("notes",),
        at=practice.now,
        due_at=practice.now,
    )
    await practice.save(repeat, block, waiting, feed, hook, told)
    attendees = await practice.store.read(practice.account.id, lambda book: book.attendees_of([group.id]))
    directory = [practice.business, practice.practitioner, practice.type, practice.patients[0]]
    others = [*attendees[group.id], block, waiting, feed, hook, told, repeat]
    return {type(record): record for record in [*directory, group, *others]}


def finding(kind: type[Any], ids: Collection[int]) -> Any:
    """Return a work that finds records by their ids."""

    async def work(book: Any) -> Any:
        return await book.find(kind, ids)

    return work


async def stored(practice: Practice, *records: Any) -> list[bool]:
    """Tell of each record whether it is in the book."""
    found = await practice.store.read(practice.account.id, finding(type(records[0]), [each.id for each in records]))
    return [record.id in found for record in records]


def a_journal(practice: Practice, group: GroupAppointment) -> tuple[list[Change], list[AuditRow]]:
    """Return a change of the appointment for the feed, and who made it for the audit."""
    change = Change(
        kind="CREATED",
        group_appointment_id=group.id,
        practitioner_id=group.practitioner_id,
        business_id=group.business_id,
        changed_fields=(),
        at=practice.now,
    )
    row = AuditRow(
        at=practice.now,
        key_id=None,
        actor=None,
        request_id="test",
        operation="Test",
        record_kind="GroupAppointment",
        record_id=group.id,
        before=None,
        after="{}",
    )
    return [change], [row]
