"""Counts that are kept by the words that they belong to, and told in Prometheus' format."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

# The library's own counters take a lock each time, and five times as long: most of them belong to every request.


class Tally:
    """How often something was, by its labels."""

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        self.name, self.meaning, self.labels = name, meaning, labels
        self._counts: dict[tuple[str, ...], int] = {} if labels else {(): 0}

    def add(self, *labels: str, by: int = 1) -> None:
        self._counts[labels] = self._counts.get(labels, 0) + by

    def family(self) -> Metric:
        family = CounterMetricFamily(self.name, self.meaning, labels=self.labels)
        for labels, count in self._counts.items():
            family.add_metric(labels, count)
        return family


class Spread:
    """How often something was how large, by its labels."""

    def __init__(self, name: str, meaning: str, *labels: str, bounds: Sequence[float]) -> None:
        self.name, self.meaning, self.labels = name, meaning, labels
        self._bounds = tuple(bounds)
        self._rows: dict[tuple[str, ...], list[int]] = {} if labels else {(): self._row()}
        self._sums: dict[tuple[str, ...], float] = {}

    def add(self, value: float, *labels: str) -> None:
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = self._row()
        row[bisect_left(self._bounds, value)] += 1
        self._sums[labels] = self._sums.get(labels, 0.0) + value

    def family(self) -> Metric:
        family = HistogramMetricFamily(self.name, self.meaning, labels=self.labels)
        for labels, row in self._rows.items():
            buckets, sofar = [], 0
            for bound, count in zip((*map(str, self._bounds), "+Inf"), row, strict=True):
                sofar += count
                buckets.append((bound, sofar))
            family.add_metric(labels, buckets=buckets, sum_value=self._sums.get(labels, 0.0))
        return family

    def _row(self) -> list[int]:
        return [0] * (len(self._bounds) + 1)


class Gauge:
    """How much there is of something at the moment when somebody asks, by one label or none."""

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        self.name, self.meaning, self.labels = name, meaning, labels
        self.now: Callable[[], Mapping[tuple[str, ...], float]] = dict

    def family(self) -> Metric:
        family = GaugeMetricFamily(self.name, self.meaning, labels=self.labels)
        for labels, value in self.now().items():
            family.add_metric(labels, value)
        return family
