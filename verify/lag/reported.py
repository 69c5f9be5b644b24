"""What CloudWatch says of a copy's lag: its readings, and from where on an alarm goes off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from verify.aws import Cloud
from verify.lag.copies import Copy
from verify.watching import alarms


@dataclass(frozen=True)
class Threshold:
    """An alarm and the lag beyond which it goes off."""

    alarm: str
    ms: float


def thresholds(cloud: Cloud, copies: Sequence[Copy]) -> dict[str, Threshold]:
    """The lowest threshold of each copy that an alarm watches."""
    found: dict[str, Threshold] = {}
    known = {region: list(alarms(cloud, region)) for region in {copy.region for copy in copies}}
    for copy in copies:
        name, value = copy.metric.dimension
        for alarm in known[copy.region]:
            of = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}
            # One of "less than" is for a copy that has stopped, which reports -1.
            if (
                alarm.get("MetricName") == copy.metric.name
                and of.get(name) == value
                and alarm["ComparisonOperator"].startswith("GreaterThan")
            ):
                ms = copy.metric.in_ms(float(alarm["Threshold"]))
                if copy.name not in found or ms < found[copy.name].ms:
                    found[copy.name] = Threshold(alarm["AlarmName"], ms)
    return found


def readings(cloud: Cloud, copy: Copy, since: datetime) -> list[tuple[datetime, float]]:
    """The highest reading of each metrics period, in the metric's unit, oldest first."""
    metric = copy.metric
    return cloud.metric(
        copy.region, metric.name, metric.dimension, since, metric.namespace, "Maximum"
    )
