"""How a line of the log is written: on one line, without what broke inside and without what others put into it."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from gappt_graphql.cli.logs import Log, tell_failure

MARK = "Ada Lovelace"


@pytest.fixture
def file() -> Iterator[io.BytesIO]:
    """Where the log goes; Python's logging is as before afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("gappt_graphql")
    before = root.handlers[:], root.level, ours.level
    yield io.BytesIO()
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def written(file: io.BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.getvalue().splitlines()]


def broken() -> BaseException:
    try:
        raise ExceptionGroup(MARK, [ValueError(MARK)])
    except ExceptionGroup as error:
        return error


def test_an_exception_is_told_by_its_kind_and_place(file: io.BytesIO) -> None:
    Log(format="json", level="info", file=file)

    logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=broken())

    [line] = written(file)
    assert line["message"] == "Exception in ASGI application"
    assert line["failure"].startswith("ExceptionGroup\n")
    assert "ValueError" in line["failure"]
    assert MARK not in file.getvalue().decode()


def test_what_other_libraries_put_into_their_lines_is_left_out(file: io.BytesIO) -> None:
    Log(format="json", level="debug", file=file)

    logging.getLogger("uvicorn.error").warning("Cannot take %s", MARK)

    assert written(file)[0]["message"] == "Cannot take %s"


def test_other_libraries_are_not_heard_below_a_warning(file: io.BytesIO) -> None:
    Log(format="json", level="debug", file=file)

    logging.getLogger("aiosqlite").debug("executing %s", MARK)
    logging.getLogger("websockets.server").info("connection open")

    assert written(file) == []


async def test_what_fails_outside_of_a_request_is_told_without_its_values(file: io.BytesIO) -> None:
    Log(format="json", level="info", file=file)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(tell_failure)

    def fail(name: str) -> None:
        raise ValueError(name)

    loop.call_soon(fail, MARK)
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    [line] = written(file)
    assert (line["message"], line["level"]) == ("Exception", "error")
    assert line["failure"].startswith("ValueError\n")
    assert MARK not in file.getvalue().decode()


@pytest.mark.parametrize("format", ["json", "text"])
def test_a_line_stays_one_line(file: io.BytesIO, format: str) -> None:
    log = Log(format=format, level="info", file=file)

    logging.getLogger("gappt_graphql.web").info("one\ntwo\r\x1b[2J", extra={"fields": {"a": "b\nc\u2028"}})
    log.flush()

    assert file.getvalue().count(b"\n") == 1
    assert b"\x1b" not in file.getvalue()


def test_a_reader_of_the_log_who_has_gone_breaks_nothing(file: io.BytesIO) -> None:
    log = Log(format="json", level="info", file=file)
    file.close()

    logging.getLogger("gappt_graphql.web").error("Something")
    log.flush()
