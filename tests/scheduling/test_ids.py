"""An id has one spelling; whatever else is sent names nobody's record."""

import pytest

from gappt_graphql.scheduling.ids import LARGEST_ID, NOBODY, read_id


@pytest.mark.parametrize("id", [1, 42, LARGEST_ID])
def test_an_id_is_read_as_it_is_written(id: int) -> None:
    assert read_id(str(id)) == id


NO_IDS = ["", "0", "01", " 1", "1 ", "1\n", "+1", "-1", "1_0", "1.0", "1e3", "0x1", "one", "1\0", "\u0661", "\uff11"]


@pytest.mark.parametrize("text", [*NO_IDS, "\ud800", str(LARGEST_ID + 1), "9" * 5000], ids=ascii)
def test_what_is_no_id_is_nobodys(text: str) -> None:
    assert read_id(text) == NOBODY
