"""The records of a file with their lines, from JSON or JSON Lines; what can't be read is told by its line."""

import re
from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from gappt_graphql.interchange import BY_PLURAL, BY_TAG, KINDS, Kind

BadLine = tuple[int, str]


class Found(Struct, frozen=True):
    """One record as the file states it, and the line on which it starts."""

    line: int
    kind: Kind
    given: dict[str, object]


def read_file(data: bytes, *, by_lines: bool = False) -> Iterator[Found | BadLine]:
    """
    Return every record of the file, or the reason why it can't be read.

    A file of JSON Lines is known by its name (`by_lines`) or by its first line, a whole object with more after it.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        return
    if by_lines or _is_json_lines(data):
        for line, text in enumerate(data.split(b"\n"), start=1):
            if text.strip():
                yield _tagged(text, line)
    elif data.lstrip().startswith(b"["):
        yield from _list(data)
    else:
        yield from _lists(data)


def _is_json_lines(data: bytes) -> bool:
    first, _, rest = data.strip().partition(b"\n")
    try:
        given = msgspec.json.decode(first, type=dict[str, Raw])
    except (ValueError, RecursionError):
        return False
    return bool(rest) or "type" in given


def _list(data: bytes) -> Iterator[Found | BadLine]:
    """A JSON list of records, each with its `type`."""
    try:
        records = msgspec.json.decode(data, type=list[Raw])
    except (ValueError, RecursionError) as error:
        yield _malformed(data, error)
        return
    lines = _Lines(data)
    for raw in records:
        text = bytes(raw)
        yield _tagged(text, lines.find(text))


def _lists(data: bytes) -> Iterator[Found | BadLine]:
    """A JSON object of lists, one for each kind of record."""
    try:
        lists = msgspec.json.decode(data, type=dict[str, Raw])
    except (ValueError, RecursionError) as error:
        yield _malformed(data, error)
        return
    lines = _Lines(data)
    if not any(name in BY_PLURAL for name in lists):
        yield 1, f"the object must have at least one of the lists {', '.join(kind.plural for kind in KINDS)}"
    for name, raw in lists.items():
        whole = bytes(raw)
        if name not in BY_PLURAL:
            # What a page of the REST face has besides its records.
            lines.pass_over(whole)
            if whole.startswith(b"["):
                yield lines.at, f"{_shown(name)} is no list of records; known are {', '.join(BY_PLURAL)}"
            continue
        try:
            records = msgspec.json.decode(whole, type=list[Raw])
        except msgspec.ValidationError:
            yield lines.find(whole), f"{name} must be a list"
            continue
        for record in records:
            text = bytes(record)
            line = lines.find(text)
            given = _object(text, line)
            yield Found(line, BY_PLURAL[name], given) if isinstance(given, dict) else given


def _tagged(text: bytes, line: int) -> Found | BadLine:
    given = _object(text, line)
    if not isinstance(given, dict):
        return given
    tag = given.get("type")
    if not isinstance(tag, str) or tag not in BY_TAG:
        return line, f"type must be one of {', '.join(BY_TAG)}"
    return Found(line, BY_TAG[tag], given)


def _object(text: bytes, line: int) -> dict[str, object] | BadLine:
    try:
        given = msgspec.json.decode(text)
    except UnicodeDecodeError:
        return line, "the text is not UTF-8"
    except msgspec.DecodeError as error:
        return line, _reason(error)
    except RecursionError:
        return line, "the record is nested too deeply"
    if isinstance(given, dict):
        return given
    return line, "a record must be an object"


class _Lines:
    """Counts lines up to parts of the file that are looked for in their order."""

    def __init__(self, data: bytes) -> None:
        self._data, self._position, self.at = data, 0, 1

    def find(self, part: bytes) -> int:
        """Return the line on which the part starts; the next one is looked for after it."""
        # Between two parts there are only commas, brackets and names, so the first match is the part itself.
        start = self._data.index(part, self._position)
        self.at += self._data.count(b"\n", self._position, start)
        line = self.at
        self.at += part.count(b"\n")
        self._position = start + len(part)
        return line

    def pass_over(self, part: bytes) -> None:
        """Go on after a part that is no record."""
        # A short value, like 1, may stand in a name before it: then what follows is found all the same.
        if part.startswith((b"{", b"[")):
            self.find(part)


def _malformed(data: bytes, error: Exception) -> BadLine:
    if isinstance(error, RecursionError):
        return 1, "the file is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return 1, "the text is not UTF-8"
    place = re.search(r"\(byte (\d+)\)", str(error))
    end = int(place[1]) if place else len(data.rstrip())
    return data.count(b"\n", 0, end) + 1, _reason(error)


def _reason(error: Exception) -> str:
    if isinstance(error, msgspec.ValidationError):
        return "the value has the wrong type or size"
    place = str(error).removeprefix("JSON is malformed: ")
    return "the JSON ends too early" if "truncated" in place else f"this is no JSON: {re.sub(r' .byte .*', '', place)}"


def _shown(name: str) -> str:
    return repr(name[:40])
