"""In which media type a request wants its answer."""

import re
from functools import lru_cache

from msgspec import Struct

RESPONSE = "application/graphql-response+json"
JSON = "application/json"
STREAM = "text/event-stream"

# Longer ones are not read, and are as good as none: browsers and clients send a tenth of it.
_LONGEST = 2_000
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:\\.|[^"\\])*+"'
_PARAMETER = re.compile(rf"[ \t]*+;[ \t]*+(?:({_TOKEN})=({_TOKEN}|{_QUOTED}))?")
_RANGE = re.compile(rf"[ \t]*+({_TOKEN})/({_TOKEN})((?:{_PARAMETER.pattern})*+)[ \t]*+")
_ELEMENT = re.compile(rf"(?:{_QUOTED}|[^\",])++")
_WEIGHT = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?")


class Accepted(Struct, frozen=True):
    """What a client takes."""

    answer: str | None
    """The better one of RESPONSE and JSON, if it takes any."""
    stream: bool = False
    """It names STREAM."""


class _Range(Struct, frozen=True):
    kind: str
    subtype: str
    parameters: frozenset[tuple[str, str]]
    weight: float

    def exactness(self, media_type: str) -> int:
        """Return how exactly it names a media type in UTF-8, from 1 on; 0 if it is another one."""
        kind, _, subtype = media_type.partition("/")
        if not self.parameters <= {("charset", "utf-8")}:
            return 0
        if (self.kind, self.subtype) == (kind, subtype):
            return 3 + len(self.parameters)
        if self.subtype == "*" and self.kind in (kind, "*"):
            return 1 + (self.kind == kind)
        return 0


def accepted_by(accept: str) -> Accepted:
    """
    Return what an Accept header takes, as RFC 9110 reads it; if it is empty, JSON.

    A part of it that can't be read is left out. Of two that are wanted alike the one that is named more exactly
    wins, and of two that are named RESPONSE.
    """
    return _accepted(accept if len(accept) <= _LONGEST else "")


@lru_cache(maxsize=500)
def _accepted(accept: str) -> Accepted:
    ranges = [one for element in _ELEMENT.findall(accept) if (one := _read(element))]
    if not ranges:
        return Accepted(JSON)
    response, json = _wanted(ranges, RESPONSE), _wanted(ranges, JSON)
    if max(response, json)[0] == 0:
        answer = None
    else:
        by_name = response[1] >= 3
        answer = RESPONSE if response > json or (response == json and by_name) else JSON
    weight, exactness = _wanted(ranges, STREAM)
    return Accepted(answer, stream=weight > 0 and exactness >= 3)


def _wanted(ranges: list[_Range], media_type: str) -> tuple[float, int]:
    # How much, and how exactly it is named: the most exact range is the one that counts.
    exactness, weight = max((one.exactness(media_type), one.weight) for one in ranges)
    return (weight, exactness) if exactness else (0, 0)


def _read(element: str) -> _Range | None:
    found = _RANGE.fullmatch(element)
    if found is None:
        return None
    weight, parameters = 1.0, set()
    for name, value in _PARAMETER.findall(found[3]):
        value = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        if name.lower() == "q":
            if not _WEIGHT.fullmatch(value):
                return None
            weight = float(value)
            break  # what follows the weight is about the header, not about the type
        if name:
            parameters.add((name.lower(), value.lower()))
    return _Range(found[1].lower(), found[2].lower(), frozenset(parameters), weight)
