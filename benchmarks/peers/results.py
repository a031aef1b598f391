"""The file that the results are kept in."""

from pathlib import Path

BEGIN, END = "<!-- peers: written by make bench -->", "<!-- end of peers -->"


def write(path: Path, text: str) -> None:
    """
    Put the text in its place of the file, and leave what else is there.

    :raises ValueError: if the file has no such place
    """
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path.name} has no place for the results of peers")
    path.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}")
