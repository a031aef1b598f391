"""What the README says is true, and every page can be found."""

import json
import re
from datetime import timedelta
from pathlib import Path

from asking import Client
from builders import A_MONDAY, Practice
from snippets import PAGES, PROJECT

README = (PROJECT / "README.md").read_text()


async def test_the_first_query_has_the_answer_that_the_readme_shows(practice: Practice) -> None:
    await practice.group(patients=practice.patients[:2])
    await practice.save(practice.new_block(A_MONDAY + timedelta(minutes=30)))

    answer = await Client(practice).ask(_block("graphql"))

    assert {"data": answer} == json.loads(_block("json"))


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    ahead = {PAGES[0]}
    while ahead:
        page = ahead.pop()
        reached.add(page)
        ahead |= {file for file in _linked(page) if file.suffix == ".md" and file.exists()} - reached

    assert [str(page) for page in PAGES if page not in reached] == []


def _linked(page: Path) -> list[Path]:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    return [(page.parent / link).resolve() for link in links]


def _block(language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert match is not None
    return match[1]
