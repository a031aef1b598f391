"""What the guide to trusted documents shows is served as it says, and by server-sent events too."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from builders import Practice
from gappt_graphql.graph.options import Limits, Options
from gappt_graphql.graph.schema import schema_of
from gappt_graphql.graph.trusted import read_manifest
from gappt_graphql.practice.access import issue_key

PAGE = Path(__file__).parent.parent.parent / "docs/guide/trusted-documents.md"
MANIFEST, REQUEST = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """The options of a server with the file that the guide shows."""
    path = tmp_path / "persisted-documents.json"
    path.write_text(MANIFEST)
    return Options(trusted=read_manifest(path, schema_of(), Limits()))


@pytest.fixture
async def headers(practice: Practice) -> dict[str, str]:
    """A key for browsers."""
    issued = await issue_key(
        practice.store,
        account=practice.account.id,
        scopes=["read"],
        now=practice.now,
        ids=practice.ids,
        browser=True,
    )
    return {"Authorization": f"Bearer {issued.secret}"}


async def test_the_guides_file_and_request_are_served(
    client_of: Callable[..., httpx2.AsyncClient], options: Options, headers: dict[str, str]
) -> None:
    async with client_of(options=options) as client:
        answer = await client.post("/graphql", json=json.loads(REQUEST), headers=headers)

    assert answer.json() == {"data": {"groupAppointments": {"nodes": []}}}


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"query": "subscription { groupAppointmentChanged { kind } }"}, 403, "FORBIDDEN"),
        ({"documentId": "0" * 64}, 400, "DOCUMENT_NOT_FOUND"),
    ],
)
async def test_a_browser_streams_nothing_but_trusted_documents(
    client_of: Callable[..., httpx2.AsyncClient],
    options: Options,
    headers: dict[str, str],
    asked: dict[str, Any],
    status: int,
    code: str,
) -> None:
    headers["Accept"] = "text/event-stream"
    async with client_of(options=options) as client:
        posted = await client.post("/graphql", json=asked, headers=headers)
        got = await client.get("/graphql", params=asked, headers=headers)

    for answer in (posted, got):
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)


def test_every_link_of_the_guide_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGE.read_text())

    assert links
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
