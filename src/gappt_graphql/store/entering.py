"""A whole command, entered into the book: its edits, what is told of them, and what its retry is to be answered."""

from collections.abc import Sequence

from gappt_graphql.store import AuditRow, Change, Edit, KeptOutcome, journal, saving
from gappt_graphql.store.statements import WritableRows


async def enter(
    rows: WritableRows,
    edits: Sequence[Edit],
    changes: Sequence[Change],
    audit: Sequence[AuditRow],
    outcome: KeptOutcome | None,
) -> int:
    """
    Write all of it, and return the number that the account's counter has reached; 0 if nothing was told.

    A booking, which only gives places, is one statement where the database runs several as one.

    :raises Overtaken: if somebody else has written there since the book was read
    :raises LookupError: if a record to revise, or the appointment of a new attendee, is not in the account's book
    """
    steps = saving.of_a_booking(rows, edits)
    if steps is None:
        await saving.save(rows, edits)
        steps = []
    if outcome is not None:
        steps.append(journal.kept(rows, outcome))
    return await journal.write(rows, changes, audit, steps)
