"""The log deliveries of a cache, which the API nests otherwise than Pulumi."""

from __future__ import annotations

from typing import Any

from localcloud.provider.mapping import Inputs

_PROPERTY = "logDeliveryConfigurations"


def logs_of(old: Inputs, new: Inputs) -> dict[str, Any]:
    """Arguments of a create or modify call: what is delivered, and what is not any more."""
    wanted = {log["logType"]: log for log in new.get(_PROPERTY) or []}
    stale = {log["logType"] for log in old.get(_PROPERTY) or []} - wanted.keys()
    found = [
        {
            "LogType": kind,
            "DestinationType": log["destinationType"],
            "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": log["destination"]}},
            "LogFormat": log["logFormat"],
            "Enabled": True,
        }
        for kind, log in wanted.items()
    ]
    found += [{"LogType": kind, "Enabled": False} for kind in sorted(stale)]
    return {"LogDeliveryConfigurations": found} if found else {}
