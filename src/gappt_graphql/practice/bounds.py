"""How many operations run at once, and how long each may take."""

from contextlib import AbstractContextManager


class Overloaded(Exception):
    """As many operations run as may; the message is for a person."""

    def __init__(self) -> None:
        super().__init__("This server has as much to do as it can; ask again in a second.")


class OutOfTime(Exception):
    """An operation took longer than it may; the message is for a person, and says what came of it."""


class Bounds:
    """The operations that run in one process. Who only waits for a request or for an event does not run."""

    def __init__(self, *, most: int = 64, read_seconds: float = 5, write_seconds: float = 10) -> None:
        self.most, self.read_seconds, self.write_seconds = most, read_seconds, write_seconds
        self.count = 0
        """That run."""
        self._running = _Running(self)

    def running(self) -> AbstractContextManager[None]:
        """
        Count one more as long as this lasts.

        :raises Overloaded: if that is one too many
        """
        return self._running


class _Running(AbstractContextManager[None]):
    """One for all operations: it has no more to remember than how many they are."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds

    def __enter__(self) -> None:
        if self._bounds.count >= self._bounds.most:
            raise Overloaded
        self._bounds.count += 1

    def __exit__(self, *_: object) -> None:
        self._bounds.count -= 1
