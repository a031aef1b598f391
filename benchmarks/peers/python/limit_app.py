"""
What Python does at best: the same answers by hand, without GraphQL, limits, keys, log or accounts.

Statements, dictionaries and orjson on Starlette; with DBJSON=1 the database makes the JSON.
"""

import os
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

URL = os.environ["DB_URL"]
IN_DATABASE = os.environ.get("DBJSON") == "1"
IS_POSTGRES = URL.startswith("postgres")
SQL = {
    path.stem: path.read_text()
    for path in (Path(__file__).parent.parent / "sql" / ("postgres" if IS_POSTGRES else "sqlite")).iterdir()
}

Row = Any


class OnSqlite:
    def __init__(self) -> None:
        self._connection = sqlite3.connect(URL, isolation_level=None, cached_statements=256)
        self._connection.execute("pragma synchronous = full")
        self._connection.execute("pragma busy_timeout = 5000")

    async def listed(self, asked: dict[str, Any], deep: bool) -> Any:
        window = _stored(asked["from"]), _stored(asked["to"]), asked["limit"]
        if IN_DATABASE:
            return self._all("json_Q2" if deep else "json_Q1", *window)[0][0].encode()
        rows = self._all("list", *window)
        named = [
            _named(self._all("practitioners", _json({row[5] for row in rows})), "label"),
            _named(self._all("businesses", _json({row[6] for row in rows})), "name"),
            _named(self._all("appointment_types", _json({row[7] for row in rows})), "name"),
        ]
        if not deep:
            return [_appointment(row, *named) for row in rows]
        ids = _json(row[0] for row in rows)
        people, conflicts = _people(self._all("patients", ids)), {row[0] for row in self._all("conflicts", ids)}
        return [_appointment(row, *named) | _beside(row, people, conflicts) for row in rows]

    async def one(self, asked: dict[str, Any]) -> Any:
        number = int(asked["id"])
        if IN_DATABASE:
            return self._all("json_Q3", number)[0][0].encode()
        rows = self._all("point", number)
        if not rows:
            return None
        named = _named(self._all("practitioners", _json([rows[0][5]])), "label")
        people = _people(self._all("patients", _json([number])))
        return _appointment(rows[0], named) | {"patients": people.get(number, [])}

    async def book(self, asked: dict[str, Any]) -> Any:
        appointment, patient = int(asked["appointmentId"]), int(asked["patientId"])
        if IN_DATABASE:
            found = self._all("book1", appointment, patient)
            if not found:
                raise ValueError("FULL")
            return _booked(found[0][0], appointment, patient)
        self._connection.execute("begin immediate")
        try:
            seats = self._all("capacity", appointment)
            if not seats or seats[0][1] >= seats[0][0]:
                raise ValueError("FULL" if seats else "NOT_FOUND")
            now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"
            number = self._all("book", appointment, patient, now, now)[0][0]
            self._connection.execute("commit")
        except BaseException:
            self._connection.execute("rollback")
            raise
        return _booked(number, appointment, patient)

    def _all(self, name: str, *values: Any) -> list[Row]:
        return self._connection.execute(SQL[name], values).fetchall()


