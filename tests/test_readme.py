"""What the README says is true."""

import json
import re
from datetime import timedelta
from pathlib import Path

from asking import Client
from builders import A_MONDAY, Practice

README = (Path(__file__).parent.parent / "README.md").read_text()


async def test_the_first_query_has_the_answer_that_the_readme_shows(practice: Practice) -> None:
    await practice.group(patients=practice.patients[:2])
    await practice.save(practice.new_block(A_MONDAY + timedelta(minutes=30)))

    answer = await Client(practice).ask(_block("graphql"))

    assert {"data": answer} == json.loads(_block("json"))


def test_every_link_of_the_readme_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)

    assert links
    assert [link for link in links if not (Path(__file__).parent.parent / link).exists()] == []


def _block(language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert match is not None
    return match[1]
