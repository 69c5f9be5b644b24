"""CloudWatch: moto answers it, our servers' metrics among its own.

moto asks every subclass of its provider class for readings, each time somebody looks: ours are
neither in its backends nor in their pickle, which a reading a second would make grow for ever.
It asks for everything there is; we give what the call is about, which is a hundredth of that.
"""

from __future__ import annotations

import threading
from typing import ClassVar

from moto.cloudwatch.models import MetricDatum
from moto.core.common_models import CloudWatchMetricProvider

from localcloud.api import Call, Operations
from localcloud.metrics import Metrics


class _OfServers(CloudWatchMetricProvider):  # type: ignore[misc]
    metrics: ClassVar[Metrics] = Metrics()

    asked: ClassVar[threading.local] = threading.local()
    """What the call of this thread is about: ``names`` of metrics, or only ``newest`` readings."""

    @staticmethod
    def get_cloudwatch_metrics(account_id: str, region: str) -> list[MetricDatum]:
        asked = _OfServers.asked
        names: frozenset[str] | None = getattr(asked, "names", None)
        found = (
            _OfServers.metrics.newest(region)
            if names is None
            else [
                (metric, reading)
                for metric, readings in _OfServers.metrics.readings(region, names).items()
                for reading in readings
            ]
        )
        return [
            MetricDatum(
                namespace=metric.namespace,
                name=metric.name,
                value=reading.value,
                dimensions=[{"Name": name, "Value": value} for name, value in metric.dimensions],
                # In UTC without saying so, as moto's own are.
                timestamp=reading.at.replace(tzinfo=None),
                unit=metric.unit,
            )
            for metric, reading in found
        ]


def register(operations: Operations, metrics: Metrics) -> None:
    """Let CloudWatch report ``metrics``, those of the one fleet of this process."""
    _OfServers.metrics = metrics
    operations.check_before("cloudwatch", "GetMetricStatistics", _of_statistics)
    operations.check_before("cloudwatch", "GetMetricData", _of_data)
    # The newest readings are enough to know which metrics there are.
    operations.check_before("cloudwatch", "ListMetrics", lambda call: _ask(None))


def _of_statistics(call: Call) -> None:
    _ask(frozenset({call.params["MetricName"]}))


def _of_data(call: Call) -> None:
    stats = [q["MetricStat"] for q in call.params["MetricDataQueries"] if q.get("MetricStat")]
    _ask(frozenset(stat["Metric"]["MetricName"] for stat in stats))


def _ask(names: frozenset[str] | None) -> None:
    _OfServers.asked.names = names
