"""Books that fail, or hold what no book holds, in the same way whenever they are asked the same."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any
from zlib import crc32

import msgspec

from gappt_graphql.scheduling.asking import Page

_QUESTIONS = (
    "find", "page", "pages", "count", "counts", "attendees_of", "patients_of", "waitlists_of", "conflicts_of",
    "history_of", "changes", "last_number",
)  # fmt: skip
_ALIKE = {"conflicting": "conflicts_of"}
"""Questions that fail where others do, and whose answers are never spoilt."""
_ELSEWHERE = timezone(timedelta(hours=9))


@dataclass(frozen=True)
class Stranger:
    """Something that is no record."""

    id: int


@dataclass(frozen=True)
class Faults:
    """
    Which questions fail, and how many of a hundred values are not what they should be.

    `missing` is how many of a hundred records are not found.
    """

    failing: frozenset[str] = frozenset()
    spoilt: int = 0
    missing: int = 0
    seed: int = 0

    @classmethod
    def random(cls, random: Random) -> Faults:
        kinds = ("Patient", "Practitioner", "Business", "Attendee", "AppointmentType", "GroupAppointment")
        questions = [*_QUESTIONS[1:], *(f"find {kind}" for kind in kinds)]
        failing = frozenset(random.sample(questions, random.choice([0, 0, 1, 2])))
        return cls(failing, random.choice([0, 2, 10, 25]), random.choice([0, 0, 10, 40]), random.getrandbits(30))


@dataclass
class FaultyStore:
    """A store whose books have these faults for those who read. It counts the statements too."""

    store: Any
    faults: Faults = field(default_factory=Faults)
    statements: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def read(self, account: Any, work: Any) -> Any:
        async def faulty(book: Any) -> Any:
            book._connection = _Counting(book._connection, self)
            inside = _READING.set(True)
            try:
                return await work(_Book(book, self.faults))
            finally:
                _READING.reset(inside)

        _refuse_within_another()
        return await self.store.read(account, faulty)

    async def keys(self, account: Any) -> Any:
        _refuse_within_another()
        return await self.store.keys(account)


_READING = ContextVar("reading", default=False)


def _refuse_within_another() -> None:
    """A unit of work that waits for another would wait for ever, where as many as may be do so."""
    assert not _READING.get(), "a unit of work within another"


class _Counting:
    def __init__(self, connection: Any, store: FaultyStore) -> None:
        self.connection, self.store = connection, store

    async def fetch(self, statement: Any, parameters: Any) -> Any:
        self.store.statements += 1
        return await self.connection.fetch(statement, parameters)


class _Book:
    def __init__(self, book: Any, faults: Faults) -> None:
        self.book, self.faults = book, faults

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.book, name)
        if name not in (*_QUESTIONS, *_ALIKE):
            return found

        async def asked(*arguments: Any, **named: Any) -> Any:
            what = f"find {arguments[0].__name__}" if name == "find" else _ALIKE.get(name, name)
            if what in self.faults.failing:
                raise RuntimeError(f"{what} has failed")
            answer = await found(*arguments, **named)
            return answer if name in ("changes", "last_number", "history_of", *_ALIKE) else self.spoilt(answer)

        return asked

    def spoilt(self, answer: Any) -> Any:
        if not self.faults.spoilt and not self.faults.missing:
            return answer
        if isinstance(answer, Mapping):
            kept = {key: value for key, value in answer.items() if not self.lost(value)}
            return {key: self.spoilt(value) for key, value in kept.items()}
        if isinstance(answer, Page):
            return Page([self.spoilt(one) for one in answer.records], answer.has_next, answer.has_previous)
        if isinstance(answer, list | tuple):
            # One in twenty lists is none.
            odd = answer and self.roll(answer[0], "list") % 20 == 0
            return 7 if odd else [self.spoilt(one) for one in answer]
        return self.record(answer) if isinstance(answer, msgspec.Struct) else answer

    def lost(self, value: Any) -> bool:
        return hasattr(value, "id") and self.roll(value.id, "lost") % 100 < self.faults.missing

    def roll(self, *what: object) -> int:
        """Return a large number, the same whenever it is about the same."""
        return crc32(f"{what} {self.faults.seed}".encode())

    def record(self, record: Any) -> Any:
        about = getattr(record, "id", record)
        if self.roll(about, "stranger") % 300 < self.faults.spoilt:
            return Stranger(getattr(record, "id", 0))
        changed = {}
        for name in record.__struct_fields__:
            roll = self.roll(about, name)
            if roll % 100 < self.faults.spoilt and name != "id" and not name.endswith("_id"):
                changed[name] = _spoilt(getattr(record, name), roll // 100)
        return msgspec.structs.replace(record, **changed) if changed else record


def _spoilt(value: Any, roll: int) -> Any:
    odd: list[Any] = [None, None, 7, "text", [], True, {"a": 1}, 1.5, RuntimeError("a value that failed")]
    if isinstance(value, datetime):
        odd = [None, value.astimezone(_ELSEWHERE), value.astimezone(_ELSEWHERE), value.replace(tzinfo=None), "text"]
    elif isinstance(value, int):
        odd = [None, 2**31 - 1, 2**31, 2**31, -(2**31), -(2**31) - 1, True, "7"]
    return odd[roll % len(odd)]
