"""Event subscriptions of RDS and of DMS: who is told of which events, by a topic."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from localcloud.api import Answer, ApiError, Call, Operations, now, page
from localcloud.records import Record
from localcloud.services.alarms import Alarms
from localcloud.services.context import Cloud
from localcloud.services.surroundings import arn
from localcloud.services.topics import may_publish, of_region
from localcloud.site import ACCOUNT_ID


@dataclass(frozen=True)
class Flavor:
    """What differs between the two services. ``check`` refuses a topic."""

    service: str
    kind: str
    sources: frozenset[str]
    no_source: ApiError
    missing_code: str
    taken_code: str
    subject: str
    check: Callable[[str, str], None]


RDS = Flavor(
    "rds", "event-subscription",
    frozenset(
        {
            "db-instance", "db-cluster", "db-parameter-group", "db-security-group", "db-snapshot",
            "db-cluster-snapshot", "db-proxy", "custom-engine-version", "blue-green-deployment",
        }
    ),
    ApiError("SourceNotFound", "The source type is not valid.", 404),
    "SubscriptionNotFound", "SubscriptionAlreadyExist", "RDS Notification Message", of_region,
)  # fmt: skip
DMS = Flavor(
    "dms", "dms-event-subscription", frozenset({"replication-instance", "replication-task"}),
    ApiError("InvalidParameterValueException", "The source type is not valid."),
    "ResourceNotFoundFault", "ResourceAlreadyExistsFault", "DMS Notification Message",
    may_publish("dms.amazonaws.com"),
)  # fmt: skip


class EventSubscriptions:
    """Create, describe, modify, delete; and the delivery."""

    def __init__(self, cloud: Cloud, alarms: Alarms, flavor: Flavor) -> None:
        self._cloud = cloud
        self._alarms = alarms
        self._flavor = flavor
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
            operations.handle(self._flavor.service, f"{verb}EventSubscription{plural}", handler)

    def _need(self, call: Call) -> Record:
        name = call.params["SubscriptionName"].lower()
        said = f"Subscription {name} does not exist."
        missing = ApiError(self._flavor.missing_code, said, 404)
        return self._cloud.need(self._flavor.kind, call.region, name, missing)

    def _create(self, call: Call) -> Answer:
        f, p, name = self._flavor, call.params, call.params["SubscriptionName"].lower()
        self._check(call)
        own = arn(f.service, call.region, "es", name)
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
            "_region": call.region,
            "TagList": p.get("Tags") or [],
        }
        with self._cloud.records.change():
            if self._cloud.records.get(f.kind, call.region, name):
                raise ApiError(f.taken_code, f"Subscription {name} already exists.")
            self._cloud.records.put(f.kind, call.region, name, record)
        return {"EventSubscription": record}

    def _describe(self, call: Call) -> Answer:
        if call.params.get("SubscriptionName"):
            return page(call, "EventSubscriptionsList", [self._need(call)])
        found = self._cloud.records.all(self._flavor.kind, call.region)
        return page(call, "EventSubscriptionsList", found)

    def _modify(self, call: Call) -> Answer:
        p = call.params
        self._check(call)
        with self._cloud.records.change():
            record = self._need(call)
            given = {
                "SnsTopicArn": p.get("SnsTopicArn"),
                "SourceType": p.get("SourceType"),
                "EventCategoriesList": p.get("EventCategories"),
                "Enabled": p.get("Enabled"),
            }
            record |= {name: value for name, value in given.items() if value is not None}
            name = record["CustSubscriptionId"]
            self._cloud.records.put(self._flavor.kind, call.region, name, record)
        return {"EventSubscription": record}

    def _delete(self, call: Call) -> Answer:
        with self._cloud.records.change():
            record = self._need(call)
            self._cloud.records.drop(self._flavor.kind, call.region, record["CustSubscriptionId"])
        return {"EventSubscription": record}

    def _deliver(self, service: str, region: str, event: Record) -> None:
        if service != self._flavor.service:
            return
        for subscription in self._cloud.records.all(self._flavor.kind, region):
            if _wants(subscription, event):
                message = {
                    "Event Source": event["SourceType"],
                    "Event Time": event["Date"],
                    "Source ID": event["SourceIdentifier"],
                    "Source ARN": event["SourceArn"],
                    "Event Message": event["Message"],
                }
                text = json.dumps(message)
                self._alarms.tell(subscription["SnsTopicArn"], self._flavor.subject, text)

    def _check(self, call: Call) -> None:
        source, topic = call.params.get("SourceType"), call.params.get("SnsTopicArn")
        if source is not None and source not in self._flavor.sources:
            raise self._flavor.no_source
        if topic is not None:
            self._flavor.check(call.region, topic)


def _wants(subscription: Record, event: Record) -> bool:
    categories = set(subscription["EventCategoriesList"])
    source, sources = event["SourceIdentifier"], subscription["SourceIdsList"]
    return (
        subscription["Enabled"]
        and subscription["SourceType"] in (None, event["SourceType"])
        and (not categories or bool(categories & set(event["EventCategories"])))
        and (not sources or source in sources)
    )
