"""CloudTrail: moto keeps the trails, the history of calls is our own."""

from __future__ import annotations

import json
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations
from localcloud.services.context import moment
from localcloud.site import ACCOUNT_ID
from localcloud.trail import Event, Trail

_MOST = 50
_SERVICES = {"cloudwatch": "monitoring"}


class LookupEvents:
    """The operation of that name, for changes: reads are not kept."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail

    def register(self, operations: Operations) -> None:
        """Answer it."""
        operations.handle("cloudtrail", "LookupEvents", self._look_up)

    def _look_up(self, call: Call) -> Answer:
        p = call.params
        wanted = {a["AttributeKey"]: a["AttributeValue"] for a in p.get("LookupAttributes") or []}
        if unknown := sorted(wanted.keys() - _ATTRIBUTES.keys()):
            raise ApiError(
                "InvalidLookupAttributesException",
                f"The local cloud does not look events up by {unknown[0]}",
            )
        start, end = moment(p.get("StartTime")), moment(p.get("EndTime"))
        found = []
        for event in self._trail.events(call.region):
            at = moment(event["at"])
            assert at is not None
            timely = (start is None or start <= at) and (end is None or at <= end)
            if timely and all(_ATTRIBUTES[key](event, value) for key, value in wanted.items()):
                found.append(event)
        token = str(p.get("NextToken") or "0")
        if not token.isdigit():
            raise ApiError("InvalidNextTokenException", f"Invalid token: {token}")
        first, size = int(token), min(int(p.get("MaxResults") or _MOST), _MOST)
        answer: Answer = {"Events": [_shown(event) for event in found[first : first + size]]}
        if first + size < len(found):
            answer["NextToken"] = str(first + size)
        return answer


def _source(event: Event) -> str:
    service = event["service"]
    return f"{_SERVICES.get(service, service)}.amazonaws.com"


_ATTRIBUTES: dict[str, Any] = {
    "EventId": lambda event, value: event["id"] == value,
    "EventName": lambda event, value: event["operation"] == value,
    "EventSource": lambda event, value: _source(event) == value,
    "ResourceName": lambda event, value: value in event["resources"],
    "ReadOnly": lambda event, value: value.lower() == "false",
}


def _shown(event: Event) -> dict[str, Any]:
    said = {
        "eventTime": event["at"],
        "eventSource": _source(event),
        "eventName": event["operation"],
        "awsRegion": event["region"],
        "eventID": event["id"],
        "readOnly": False,
        "errorCode": event["error"],
        "recipientAccountId": ACCOUNT_ID,
    }
    return {
        "EventId": event["id"],
        "EventName": event["operation"],
        "ReadOnly": "false",
        "EventTime": moment(event["at"]),
        "EventSource": _source(event),
        "Resources": [{"ResourceName": name} for name in event["resources"]],
        "CloudTrailEvent": json.dumps(said),
    }
