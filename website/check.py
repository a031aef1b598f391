"""
Look over the site that was built: `python -m website.check`.

Every link and every anchor leads somewhere within it, every page of docs/ is in it, and nothing in it is fetched
from another host. Exit code 1 where that is not so, with a line for each fault.
"""

import os
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from website.pages import DOCS, PAGES

SITE = PAGES.parent / "site"
FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "object": "data"}
NAMED = {"canonical", "next", "prev", "alternate", "edit"}
"""Kinds of `link` that name an address and fetch nothing."""


class Page(HTMLParser):
    """What a page leads to, what it fetches, and the anchors by which others lead into it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.links: list[str] = []
        self.fetches: list[str] = []
        self.anchors: set[str] = set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in FETCHED and FETCHED[tag] in given and not NAMED & set(given.get("rel", "").split()):
            self.fetches.append(given[FETCHED[tag]])


def main() -> None:
    faults = list(faults_of(SITE))
    for fault in faults:
        print(fault, file=sys.stderr)
    sys.exit(1 if faults else 0)


def faults_of(site: Path) -> Iterator[str]:
    """Yield a sentence for each fault of the site."""
    # 404.html is answered for any address, so that its links begin at the root of a server.
    pages = {file: Page(file) for file in sorted(site.glob("**/*.html")) if file.name != "404.html"}
    if not pages:
        yield f"no page was built in {site}"
    for page in pages.values():
        for link in page.links:
            yield from (f"{page.file.relative_to(site)} {fault}" for fault in _faults_of_a_link(link, page, pages))
        for address in page.fetches:
            if urlsplit(address).netloc:
                yield f"{page.file.relative_to(site)} fetches {address} from another host"
            elif not urlsplit(address).scheme and not _led_to(address, page).is_file():
                yield f"{page.file.relative_to(site)} fetches {address}, which is not there"
    for file in site.glob("**/*.css"):
        for address in re.findall(
            r"(?:url\(|@import )[\"']?((?:https?:)?//[^)\"' ]+)", file.read_text(encoding="utf-8")
        ):
            yield f"{file.relative_to(site)} fetches {address} from another host"
    for source in sorted(DOCS.glob("**/*.md")):
        built = site / source.relative_to(DOCS).with_suffix(".html")
        if built not in pages:
            yield f"{source.relative_to(DOCS)} was not built"


def _faults_of_a_link(link: str, page: Page, pages: dict[Path, Page]) -> Iterator[str]:
    address = urlsplit(link)
    if address.scheme or address.netloc:
        return
    to = _led_to(link, page)
    if to not in pages:
        if not to.is_file():
            yield f"leads to {link}, which is not there"
    elif address.fragment and unquote(address.fragment) not in pages[to].anchors:
        yield f"leads to {link}, which has no such place"


def _led_to(address: str, page: Page) -> Path:
    """Return the file that an address on the page leads to."""
    path = unquote(urlsplit(address).path)
    to = Path(os.path.normpath(page.file.parent / path)) if path else page.file
    return to / "index.html" if to.is_dir() else to


if __name__ == "__main__":
    main()
