"""CloudWatch: moto answers it, our servers' metrics among its own.

moto asks every subclass of its provider class for readings, each time somebody looks: ours are
neither in its backends nor in their pickle, which a reading a second would make grow for ever.
"""

from __future__ import annotations

from typing import ClassVar

from moto.cloudwatch.models import MetricDatum
from moto.core.common_models import CloudWatchMetricProvider

from localcloud.metrics import Metrics


class _OfServers(CloudWatchMetricProvider):  # type: ignore[misc]
    metrics: ClassVar[Metrics] = Metrics()

    @staticmethod
    def get_cloudwatch_metrics(account_id: str, region: str) -> list[MetricDatum]:
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
            for metric, readings in _OfServers.metrics.readings(region).items()
            for reading in readings
        ]


def register(metrics: Metrics) -> None:
    """Let CloudWatch report ``metrics``, those of the one fleet of this process."""
    _OfServers.metrics = metrics
