"""What keeps a store from being used, for whoever opens it or reads from it."""


class Unreadable(Exception):
    """Something else than this program has written what is read: a text or an instant that is none."""


class NameTaken(Exception):
    """Another account has this name."""


class StoreError(Exception):
    """The store cannot be used as it is; the message is a sentence for the person who started the program."""


class UnsupportedStore(StoreError):
    """The URL names no store that this program knows."""


class StoreInUse(StoreError):
    """Another process holds the store."""


class StoreBehind(StoreError):
    """The store has not been migrated to what this program expects."""


class StoreTooNew(StoreError):
    """A newer version of the program has migrated the store."""
