"""A client that asks the schema itself, past HTTP, and a store that counts what that costs."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from strawberry.types import ExecutionResult

from builders import Practice
from gappt_graphql.graph.context import Context
from gappt_graphql.graph.schema import schema
from gappt_graphql.store import Book, Store


class Client:
    """Someone with a key of a practice."""

    def __init__(
        self, practice: Practice, *, scopes: frozenset[str] = frozenset({"read", "write"}), store: Any = None
    ) -> None:
        self.practice, self.scopes, self.store = practice, scopes, store

    async def send(self, query: str, **variables: Any) -> ExecutionResult:
        """Run an operation and return the whole result."""
        desk = self.practice.desk
        if self.store is not None:
            desk = msgspec.structs.replace(desk, store=self.store)
        return read(await schema.execute(query, variables, Context(desk, scopes=self.scopes)))

    async def ask(self, query: str, **variables: Any) -> Any:
        """Run an operation that must go well, and return its data."""
        result = await self.send(query, **variables)
        assert result.errors is None, [error.formatted for error in result.errors]
        return result.data

    async def do(self, mutation: str, selection: str = "", **input: Any) -> Any:
        """Run one mutation, and return its payload: what is selected, and its userErrors."""
        type_name = mutation[0].upper() + mutation[1:] + "Input"
        query = (
            f"mutation ($input: {type_name}!) {{ {mutation}(input: $input) {{ {selection}"
            " userErrors { code field message } } }"
        )
        return (await self.ask(query, input=input))[mutation]

    async def refused(self, mutation: str, **input: Any) -> list[tuple[str, str]]:
        """Run one mutation that must be refused, and return the code and the path of each problem."""
        payload = await self.do(mutation, **input)
        assert payload["userErrors"]
        return [(error["code"], ".".join(error["field"] or ())) for error in payload["userErrors"]]

    async def codes(self, query: str, **variables: Any) -> list[str]:
        """Run an operation and return the codes of its errors."""
        result = await self.send(query, **variables)
        return [(error.extensions or {})["code"] for error in result.errors or ()]


def read(result: ExecutionResult) -> ExecutionResult:
    """Return a result whose data may be JSON already, as that of plans is, with its data to look at."""
    if isinstance(result.data, msgspec.Raw):
        result.data = msgspec.json.decode(result.data)
    return result


class CountingStore:
    """A store that counts the statements that are read through it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.statements = 0

    async def read(self, account: Any, work: Callable[[Book], Awaitable[Any]]) -> Any:
        async def counted(book: Any) -> Any:
            book._connection = _Counting(book._connection, self)
            return await work(book)

        return await self._store.read(account, counted)

    async def write(self, account: Any, work: Any) -> Any:
        return await self._store.write(account, work)

    async def keys(self, account: Any) -> Any:
        self.statements += 1
        return await self._store.keys(account)


class _Counting:
    def __init__(self, connection: Any, store: CountingStore) -> None:
        self._connection, self._store = connection, store

    async def fetch(self, statement: Any, parameters: Any) -> Any:
        self._store.statements += 1
        return await self._connection.fetch(statement, parameters)
