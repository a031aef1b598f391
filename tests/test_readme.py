"""What the README says is true, and every page can be found."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from asking import Client
from builders import A_MONDAY, Practice

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text()
PAGES = [
    PROJECT / "README.md",
    PROJECT / "SECURITY.md",
    *sorted(PROJECT.glob("docs/**/*.md")),
    *sorted(PROJECT.glob("examples/*/README.md")),
]


async def test_the_first_query_has_the_answer_that_the_readme_shows(practice: Practice) -> None:
    await practice.group(patients=practice.patients[:2])
    await practice.save(practice.new_block(A_MONDAY + timedelta(minutes=30)))

    answer = await Client(practice).ask(_block("graphql"))

    assert {"data": answer} == json.loads(_block("json"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_leads_to_every_page() -> None:
    pages = {page for page in PAGES if f"({page.relative_to(PROJECT)})" in README}

    assert [str(page) for page in PAGES[1:] if page not in pages] == []


def _block(language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert match is not None
    return match[1]
