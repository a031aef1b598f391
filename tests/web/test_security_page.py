"""What docs/security.md says of headers and of addresses without a key."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
from starlette.routing import BaseRoute, Mount, Route

from builders import Practice
from gappt_graphql.web.app import create_app

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text()
HEADERS = re.findall(r"^\| `([A-Z][\w-]+)` \| `(.*?)` \|", PAGE, re.MULTILINE)
OPEN = {"/", "/livez", "/readyz", "/v1/openapi.yaml", "/explorer"}


def addresses(routes: list[BaseRoute], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield the method and the address of everything that is answered over HTTP."""
    for route in routes:
        if isinstance(route, Mount):
            yield from addresses(list(route.routes), before + route.path) if route.routes else [("GET", route.path)]
        elif isinstance(route, Route):
            path = before + route.path.replace("{id}", "1")
            yield from ((method, path) for method in sorted(route.methods or ("GET", "POST", "PATCH", "DELETE")))


async def test_no_address_but_those_that_the_page_names_answers_without_a_key(
    client: httpx2.AsyncClient, practice: Practice
) -> None:
    app = create_app(practice.store, clock=lambda: practice.now, ids=practice.ids)
    walked, answered = list(addresses(app.routes)), set()
    for method, path in walked:
        practice.now += timedelta(minutes=1)  # or else strangers ask too often
        answer = await client.request(method, path)
        if answer.status_code not in (401, 404, 405):
            answered.add(path)

    assert {"/graphql", "/v1/patients", "/v1/attendees/1/cancel"} <= {path for _, path in walked}
    assert answered <= OPEN
    assert {path for path in OPEN - {"/explorer", "/"} if f"`{path}`" not in PAGE} == set()


async def test_the_headers_of_an_answer_are_those_that_the_page_names(client: httpx2.AsyncClient) -> None:
    headers = (await client.get("/livez")).headers
    of_the_answer = {"content-type", "content-length", "x-request-id"}

    assert {name.lower(): value for name, value in HEADERS} == {
        name: value for name, value in headers.items() if name not in of_the_answer
    }
