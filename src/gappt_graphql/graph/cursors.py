"""Cursors: where in which list a page begins, opaque to clients and checked when they come back."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct

from gappt_graphql.graph.errors import bad_user_input
from gappt_graphql.scheduling.asking import Order, Value, position
from gappt_graphql.scheduling.ids import LARGEST_ID, AccountId
from gappt_graphql.store import Record

_VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class _Place(Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    version: int
    list: str
    account: int
    order: str
    values: tuple[int | str, ...]


class Cursors(Struct, frozen=True):
    """The cursors of one list in one order, of one account."""

    list: str
    account: AccountId
    order: tuple[Order, ...]

    def write(self, record: Record) -> str:
        """Return the cursor of a record."""
        return self.at(*position(record, self.order))

    def at(self, *place: Value) -> str:
        """Return the cursor of a position."""
        return self._encode([_plain(value) for value in place])

    def read(self, cursor: str) -> tuple[Value, ...]:
        """Return the position of a cursor: the values of the order's fields, then the id."""
        refused = bad_user_input(
            "This cursor does not belong to this list in this order. Use one that a page of it gave."
        )
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            place = msgspec.json.decode(urlsafe_b64decode(padded), type=_Place)
            # What decodes leniently is no cursor of ours: only the very letters that we wrote are taken.
            if self._encode(place.values) != cursor:
                raise refused
            return self._position(place.values)
        except (ValueError, OverflowError, msgspec.DecodeError):
            raise refused from None

    def _encode(self, values: Sequence[int | str]) -> str:
        spelt = ",".join(f"{'-' if term.descending else ''}{term.field}" for term in self.order)
        place = _Place(_VERSION, self.list, self.account, spelt, tuple(values))
        return urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()

    def _position(self, values: Sequence[int | str]) -> tuple[Value, ...]:
        fields = [*(term.field for term in self.order), "id"]
        if len(values) != len(fields):
            raise ValueError
        return tuple(_typed(field, value) for field, value in zip(fields, values, strict=True))


def _plain(value: Value) -> int | str:
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MICROSECOND
    assert isinstance(value, int | str)
    return value


def _typed(field: str, value: int | str) -> Value:
    if field == "name":
        if not isinstance(value, str) or "\0" in value:  # which no name has, and PostgreSQL refuses
            raise ValueError
        return value
    if isinstance(value, str):
        raise ValueError
    if field.endswith("_at"):
        return _EPOCH + value * _MICROSECOND
    if not 0 < value <= LARGEST_ID:
        raise ValueError
    return value
