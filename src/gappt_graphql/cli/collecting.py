"""What the search for garbage costs a server."""

import gc

_NEW_OBJECTS = 5_000
"""After which they are looked through. With Python's 700 what a request has in hand is often taken for what stays."""


def leave_out_what_stays() -> None:
    """
    Never look again through what is there now, which a server keeps until it ends.

    Every few ten thousand requests all of it would be looked through, which took up to 130 ms in which nobody was
    answered; what is left takes up to 43 (benchmarks/NOTES.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
