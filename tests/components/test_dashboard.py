from __future__ import annotations

import json
from typing import Any

from components.dashboard import Dashboard, DashboardArgs
from specs.alarm import Alarm
from tests.recorder import record


def alarm(node: str, metric: str, region: str = "us-east-1") -> tuple[str, Alarm]:
    where = (("DBInstanceIdentifier", node),)
    return region, Alarm(node, metric.lower(), metric, where, "over", 80, "because")


def widgets(**alarms: tuple[tuple[str, Alarm], ...]) -> list[dict[str, Any]]:
    def program() -> None:
        Dashboard("board", DashboardArgs("us-east-1", alarms))

    recording = record(program)
    asked = recording.named("board-board").inputs
    assert asked["region"] == "us-east-1"
    assert asked["dashboardName"] == "aws-databases-dev"
    found: list[dict[str, Any]] = json.loads(asked["dashboardBody"])["widgets"]
    return found


def test_a_title_and_a_graph_a_metric_with_every_server_and_the_threshold() -> None:
    title, cpu, lag = widgets(
        cluster=(alarm("a", "CPU"), alarm("b", "CPU"), alarm("b", "Lag", "us-west-2")), nothing=()
    )
    assert title["properties"] == {"markdown": "## cluster"}
    assert cpu["properties"] == {
        "title": "CPU",
        "region": "us-east-1",
        "stat": "Average",
        "period": 60,
        "metrics": [
            ["AWS/RDS", "CPU", "DBInstanceIdentifier", "a"],
            ["AWS/RDS", "CPU", "DBInstanceIdentifier", "b"],
        ],
        "annotations": {"horizontal": [{"label": "alarm over", "value": 80}]},
    }
    assert lag["properties"]["region"] == "us-west-2"


def test_nothing_overlaps() -> None:
    names = ("one", "two", "three", "four", "five")
    found = widgets(a=tuple(alarm("a", n) for n in names), b=(alarm("b", "one"),))
    taken = [
        (x, y)
        for w in found
        for x in range(w["x"], w["x"] + w["width"])
        for y in range(w["y"], w["y"] + w["height"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) == 23
