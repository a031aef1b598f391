"""Requests: what is taken as one, and what never gets as far as an operation."""

import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gappt_graphql.graph.requests import Asked, NotTaken, asked_by_address, asked_of, check_body_type, decoded

QUERY = "{ __typename }"
PARAMETERS = ("query", "documentId", "variables", "operationName", "extensions")
WRONG = "It can't be read."

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(PARAMETERS) | st.text(), inner),
)


def test_a_request_is_read_with_all_its_parameters() -> None:
    given = {
        "query": QUERY,
        "documentId": "sha256:0",
        "variables": {"a": [1]},
        "operationName": "A",
        "extensions": {"b": None},
        "unknown": 1,
    }

    assert asked_of(given) == Asked(QUERY, "sha256:0", {"a": [1]}, "A", {"b": None})


@pytest.mark.parametrize("name", PARAMETERS)
def test_null_is_the_same_as_absent(name: str) -> None:
    assert asked_of({name: None}) == Asked()


@pytest.mark.parametrize("name", ["query", "documentId", "operationName"])
def test_an_empty_string_is_the_same_as_absent(name: str) -> None:
    assert asked_of({name: ""}) == Asked()


@pytest.mark.parametrize("name", ["query", "documentId", "operationName"])
@pytest.mark.parametrize("value", [0, False, True, 1.5, [], ["x"], {}, {"a": 1}])
def test_a_text_is_no_other_thing(name: str, value: object) -> None:
    with pytest.raises(NotTaken, match=f"The {name} must be a string"):
        asked_of({name: value})


@pytest.mark.parametrize("name", ["variables", "extensions"])
@pytest.mark.parametrize("value", [0, False, True, 1.5, [], [1], "", "{}"])
def test_an_object_is_no_other_thing(name: str, value: object) -> None:
    with pytest.raises(NotTaken, match=f"The {name} must be a JSON object"):
        asked_of({name: value})


@pytest.mark.parametrize("given", [None, 1, 1.5, "x", True, [], [{"query": QUERY}]])
def test_a_request_is_one_object(given: object) -> None:
    with pytest.raises(NotTaken, match="one JSON object"):
        asked_of(given)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_lone_surrogate_is_no_text_anywhere(name: str) -> None:
    value = '{"a":"\\ud800"}' if name in ("variables", "extensions") else '"\\ud800"'
    with pytest.raises(NotTaken, match=WRONG):
        asked_of(decoded(f'{{"{name}":{value}}}', WRONG))


@pytest.mark.parametrize(
    "body", [b"", b" ", b"{", b"\xff", b"\xef\xbb\xbf{}", b'{"a":NaN}', b"{}{}", b"[" * 100_000, b'{"a":' * 100_000]
)
def test_what_is_no_json_in_utf_8_is_not_read(body: bytes) -> None:
    with pytest.raises(NotTaken, match=WRONG) as refused:
        decoded(body, WRONG)

    assert refused.value.status == 400


def test_of_a_name_that_stands_twice_the_last_one_counts() -> None:
    assert asked_of(decoded(b'{"query": "{ a }", "query": "{ b }"}', WRONG)) == Asked("{ b }")


def test_an_address_holds_the_same_as_a_body() -> None:
    given = {"query": "{ é + & }", "operationName": "A", "documentId": "x"}
    nested = {"variables": {"a": "b&c=d"}, "extensions": {"e": [1]}}
    address = urlencode(given | {name: json.dumps(value) for name, value in nested.items()}).encode()

    assert asked_by_address(address) == asked_of(given | nested)


@pytest.mark.parametrize(
    "address", [b"", b"variables=&extensions=&operationName=&query=", b"variables=null", b"x=1&=2"]
)
def test_an_empty_parameter_in_an_address_is_the_same_as_absent(address: bytes) -> None:
    assert asked_by_address(address) == Asked()


@pytest.mark.parametrize(
    "address",
    [
        b"query=%ff",
        b"query=\xff",
        b"query=%ed%a0%80",
        b"operationName=%ff",
        b"query=a&query=b",
        b"variables=x",
        b"variables=[]",
        b"variables=%22%22",
        b"variables=%7B%22a%22:%22%5Cud800%22%7D",
        b"extensions=1",
        b"variables=" + b"[" * 5000,
    ],
)
def test_an_address_that_holds_no_request_is_refused(address: bytes) -> None:
    with pytest.raises(NotTaken) as refused:
        asked_by_address(address)

    assert refused.value.status == 400


@pytest.mark.parametrize(
    "kind",
    ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"', "application/json;a=b"],
)
def test_json_in_utf_8_is_taken_however_it_is_spelt(kind: str) -> None:
    check_body_type({"content-type": kind})


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "application/jsonx",
        "application/graphql",
        "application/graphql-response+json",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "application/json, text/plain",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
    ],
)
def test_a_body_of_another_type_is_refused(kind: str) -> None:
    with pytest.raises(NotTaken) as refused:
        check_body_type({"content-type": kind})

    assert refused.value.status == 415


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "identity, gzip", "gzip, identity"])
def test_a_packed_body_is_refused(coding: str) -> None:
    with pytest.raises(NotTaken) as refused:
        check_body_type({"content-type": "application/json", "content-encoding": coding})

    assert (refused.value.status, refused.value.headers) == (415, {"Accept-Encoding": "identity"})


@pytest.mark.parametrize("coding", ["", "identity", "Identity"])
def test_a_body_that_is_not_packed_may_say_so(coding: str) -> None:
    check_body_type({"content-type": "application/json", "content-encoding": coding})


def status(read: Callable[..., object], *arguments: object) -> int:
    try:
        read(*arguments)
    except NotTaken as refused:
        return refused.status
    return 200


@given(st.binary() | anything.map(lambda value: json.dumps(value).encode()))
@example(b'{"query":"\\ud83d\\u0000"}')
def test_any_body_is_a_request_or_refused(body: bytes) -> None:
    assert status(lambda: asked_of(decoded(body, WRONG))) in (200, 400)


@given(anything)
def test_anything_decoded_is_a_request_or_refused(value: object) -> None:
    assert status(asked_of, value) in (200, 400)


@given(
    st.binary()
    | st.dictionaries(st.sampled_from(PARAMETERS), st.text() | anything.map(json.dumps)).map(
        lambda parameters: urlencode(parameters, errors="surrogatepass").encode()
    )
)
def test_any_address_is_a_request_or_refused(address: bytes) -> None:
    assert status(asked_by_address, address) in (200, 400)


@given(st.text(), st.text())
def test_any_type_of_body_is_taken_or_refused(kind: str, coding: str) -> None:
    assert status(check_body_type, {"content-type": kind, "content-encoding": coding}) in (200, 415)
