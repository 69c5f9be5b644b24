"""A histogram of high dynamic range: microseconds to hours, each known to 0.1 %.

Buckets are linear within a power of two and double with it (as HdrHistogram's with three digits),
so that recording costs the same for every value and histograms of processes can be added.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator

_BITS = 11
_HALF = 1 << (_BITS - 1)


class Histogram:
    """Latencies in microseconds. `record` takes nanoseconds; a clock has nothing finer."""

    def __init__(self) -> None:
        self.count = 0
        self.max_us = 0
        self._sum_ns = 0
        self._buckets: Counter[int] = Counter()

    def record(self, nanoseconds: int) -> None:
        """Count one value."""
        value = nanoseconds // 1000
        shift = value.bit_length() - _BITS
        self._buckets[(shift * _HALF) + (value >> shift) if shift > 0 else value] += 1
        self.count += 1
        self._sum_ns += nanoseconds
        if value > self.max_us:
            self.max_us = value

    def add(self, others: Iterable[Histogram]) -> Histogram:
        """Itself, with what ``others`` recorded."""
        for other in others:
            self._buckets.update(other._buckets)
            self.count += other.count
            self._sum_ns += other._sum_ns
            self.max_us = max(self.max_us, other.max_us)
        return self

    @property
    def mean_us(self) -> float:
        return self._sum_ns / 1000 / self.count if self.count else 0.0

    def percentile(self, percent: float) -> int:
        """The value in microseconds that ``percent`` of all do not exceed; 0 of none."""
        wanted = max(1, math.ceil(self.count * percent / 100))
        seen = 0
        for index in sorted(self._buckets):
            seen += self._buckets[index]
            if seen >= wanted:
                return min(_highest(index), self.max_us)
        return 0

    def bars(self, per_decade: int = 5) -> Iterator[tuple[float, int]]:
        """Counts by logarithmic classes: (upper end in microseconds, count), none left out."""
        classes: Counter[int] = Counter()
        for index, count in self._buckets.items():
            classes[math.ceil(math.log10(max(1, _highest(index))) * per_decade)] += count
        if classes:
            for number in range(min(classes), max(classes) + 1):
                yield 10 ** (number / per_decade), classes[number]


def _highest(index: int) -> int:
    """The largest value that is counted in a bucket."""
    if index < 2 * _HALF:
        return index
    shift = index // _HALF - 1
    return ((index - shift * _HALF + 1) << shift) - 1
