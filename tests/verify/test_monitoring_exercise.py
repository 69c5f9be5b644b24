"""The exercise on real servers and a real evaluation of alarms; each of its checks can fail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from contract import Access, Alarm
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from verify.aws import Cloud
from verify.errors import NotApplicable, StepFailed
from verify.monitoring import (
    ALARM,
    BACK,
    CREATED,
    INSIGHTS,
    METRIC,
    PROMISED,
    STATEMENTS,
    WATCHED,
)
from verify.promised_alarms import as_promised
from verify.watching import in_mysql_digests, in_postgres_statements

NODES = ("source", "copy")
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
OTHER = "arn:aws:sns:us-east-1:123456789012:other"
MADE: dict[str, dict[str, Any]] = {
    # As CloudWatch is told of each.
    node: {
        "AlarmName": f"cpu of {node}", "Namespace": "AWS/RDS", "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": node}], "Statistic": "Average",
        "Period": 60, "EvaluationPeriods": 5, "DatapointsToAlarm": 5,
        "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1000,
        "TreatMissingData": "notBreaching", "AlarmActions": topics, "OKActions": topics,
    }
    for node, topics in zip(NODES, ([TOPIC], []), strict=True)
}  # fmt: skip
PROMISES = [
    # As the stack's outputs speak of each.
    {
        "name": f"cpu of {node}", "region": "us-east-1", "namespace": "AWS/RDS",
        "metric": "CPUUtilization", "dimensions": {"DBInstanceIdentifier": node},
        "statistic": "Average", "period_s": 60, "periods": 5,
        "comparison": "GreaterThanThreshold", "threshold": 1000.0, "missing": "notBreaching",
        "topic": topic,
    }
    for node, topic in zip(NODES, (TOPIC, None), strict=True)
]  # fmt: skip


@pytest.fixture
def alarms(cloud: TestCloud) -> Iterator[None]:
    """One alarm for each server of the two databases."""
    cloudwatch = cloud.client("cloudwatch")
    for node in NODES:
        cloudwatch.put_metric_alarm(**MADE[node])
    yield
    cloudwatch.delete_alarms(AlarmNames=[f"cpu of {node}" for node in NODES])


@pytest.fixture
def monitored(verify: Verify) -> Verify:
    """`verify` of an instance and its replica, whose metrics come once a second."""
    found = {name: verify.databases[name] for name in ("mysql", "copy")}
    verify.record["outputs"]["databases"] = found
    verify.record["outputs"]["alarms"] = {"mysql": PROMISES[:1], "copy": PROMISES[1:]}
    verify.record["access"]["metrics_period_s"] = 1
    return verify


@pytest.mark.usefixtures("alarms")
def test_it_goes_off_and_back_within_seconds(cloud: TestCloud, monitored: Verify) -> None:
    for _ in range(2):
        done = monitored(exercises=("monitoring",))
        assert done.code == 0, done.out + done.err
        assert [e["database"] for e in done.exercises] == ["mysql"]
        assert done.step(PROMISED)[1] == "2 alarms, 1 of which page 1 topics"
        assert done.step(WATCHED)[1].startswith("2 alarms on 2 servers of 2 databases, none in")
        assert re.match(r"\d+ connections", done.step(METRIC)[1])
        assert re.match(r"8 more than \d+ connections, after \d+ s", done.step(ALARM)[1])
        assert done.step(BACK)[0] == "passed"
        assert done.step(STATEMENTS)[0] == "passed"
        assert done.step(INSIGHTS)[0] == "skipped"
        assert done.step(CREATED)[1].startswith("CreateDBInstance at 20")
        assert done.step("clean up")[1] == "deleted the alarm verify-monitoring-source"
        assert done.seconds < 15
    left = cloud.client("cloudwatch").describe_alarms(AlarmNamePrefix="verify-")["MetricAlarms"]
    assert left == []


@pytest.mark.usefixtures("alarms")
def test_a_server_that_nothing_watches_is_named(cloud: TestCloud, monitored: Verify) -> None:
    cloud.client("cloudwatch").delete_alarms(AlarmNames=["cpu of copy"])
    done = monitored(exercises=("monitoring",))
    assert done.code == 1
    assert done.failed == {
        WATCHED: "nothing watches copy: copy",
        PROMISED: "cpu of copy is not in CloudWatch of us-east-1: deploy with a refresh to have "
        "them as they were",
    }


def test_a_stack_without_alarms_is_told_how_to_get_them(monitored: Verify) -> None:
    del monitored.record["outputs"]["alarms"]
    done = monitored(exercises=("monitoring",))
    status, said = done.step(WATCHED)
    assert (status, said.startswith("no alarm watches this stack")) == ("skipped", True)
    status, said = done.step(PROMISED)
    assert (status, said.startswith("the stack's outputs have no alarm")) == ("skipped", True)


@pytest.mark.usefixtures("alarms")
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"Threshold": 5000}, "threshold 5000 in CloudWatch, 1000 in the stack"),
        ({"ActionsEnabled": False}, "actions disabled in CloudWatch, enabled in the stack"),
        (
            {"AlarmActions": [OTHER]},
            f"alarm tells {OTHER} in CloudWatch, {TOPIC} in the stack",
        ),
        ({"OKActions": []}, f"end of it tells nobody in CloudWatch, {TOPIC} in the stack"),
        ({"Statistic": "Minimum"}, "statistic Minimum in CloudWatch, Average in the stack"),
        ({"Period": 300}, "period 300 s in CloudWatch, 60 s in the stack"),
        ({"DatapointsToAlarm": 2}, "periods 2 of 5 in CloudWatch, 5 of 5 in the stack"),
        (
            {"ComparisonOperator": "LessThanThreshold"},
            "comparison LessThanThreshold in CloudWatch, GreaterThanThreshold in the stack",
        ),
        (
            {"MetricName": "ReadIOPS"},
            "metric AWS/RDS ReadIOPS in CloudWatch, AWS/RDS CPUUtilization in the stack",
        ),
        (
            {"Dimensions": [{"Name": "DBInstanceIdentifier", "Value": "x"}]},
            "dimensions DBInstanceIdentifier=x in CloudWatch, DBInstanceIdentifier=source in the "
            "stack",
        ),
        (
            {"TreatMissingData": "ignore"},
            "missing data ignore in CloudWatch, notBreaching in the stack",
        ),
    ],
)
def test_an_alarm_changed_by_hand_is_told_with_both_values(
    cloud: TestCloud, changed: dict[str, Any], said: str
) -> None:
    cloud.client("cloudwatch").put_metric_alarm(**MADE["source"] | changed)
    asked = Cloud(Access.model_validate(cloud.record()["access"]), 10)
    with pytest.raises(StepFailed) as failed:
        as_promised(asked, [Alarm.model_validate(each) for each in PROMISES])
    assert str(failed.value) == (
        f"cpu of source: {said}: deploy with a refresh to have them as they were"
    )


@pytest.mark.usefixtures("alarms")
def test_one_that_was_raised_by_hand_fails_its_step_alone(
    cloud: TestCloud, monitored: Verify
) -> None:
    cloud.client("cloudwatch").put_metric_alarm(**MADE["source"] | {"Threshold": 5000})
    cloud.client("cloudwatch").disable_alarm_actions(AlarmNames=["cpu of copy"])
    done = monitored(exercises=("monitoring",))
    assert done.code == 1
    assert done.failed == {
        PROMISED: "cpu of copy: actions disabled in CloudWatch, enabled in the stack; "
        "cpu of source: threshold 5000 in CloudWatch, 1000 in the stack: "
        "deploy with a refresh to have them as they were"
    }


def test_alarms_of_another_version_cannot_be_read(monitored: Verify) -> None:
    monitored.record["outputs"]["alarms"] = {"mysql": [{"name": "cpu"}]}
    done = monitored(exercises=("monitoring",))
    assert done.code == 2
    assert done.err.startswith("verify: alarms: is not what this version writes; deploy again")


class Answers:
    """A session that answers by the beginning of a statement."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def run(self, statement: str, values: Any = ()) -> list[tuple[Any, ...]]:
        for word, rows in self.answers.items():
            if word in statement:
                return list(rows)
        return []

    def close(self) -> None: ...


def test_digests_that_lack_the_statement_fail() -> None:
    on = {"performance_schema": [(1,)]}
    with pytest.raises(StepFailed, match="it ran 5 times, and the server counted 0"):
        in_mysql_digests(Answers(COUNT_STAR=[], **on), "word", 5)
    with pytest.raises(StepFailed, match="counted 4"):
        in_postgres_statements(Answers(calls=[(4,)]), "word", 5)
    assert in_mysql_digests(Answers(COUNT_STAR=[(5,)], **on), "word", 5).endswith("counted 5")


def test_without_the_performance_schema_there_is_nothing_to_find() -> None:
    with pytest.raises(NotApplicable, match="performance_schema is off"):
        in_mysql_digests(Answers(performance_schema=[(0,)]), "word", 5)
