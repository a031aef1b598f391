"""The pages lead where they say, and the site has all of them."""

import os
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from website.check import faults_of
from website.pages import DOCS, pages_of_docs, references

from snippets import PAGES, PROJECT

CONFIGURATION = tomllib.loads((PROJECT / "website" / "zensical.toml").read_text(encoding="utf-8"))
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")


def headings(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and the site make them."""
    without_code = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    return {anchor(heading) for heading in re.findall(r"^#+ (.+)$", without_code, re.MULTILINE)}


def anchor(heading: str) -> str:
    plain = unicodedata.normalize("NFKD", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading))
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain.replace("`", "")).strip().lower())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_of_a_page_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    wrong = []
    for to, place in LINK.findall(page.read_text(encoding="utf-8")):
        file = Path(os.path.normpath(page.parent / to)) if to else page
        if not file.exists() or (place and place not in headings(file.read_text(encoding="utf-8"))):
            wrong.append(f"{to}#{place}")

    assert wrong == []


WHERE = ("src/**/*.py", "tests/**/*.py", "benchmarks/**/*.py", "website/*.py", "examples/python/practice_client/*.py")
MODULES = {file.relative_to(PROJECT).as_posix() for where in WHERE for file in PROJECT.glob(where)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_module_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`([\w./]+\.py)`", page.read_text(encoding="utf-8"))

    assert [name for name in named if not any(f"/{module}".endswith(f"/{name}") for module in MODULES)] == []


def navigated(entries: list[Any]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            for inner in entry.values():
                yield from navigated(inner if isinstance(inner, list) else [inner])


def test_the_navigation_has_every_page_once() -> None:
    written = {str(page.relative_to(DOCS)) for page in DOCS.glob("**/*.md")}
    made = {f"reference/{name}" for name in references()}

    assert sorted(navigated(CONFIGURATION["project"]["nav"])) == sorted(written | made)


def test_a_link_to_a_file_of_the_repository_leads_to_a_page_that_shows_it() -> None:
    pages = pages_of_docs()

    assert "(project/deploy/nginx.conf.md)" in pages["deploy.md"]
    assert "```nginx\n" in pages["project/deploy/nginx.conf.md"]
    assert "(../../../docs/" not in pages["project/examples/federation/README.md"]


def test_a_picture_is_shown_on_a_page_that_lies_elsewhere_in_the_site() -> None:
    board = pages_of_docs()["project/examples/board/README.md"]

    assert "](../../../pictures/board.png)" in board


FAULTS = {
    '<a href="missing.html">': "leads to missing.html, which is not there",
    '<a href="#nowhere">': "leads to #nowhere, which has no such place",
    '<img src="missing.svg">': "fetches missing.svg, which is not there",
    '<script src="https://cdn.example/a.js"></script>': "fetches https://cdn.example/a.js from another host",
    '<link rel="stylesheet" href="//fonts.example/a.css">': "fetches //fonts.example/a.css from another host",
}


@pytest.mark.parametrize("html", FAULTS)
def test_a_fault_of_the_site_is_told(tmp_path: Path, html: str) -> None:
    (tmp_path / "index.html").write_text(html)

    assert f"index.html {FAULTS[html]}" in list(faults_of(tmp_path))


def test_a_font_of_another_host_is_told(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p id='here'><a href='#here'>")
    (tmp_path / "a.css").write_text('@font-face { src: url("https://fonts.example/a.woff2") }')

    assert "a.css fetches https://fonts.example/a.woff2 from another host" in list(faults_of(tmp_path))


def test_a_page_that_was_not_built_is_told(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("")

    assert "security.md was not built" in list(faults_of(tmp_path))
    assert "index.md was not built" not in list(faults_of(tmp_path))
