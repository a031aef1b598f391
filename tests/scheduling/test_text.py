import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gappt_graphql.scheduling.problems import Code, Problem
from gappt_graphql.scheduling.text import checked, checked_url


def codes(value: str, longest: int = 20, multiline: bool = False) -> list[Code]:
    problems: list[Problem] = []
    checked(value, "notes", longest, problems, multiline)
    return [problem.code for problem in problems]


@pytest.mark.parametrize("value", ["", "Pilates", "Über Ärzte", "日本語", "family 👩‍👩‍👧", "a'b\"c<d>"])
def test_plain_text_is_taken(value: str) -> None:
    assert codes(value) == []


@pytest.mark.parametrize("value", ["a\x00b", "a\x1bb", "a\x7fb", "a\x85b", "a\ud800b", "a\nb", "a\tb"])
def test_a_line_takes_no_control_characters_and_no_lone_surrogates(value: str) -> None:
    assert codes(value) == [Code.INVALID]


@pytest.mark.parametrize("value", ["a\x00b", "a\rb", "a\udfffb"])
def test_notes_take_no_other_control_characters(value: str) -> None:
    assert codes(value, multiline=True) == [Code.INVALID]


def test_notes_take_newlines_and_tabs_and_end_lines_plainly() -> None:
    problems: list[Problem] = []
    assert checked("a\r\nb\n\tc", "notes", 20, problems, multiline=True) == "a\nb\n\tc"
    assert problems == []


def test_text_is_kept_composed() -> None:
    assert checked("Zoe\u0308", "name", 4, []) == "Zo\u00eb"


@pytest.mark.parametrize(("length", "expected"), [(20, []), (21, [Code.OUT_OF_RANGE])])
def test_a_text_has_a_longest_length(length: int, expected: list[Code]) -> None:
    assert codes("a" * length) == expected


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20))
def test_what_is_taken_is_taken_again_as_it_is(value: str) -> None:
    problems: list[Problem] = []
    text = checked(value, "notes", 100, problems, multiline=True)
    assert problems or checked(text, "notes", 100, problems, multiline=True) == text


@pytest.mark.parametrize("url", ["https://video.example/r/1?x=2#y", "http://localhost:8000", "https://münchen.example"])
def test_web_addresses_are_taken(url: str) -> None:
    problems: list[Problem] = []
    assert checked_url(url, "telehealth_url", problems) == url
    assert problems == []


@pytest.mark.parametrize(
    "url", ["", "video.example", "javascript:alert(1)", "https://", "https://a b", "http://[::1", "/r/1", "https:x"]
)
def test_other_addresses_are_refused_on_their_field(url: str) -> None:
    problems: list[Problem] = []
    checked_url(url, "telehealth_url", problems)
    assert [(problem.code, problem.field) for problem in problems] == [(Code.INVALID, ("telehealth_url",))]
