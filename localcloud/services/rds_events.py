"""RDS's event subscriptions: who is told of which events, by a topic."""

from __future__ import annotations

import json

from localcloud.api import Answer, ApiError, Call, Operations, now, page
from localcloud.records import Record
from localcloud.services.alarms import Alarms
from localcloud.services.context import Cloud
from localcloud.services.surroundings import arn
from localcloud.site import ACCOUNT_ID

_KIND = "event-subscription"
_SOURCES = frozenset(
    {
        "db-instance", "db-cluster", "db-parameter-group", "db-security-group", "db-snapshot",
        "db-cluster-snapshot", "db-proxy", "custom-engine-version", "blue-green-deployment",
    }
)  # fmt: skip


class EventSubscriptions:
    """Create, describe, modify, delete; and the delivery."""

    def __init__(self, cloud: Cloud, alarms: Alarms) -> None:
        self._cloud = cloud
        self._alarms = alarms
        cloud.listeners.append(self._deliver)

    def register(self, operations: Operations) -> None:
        """Answer the four operations."""
        for verb, handler in (
            ("Create", self._create),
            ("Describe", self._describe),
            ("Modify", self._modify),
            ("Delete", self._delete),
        ):
            plural = "s" if verb == "Describe" else ""
            operations.handle("rds", f"{verb}EventSubscription{plural}", handler)

    def _need(self, call: Call) -> Record:
        name = call.params["SubscriptionName"].lower()
        missing = ApiError("SubscriptionNotFound", f"Subscription {name} does not exist.", 404)
        return self._cloud.need(_KIND, call.region, name, missing)

    def _create(self, call: Call) -> Answer:
        p, name = call.params, call.params["SubscriptionName"].lower()
        _check(call)
        own = arn("rds", call.region, "es", name)
        record: Record = {
            "CustomerAwsId": ACCOUNT_ID,
            "CustSubscriptionId": name,
            "SnsTopicArn": p["SnsTopicArn"],
            "Status": "active",
            "SubscriptionCreationTime": now(),
            "SourceType": p.get("SourceType"),
            "SourceIdsList": p.get("SourceIds") or [],
            "EventCategoriesList": p.get("EventCategories") or [],
            "Enabled": p.get("Enabled") is not False,
            "EventSubscriptionArn": own,
            "_arn": own,
            "TagList": p.get("Tags", []),
        }
        with self._cloud.records.change():
            if self._cloud.records.get(_KIND, call.region, name):
                raise ApiError("SubscriptionAlreadyExist", f"Subscription {name} already exists.")
            self._cloud.records.put(_KIND, call.region, name, record)
        return {"EventSubscription": record}

    def _describe(self, call: Call) -> Answer:
        if call.params.get("SubscriptionName"):
            return page(call, "EventSubscriptionsList", [self._need(call)])
        found = self._cloud.records.all(_KIND, call.region)
        return page(call, "EventSubscriptionsList", found)

    def _modify(self, call: Call) -> Answer:
        p = call.params
        _check(call)
        with self._cloud.records.change():
            record = self._need(call)
            given = {
                "SnsTopicArn": p.get("SnsTopicArn"),
                "SourceType": p.get("SourceType"),
                "EventCategoriesList": p.get("EventCategories"),
                "Enabled": p.get("Enabled"),
            }
            record |= {name: value for name, value in given.items() if value is not None}
            self._cloud.records.put(_KIND, call.region, record["CustSubscriptionId"], record)
        return {"EventSubscription": record}

    def _delete(self, call: Call) -> Answer:
        with self._cloud.records.change():
            record = self._need(call)
            self._cloud.records.drop(_KIND, call.region, record["CustSubscriptionId"])
        return {"EventSubscription": record}

    def _deliver(self, service: str, region: str, event: Record) -> None:
        if service != "rds":
            return
        for subscription in self._cloud.records.all(_KIND, region):
            if _wants(subscription, event):
                message = {
                    "Event Source": event["SourceType"],
                    "Event Time": event["Date"],
                    "Source ID": event["SourceIdentifier"],
                    "Source ARN": event["SourceArn"],
                    "Event Message": event["Message"],
                }
                text = json.dumps(message)
                self._alarms.tell(subscription["SnsTopicArn"], "RDS Notification Message", text)


def _check(call: Call) -> None:
    source, topic = call.params.get("SourceType"), call.params.get("SnsTopicArn")
    if source is not None and source not in _SOURCES:
        raise ApiError("SourceNotFound", f"Source type {source} is not valid.", 404)
    # RDS looks for a topic in its own region only.
    if topic is not None and topic.split(":")[2:4] != ["sns", call.region]:
        raise ApiError("SNSTopicArnNotFound", f"SNS topic {topic} does not exist.", 404)


def _wants(subscription: Record, event: Record) -> bool:
    categories = set(subscription["EventCategoriesList"])
    source, sources = event["SourceIdentifier"], subscription["SourceIdsList"]
    return (
        subscription["Enabled"]
        and subscription["SourceType"] in (None, event["SourceType"])
        and (not categories or bool(categories & set(event["EventCategories"])))
        and (not sources or source in sources)
    )
