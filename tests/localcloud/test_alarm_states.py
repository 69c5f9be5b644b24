"""An alarm's state as a decision, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.alarm_states import Rule, State, points, state, window


def rule(**changes: Any) -> Rule:
    plain: dict[str, Any] = {
        "comparison": "GreaterThanThreshold", "threshold": 10, "statistic": "Average",
        "period_s": 60, "periods": 3, "datapoints": 3, "missing": "missing",
    }  # fmt: skip
    return Rule(**plain | changes)


def test_whole_periods_without_the_running_one() -> None:
    assert window(rule(), 1000) == (780, 960)
    assert window(rule(period_s=1, periods=2), 1000) == (998, 1000)


@pytest.mark.parametrize(
    ("statistic", "wanted"),
    [("Average", [2, None, 7]), ("Maximum", [3, None, 7]), ("Minimum", [1, None, 7]),
     ("Sum", [4, None, 7]), ("SampleCount", [2, None, 1])],
)  # fmt: skip
def test_one_point_a_period(statistic: str, wanted: list[float | None]) -> None:
    readings = [(779, 99.0), (780, 1.0), (839, 3.0), (959, 7.0), (960, 99.0)]
    assert points(rule(statistic=statistic), readings, 780) == wanted


@pytest.mark.parametrize(
    ("values", "changes", "wanted"),
    [
        ([11, 12, 13], {}, "ALARM"),
        ([11, 10, 13], {}, "OK"),
        ([11, 10, 13], {"datapoints": 2}, "ALARM"),
        ([10, 10, 10], {"comparison": "GreaterThanOrEqualToThreshold"}, "ALARM"),
        ([9, 9, 9], {"comparison": "LessThanThreshold"}, "ALARM"),
        ([10, 10, 10], {"comparison": "LessThanThreshold"}, "OK"),
        ([10, 10, 10], {"comparison": "LessThanOrEqualToThreshold"}, "ALARM"),
        ([11, None, 13], {}, "OK"),
        ([11, None, 13], {"missing": "breaching"}, "ALARM"),
        ([None, None, 13], {"missing": "notBreaching", "datapoints": 1}, "ALARM"),
        ([None, None, None], {}, "INSUFFICIENT_DATA"),
        ([None, None, None], {"missing": "breaching"}, "ALARM"),
        ([None, None, None], {"missing": "notBreaching"}, "OK"),
        ([None, None, None], {"missing": "ignore"}, "ALARM"),
    ],
)
def test_states(values: list[float | None], changes: dict[str, Any], wanted: State) -> None:
    assert state(rule(**changes), values, "ALARM") == wanted
