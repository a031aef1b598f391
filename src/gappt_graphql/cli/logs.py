"""The log of a serving process: one line for each thing told, and nothing in it that a client wrote."""

import asyncio
import logging
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, BinaryIO

import msgspec

_OURS = "gappt_graphql"
_UNTOLD = frozenset({"failure", "logger"})
_ENCODER = msgspec.json.Encoder()
_LEVELS = {
    level: name.lower() for name, level in logging.getLevelNamesMapping().items() if name not in ("WARN", "FATAL")
}
_LATE = 0.1
"""Seconds that the line of a request may wait to be written."""


class Log:
    """
    The log on standard error, as `json` or `text`, of what is at least of this level.

    Other libraries are heard from `warning` on: what they tell below it may hold what clients send.
    """

    def __init__(self, *, format: str, level: str, file: BinaryIO | None = None) -> None:
        """Take over Python's logging, and write to the file, or to standard error."""
        self._file = file or open(sys.stderr.fileno(), "wb", closefd=False)  # noqa: SIM115  # as long as the process
        self._spelled = _json if format == "json" else _text
        self._late = False
        chosen = logging.getLevelNamesMapping()[level.upper()]
        logging.basicConfig(handlers=[_Handler(self)], level=max(chosen, logging.WARNING), force=True)
        logging.getLogger(_OURS).setLevel(chosen)

    def line(self, level: int, message: str, fields: Mapping[str, object]) -> None:
        """Write the line of a request a moment later, together with those of others: it is a sixth of a small query."""
        self.put(datetime.now(UTC), level, message, fields)
        if not self._late:
            self._late = True
            asyncio.get_running_loop().call_later(_LATE, self.flush)

    def put(self, at: datetime, level: int, message: str, fields: Mapping[str, object]) -> None:
        """Put a line behind those that have yet to be written."""
        try:  # noqa: SIM105  # suppress takes as long as to write
            self._file.write(self._spelled(at, _LEVELS[level], message, fields))
        except (OSError, ValueError):
            pass  # the reader of the log may be gone, which is no reason to answer nothing

    def flush(self) -> None:
        """Write what has yet to be written."""
        self._late = False
        with suppress(OSError, ValueError):
            self._file.flush()


class _Handler(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        message, fields = _parts(record)
        at = datetime.fromtimestamp(record.created, UTC)
        self._log.put(at, record.levelno, message, {"logger": record.name} | fields)
        self._log.flush()

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: the original prints the record with what was put into it."""


def tell_failure(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what failed outside of any request, by its kind and place: asyncio would print values too."""
    message = str(context.get("message", "")).partition(" in callback ")[0]
    logging.getLogger(_OURS).error(message, exc_info=context.get("exception"))


def place_of(exception: BaseException) -> str:
    """Return the kind of an exception and where it was raised, without its message, which may quote somebody's data."""
    frames = "".join(traceback.format_list(traceback.extract_tb(exception.__traceback__)))
    kind = type(exception).__qualname__
    if isinstance(exception, BaseExceptionGroup):
        frames += "".join(place_of(one) for one in exception.exceptions)
    return f"{kind}\n{frames}"


def _parts(record: logging.LogRecord) -> tuple[str, dict[str, object]]:
    """Return the message and the fields of a record."""
    fields = dict(getattr(record, "fields", ()))
    exception = record.exc_info[1] if record.exc_info else None
    if exception is not None:
        fields["failure"] = place_of(exception)
    if record.name.partition(".")[0] == _OURS:
        return record.getMessage(), fields
    # The template alone: what other libraries put into it may be what a client wrote.
    return str(record.msg), fields


def _json(at: datetime, level: str, message: str, fields: Mapping[str, object]) -> bytes:
    """Return a JSON object on one line, whatever is in it."""
    return _ENCODER.encode({"time": at, "level": level, "message": message, **fields}) + b"\n"


def _text(at: datetime, level: str, message: str, fields: Mapping[str, object]) -> bytes:
    """Return a line for a person, with further ones where something broke."""
    told = "".join(
        f" {name}={_told(value)}" for name, value in fields.items() if name not in _UNTOLD and value is not None
    )
    line = f"{at.astimezone():%H:%M:%S} {level} {_told(message)}{told}"
    if "failure" in fields:
        line = f"{line}\n{fields['failure']}".rstrip()
    return line.encode(errors="backslashreplace") + b"\n"


def _told(value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return text if text.isprintable() else text.encode("unicode_escape").decode()
