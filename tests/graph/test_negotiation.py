"""Negotiation: what an Accept header takes."""

import pytest

from gappt_graphql.graph.negotiation import JSON, RESPONSE, Accepted, accepted_by


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
    assert accepted_by({"accept": accept}).answer == answer


@pytest.mark.parametrize("accept", [",", "json", "a/b/c", "application/json;q=2", "*/json;;=", '"', "é/é", "x/y" * 999])
def test_what_can_not_be_read_is_as_good_as_nothing(accept: str) -> None:
    assert accepted_by({"accept": accept}) == Accepted(JSON)


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
    assert accepted_by({"accept": accept}).stream is stream
