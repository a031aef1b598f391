"""What may stand in a text: checks that every use case shares."""

import unicodedata
from urllib.parse import urlsplit

from gappt_graphql.scheduling.problems import Code, Problem

LONGEST_NAME = 255
LONGEST_NOTES = 10_000
LONGEST_URL = 2_000

_LINE_CHARACTERS = "\n\t"


def checked(value: str, field: str, longest: int, problems: list[Problem], multiline: bool = False) -> str:
    """
    Return the text in Unicode's composed form (NFC), and add to the problems what is wrong with it.

    Refused are lone surrogates, and control characters other than the newline and the tab of a text of several
    lines. There a line may also end as on Windows; it is kept with a plain newline.
    """
    text = value.replace("\r\n", "\n") if multiline else value
    if any(_is_unfit(character, multiline) for character in text):
        problems.append(Problem(Code.INVALID, "The text has control characters or broken Unicode in it.", (field,)))
        return value
    text = unicodedata.normalize("NFC", text)
    if len(text) > longest:
        problems.append(Problem(Code.OUT_OF_RANGE, f"The text is too long: {longest:,} characters at most.", (field,)))
    return text


def checked_url(value: str, field: str, problems: list[Problem]) -> str:
    """Return the address, and add to the problems what is wrong with it: it must be absolute, by http or https."""
    found = len(problems)
    text = checked(value, field, LONGEST_URL, problems)
    if len(problems) == found and not _is_web_address(text):
        problems.append(Problem(Code.INVALID, "This takes a whole http or https address.", (field,)))
    return text


def _is_unfit(character: str, multiline: bool) -> bool:
    category = unicodedata.category(character)
    return category == "Cs" or (category == "Cc" and not (multiline and character in _LINE_CHARACTERS))


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(map(str.isspace, text))
    except ValueError:  # brackets that are no IPv6 address
        return False
