"""Documents that an account's clients have sent before, by their hash: a bounded number, for each account apart."""

from collections import OrderedDict

from gappt_graphql.scheduling.ids import AccountId

_BYTES_OF_ACCOUNT = 1024 * 1024
_BYTES_OF_ALL = 64 * 1024 * 1024
_OVERHEAD = 300
"""Bytes that a document takes besides its text, about: its hash, and its places in two tables."""


class Shelves:
    """
    Texts by account and hash, in memory. What was used longest ago is forgotten first.

    One account's texts push out its own; only where all together are too many goes the account that has asked for
    nothing longest. Whoever finds nothing sends the text again.
    """

    def __init__(
        self, *, documents: int, bytes_of_account: int = _BYTES_OF_ACCOUNT, bytes_of_all: int = _BYTES_OF_ALL
    ) -> None:
        self._documents, self._bytes_of_account, self._bytes_of_all = documents, bytes_of_account, bytes_of_all
        self._shelves: OrderedDict[AccountId, _Shelf] = OrderedDict()
        self._bytes = 0

    def get(self, account: AccountId, hash: str) -> str | None:
        """Return the text that this account keeps under the hash."""
        shelf = self._shelves.get(account)
        if shelf is None:
            return None
        self._shelves.move_to_end(account)
        text = shelf.texts.get(hash)
        if text is None:
            return None
        shelf.texts.move_to_end(hash)
        return text.decode()

    def put(self, account: AccountId, hash: str, text: str) -> None:
        """Keep the text for this account, unless it is longer than all that the account may keep."""
        encoded = text.encode()  # one character that is not Latin would make each of a str's take four bytes
        size = len(encoded) + _OVERHEAD
        if not self._documents or size > self._bytes_of_account:
            return
        shelf = self._shelves.setdefault(account, _Shelf())
        self._shelves.move_to_end(account)
        if hash in shelf.texts:
            shelf.texts.move_to_end(hash)
            return
        shelf.texts[hash] = encoded
        shelf.bytes += size
        self._bytes += size
        while len(shelf.texts) > self._documents or shelf.bytes > self._bytes_of_account:
            _, forgotten = shelf.texts.popitem(last=False)
            shelf.bytes -= len(forgotten) + _OVERHEAD
            self._bytes -= len(forgotten) + _OVERHEAD
        while self._bytes > self._bytes_of_all:
            _, idle = self._shelves.popitem(last=False)
            self._bytes -= idle.bytes


class _Shelf:
    __slots__ = ("bytes", "texts")

    def __init__(self) -> None:
        self.texts: OrderedDict[str, bytes] = OrderedDict()
        self.bytes = 0
