"""How long the lists of an answer are taken to be before anybody knows: what the cost of an operation is made from."""

from collections.abc import Mapping
from typing import NamedTuple

Fact = int | str | None
"""What a cost needs to know of an argument: a number, the length of a list, or a word."""

USUAL_PAGE, LARGEST_PAGE = 20, 100

OPEN = -1
"""As long as the field above says: by its page, or by the dates that its input reaches."""

LENGTHS: Mapping[str, int] = {
    "nodes": OPEN,
    "edges": OPEN,
    # What a mutation answers, or a preview: one for each date, or for each patient on each date.
    "repeats": OPEN,
    "updated": OPEN,
    "archived": OPEN,
    "restored": OPEN,
    "cancelled": OPEN,
    "conflicting": OPEN,
    "occurrences": OPEN,
    "outcomes": OPEN,
    # Of one appointment, or of one mutation.
    "patients": 10,
    "patientIds": 10,
    "attendees": 10,
    "waitlist": 5,
    "items": 5,
    "promoted": 5,
    "userErrors": 2,
    "field": 3,
    "changedFields": 3,
    "changes": 5,
    # Of one webhook: what it is told of.
    "kinds": 2,
    "practitionerIds": 2,
    "businessIds": 2,
    # Of the schema itself; a type has 3 fields on average, scalars and inputs among them.
    "types": 150,
    "directives": 10,
    "fields": 3,
    "args": 1,
    "inputFields": 2,
    "enumValues": 1,
    "interfaces": 1,
    "possibleTypes": 1,
    "locations": 4,
}
"""Of each field that is a list, by its name."""

BY_PLACE = frozenset({"bookAttendees"})
"""Fields whose lists have one entry for each patient on each date."""

MUTATION_POINTS = 10
"""Of a mutation alone: it waits for its turn to write."""

_MOST_REPEATS = 365


class Reach(NamedTuple):
    """What an input may touch: dates of a series, and patients' places on them."""

    dates: int
    places: int

    @property
    def points(self) -> int:
        """What it costs besides what is asked of it: nothing for one date without patients."""
        return self.dates - 1 + self.places


def page(first: Fact, last: Fact) -> int:
    """Return how many records a page may have. A size that can't be is refused later, and counts as the largest."""
    sizes = [size for size in (first, last) if size is not None]
    fit = (size if isinstance(size, int) and 0 <= size <= LARGEST_PAGE else LARGEST_PAGE for size in sizes)
    return max(fit, default=USUAL_PAGE)


def named(things: Fact) -> int:
    """Return how many things an argument names: GraphQL takes one thing for a list of one."""
    return things if isinstance(things, int) and things >= 0 else int(things is not None)


def reach(*, scope: Fact, repeats: Fact, patients: Fact, copied: Fact) -> Reach:
    """Return how far an input reaches, by its scope, its repeat rule, and the patients that it names."""
    of_scope = 1 if scope in (None, "THIS") else 1 + _MOST_REPEATS
    of_rule = 0 if repeats is None else repeats if isinstance(repeats, int) and repeats >= 0 else _MOST_REPEATS
    dates = max(of_scope, 1 + min(of_rule, _MOST_REPEATS))
    return Reach(dates, named(patients) * (dates if copied else of_scope))
