"""Bodies of requests: strict JSON, read field by field, and every field that can't be read told."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NoReturn, TypeVar

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from starlette.requests import Request

from gappt_graphql.rest.errors import Answered, bad_request
from gappt_graphql.scheduling.ids import read_id
from gappt_graphql.scheduling.instants import read_instant
from gappt_graphql.scheduling.problems import Code, Problem, Refused

DEEPEST = 16
"""How many objects and lists of a body may lie in each other. The reference's have two."""

T = TypeVar("T")


class Body:
    """
    The fields of a request's body, each to be asked for by its name and kind; what is not asked for is passed over.

    A field is UNSET where it is absent, and None where it is null. One that can't be read is UNSET as well, and a
    problem, so that the rest can be judged all the same.
    """

    def __init__(self, fields: Mapping[str, object], within: tuple[str, ...] = ()) -> None:
        """`within` is the path to the object that these are the fields of."""
        self._fields, self._within = fields, within
        self.problems: list[Problem] = []

    def instant(self, name: str) -> datetime | UnsetType | None:
        takes = "This takes a time as RFC 3339 has it, with seconds and an offset: 2026-03-02T22:00:00Z."
        return self._read(name, str, read_instant, takes)

    def id(self, name: str, kind: Callable[[int], T]) -> T | UnsetType | None:
        """Return an id; digits that are none are nobody's, as in an address."""
        return self._read(name, (str, int), lambda id: kind(read_id(str(id))), "This takes an id: digits, as a text.")

    def whole(self, name: str) -> int | UnsetType | None:
        return self._read(name, (int, float), _whole, f"{self._subject(name)} takes a whole number.")

    def truth(self, name: str) -> bool | UnsetType | None:
        return self._read(name, bool, lambda truth: truth, "This takes true, false or null.")

    def text(self, name: str) -> str | UnsetType | None:
        return self._read(name, str, lambda text: text, "This takes a text.")

    def choice(self, name: str, choices: Mapping[object, T]) -> T | UnsetType | None:
        """Return what the value stands for among the choices."""
        *others, last = choices
        takes = f"{self._subject(name)} is {', '.join(map(str, others))} or {last}."
        return self._read(name, (str, int), choices.get, takes)

    def inside(self, name: str) -> "Body | UnsetType | None":
        """Return the fields of an object. Their problems are this body's."""
        found = self._read(name, dict, lambda fields: Body(fields, (*self._within, name)), "This takes an object.")
        if isinstance(found, Body):
            found.problems = self.problems
        return found

    def needs(self, name: str, value: T | UnsetType | None, instead: T) -> T:
        """Return the value of a field that must be there; if it is not, note that and return the substitute."""
        if value is not UNSET and value is not None:
            return value
        if name not in self.unreadable:
            self._note(name, Code.REQUIRED, f"{self._subject(name)} can't be empty.")
        return instead

    @property
    def unreadable(self) -> frozenset[str]:
        """The fields that have a problem already."""
        depth = len(self._within)
        paths = (problem.field or () for problem in self.problems)
        return frozenset(path[depth] for path in paths if len(path) > depth)

    def refused_with(self, others: Iterable[Problem], names: Mapping[str, str] | None = None) -> Refused:
        """
        Return the refusal for what can't be read, and for the other problems that do not come of it.

        `names` are the body's names of the fields that a use case calls otherwise.
        """
        unsure = self.unreadable
        if "starts_at" in unsure:
            unsure |= {"ends_at"}  # it was judged beside another start
        named = [_renamed(problem, names or {}) for problem in others]
        return Refused([*self.problems, *(one for one in named if not one.field or one.field[0] not in unsure)])

    def _read(
        self, name: str, kinds: type[object] | tuple[type[object], ...], read: Callable[..., T | None], takes: str
    ) -> T | UnsetType | None:
        value = self._fields.get(name, UNSET)
        if value is None or value is UNSET:
            return value
        # To Python true and false are numbers, too.
        fits = isinstance(value, kinds) and (kinds is bool or not isinstance(value, bool))
        found = read(value) if fits else None
        if found is None:
            self._note(name, Code.INVALID, takes)
            return UNSET
        return found

    def _note(self, name: str, code: Code, message: str) -> None:
        self.problems.append(Problem(code, message, (*self._within, name)))

    def _subject(self, name: str) -> str:
        # A path is told with its first word, so that the sentence must say which field inside it is meant.
        return name if self._within else "This"


async def read_body(request: Request) -> Body:
    """
    Return the body of a request.

    :raises Answered: with 415 if it is not said to be JSON, with 400 if it is no JSON object, or nested too deeply
    """
    media_type, _, _ = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != "application/json":
        raise Answered(415, "The body must be JSON, with Content-Type: application/json.")
    try:
        content = msgspec.json.decode(await request.body())
    except RecursionError:
        _refuse_depth()
    except ValueError:
        raise bad_request("The body is not JSON.") from None
    if not isinstance(content, dict):
        raise bad_request("The body must be one JSON object.")
    if _is_deeper(content, DEEPEST):
        _refuse_depth()
    return Body(content)


def or_none(value: T | UnsetType | None) -> T | None:
    """Return the value of a field for which absent and null mean the same."""
    return None if value is UNSET else value


def _renamed(problem: Problem, names: Mapping[str, str]) -> Problem:
    first, *rest = problem.field or ("",)
    return replace(problem, field=(names[first], *rest)) if first in names else problem


def _refuse_depth() -> NoReturn:
    raise bad_request(f"The body is nested deeper than {DEEPEST} levels.") from None


def _is_deeper(content: object, levels: int) -> bool:
    if not isinstance(content, dict | list):
        return False
    inside = content.values() if isinstance(content, dict) else content
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inside)


def _whole(number: int | float) -> int | None:
    """Return a whole number: 2.0 is one to JSON."""
    return int(number) if isinstance(number, int) or number.is_integer() else None
