"""What is made of CloudWatch's readings and alarms: its answers by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contract import Database, Endpoint
from verify.deadline import Deadline
from verify.errors import DeadlineExceeded, StepFailed
from verify.exercise import Scene
from verify.lag.copies import Copy, Metric
from verify.lag.exercise import Lag
from verify.lag.reported import Threshold, thresholds

ENDPOINT = Endpoint(role="writer", host="source.example", port=3306)
COPY = Copy(
    "copy", "us-west-2", ENDPOINT, Metric("ReplicaLag", ("DBInstanceIdentifier", "copy"), "s")
)


class CloudWatch:
    """Answers with given alarms, and readings so many seconds from now."""

    metrics_period_s = 1

    def __init__(self, *values: tuple[float, float], alarms: Sequence[dict[str, Any]] = ()) -> None:
        now = datetime.now(UTC)
        self._readings = [(now + timedelta(seconds=at), value) for at, value in values]
        self._alarms = list(alarms)
        self.asked: list[tuple[Any, ...]] = []

    def metric(self, *asked: Any) -> list[tuple[datetime, float]]:
        self.asked.append(asked)
        return [(at, value) for at, value in self._readings if at >= asked[3]]

    def ask(self, service: str, region: str, operation: str, **more: Any) -> dict[str, Any]:
        return {"MetricAlarms": self._alarms if region == "us-west-2" else []}


def lag(cloud: CloudWatch, wait_s: float = 0.1, engine: str = "mysql") -> Lag:
    database = Database(
        kind="rds-mysql", engine=engine, version="8", region="us-east-1", endpoints=(ENDPOINT,)
    )
    asked: Any = cloud
    scene = Scene("orders", {"orders": database}, asked, None, wait_s, Deadline(60))
    return Lag(scene)


def test_the_highest_reading_of_each_period_is_asked_for_where_the_copy_is() -> None:
    cloud = CloudWatch((1, 0.0), (2, 3.0))
    said = lag(cloud)._reported(COPY)
    assert said == "ReplicaLag 0 to 3 s in 2 readings"
    region, name, dimension, _, namespace, statistic = cloud.asked[0]
    assert (region, name, dimension) == ("us-west-2", "ReplicaLag", COPY.metric.dimension)
    assert (namespace, statistic) == ("AWS/RDS", "Maximum")


def test_one_of_before_says_nothing_of_now() -> None:
    assert lag(CloudWatch((-0.5, -1.0), (1, 0.0)))._reported(COPY).startswith("ReplicaLag -1 to 0")


def test_one_that_is_below_nought_at_the_end_fails() -> None:
    with pytest.raises(StepFailed, match="below nought it replicates nothing"):
        lag(CloudWatch((0.1, 0.0), (1, -1.0)))._reported(COPY)


def test_no_reading_of_the_last_phase_fails_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.lag.exercise.PERIODS", 1)
    with pytest.raises(DeadlineExceeded, match="CloudWatch has no ReplicaLag of it"):
        lag(CloudWatch((-0.5, 0.0)))._reported(COPY)


def test_what_postgresql_reports_of_an_idle_source_is_explained() -> None:
    said = lag(CloudWatch((1, 33.0)), engine="postgres")._reported(COPY)
    assert said.endswith("; PostgreSQL's grows while nothing is written, too")


def alarm(threshold: float, **more: Any) -> dict[str, Any]:
    facts = {
        "AlarmName": f"over-{threshold:g}",
        "MetricName": "ReplicaLag",
        "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": "copy"}],
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": threshold,
    }
    return facts | more


def test_the_alarm_that_goes_off_first_counts() -> None:
    cloud = CloudWatch(
        alarms=[
            alarm(90),
            alarm(60, ComparisonOperator="GreaterThanOrEqualToThreshold"),
            alarm(0, ComparisonOperator="LessThanThreshold"),
            alarm(5, MetricName="CPUUtilization"),
            alarm(5, Dimensions=[{"Name": "DBInstanceIdentifier", "Value": "another"}]),
            alarm(5, Dimensions=[{"Name": "DBClusterIdentifier", "Value": "copy"}]),
            # One of a formula has neither.
            {"AlarmName": "formula", "Metrics": [], "ComparisonOperator": "GreaterThanThreshold"},
        ]
    )
    assert thresholds(cloud, [COPY]) == {"copy": Threshold("over-60", 60_000)}  # type: ignore[arg-type]


def test_an_alarm_of_another_region_is_none_of_its() -> None:
    here = Copy("copy", "us-east-1", ENDPOINT, COPY.metric)
    assert thresholds(CloudWatch(alarms=[alarm(60)]), [here]) == {}  # type: ignore[arg-type]
