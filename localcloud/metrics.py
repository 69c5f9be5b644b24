"""What the servers tell CloudWatch: the newest readings of each metric, in memory."""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PERIOD_S = 1
"""How often servers publish; AWS's do once a minute."""
KEPT = timedelta(minutes=30)
"""CloudWatch keeps days; a daemon keeps this, and nothing over its own end."""
_STALE = 60
"""Readings that are too old are dropped so many at a time."""

Key = tuple[str, str, str, frozenset[tuple[str, str]]]
"""Region, namespace, name, dimensions: what an alarm knows of a metric."""


@dataclass(frozen=True)
class Metric:
    """One series of readings. ``dimensions`` are (name, value), as CloudWatch has them."""

    region: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    unit: str

    @property
    def key(self) -> Key:
        return self.region, self.namespace, self.name, frozenset(self.dimensions)


@dataclass(frozen=True)
class Reading:
    """A value at a whole second, UTC."""

    at: datetime
    value: float


class _Series:
    """Seconds and values, oldest first: sixteen bytes a reading, of which there are many."""

    def __init__(self) -> None:
        self.seconds = array("q")
        self.values = array("d")

    def add(self, second: int, value: float) -> None:
        self.seconds.append(second)
        self.values.append(value)
        self.forget(second, _STALE)

    def forget(self, now: int, at_least: int = 1) -> None:
        stale = bisect_left(self.seconds, now - int(KEPT.total_seconds()))
        if stale >= at_least:
            del self.seconds[:stale]
            del self.values[:stale]


class Metrics:
    """Readings by metric. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._series: dict[Metric, _Series] = {}
        self._by_key: dict[Key, Metric] = {}

    def publish(self, metric: Metric, value: float, at: datetime | None = None) -> None:
        """Add a reading, of now unless told otherwise."""
        self.publish_all([(metric, value)], at)

    def publish_all(
        self, values: Iterable[tuple[Metric, float]], at: datetime | None = None
    ) -> None:
        """Add readings of one moment."""
        second = int((at or datetime.now(UTC)).timestamp())
        with self._lock:
            for metric, value in values:
                series = self._series.get(metric)
                if series is None:
                    series = self._series[metric] = _Series()
                    self._by_key[metric.key] = metric
                series.add(second, value)

    def readings(
        self, region: str, names: frozenset[str] | None = None
    ) -> Mapping[Metric, tuple[Reading, ...]]:
        """What is kept of a region's metrics, or of those called ``names``, oldest first."""
        now = int(datetime.now(UTC).timestamp())
        with self._lock:
            for metric, series in list(self._series.items()):
                series.forget(now)
                if not series.seconds:
                    del self._series[metric]
                    self._by_key.pop(metric.key, None)
            return {
                m: tuple(
                    Reading(datetime.fromtimestamp(second, UTC), value)
                    for second, value in zip(s.seconds, s.values, strict=True)
                )
                for m, s in self._series.items()
                if m.region == region and (names is None or m.name in names)
            }

    def newest(self, region: str) -> Sequence[tuple[Metric, Reading]]:
        """The last reading of every metric of a region."""
        with self._lock:
            return [
                (m, Reading(datetime.fromtimestamp(s.seconds[-1], UTC), s.values[-1]))
                for m, s in self._series.items()
                if m.region == region
            ]

    def between(self, key: Key, start: int, end: int) -> Sequence[tuple[int, float]]:
        """Readings of the seconds from ``start`` to before ``end``."""
        with self._lock:
            metric = self._by_key.get(key)
            if metric is None:
                return []
            series = self._series[metric]
            a, b = bisect_left(series.seconds, start), bisect_left(series.seconds, end)
            return list(zip(series.seconds[a:b], series.values[a:b], strict=True))
