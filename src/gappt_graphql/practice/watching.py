"""Following the change feed as it grows."""

from collections.abc import AsyncGenerator, Collection, Sequence

from gappt_graphql.practice.desk import Desk
from gappt_graphql.store import Book, Change

AT_ONCE = 100
"""Changes that are read together, and the most that are held for a reader, however slow."""


async def last_number(desk: Desk) -> int:
    """Return the number that the account's feed has reached."""
    return await desk.read(lambda book: book.last_number())


async def watch(
    desk: Desk,
    *,
    after: int,
    look_every: float,
    ids: Collection[int] | None = None,
    practitioners: Collection[int] | None = None,
    businesses: Collection[int] | None = None,
) -> AsyncGenerator[Sequence[Change], None]:
    """
    Yield what happened after this number, and then what happens, oldest first, in parts that are never empty.

    The feed is read when the caller comes for more, so nothing piles up for one who is slow. None does not filter;
    an empty collection matches nothing. What other processes write is looked for at these intervals, in seconds.
    """
    asked = {"ids": ids, "practitioners": practitioners, "businesses": businesses}

    async def part(book: Book) -> tuple[Sequence[Change], int]:
        return await book.changes(after=after, limit=AT_ONCE, **asked), await book.last_number()

    while True:
        # One transaction: what it finds is all that there is up to the number it reads.
        found, head = await desk.read(part)
        if found:
            yield found
        if len(found) == AT_ONCE:
            after = found[-1].number
        else:
            after = max(after, head)
            await desk.store.wait_for_changes(desk.account, after=after, look_every=look_every)
