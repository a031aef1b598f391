"""Connections that fail as a database's do, where a test wants it, and what must be true of a book after that."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import asyncpg

from gappt_graphql.observing import NOBODY, Observer
from gappt_graphql.store.postgres.connections import open_pool
from gappt_graphql.store.postgres.store import PostgresStore
from gappt_graphql.store.postgres.terms import USUAL, Terms

Run = Callable[[], Awaitable[Any]]
Fail = Callable[[Any, str, Run], Awaitable[Any]]
"""Is given a connection, the text of a statement, and what runs it, and runs that or raises."""


async def failing_store(url: str, fail: Fail, *, terms: Terms = USUAL, observer: Observer = NOBODY) -> PostgresStore:
    """Open a store whose connections run each statement by way of `fail`."""

    class Failing(asyncpg.Connection):
        async def execute(self, query: str, *args: Any, **options: Any) -> Any:
            return await fail(self, query, lambda: super(Failing, self).execute(query, *args, **options))

        async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
            return await fail(self, query, lambda: super(Failing, self).fetch(query, *args, **options))

        async def fetchmany(self, query: str, args: Any, **options: Any) -> Any:
            return await fail(self, query, lambda: super(Failing, self).fetchmany(query, args, **options))

    return PostgresStore(await open_pool(url, terms, kind=Failing), url, terms, observer)


def says(state: str, message: str = "as the test wants it") -> asyncpg.PostgresError:
    """Return what the driver raises when a server answers with this state."""
    fields: Mapping[str, str] = {"S": "ERROR", "V": "ERROR", "C": state, "M": message}
    return asyncpg.PostgresError.new(fields)


_TAKEN = """(SELECT count(*) FROM attendees AS a WHERE a.account_id = g.account_id AND a.group_appointment_id = g.id
    AND a.cancelled_at IS NULL AND a.archived_at IS NULL)"""
_HELD = """attendees AS a JOIN group_appointments AS g
    ON g.account_id = a.account_id AND g.id = a.group_appointment_id"""
INVARIANTS: Mapping[str, str] = {
    "counts other seats as taken than its attendees take": f"""SELECT id FROM group_appointments AS g
        WHERE active_attendees <> {_TAKEN}""",
    "has more active attendees than seats": f"SELECT id FROM group_appointments AS g WHERE {_TAKEN} > max_attendees",
    "has a copy of the appointment's times that is not what the appointment says": f"""SELECT a.id FROM {_HELD}
        WHERE (a.starts_at, a.ends_at, a.is_long) IS DISTINCT FROM (g.starts_at, g.ends_at, g.is_long)
        OR a.is_busy <> (a.cancelled_at IS NULL AND a.archived_at IS NULL AND g.archived_at IS NULL)::int""",
    "has a patient with two active places in one appointment": """SELECT max(id) FROM attendees
        WHERE cancelled_at IS NULL AND archived_at IS NULL
        GROUP BY account_id, group_appointment_id, patient_id HAVING count(*) > 1""",
    "is an account whose changes and audit are not numbered from 1 to its last number": """SELECT account_id
        FROM accounts AS held LEFT JOIN
        (SELECT account_id AS of, count(*) AS written, min(number) AS first, max(number) AS last FROM
            (SELECT account_id, number FROM changes UNION SELECT account_id, number FROM audit) AS n
            GROUP BY account_id) AS numbered ON of = account_id
        WHERE coalesce(written, 0) <> last_number OR written > 0 AND (first <> 1 OR last <> last_number)""",
}


def faults(database: Any) -> list[str]:
    """Return what is wrong with the records of a database: nothing, if it is sound."""
    return [f"{row[0]} {meaning}" for meaning, statement in INVARIANTS.items() for row in database.fetch(statement)]
