"""What the servers tell CloudWatch: the newest readings of each metric, in memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PERIOD_S = 1
"""How often servers publish; AWS's do once a minute."""
KEPT = timedelta(minutes=30)
"""CloudWatch keeps days; a daemon keeps this, and nothing over its own end."""


@dataclass(frozen=True)
class Metric:
    """One series of readings. ``dimensions`` are (name, value), as CloudWatch has them."""

    region: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    unit: str


@dataclass(frozen=True)
class Reading:
    """A value at a whole second, UTC."""

    at: datetime
    value: float


class Metrics:
    """Readings by metric. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._series: dict[Metric, deque[Reading]] = {}

    def publish(self, metric: Metric, value: float, at: datetime | None = None) -> None:
        """Add a reading, of now unless told otherwise."""
        at = (at or datetime.now(UTC)).replace(microsecond=0)
        with self._lock:
            series = self._series.setdefault(metric, deque())
            series.append(Reading(at, value))
            _forget(series, at)

    def readings(self, region: str) -> Mapping[Metric, tuple[Reading, ...]]:
        """What is kept of a region's metrics, oldest first."""
        now = datetime.now(UTC)
        with self._lock:
            for metric, series in list(self._series.items()):
                _forget(series, now)
                if not series:
                    del self._series[metric]
            return {m: tuple(s) for m, s in self._series.items() if m.region == region}


def _forget(series: deque[Reading], now: datetime) -> None:
    while series and series[0].at < now - KEPT:
        series.popleft()
