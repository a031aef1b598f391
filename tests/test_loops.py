"""The event loop that a server runs on."""

import asyncio
import sys
from contextlib import closing

import pytest

from gappt_graphql.cli.loops import new_loop


def test_a_server_runs_on_the_quick_loop_where_there_is_one() -> None:
    pytest.importorskip("uvloop")
    with closing(new_loop()) as loop:
        assert type(loop).__module__.partition(".")[0] == "uvloop"


def test_a_server_runs_on_asyncios_own_loop_where_there_is_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)

    with closing(new_loop()) as loop:
        assert isinstance(loop, asyncio.SelectorEventLoop)
