"""The explorer's page: when it is shown, and what it may do."""

from pathlib import Path

import httpx2
import pytest

from gappt_graphql.web import explorer

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A small page in place of the built one, which a checkout may not have."""
    (tmp_path / "explorer").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>GraphiQL</title>")
    (tmp_path / "explorer" / "main-1a2b.js").write_text("export {};")
    monkeypatch.setattr(explorer, "STATIC", tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", ["/", "/graphql"])
async def test_a_browser_is_shown_the_explorer(built: Path, client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers=BROWSER)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "GraphiQL" in answer.text


async def test_a_program_that_gets_graphql_is_not_shown_the_explorer(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/graphql", headers={"Accept": "*/*"})

    assert answer.status_code == 401


async def test_the_explorer_may_load_and_ask_nothing_but_its_own_server(
    built: Path, client: httpx2.AsyncClient
) -> None:
    policy = (await client.get("/", headers=BROWSER)).headers["Content-Security-Policy"]
    sources = {source for directive in policy.split(";") for source in directive.split()[1:]}

    assert sources == {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy


async def test_the_explorers_files_are_kept_and_bound_by_its_policy(built: Path, client: httpx2.AsyncClient) -> None:
    answer = await client.get("/explorer/main-1a2b.js")

    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]


async def test_the_page_itself_is_asked_for_each_time(built: Path, client: httpx2.AsyncClient) -> None:
    answer = await client.get("/", headers=BROWSER)

    assert answer.headers["Cache-Control"] == "no-store"


async def test_without_the_build_the_page_says_what_to_do(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(explorer, "STATIC", tmp_path)

    answer = await client.get("/", headers=BROWSER)

    assert answer.status_code == 200
    assert "make setup" in answer.text
