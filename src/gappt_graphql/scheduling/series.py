"""Edits of a series: which occurrences a scope reaches, and what an edit makes of them."""

from enum import StrEnum


class Scope(StrEnum):
    """How far an edit reaches: the one named, that and the later ones, or the whole series."""

    THIS = "THIS"
    THIS_AND_FOLLOWING = "THIS_AND_FOLLOWING"
    ALL = "ALL"
