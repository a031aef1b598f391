"""docs/http.md: every request in it is answered as it says."""

import json
import re
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
RESPONSE, JSON = "application/graphql-response+json", "application/json"

_BLOCKS = re.findall(r"```http\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = list(zip(_BLOCKS[::2], _BLOCKS[1::2], strict=True))
ROWS = [
    (request, accept, cell)
    for row, *cells in re.findall(r"^\| (`[A-Z].*?) \| ([^|]*) \| ([^|]*) \|$", PAGE, re.MULTILINE)
    for request in re.findall(r"`((?:POST|GET|PUT|OPTIONS|DELETE)[^`]*)`", row)
    for accept, cell in zip((RESPONSE, JSON), cells, strict=True)
]


def address(asked: str) -> str:
    return f"/graphql?{quote(asked, safe='=&')}" if asked else "/graphql"


@pytest.mark.parametrize(("request_", "answer"), EXAMPLES, ids=["post", "get"])
async def test_an_example_of_the_page_is_answered_as_it_says(
    client: httpx2.AsyncClient, secret: str, request_: str, answer: str
) -> None:
    head, _, body = request_.partition("\n\n")
    line, *lines = head.splitlines()
    method, _, target = line.partition(" /graphql")
    headers = dict(line.split(": ", 1) for line in lines) | {"Authorization": f"Bearer {secret}"}
    got = await client.request(method, address(target[1:]), content=body.encode(), headers=headers)

    status, kind, shown = re.fullmatch(r"(\d+)\nContent-Type: (.*)\n\n(.*)\n", answer).groups()  # type: ignore[union-attr]
    assert (got.status_code, got.headers["Content-Type"], got.json()) == (int(status), kind, json.loads(shown))


@pytest.mark.parametrize(("asked", "accept", "cell"), ROWS)
async def test_a_row_of_the_page_has_the_status_that_it_says(
    client: httpx2.AsyncClient, secret: str, asked: str, accept: str, cell: str
) -> None:
    method, _, rest = asked.partition(" ")
    headers = {"Authorization": f"Bearer {secret}", "Accept": accept, "Content-Type": JSON}
    query, body = (rest[1:], "") if rest.startswith("?") else ("", rest)
    got = await client.request(method, address(query), content=body.encode(), headers=headers)

    allow = f", `Allow: {got.headers['Allow']}`" if "Allow" in got.headers else ""
    assert f"{got.status_code}{allow}" == cell


def test_the_page_has_rows_and_examples() -> None:
    assert (len(EXAMPLES), len(ROWS)) == (2, 36)
