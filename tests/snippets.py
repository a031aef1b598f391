"""
The fenced blocks of the pages, and who holds each of them.

A comment above a block says who: `<!-- tests/FILE runs this ... -->` names a test that is about the page, and
`<!-- Not run: REASON -->` says why there is none. It holds for the blocks that follow each other without prose
between them. All others are run or read by tests/test_snippets.py.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent
PAGES = [
    PROJECT / "README.md",
    PROJECT / "SECURITY.md",
    PROJECT / "CONTRIBUTING.md",
    *sorted(PROJECT.glob("docs/**/*.md")),
    *sorted(PROJECT.glob("examples/*/README.md")),
    PROJECT / "benchmarks" / "NOTES.md",
]
_BLOCK = re.compile(
    r"(?P<between>.*?)^(?P<indent> *)```(?P<language>[\w-]*)\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE
)
_MARK = re.compile(r"<!--\s*(.*?)\s*-->\s*\Z", re.DOTALL)


@dataclass(frozen=True)
class Snippet:
    """A fenced block of a page. `mark` is the comment above it, or above the first of the blocks that it belongs to."""

    page: Path
    line: int
    language: str
    text: str
    mark: str | None
    follows: bool

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(PROJECT)}:{self.line}"


def snippets(page: Path) -> Iterator[Snippet]:
    """Yield the blocks of a page in their order; `follows` says that nothing stands between it and the one before."""
    text, mark = page.read_text(encoding="utf-8"), None
    for match in _BLOCK.finditer(text):
        follows = not match["between"].strip() and match.start() > 0
        if not follows:
            marked = _MARK.search(match["between"])
            mark = marked[1] if marked else None
        line = text.count("\n", 0, match.start("language")) + 1
        yield Snippet(page, line, match["language"], match["text"], mark, follows)


def every_snippet() -> list[Snippet]:
    return [snippet for page in PAGES for snippet in snippets(page)]
