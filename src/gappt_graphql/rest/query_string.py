"""The query string of a request: decoded strictly, and read as a question to the book."""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote_to_bytes

from msgspec import Struct

from gappt_graphql.practice.enquiries import leaving_out_archived
from gappt_graphql.rest.errors import bad_request
from gappt_graphql.rest.filters import Column, Format, conditions
from gappt_graphql.scheduling.asking import Condition, Filter, Listing, Operator, Order, Slice
from gappt_graphql.scheduling.ids import LARGEST_ID

PER_PAGE = 50
MOST_PER_PAGE = 100

Pairs = list[tuple[str, str]]
Columns = Mapping[str, Column]


class Asked(Struct, frozen=True, kw_only=True):
    """Which page of which list a request is about. `kept` are the parameters that other pages of it share."""

    listing: Listing
    page: int
    per_page: int
    kept: Pairs

    @property
    def part(self) -> Slice:
        return Slice(self.per_page, offset=(self.page - 1) * self.per_page)

    def query(self, page: int) -> str:
        """Return the query string that asks for another page of the same list."""
        kept = (f"&{name}={quote(value, safe=_AS_THEY_ARE)}" for name, value in self.kept)
        return f"page={page}{''.join(kept)}"


def asked(query_string: bytes, columns: Columns) -> Asked:
    """
    Read what a list is asked for.

    :raises Answered: with 400 for whatever can't be understood; parameters of other names are passed over
    """
    pairs = _pairs(query_string)
    return Asked(
        listing=Listing(_where(pairs, columns), _order(pairs, columns)),
        page=_number(pairs, "page", LARGEST_ID, otherwise=1),
        per_page=_number(pairs, "per_page", MOST_PER_PAGE, otherwise=PER_PAGE),
        kept=[(name, value) for name, value in pairs if name in _KEPT],
    )


def asked_of_one(query_string: bytes, columns: Columns, *, hidden: bool) -> Filter:
    """
    Read what a single record has to fulfil to be shown, of which only its archiving can be asked.

    `hidden` ones are not shown where they are archived, unless that is asked for.

    :raises Answered: with 400 for whatever can't be understood
    """
    alone = {name: columns[name] for name in ("archived_at", "deleted_at") if name in columns}
    pairs = _pairs(query_string)
    return _where(pairs, alone) if hidden else conditions(_of(pairs, "q", "q[]"), alone)


_KEPT = ("per_page", "sort", "sort[]", "order", "q", "q[]")
_ONCE = ("page", "per_page", "order")
_AS_THEY_ARE = ":,=!?~*"
_STRAY_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_WHOLE = re.compile(r"[1-9][0-9]{0,18}")
_DIRECTIONS = {"asc": False, "desc": True}


def _pairs(query_string: bytes) -> Pairs:
    """Return the parameters in their order."""
    if _STRAY_PERCENT.search(query_string):
        raise bad_request("The query string has a % that stands for no byte.")
    try:
        pairs = [_pair(each) for each in query_string.split(b"&") if each]
    except UnicodeDecodeError:
        raise bad_request("The query string is not UTF-8.") from None
    if any("\0" in text for pair in pairs for text in pair):
        raise bad_request("The query string has a NUL.")
    names = [name for name, _ in pairs]
    for name in _ONCE:
        if names.count(name) > 1:
            raise bad_request(f"{name} can be given once.")
    for name in names:
        stem, bracket, _ = name.partition("[")
        if bracket and stem in (*_KEPT, "page") and name not in _KEPT:
            raise bad_request(f"{name[:40]} is no parameter; q[] and sort[] may be repeated.")
    return pairs


def _pair(text: bytes) -> tuple[str, str]:
    name, _, value = (unquote_to_bytes(part.replace(b"+", b" ")).decode() for part in text.partition(b"="))
    return name, value


def _of(pairs: Pairs, *names: str) -> list[str]:
    return [value for name, value in pairs if name in names]


def _where(pairs: Pairs, columns: Columns) -> Filter:
    """Return the filter without archived records, and without cancelled ones, unless it asks about them itself."""
    given = _of(pairs, "q", "q[]")
    where = conditions(given, columns)
    fields = {text.partition(":")[0] for text in given}
    if "archived_at" in columns and fields.isdisjoint(("archived_at", "deleted_at")):
        where = leaving_out_archived(where)
    if "cancelled_at" in columns and "cancelled_at" not in fields:
        where = (*where, Condition("cancelled_at", Operator.IS_NOT_SET))
    return where


def _order(pairs: Pairs, columns: Columns) -> tuple[Order, ...]:
    usual = _usual_direction(pairs)
    sortable = {name: column.field for name, column in columns.items() if column.format is not Format.ARRAY}
    order: dict[str, Order] = {}
    for term in ",".join(_of(pairs, "sort", "sort[]") or ["created_at"]).split(","):
        name, colon, direction = term.partition(":")
        if name not in sortable:
            raise bad_request(f"sort takes {', '.join(sortable)}, not {name[:40]!r}.")
        if colon and direction not in _DIRECTIONS:
            raise bad_request(f"sort takes {name}:asc or {name}:desc, not {direction[:40]!r}.")
        field = sortable[name]
        order.setdefault(field, Order(field, _DIRECTIONS[direction] if colon else usual))
    return tuple(order.values())


def _usual_direction(pairs: Pairs) -> bool:
    for direction in _of(pairs, "order"):
        if direction not in _DIRECTIONS:
            raise bad_request("order takes asc or desc.")
        return _DIRECTIONS[direction]
    return False


def _number(pairs: Pairs, name: str, largest: int, *, otherwise: int) -> int:
    for text in _of(pairs, name):
        if not _WHOLE.fullmatch(text) or int(text) > largest:
            raise bad_request(f"{name} takes a whole number from 1 to {largest}.")
        return int(text)
    return otherwise
