"""Right-sizing by what a real endpoint's CloudWatch has of its databases."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from verify.fitting import LEAST_HOURS
from verify.rightsizing import main


def tell(
    cloud: TestCloud, namespace: str, metric: str, value: float, hours: int, **dimensions: str
) -> None:
    """An hourly reading for so many hours, none in this hour and the one before."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    data = [
        {
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": v} for name, v in dimensions.items()],
            "Timestamp": now - timedelta(hours=hour + 2),
            "Value": value,
        }
        for hour in range(hours)
    ]
    client = cloud.client("cloudwatch")
    for start in range(0, hours, 100):
        client.put_metric_data(Namespace=namespace, MetricData=data[start : start + 100])


def asked(verify: Verify, capsys: pytest.CaptureFixture[str]) -> dict[tuple[str, str], Any]:
    assert main(["--outputs", str(verify.write()), "--json"]) == 0
    return {(each["database"], each["name"]): each for each in json.loads(capsys.readouterr().out)}


def test_it_says_what_the_readings_say(
    cloud: TestCloud, verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    before = asked(verify, capsys)
    (key,) = (each for each in before if each[0] == "mysql")
    assert before[key]["class_"] == "db.t3.micro"
    assert before[key]["verdict"]["advice"] == "too little data"
    hours = LEAST_HOURS + 10
    for metric, value in (("CPUUtilization", 50.0), ("FreeableMemory", 0.4 * 1024**3)):
        tell(cloud, "AWS/RDS", metric, value, hours, DBInstanceIdentifier=key[1])
    found = asked(verify, capsys)[key]["verdict"]
    # Half of two processors, for ever, is five times what a t3.micro has.
    assert (found["advice"], found["class_"]) == ("larger", "db.t3.small")
    # The running server itself tells of this hour, and of the one before if that has just ended:
    # next to nothing each, so half a percent less on average.
    told = re.match(r"(\d+) of 336 hours, CPU (\d+) % on average", found["numbers"])
    assert told is not None, found["numbers"]
    assert hours <= int(told[1]) <= hours + 2
    assert int(told[2]) in (49, 50)
    assert "memory 60 % at most" in found["numbers"]


def test_every_instance_and_node_has_its_line(
    verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    databases = verify.record["outputs"]["databases"]
    wanted = {
        (name, instance)
        for name, facts in databases.items()
        for instance in facts.get("instances") or ()
    }
    assert wanted <= set(asked(verify, capsys))
    assert main(["--outputs", str(verify.write())]) == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) == len(wanted) + 1
    assert "too little data: no reading of 336 hours" in out
    assert out.splitlines()[-1] == "too little data is less than 168 hours; ask again then"


def test_an_endpoint_that_does_not_answer(
    verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    verify.record["access"]["endpoint_url"] = "http://127.84.0.99:9"
    assert main(["--outputs", str(verify.write()), "--timeout", "1"]) == 2
    assert "AWS does not answer" in capsys.readouterr().err
