"""
Make the pages that the site is built from, in website/pages: `python -m website.pages`.

Those of docs/ as they are, the references from what they describe, and of the rest of the repository what the pages
lead to: its Markdown as pages, its other files as pages that show them. Links are made to lead there.
"""

import os
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import yaml
from website.command_reference import commands_page, settings_page
from website.graphql_reference import graphql_pages
from website.rest_reference import rest_pages

from gappt_graphql import rest
from gappt_graphql.cli import main as command
from gappt_graphql.settings import SETTINGS

PROJECT = Path(__file__).parent.parent
DOCS = PROJECT / "docs"
PAGES = PROJECT / "website" / "pages"
MERMAID = PROJECT / "website" / "node_modules" / "mermaid" / "dist" / "mermaid.min.js"
STYLE = PROJECT / "website" / "extra.css"
REFERENCE = "reference"
ELSEWHERE = "project"
LANGUAGES = {
    "": "text",
    ".conf": "nginx",
    ".graphql": "graphql",
    ".py": "python",
    ".service": "ini",
    ".sql": "sql",
    ".ts": "typescript",
    ".yaml": "yaml",
}
"""The kinds of files that the site shows, with how they are coloured. A link to another is its text alone."""
LINK = re.compile(r"(?P<shown>!?)\[(?P<text>[^\]]*)\]\((?!https?://|mailto:|#)(?P<to>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")


def main() -> None:
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(DOCS, PAGES)
    for name, text in references().items():
        write(PAGES / REFERENCE / name, text)
    for page, text in pages_of_docs().items():
        write(PAGES / page, text)
    index = PAGES / REFERENCE / "index.md"
    write(index, index.read_text(encoding="utf-8") + _contents())
    write(PAGES / "javascripts" / MERMAID.name, MERMAID.read_text(encoding="utf-8"))
    shutil.copy(STYLE, PAGES / STYLE.name)


def _contents() -> str:
    """Return links to all pages of the references."""
    links = (f"- [{text.partition(chr(10))[0].removeprefix('# ')}]({name})" for name, text in references().items())
    return "\n" + "\n".join(links) + "\n"


def references() -> dict[str, str]:
    """Return the text of each page of the references by its path below theirs."""
    sdl = (PROJECT / "schema.graphql").read_text(encoding="utf-8")
    description = yaml.safe_load((Path(rest.__file__).parent / "openapi.yaml").read_text(encoding="utf-8"))
    return {
        "settings.md": settings_page(SETTINGS),
        "commands.md": commands_page(command, "gappt-graphql"),
        **{f"graphql/{name}": text for name, text in graphql_pages(sdl).items()},
        **{f"rest/{name}": text for name, text in rest_pages(description).items()},
    }


def pages_of_docs() -> dict[str, str]:
    """Return the text of each page of docs/, and of each file elsewhere that they lead to, by its path in the site."""
    ahead = sorted(DOCS.glob("**/*.md"))
    made: dict[str, str] = {}
    while ahead:
        file = ahead.pop()
        page = _page_of(file)
        if page in made:
            continue
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".md":
            made[page] = LINK.sub(partial(_to_the_site, file=file, page=page), text)
            ahead += [to for to in _files(text, file) if _is_shown(to) and to != PROJECT / "README.md"]
        else:
            made[page] = f"# {file.relative_to(PROJECT)}\n\n```{LANGUAGES[file.suffix]}\n{text}```\n"
    return made


def _files(text: str, file: Path) -> Iterator[Path]:
    """Yield the files of the repository that the page leads to."""
    for link in LINK.finditer(text):
        to = Path(os.path.normpath(file.parent / link["to"]))
        if to.is_relative_to(PROJECT):
            yield to


def _to_the_site(link: re.Match[str], file: Path, page: str) -> str:
    """Return a link of this file as it has to be in the site."""
    to = Path(os.path.normpath(file.parent / link["to"]))
    if not to.is_relative_to(PROJECT):
        return link[0]
    if link["shown"]:
        # A picture of docs/ is in the site; another is not, which website.check then tells.
        return f"![{link['text']}]({os.path.relpath(to, DOCS / Path(page).parent)})"
    if to.exists() and not _is_shown(to):
        return link["text"]
    return f"[{link['text']}]({os.path.relpath(_page_of(to), Path(page).parent)}{link['anchor'] or ''})"


def _is_shown(file: Path) -> bool:
    return file.is_file() and file.suffix in {".md", *LANGUAGES}


def _page_of(file: Path) -> str:
    """Return where the site has this file of the repository."""
    if file.is_relative_to(DOCS):
        return str(file.relative_to(DOCS))
    if file == PROJECT / "README.md":
        return "index.md"
    name = file.relative_to(PROJECT)
    return f"{ELSEWHERE}/{name}" if file.suffix == ".md" else f"{ELSEWHERE}/{name}.md"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
