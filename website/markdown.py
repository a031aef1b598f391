"""Markdown that is written by programs: cells of tables, and text that holds what Markdown would read otherwise."""

from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    """Return the text as it can stand in a cell: on one line, and without ending the cell."""
    return plain(" ".join(text.split())).replace("|", "\\|")


def plain(text: str) -> str:
    """Return the text with `<` spelled so that a browser shows it; what stands in backticks is left as it is."""
    parts = text.split("`")
    return "`".join(part if inside % 2 else part.replace("<", "&lt;") for inside, part in enumerate(parts))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, its cells as they are given; nothing where there are no rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}", *lines]) + "\n"


def page(title: str, *parts: str) -> str:
    """Return a page of these parts, of which empty ones are left out."""
    return "\n\n".join(part.strip("\n") for part in (f"# {title}", *parts) if part.strip()) + "\n"
