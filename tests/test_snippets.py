"""Every snippet of the documentation is run, read, or says why not."""

import json
import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from graphql import build_schema, parse, validate

from asking import Client
from builders import Practice
from conftest import NOW
from gappt_graphql import demo
from gappt_graphql.cli import main
from gappt_graphql.store import Account, Store
from snippets import PAGES, PROJECT, Snippet, every_snippet

FREE = {"", "http", "mermaid", "text"}
"""Languages that nobody runs: drawings, and what is only shown. Requests as text are held by their page's test."""
READ = {"graphql", "json", "sh", "yaml", "python"}
EVERY = every_snippet()
OPEN = [one for one in EVERY if one.mark is None]
SCHEMA = build_schema((PROJECT / "schema.graphql").read_text(encoding="utf-8"), assume_valid_sdl=True)
COMMAND = re.compile(r"`((?:[\w./]*/)?gappt-graphql [^`]*)`")
TARGETS = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def of(language: str) -> list[Snippet]:
    return [one for one in EVERY if one.language == language]


@pytest.mark.parametrize("snippet", EVERY, ids=lambda one: one.place)
def test_a_snippet_is_run_or_says_who_does_or_why_nobody(snippet: Snippet) -> None:
    if snippet.language in FREE or (snippet.mark is None and snippet.language in READ):
        return

    assert snippet.mark is not None, f"{snippet.place} is run by nobody: say so above it, with the reason"
    held_by = re.match(r"tests/\S+?\.py", snippet.mark)
    if held_by:
        assert snippet.page.name in (PROJECT / held_by[0]).read_text(encoding="utf-8")
    else:
        assert re.match(r"Not run: \S", snippet.mark)


@pytest.mark.parametrize("snippet", of("graphql"), ids=lambda one: one.place)
def test_a_document_is_valid_in_the_schema(snippet: Snippet) -> None:
    assert validate(SCHEMA, parse(snippet.text)) == []


@pytest.mark.parametrize("snippet", of("json") + of("yaml") + of("python"), ids=lambda one: one.place)
def test_a_text_can_be_read_in_its_language(snippet: Snippet) -> None:
    match snippet.language:
        case "json":
            lines = snippet.text.splitlines()
            for text in lines if len(lines) > 1 and lines[1].startswith("{") else [snippet.text]:
                json.loads(text)
        case "yaml":
            assert yaml.safe_load(snippet.text)
        case _:
            compile(snippet.text, snippet.place, "exec")


@pytest.mark.parametrize("snippet", [one for one in OPEN if one.language == "json"], ids=lambda one: one.place)
def test_a_json_text_belongs_to_an_operation(snippet: Snippet) -> None:
    assert snippet.follows, f"{snippet.place} stands alone: say above it which test holds it, or why none does"


@pytest.mark.parametrize("snippet", of("sh"), ids=lambda one: one.place)
def test_commands_are_taken_as_they_are_written(snippet: Snippet) -> None:
    for words in commands(snippet.text):
        taken(words, whole=True)
    assert set(re.findall(r"^make ([a-z-]+)", snippet.text, re.MULTILINE)) <= set(TARGETS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_command_that_the_prose_names_has_the_options_that_it_names(page: Path) -> None:
    for text in COMMAND.findall(page.read_text(encoding="utf-8")):
        for words in commands(text.replace("...", "")):
            taken(words, whole=False)


def commands(text: str) -> Iterator[list[str]]:
    """Yield what each call of the command in a text of a shell gives it, up to where its output goes."""
    for line in text.replace("\\\n", " ").replace("\\%", "%").splitlines():
        words = shlex.split(line, comments=True)
        for place, word in enumerate(words):
            if word.rpartition("/")[2] == "gappt-graphql" and words[max(place - 1, 0)] not in (
                "install",
                "-t",
                "enable",
            ):
                after = words[place + 1 :]
                ends = [after.index(end) for end in (">", "|", "&&", "&") if end in after]
                if after and after[0] in main.commands:
                    yield after[: min(ends, default=len(after))]


def taken(words: list[str], *, whole: bool) -> None:
    """Read these words as the command does. Where it is not the whole call, what is missing may be missing."""
    command: click.Command = main
    context = click.Context(main, info_name="gappt-graphql")
    while isinstance(command, click.Group) and words:
        name, *words = words
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name}"
        command, context = found, click.Context(found, parent=context, info_name=name)
    try:
        command.make_context(context.info_name or "", list(words), parent=context.parent)
    except click.MissingParameter:
        assert not whole, f"{context.command_path} {words} lacks something"
    except click.exceptions.Exit:
        assert "--help" in words
    except click.BadParameter as bad:
        if "does not exist" not in bad.message:  # a file of the example that is not here
            raise
    except click.exceptions.NoArgsIsHelpError:
        assert not whole


@pytest.fixture
async def client(store: Store) -> Client:
    """Somebody with a key of the demo practice."""
    practice = await Practice.open(store, name="Elsewhere", now=NOW)
    account = Account(id=practice.ids.next(NOW), name="Demo practice", created_at=NOW, demo=True)  # type: ignore[arg-type]
    await store.add_account(account)
    await demo.fill(store, account=account, size="small", now=NOW, ids=practice.ids, progress=lambda done, total: None)
    practice.account = account
    return Client(practice)


@pytest.mark.parametrize(
    "page",
    sorted({one.page for one in OPEN if one.language == "json"}),
    ids=lambda page: str(page.relative_to(PROJECT)),
)
async def test_the_operations_of_a_page_have_the_answers_that_it_shows(client: Client, page: Path) -> None:
    ids = Names()
    for document, variables, answer in asked([one for one in EVERY if one.page == page]):
        result = await client.send(document, **ids.put_into(variables))
        got = {"data": result.data} | ({"errors": [each.formatted for each in result.errors]} if result.errors else {})
        if answer is None:
            assert "errors" not in got
        else:
            ids.learn(answer, got)
            assert ids.put_into(answer) == got


def asked(page: list[Snippet]) -> Iterator[tuple[str, Any, Any]]:
    """Yield each operation of a page, with its variables, and its answer where there is one, in the page's order."""
    for place, snippet in enumerate(page):
        if snippet.language != "graphql" or snippet.mark:
            continue
        shown = [
            json.loads(one.text)
            for one in takewhile(lambda one: one.follows and one.language == "json", page[place + 1 :])
        ]
        variables = [one for one in shown if not one.keys() & {"data", "errors"}]
        yield snippet.text, *(variables or [{}]), *(shown[len(variables) :] or [None])


class Names:
    """What stands for what in the answers of a page: ids that the book gives, which differ each time."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, shown: Any, got: Any) -> None:
        if isinstance(shown, dict) and isinstance(got, dict):
            for name in shown.keys() & got.keys():
                self.learn(shown[name], got[name])
        elif isinstance(shown, list) and isinstance(got, list):
            for one, other in zip(shown, got, strict=False):
                self.learn(one, other)
        elif isinstance(shown, str) and isinstance(got, str) and re.fullmatch(r"\d{15,}", shown):
            self._known.setdefault(shown, got)

    def put_into(self, shown: Any) -> Any:
        if isinstance(shown, dict):
            return {name: self.put_into(value) for name, value in shown.items()}
        if isinstance(shown, list):
            return [self.put_into(value) for value in shown]
        return self._known.get(shown, shown) if isinstance(shown, str) else shown
