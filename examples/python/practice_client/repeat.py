"""A group becomes a series, whose conflicts are seen before anything is saved."""

from uuid import uuid4

from .generated import (
    OnConflict,
    PracticeClient,
    RepeatGroupAppointmentInput,
    RepeatRuleInput,
    RepeatType,
    SchedulingUserErrorCode,
)
from .server import ask_again
from .week import clock


async def repeat(client: PracticeClient, group: str, step: RepeatType, times: int, *, save: bool = False) -> None:
    """Print the dates of a series with their conflicts. If `save`, make it, without the dates that have any."""
    wanted = RepeatGroupAppointmentInput(
        id=group, repeat_rule=RepeatRuleInput(repeat_type=step, number_of_repeats=times)
    )
    answer = await ask_again(lambda: client.preview_repeat(group, wanted))
    root, preview = answer.group_appointment, answer.preview_group_appointment_repeat
    if preview:
        for error in preview.user_errors:
            print(f"Not possible: {error.message}")
    if root is None or preview is None or preview.user_errors:
        return

    for occurrence in preview.occurrences:
        found = occurrence.conflicts.items
        date = clock(occurrence.starts_at, root.business.time_zone, "%A, %d %B %Y at %H:%M")
        print(date, "is taken:" if found else "is free")
        for conflict in found:
            print(f"  {conflict.kind.value}: {conflict.message}")
    if save:
        await _save(client, wanted, root.version)


async def _save(client: PracticeClient, wanted: RepeatGroupAppointmentInput, version: int) -> None:
    wanted = wanted.model_copy(
        update={
            "on_conflict": OnConflict.SKIP,
            # What was previewed is what is saved: if somebody edited the group in between, this is refused.
            "expected_version": version,
            "idempotency_key": str(uuid4()),
        }
    )
    repeated = await ask_again(lambda: client.repeat(wanted))
    if repeated is None:
        return
    for error in repeated.user_errors:
        stale = error.code is SchedulingUserErrorCode.STALE_VERSION
        print("Somebody changed the group: look at it again" if stale else f"Not saved: {error.message}")
    if not repeated.user_errors:
        print(f"Saved {len(repeated.repeats)} repeats, left out {len(repeated.conflicting)}")
