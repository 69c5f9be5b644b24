"""The exercise on real servers and a real evaluation of alarms; each of its checks can fail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from verify.errors import NotApplicable, StepFailed
from verify.monitoring import ALARM, BACK, CREATED, INSIGHTS, METRIC, STATEMENTS, WATCHED
from verify.watching import in_mysql_digests, in_postgres_statements

NODES = ("source", "copy")


@pytest.fixture
def alarms(cloud: TestCloud) -> Iterator[None]:
    """One alarm for each server of the two databases."""
    cloudwatch = cloud.client("cloudwatch")
    for node in NODES:
        cloudwatch.put_metric_alarm(
            AlarmName=f"cpu of {node}", Namespace="AWS/RDS", MetricName="CPUUtilization",
            Dimensions=[{"Name": "DBInstanceIdentifier", "Value": node}], Statistic="Average",
            Period=60, EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold",
            Threshold=1000, TreatMissingData="notBreaching",
        )  # fmt: skip
    yield
    cloudwatch.delete_alarms(AlarmNames=[f"cpu of {node}" for node in NODES])


@pytest.fixture
def monitored(verify: Verify) -> Verify:
    """`verify` of an instance and its replica, whose metrics come once a second."""
    found = {name: verify.databases[name] for name in ("mysql", "copy")}
    verify.record["outputs"]["databases"] = found
    verify.record["access"]["metrics_period_s"] = 1
    return verify


@pytest.mark.usefixtures("alarms")
def test_it_goes_off_and_back_within_seconds(cloud: TestCloud, monitored: Verify) -> None:
    for _ in range(2):
        done = monitored(exercises=("monitoring",))
        assert done.code == 0, done.out + done.err
        assert [e["database"] for e in done.exercises] == ["mysql"]
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
    assert done.failed == {WATCHED: "nothing watches copy: copy"}


def test_a_stack_without_alarms_is_told_how_to_get_them(monitored: Verify) -> None:
    status, said = monitored(exercises=("monitoring",)).step(WATCHED)
    assert (status, said.startswith("no alarm watches this stack")) == ("skipped", True)


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
