"""The tables: what was measured, and ours divided by the others', round by round."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from benchmarks.peers.asking import OPERATIONS
from benchmarks.peers.load import Point
from benchmarks.peers.targets import OURS, STORES, Target

Points = Mapping[tuple[str, str], Sequence[Point]]
_LIMIT = "limit"


def report(found: Sequence[Target], points: Points, operations: Sequence[str]) -> str:
    """Return the tables in Markdown."""
    tables = _Tables(found, points, operations)
    texts = {
        "Ours, divided by the best peer": tables.ours_by_best(),
        "Requests per core-second": tables.per_core(),
        "Requests per core-second, divided by what Python does by hand on the same store": tables.by_limit(),
        "What clients saw": tables.seen(),
    }
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in texts.items() if text)


def _core_second(point: Point) -> float:
    return 1e6 / point.cpu


class _Tables:
    def __init__(self, found: Sequence[Target], points: Points, operations: Sequence[str]) -> None:
        self._targets, self._points, self._operations = found, points, operations

    def ours_by_best(self) -> str:
        rows: list[list[str]] = []
        for store in STORES:
            ours = next((one for one in self._targets if one.name == OURS and one.store == store), None)
            peers = [one for one in self._targets if one.is_peer and one.store == store]
            if ours is None or not peers:
                continue
            best = {
                name: max(peers, key=lambda one: self._median(one, name, _core_second)) for name in self._operations
            }
            rows.append(
                [f"**best peer**, {store}"]
                + [
                    f"**{self._ratio(ours, best[name], name, _core_second)}** {best[name].name}"
                    for name in self._operations
                ]
            )
            rows.append(
                [f"p99 in ms, ours and its, {store}"]
                + [f"{self._p99(ours, name):.1f} and {self._p99(best[name], name):.1f}" for name in self._operations]
            )
            in_node = [one for one in peers if one.kind == "node"]
            if in_node:
                least = min(in_node, key=self._memory)
                share = self._memory(ours) / self._memory(least)
                told = f"{self._memory(ours):.0f} MiB is {share:.2f} of {least.name}'s"
                rows.append([f"peak memory, the least of Node's, {store}", told, *[""] * (len(self._operations) - 1)])
        return self._table([""], rows) if rows else ""

    def per_core(self) -> str:
        def cell(target: Target, name: str) -> str:
            values = [_core_second(point) for point in self._of(target, name)]
            return f"{median(values):,.0f} ±{_spread(values):.0%}"

        return self._each(cell, "peak MiB", lambda target: f"{self._memory(target):.0f}")

    def by_limit(self) -> str:
        def cell(target: Target, name: str) -> str:
            limit = next((one for one in self._targets if one.name == _LIMIT and one.store == target.store), None)
            return "" if limit is None else self._ratio(target, limit, name, _core_second)

        return self._each(cell) if any(one.name == _LIMIT for one in self._targets) else ""

    def seen(self) -> str:
        def cell(target: Target, name: str) -> str:
            all_of = self._of(target, name)
            rates, database = [point.per_second for point in all_of], [point.database_cpu for point in all_of]
            cost = f"{median(point.cpu for point in all_of):,.0f}"
            if all(each is not None for each in database):
                cost += f"+{median(each for each in database if each is not None):,.0f}"
            p50, p99 = median(point.p50 for point in all_of), self._p99(target, name)
            return f"{median(rates):,.0f}/s ±{_spread(rates):.0%}, {p50:.1f} / {p99:.1f} ms, {cost} µs"

        return (
            "Requests a second, p50 / p99, and microseconds of CPU a request, after the plus PostgreSQL's.\n\n"
            + self._each(cell)
        )

    def _each(
        self, cell: Callable[[Target, str], str], last: str = "", end: Callable[[Target], str] | None = None
    ) -> str:
        rows = [
            [one.name, one.store, *(cell(one, name) for name in self._operations), *([end(one)] if end else [])]
            for one in self._targets
        ]
        return self._table(["server", "store"], rows, [last] if last else [])

    def _table(self, first: list[str], rows: list[list[str]], last: Sequence[str] = ()) -> str:
        head = [*first, *(f"{name} {OPERATIONS[name]}" for name in self._operations), *last]
        return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])

    def _of(self, target: Target, name: str) -> Sequence[Point]:
        return self._points[target.key, name]

    def _median(self, target: Target, name: str, measure: Callable[[Point], float]) -> float:
        return median(measure(point) for point in self._of(target, name))

    def _ratio(self, target: Target, other: Target, name: str, measure: Callable[[Point], float]) -> str:
        both = zip(self._of(target, name), self._of(other, name), strict=True)
        ratios = [measure(one) / measure(another) for one, another in both]
        return f"{median(ratios):.3f}" if target is other else f"{median(ratios):.3f} ±{_spread(ratios):.0%}"

    def _p99(self, target: Target, name: str) -> float:
        return self._median(target, name, lambda point: point.p99)

    def _memory(self, target: Target) -> float:
        return max(point.memory for name in self._operations for point in self._of(target, name))


def _spread(values: Sequence[float]) -> float:
    """Return half of the range, as a share of the median."""
    return (max(values) - min(values)) / 2 / median(values)
