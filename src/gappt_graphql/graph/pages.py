"""
Connections: lists, a page at a time. Nothing is read before a field that needs it is asked for.

Strawberry's own are not used: they walk every path through a document's fragments, which twenty of them make a million,
count pages by offsets, and have a PageInfo that no other subgraph may share.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

import strawberry
from msgspec import Struct
from strawberry import Parent

from gappt_graphql.graph.context import Info
from gappt_graphql.graph.cursors import Cursors
from gappt_graphql.graph.errors import bad_user_input
from gappt_graphql.graph.lengths import LARGEST_PAGE, USUAL_PAGE
from gappt_graphql.graph.loading import Loader
from gappt_graphql.graph.relations import computed
from gappt_graphql.practice.enquiries import check_listing
from gappt_graphql.scheduling.asking import Listing, Page, Slice
from gappt_graphql.scheduling.problems import Refused
from gappt_graphql.store import Book, Record

if TYPE_CHECKING:
    from gappt_graphql.graph.group_appointment import GroupAppointment

T = TypeVar("T")
R = TypeVar("R", bound=Record)

_LONGEST_CURSOR = 4_000

First = Annotated[
    int | None,
    strawberry.argument(
        description="How many to return, from the start or after `after`: "
        f"0 to {LARGEST_PAGE}; {USUAL_PAGE} without `last`"
    ),
]
After = Annotated[str | None, strawberry.argument(description="Cursor of a record, behind which the page begins")]
Last = Annotated[
    int | None,
    strawberry.argument(
        description="How many to return, from the end or before `before`: "
        f"0 to {LARGEST_PAGE}; not together with `first`"
    ),
]
Before = Annotated[str | None, strawberry.argument(description="Cursor of a record, before which the page ends")]


class Window(Struct, frozen=True):
    """Which part of a list a client asked for, unchecked."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @classmethod
    def of(cls, **arguments: Any) -> "Window":
        """Take the arguments as Strawberry gives them; absent is the same as null."""
        return cls(**{name: None if value is strawberry.UNSET else value for name, value in arguments.items()})

    def part(self, cursors: Cursors) -> Slice:
        """Return the part, or raise what is wrong with the arguments."""
        if self.first is not None and self.last is not None:
            raise bad_user_input("Give first or last, not both.")
        for name, size in (("first", self.first), ("last", self.last)):
            if size is not None and not 0 <= size <= LARGEST_PAGE:
                raise bad_user_input(f"{name} takes 0 to {LARGEST_PAGE}.")
        backward = self.last is not None
        size = self.last if backward else self.first
        return Slice(
            limit=USUAL_PAGE if size is None else size,
            backward=backward,
            after=_position(cursors, self.after),
            before=_position(cursors, self.before),
        )


def _position(cursors: Cursors, cursor: str | None) -> tuple[Any, ...] | None:
    if cursor is None:
        return None
    return cursors.read(cursor[:_LONGEST_CURSOR])


class Listed:
    """What a connection is made from: a list, and the part of it that is wanted."""

    def __init__(self, pages: Loader[int, Page[Any]], counts: Loader[int, int], parent: int, cursors: Cursors) -> None:
        self._pages, self._counts, self._parent, self.cursors = pages, counts, parent, cursors

    def page(self, then: Callable[[Page[Any]], Any]) -> Any:
        """Return what is made from the part, which is read once however many fields ask for it, or what to await."""
        return self._pages.load(self._parent, then)  # type: ignore[arg-type]  # every list has a page

    def count(self) -> Any:
        """Return the length of the whole list, or what to await for it."""
        return self._counts.load(self._parent)


def listed(info: Info, kind: type[R], *, name: str, listing: Listing, window: Window) -> Listed:
    """Return a part of a list of the account."""
    _check(listing)
    cursors = Cursors(name, info.context.desk.account, listing.order)
    part = window.part(cursors)

    async def page(book: Book, _: Collection[int]) -> Mapping[int, Page[R]]:
        return {0: await book.page(kind, listing, part)}

    async def count(book: Book, _: Collection[int]) -> Mapping[int, int]:
        return {0: await book.count(kind, listing)}  # type: ignore[arg-type]  # R is one of them

    asking = info.context.loaders.asking
    pages = asking(("page", kind, listing, part), page)
    return Listed(pages, asking(("count", kind, listing.where), count), 0, cursors)


def listed_under(
    parent: int, info: Info, kind: type[R], *, by: str, name: str, listing: Listing, window: Window
) -> Listed:
    """Return a part of the list under one parent; those of all parents are read by one statement."""
    _check(listing)
    cursors = Cursors(name, info.context.desk.account, listing.order)
    part = window.part(cursors)

    def pages(book: Book, parents: Collection[int]) -> Awaitable[Mapping[int, Page[R]]]:
        return book.pages(kind, listing, part, parent=by, parents=parents)

    def counts(book: Book, parents: Collection[int]) -> Awaitable[Mapping[int, int]]:
        return book.counts(kind, listing, parent=by, parents=parents)  # type: ignore[arg-type]  # R is one of them

    asking = info.context.loaders.asking
    loader = asking(("pages", kind, by, listing, part), pages)
    return Listed(loader, asking(("counts", kind, by, listing.where), counts), parent, cursors)


def _check(listing: Listing) -> None:
    try:
        check_listing(listing)
    except Refused as refused:
        raise bad_user_input(" ".join(problem.message for problem in refused.problems)) from None


class Placed(Struct, frozen=True):
    """A record and its place in a list: what an edge is made from."""

    node: Record
    cursors: Cursors

    @property
    def cursor(self) -> str:
        return self.cursors.write(self.node)


@strawberry.federation.type(shareable=True, description="Where a page lies in its list")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Indicates whether there are records behind the page")
    has_previous_page: bool = strawberry.field(description="Indicates whether there are records before the page")
    start_cursor: str | None = strawberry.field(
        description="Cursor of the first record of the page; null if it has none"
    )
    end_cursor: str | None = strawberry.field(description="Cursor of the last record of the page; null if it has none")


def _nodes(root: Parent[Listed]) -> Awaitable[Sequence[Record]]:
    return root.page(lambda page: page.records)  # type: ignore[no-any-return]


def _edges(root: Parent[Listed]) -> Awaitable[list[Placed]]:
    return root.page(  # type: ignore[no-any-return]
        lambda page: [Placed(record, root.cursors) for record in page.records]
    )


def _page_info(root: Parent[Listed]) -> Awaitable[PageInfo]:
    write = root.cursors.write

    def of(page: Page[Any]) -> PageInfo:
        return PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=write(page.records[0]) if page.records else None,
            end_cursor=write(page.records[-1]) if page.records else None,
        )

    return root.page(of)  # type: ignore[no-any-return]


def _total_count(root: Parent[Listed]) -> Awaitable[int]:
    return root.count()  # type: ignore[no-any-return]


@strawberry.type(description="Record in a list, with its place")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="Place in the list, to be given as `after` or `before`")
    node: T = strawberry.field(description="Record at this place")


@strawberry.type(description="Part of a list")
class Connection(Generic[T]):
    edges: list[Edge[T]] = computed(_edges, "Records of the page with their cursors")
    nodes: list[T] = computed(_nodes, "Records of the page")
    page_info: PageInfo = computed(_page_info, "Where the page lies in the list")
    total_count: int = computed(_total_count, "Length of the whole list, counted only when asked for")


# Named here once: Strawberry makes a type of each spelling.
GroupAppointmentConnection = Connection[
    Annotated["GroupAppointment", strawberry.lazy("gappt_graphql.graph.group_appointment")]
]
