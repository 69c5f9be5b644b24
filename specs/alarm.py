"""One alarm: which metric, beyond what, and why there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RDS, ELASTICACHE, DMS = "AWS/RDS", "AWS/ElastiCache", "AWS/DMS"
MINUTE = 60
"""AWS's databases publish once a minute; a shorter period would be missing half of the time."""
GB = 1_000_000_000

Comparison = Literal["over", "under"]
Missing = Literal["missing", "notBreaching"]
"""``missing``: no data is a state of its own (INSUFFICIENT_DATA), as it should be for a server
that always publishes. ``notBreaching``: no data is normal, such as the lag of a writer."""


@dataclass(frozen=True)
class Alarm:
    """``metric`` of ``source`` beyond ``threshold`` in all of the last ``periods``.

    ``what`` tells the alarms of one source apart; ``why`` says what the threshold means.
    """

    source: str
    what: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    comparison: Comparison
    threshold: float
    why: str
    namespace: str = RDS
    statistic: Literal["Average", "Maximum", "Minimum", "Sum"] = "Average"
    period_s: int = MINUTE
    periods: int = 5
    missing: Missing = "missing"

    @property
    def name(self) -> str:
        """What sets it apart from the other alarms of its topology."""
        return f"{self.source}-{self.what}"


def cpu(source: str, dimensions: tuple[tuple[str, str], ...], namespace: str = RDS) -> Alarm:
    """Of any server."""
    return Alarm(
        source, "cpu", "CPUUtilization", dimensions, "over", 80,
        "queries begin to wait for each other; a quarter of an hour is no backup or batch",
        namespace, periods=15,
    )  # fmt: skip