class OnPostgres:
    _pool: Any = None

    async def listed(self, asked: dict[str, Any], deep: bool) -> Any:
        window = datetime.fromisoformat(asked["from"]), datetime.fromisoformat(asked["to"]), asked["limit"]
        async with (self._pool or await self._open()).acquire() as connection:
            if IN_DATABASE:
                return (await connection.fetchval(SQL["json_Q2" if deep else "json_Q1"], *window)).encode()
            rows = await connection.fetch(SQL["list"], *window)
            named = [
                _named(await connection.fetch(SQL["practitioners"], list({row[5] for row in rows})), "label"),
                _named(await connection.fetch(SQL["businesses"], list({row[6] for row in rows})), "name"),
                _named(await connection.fetch(SQL["appointment_types"], list({row[7] for row in rows})), "name"),
            ]
            if not deep:
                return [_appointment(row, *named) for row in rows]
            ids = [row[0] for row in rows]
            people = _people(await connection.fetch(SQL["patients"], ids))
            conflicts = {row[0] for row in await connection.fetch(SQL["conflicts"], ids)}
            return [_appointment(row, *named) | _beside(row, people, conflicts) for row in rows]

    async def one(self, asked: dict[str, Any]) -> Any:
        number = int(asked["id"])
        async with (self._pool or await self._open()).acquire() as connection:
            if IN_DATABASE:
                return (await connection.fetchval(SQL["json_Q3"], number)).encode()
            row = await connection.fetchrow(SQL["point"], number)
            if row is None:
                return None
            named = _named(await connection.fetch(SQL["practitioners"], [row[5]]), "label")
            people = _people(await connection.fetch(SQL["patients"], [number]))
            return _appointment(row, named) | {"patients": people.get(number, [])}

    async def book(self, asked: dict[str, Any]) -> Any:
        appointment, patient = int(asked["appointmentId"]), int(asked["patientId"])
        async with (self._pool or await self._open()).acquire() as connection:
            if IN_DATABASE:
                number = await connection.fetchval(SQL["book1"], appointment, patient)
                if number is None:
                    raise ValueError("FULL")
                return _booked(number, appointment, patient)
            async with connection.transaction():
                seats = await connection.fetchrow(SQL["capacity"], appointment)
                if not seats or seats[1] >= seats[0]:
                    raise ValueError("FULL" if seats else "NOT_FOUND")
                number = (await connection.fetchrow(SQL["book"], appointment, patient))[0]
        return _booked(number, appointment, patient)

    async def _open(self) -> Any:
        if self._pool is None:
            self._pool = await asyncpg.create_pool(URL, min_size=10, max_size=10)
        return self._pool


def _appointment(
    row: Row,
    practitioners: dict[int, Any],
    businesses: dict[int, Any] | None = None,
    types: dict[int, Any] | None = None,
) -> dict[str, Any]:
    told = {
        "id": str(row[0]),
        "startsAt": _told(row[1]),
        "endsAt": _told(row[2]),
        "maxAttendees": row[3],
        "notes": row[4],
        "practitioner": practitioners[row[5]],
    }
    if businesses is not None and types is not None:
        told["business"] = businesses[row[6]]
        told["appointmentType"] = types[row[7]]
    return told


def _beside(row: Row, people: dict[int, Any], conflicts: set[int]) -> dict[str, Any]:
    return {"patients": people.get(row[0], []), "conflicts": {"exist": row[0] in conflicts}}


def _people(rows: list[Row]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for appointment, number, first, last, email in rows:
        one = {"id": str(number), "firstName": first, "lastName": last, "email": email}
        found.setdefault(appointment, []).append(one)
    return found


def _named(rows: list[Row], key: str) -> dict[int, dict[str, Any]]:
    return {number: {"id": str(number), key: name} for number, name in rows}


def _booked(number: int, appointment: int, patient: int) -> dict[str, Any]:
    return {"attendee": {"id": str(number), "groupAppointmentId": str(appointment), "patientId": str(patient)}}


def _told(stored: Any) -> Any:
    return f"{stored[:10]}T{stored[11:19]}+00:00" if isinstance(stored, str) else stored  # orjson writes others


def _stored(told: str) -> str:
    return f"{told[:10]} {told[11:19]}.000000"


def _json(ids: Iterable[int]) -> str:
    return str(orjson.dumps(list(ids)), "ascii")


store = OnPostgres() if IS_POSTGRES else OnSqlite()


async def endpoint(request: Request) -> Response:
    asked = orjson.loads(await request.body())
    operation, variables = asked["operationName"], asked.get("variables") or {}
    if operation in ("Q1", "Q2"):
        key, value = "groupAppointments", await store.listed(variables, operation == "Q2")
    elif operation == "Q3":
        key, value = "groupAppointment", await store.one(variables)
    elif operation == "Q4":
        key, value = "__typename", "Query"
    else:
        key, value = "bookPatient", await store.book(variables)
    if isinstance(value, bytes):
        answer = b'{"data":{"%s":%s}}' % (key.encode(), value)
    else:
        answer = orjson.dumps({"data": {key: value}})
    return Response(answer, media_type="application/json")


app = Starlette(routes=[Route("/graphql", endpoint, methods=["POST"])])
