"""Negotiation: what an Accept header takes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gappt_graphql.graph.negotiation import JSON, RESPONSE, STREAM, Accepted, accepted_by


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("Application/JSON;Charset=UTF-8", JSON),
        ("application/json;q=0.5, */*", RESPONSE),
        ("application/json, */*", JSON),
        (RESPONSE, RESPONSE),
        (f"{RESPONSE}; charset=utf-8", RESPONSE),
        (f'{RESPONSE};charset="utf-8"', RESPONSE),
        (f"{JSON}, {RESPONSE}", RESPONSE),
        (f"{RESPONSE};q=0.9, {JSON}", JSON),
        (f"{RESPONSE}, {JSON};q=0.9", RESPONSE),
        (f"{RESPONSE}, */*", RESPONSE),
        (f"{RESPONSE};q=0.1, */*;q=0.1", RESPONSE),
        (f"{JSON};q=0, */*", RESPONSE),
        (f"{RESPONSE};q=0, application/*", JSON),
        (f"{RESPONSE}, {JSON}, multipart/mixed", RESPONSE),
        ("multipart/mixed;deferSpec=20220824, application/json", JSON),
        (f"{JSON};charset=latin-1, {RESPONSE};q=0.1", RESPONSE),
        ('text/plain;a=",application/json", application/json;q=0.1', JSON),
        ("application/json;q=0.5;version=1", JSON),
        ("image/png", None),
        ("text/*", None),
        ("*/*;q=0", None),
        (f"{JSON};q=0.000", None),
        (f"{JSON};q=0, {RESPONSE};q=0, */*;q=0.1", None),
        (f"{JSON};charset=latin-1", None),
        ("text/event-stream", None),
    ],
)
def test_the_better_one_of_what_a_client_takes_is_chosen(accept: str, answer: str | None) -> None:
    assert accepted_by(accept).answer == answer


@pytest.mark.parametrize("accept", [",", "json", "a/b/c", "application/json;q=2", "*/json;;=", '"', "é/é", "x/y" * 999])
def test_what_can_not_be_read_is_as_good_as_nothing(accept: str) -> None:
    assert accepted_by(accept) == Accepted(JSON)


@pytest.mark.parametrize(
    ("accept", "stream"),
    [
        ("text/event-stream", True),
        ("application/json, text/event-stream;q=0.1", True),
        ("text/event-stream;q=0", False),
        ("*/*", False),
        ("text/*", False),
        ("", False),
    ],
)
def test_a_stream_is_answered_to_who_names_it(accept: str, stream: bool) -> None:
    assert accepted_by(accept).stream is stream


TYPES = st.sampled_from([RESPONSE, JSON, STREAM, "*/*", "application/*", "text/*", "image/png"])
CASES = st.sampled_from([str.lower, str.upper, str.title])
PARAMETER = st.sampled_from([("charset", "utf-8"), ("charset", "latin-1"), ("version", "1"), ("a", 'b,"c;d=e')])
WEIGHT = st.sampled_from([None, "0", "0.", "0.000", "0.1", "0.5", "0.55", "1", "1.000"])
SPACE = st.sampled_from(["", " ", "\t "])
RANGE = st.tuples(TYPES, st.lists(PARAMETER, max_size=2, unique_by=lambda one: one[0]), WEIGHT, CASES, SPACE)


@given(st.lists(RANGE, max_size=6))
def test_what_is_chosen_is_what_a_slow_reading_of_the_rules_chooses(ranges: list[Any]) -> None:
    header = ",".join(written(*one) for one in ranges)

    assert accepted_by(header) == slowly(ranges)


@given(st.text() | st.text(alphabet='aA*/;=,q01. "\\\t'))
def test_any_header_is_read_somehow(header: str) -> None:
    assert accepted_by(header).answer in (JSON, RESPONSE, None)


@pytest.mark.parametrize("one", ['"', ' "', ";", "; ", "a/b;", 'a/b;c="\\', " ", ",", "*/*;q=0.1 ", "a/a/"])
def test_a_long_header_takes_no_ages(one: str) -> None:
    header = one * (2_000 // len(one))

    assert accepted_by(header).answer in (JSON, None)  # with a pattern that goes back, not in our time


def written(media_type: str, parameters: list[tuple[str, str]], weight: str | None, case: Any, space: str) -> str:
    quoted = [(name, value if value.isalnum() else '"' + value.replace('"', '\\"') + '"') for name, value in parameters]
    every = [*quoted, *([("q", weight)] if weight else [])]
    return space + space.join([case(media_type), *(f";{space}{name}={value}" for name, value in every)]) + space


def slowly(ranges: list[Any]) -> Accepted:
    """Read the rules aloud: the most exact range that matches a type says how much it is wanted."""
    if not ranges:
        return Accepted(JSON)
    wanted: dict[str, tuple[float, int]] = {}
    for media_type in (RESPONSE, JSON, STREAM):
        matching = []
        for pattern, parameters, weight, *_ in ranges:
            if any(parameter != ("charset", "utf-8") for parameter in parameters):
                continue
            if pattern == media_type:
                exactness = 3 + len(parameters)
            elif pattern == media_type.split("/")[0] + "/*":
                exactness = 2
            elif pattern == "*/*":
                exactness = 1
            else:
                continue
            matching.append((exactness, float(weight or 1)))
        best = max((exactness for exactness, _ in matching), default=0)
        wanted[media_type] = max((weight for exactness, weight in matching if exactness == best), default=0), best
    taken = [media_type for media_type in (RESPONSE, JSON) if wanted[media_type][0] > 0]
    if len(taken) == 2:
        if wanted[RESPONSE] == wanted[JSON]:
            taken = [RESPONSE if wanted[RESPONSE][1] >= 3 else JSON]
        else:
            taken.sort(key=lambda media_type: wanted[media_type], reverse=True)
    stream, named = wanted[STREAM]
    return Accepted(taken[0] if taken else None, stream=stream > 0 and named >= 3)
