from __future__ import annotations

import pulumi
import pytest

import contract
from components.alarms import Alarms, AlarmsArgs
from specs.alarm import Alarm
from tests.components.ground import inputs
from tests.recorder import Recording, record

TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
LAG = Alarm(
    "myapp-replica", "lag", "ReplicaLag", (("DBInstanceIdentifier", "myapp-replica"),), "over", 60,
    "readers see what was true a minute ago", statistic="Maximum",
)  # fmt: skip
MEMORY = Alarm(
    "cache-001", "memory", "FreeableMemory", (("CacheClusterId", "cache-001"),), "under", 5e7,
    "it is full", "AWS/ElastiCache", period_s=300, periods=2, missing="notBreaching",
)  # fmt: skip


def made(*topics: str) -> Recording:
    def program() -> None:
        told = {region: pulumi.Output.from_input(TOPIC) for region in topics}
        alarms = Alarms("db-alarms", AlarmsArgs((("us-east-1", LAG), ("us-west-2", MEMORY)), told))
        pulumi.export("alarms", {"db": list(alarms.facts)})

    return record(program)


def test_the_exact_children() -> None:
    assert made().below("db-alarms") == {
        "db-alarms-myapp-replica-lag": "aws:cloudwatch/metricAlarm:MetricAlarm",
        "db-alarms-cache-001-memory": "aws:cloudwatch/metricAlarm:MetricAlarm",
    }


def test_every_argument_of_an_alarm_that_pages() -> None:
    assert inputs(made("us-east-1"), "db-alarms-myapp-replica-lag") == {
        "region": "us-east-1",
        "name": "aws-databases-dev-myapp-replica-lag",
        "alarmDescription": "ReplicaLag over 60: readers see what was true a minute ago",
        "namespace": "AWS/RDS",
        "metricName": "ReplicaLag",
        "dimensions": {"DBInstanceIdentifier": "myapp-replica"},
        "statistic": "Maximum",
        "period": 60,
        "evaluationPeriods": 5,
        "datapointsToAlarm": 5,
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 60,
        "treatMissingData": "missing",
        "alarmActions": [TOPIC],
        "okActions": [TOPIC],
    }


@pytest.mark.parametrize("topics", [(), ("us-east-1",)])
def test_an_alarm_tells_a_topic_of_its_own_region_or_nobody(topics: tuple[str, ...]) -> None:
    asked = inputs(made(*topics), "db-alarms-cache-001-memory")
    assert (asked["alarmActions"], asked["okActions"]) == ([], [])
    assert asked["comparisonOperator"] == "LessThanThreshold"
    assert asked["treatMissingData"] == "notBreaching"
    assert (asked["period"], asked["evaluationPeriods"]) == (300, 2)


def test_the_output_promises_what_cloudwatch_is_told() -> None:
    lag = contract.Alarm(
        name="aws-databases-dev-myapp-replica-lag",
        region="us-east-1",
        namespace="AWS/RDS",
        metric="ReplicaLag",
        dimensions={"DBInstanceIdentifier": "myapp-replica"},
        statistic="Maximum",
        period_s=60,
        periods=5,
        comparison="GreaterThanThreshold",
        threshold=60,
        missing="missing",
        topic=TOPIC,
    )
    memory = contract.Alarm(
        name="aws-databases-dev-cache-001-memory",
        region="us-west-2",
        namespace="AWS/ElastiCache",
        metric="FreeableMemory",
        dimensions={"CacheClusterId": "cache-001"},
        statistic="Average",
        period_s=300,
        periods=2,
        comparison="LessThanThreshold",
        threshold=50_000_000,
        missing="notBreaching",
    )
    assert contract.read_alarms(made("us-east-1").outputs) == {"db": (lag, memory)}
