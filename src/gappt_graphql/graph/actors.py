"""Who at the client does it: a name that a request may carry for the audit, since a key tells only the client."""

from collections.abc import Mapping, Sequence
from typing import Any

from gappt_graphql.scheduling.problems import Problem
from gappt_graphql.scheduling.text import checked

HEADER = "GAPPT-Actor"
LONGEST_ACTOR = 255


class BadActor(Exception):
    """An actor that can't be kept; the message is a sentence for a person."""


def actor_in_headers(given: Sequence[str]) -> str | None:
    """
    Return the actor of these headers, as the server reads them: byte by byte. A blank one is none.

    :raises BadActor: if there are several, or it is not UTF-8, too long, or has control characters in it
    """
    if len(given) > 1:
        raise BadActor(f"Send {HEADER} once.")
    try:
        return _checked(given[0].encode("latin-1").decode()) if given else None
    except ValueError:
        raise BadActor(f"{HEADER} must be UTF-8.") from None


def actor_in_payload(payload: Mapping[str, Any]) -> str | None:
    """
    Return the actor that a socket's first message names, as `actor` in any case. Null and a blank one are none.

    :raises BadActor: as for headers, and if it is no string
    """
    given = [value for name, value in payload.items() if name.lower() == "actor" and value is not None]
    if len(given) > 1 or not all(isinstance(value, str) for value in given):
        raise BadActor("The actor must be one string.")
    return _checked(given[0]) if given else None


def _checked(text: str) -> str | None:
    problems: list[Problem] = []
    actor = checked(text.strip(), "actor", LONGEST_ACTOR, problems)
    if problems:
        raise BadActor(f"{HEADER}: {problems[0].message}")
    return actor or None
