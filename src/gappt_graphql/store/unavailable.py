"""What a store raises that can't be asked at the moment; the messages are for the person who asked."""


class Unavailable(Exception):
    """The store can't be used, and nothing was written; the same may work in a second."""


class OutcomeUnknown(Exception):
    """The store was lost while it committed: what was to be written may be there, or may not."""

    def __init__(self) -> None:
        super().__init__(
            "The connection to the database broke while this was saved, so that nobody knows whether it was. "
            "Repeat it with the same idempotency key, or look before you repeat it without one."
        )
