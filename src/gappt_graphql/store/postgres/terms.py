"""On what terms a process uses a PostgreSQL database; nothing here needs the driver."""

from collections.abc import Mapping

from msgspec import Struct


class Terms(Struct, frozen=True, kw_only=True):
    """
    How many connections there are, and how long they wait.

    `pooler` tells of one between them that gives its connections to others between two transactions, as PgBouncer does:
    then nothing is kept in a session.
    """

    connections: int = 10
    pooler: bool = False
    direct_url: str | None = None
    """The address past the pooler, for the one connection that is told of changes."""
    connect_seconds: float = 5
    statement_seconds: float = 10
    """For each statement, to wait for a lock, and for a process to think between two statements."""
    attempts: int = 8
    """Of a unit that others are in the way of. As one account's writers wait for each other, the second succeeds."""
    longest_pause: float = 1.0
    """Seconds between two attempts, at most."""

    @property
    def each(self) -> Mapping[str, str]:
        """What is set for each transaction: by the session, or where there is none, by the transaction itself."""
        limit = str(round(self.statement_seconds * 1000))
        return {
            "statement_timeout": limit,
            "lock_timeout": limit,
            "idle_in_transaction_session_timeout": limit,
            "jit": "off",  # to compile a statement takes longer than to run it
            # What is asked is mostly in memory: an index is walked, and no table read whole for fifty of its rows.
            "random_page_cost": "1.1",
        }


USUAL = Terms()
