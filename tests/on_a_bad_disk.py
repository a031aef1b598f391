"""
What becomes of a group of six bookings where the disk fails them. Run as a program, with the faults preloaded.

It prints a JSON object of what was seen, by the name of the fault.
"""

import asyncio
import ctypes
import errno
import json
import os
import shutil
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from builders import Practice
from conftest import NOW
from gappt_graphql.practice import attendance
from gappt_graphql.practice.attendance import BookAttendees
from gappt_graphql.scheduling.group_appointment import GroupAppointment
from gappt_graphql.store.opening import open_store

SYNC, WRITE, READ = 1, 2, 3
FOREVER = -1
FAULTS = {
    "a sync fails": (SYNC, errno.EIO, 0, 1),
    "no sync succeeds": (SYNC, errno.EIO, 0, FOREVER),
    "no write succeeds": (WRITE, errno.EIO, 0, FOREVER),
    "a write in the middle fails": (WRITE, errno.EIO, 5, 1),
    "the disk is full": (WRITE, errno.ENOSPC, 3, FOREVER),
    "a read fails": (READ, errno.EIO, 1, 1),
    "no read succeeds": (READ, errno.EIO, 1, FOREVER),
}
faults = ctypes.CDLL(None)


async def seen(path: Path, fault: tuple[int, int, int, int]) -> dict[str, Any]:
    """Book six patients at once while the fault lasts, and again after it."""
    practice = await Practice.open(await open_store(f"sqlite:///{path}", serving=True), name="Riverside", now=NOW)
    group = await practice.group(max_attendees=12)
    await practice.store.close()
    practice.store = await open_store(f"sqlite:///{path}", serving=True)  # which has read nothing yet
    faults.arm(*fault)
    told = await book_all(practice, group)
    ready = await outcome(practice.store.fault())
    faults.arm(0, 0, 0, 0)
    found = await there(practice, group)
    ready_again = await outcome(practice.store.fault())
    retried = await book_all(practice, group)
    found_again = await there(practice, group)
    await practice.store.close()
    return {
        "told": told,
        "ready": ready,
        "found": found,
        "ready_again": ready_again,
        "retried": retried,
        "found_again": found_again,
    }


async def book_all(practice: Practice, group: GroupAppointment) -> list[Any]:
    """Return for each patient the id of the seat, or what kind of failure there was instead."""
    commands = (
        BookAttendees(group_appointment_id=group.id, patient_ids=(patient.id,), idempotency_key=str(patient.id))  # type: ignore[arg-type]
        for patient in practice.patients[:6]
    )
    booked = await asyncio.gather(*(outcome(attendance.book(practice.desk, command)) for command in commands))
    return [each if isinstance(each, str) else each.outcomes[0].attendee_id for each in booked]


async def outcome(work: Awaitable[Any]) -> Any:
    try:
        return await work
    except Exception as failure:
        return type(failure).__name__


async def there(practice: Practice, group: GroupAppointment) -> list[int]:
    attendees = await practice.store.read(practice.account.id, lambda book: book.attendees_of([group.id]))
    return [attendee.id for attendee in attendees[group.id]]


async def main(empty: Path, folder: Path) -> None:
    all_seen = {}
    for name, fault in FAULTS.items():
        path = folder / f"{name}.db"
        shutil.copy(empty, path)
        all_seen[name] = await seen(path, fault)
    path = folder / "a crash after a sync that fails.db"
    shutil.copy(empty, path)
    practice = await Practice.open(await open_store(f"sqlite:///{path}", serving=True), name="Riverside", now=NOW)
    group = await practice.group(max_attendees=12)
    faults.arm(*FAULTS["a sync fails"])
    all_seen["a crash after a sync that fails"] = {"told": await book_all(practice, group)}
    print(json.dumps(all_seen), flush=True)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
