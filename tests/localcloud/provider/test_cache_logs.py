from __future__ import annotations

from typing import Any

from localcloud.provider.cache_logs import logs_of
from localcloud.services.cache_rules import delivered


def log(kind: str, group: str = "group") -> dict[str, Any]:
    return {
        "destination": group, "destinationType": "cloudwatch-logs", "logFormat": "json",
        "logType": kind,
    }  # fmt: skip


def inputs(*logs: dict[str, Any]) -> dict[str, Any]:
    return {"logDeliveryConfigurations": list(logs)}


ASKED = {
    "LogType": "slow-log",
    "DestinationType": "cloudwatch-logs",
    "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": "group"}},
    "LogFormat": "json",
    "Enabled": True,
}


def test_what_the_api_is_asked() -> None:
    assert logs_of({}, {}) == {}
    assert logs_of({}, inputs(log("slow-log"))) == {"LogDeliveryConfigurations": [ASKED]}


def test_what_is_left_out_is_switched_off() -> None:
    found = logs_of(inputs(log("slow-log"), log("engine-log")), inputs(log("slow-log")))
    off = {"LogType": "engine-log", "Enabled": False}
    assert found == {"LogDeliveryConfigurations": [ASKED, off]}


def test_what_is_reported_then() -> None:
    one = delivered([], [ASKED])
    assert [(d["LogType"], d["Status"]) for d in one] == [("slow-log", "active")]
    assert delivered(one, [{"LogType": "slow-log", "Enabled": False}]) == []
