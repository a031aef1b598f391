"""A process that asks for something at the same moment as others, as a program: what it asks for comes on stdin."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import Any

from gappt_graphql.practice.attendance import BookAttendees, book
from gappt_graphql.practice.booking import CreateGroupAppointment, create
from gappt_graphql.practice.desk import Desk
from gappt_graphql.scheduling.conflicts import OnConflict
from gappt_graphql.scheduling.ids import Ids
from gappt_graphql.scheduling.problems import Refused
from gappt_graphql.store.opening import open_store

AT_ONCE = 8
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


async def rival(job: dict[str, Any]) -> None:
    """Open the store, wait for the word, do everything, and print what came of each: an id, or the refusal's codes."""
    store = await open_store(job["url"])
    desk = Desk(store=store, account=job["account"], now=NOW, ids=Ids(counter=job["number"] * 1000), request_id="rival")
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    waiting = list(job["asks"])
    came: list[Any] = []

    async def client() -> None:
        while waiting:
            asked = waiting.pop()
            try:
                came.append(await done(desk, job["kind"], asked))
            except Refused as refused:
                came.append([problem.code for problem in refused.problems])

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    await store.close()
    print(json.dumps(came), flush=True)


async def done(desk: Desk, kind: str, asked: dict[str, Any]) -> int:
    """Return the id of what was made."""
    if kind == "book":
        booked = await book(desk, BookAttendees(**asked | {"patient_ids": tuple(asked["patient_ids"])}))
        [outcome] = booked.outcomes
        return int(outcome.attendee_id or 0)
    starts_at = datetime.fromisoformat(asked.pop("starts_at"))
    command = CreateGroupAppointment(starts_at=starts_at, on_conflict=OnConflict.REJECT, **asked)
    return int((await create(desk, command)).group_appointment_id)


if __name__ == "__main__":
    asyncio.run(rival(json.loads(sys.stdin.readline())))
