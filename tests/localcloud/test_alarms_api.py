"""Alarms and event subscriptions over the API: metrics in, states and letters out."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from moto.sns import sns_backends

from localcloud.fleet import Fleet
from localcloud.metrics import Metric
from localcloud.records import Records
from localcloud.services.alarms import Alarms
from localcloud.services.context import Cloud
from localcloud.services.event_subscriptions import RDS, EventSubscriptions
from localcloud.site import ACCOUNT_ID
from localcloud.state import MotoState
from tests.localcloud.front_fixtures import endpoint, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "site"]
WHERE = [{"Name": "DBInstanceIdentifier", "Value": "db"}]
CONNECTIONS = Metric(
    "us-east-1", "AWS/RDS", "DatabaseConnections", (("DBInstanceIdentifier", "db"),), "Count"
)


@pytest.fixture
def inbox(endpoint: Endpoint) -> tuple[str, Any]:
    """A topic, and what it has delivered so far."""
    topic: str = endpoint.client("sns").create_topic(Name="alarms")["TopicArn"]

    def letters() -> list[dict[str, Any]]:
        # What moto keeps of a topic that nobody subscribed to.
        sent = sns_backends[ACCOUNT_ID]["us-east-1"].topics[topic].sent_notifications
        return [json.loads(message) for _, message, *_ in sent]

    return topic, letters


def put(endpoint: Endpoint, topic: str, **changes: Any) -> None:
    arguments: dict[str, Any] = {
        "AlarmName": "busy", "Namespace": "AWS/RDS", "MetricName": "DatabaseConnections",
        "Dimensions": WHERE, "Statistic": "Maximum", "Period": 1, "EvaluationPeriods": 2,
        "ComparisonOperator": "GreaterThanThreshold", "Threshold": 5,
        "AlarmActions": [topic], "OKActions": [topic],
    }  # fmt: skip
    endpoint.client("cloudwatch").put_metric_alarm(**arguments | changes)


def state_of(endpoint: Endpoint, name: str = "busy") -> str:
    answer = endpoint.client("cloudwatch").describe_alarms(AlarmNames=[name])
    found: str = answer["MetricAlarms"][0]["StateValue"]
    return found


@pytest.fixture
def alarms(endpoint: Endpoint, site: Any) -> Alarms:
    # Not its thread: a test says when it looks.
    return Alarms(MotoState(site.state_dir / "unused.pickle"), endpoint.fleet.metrics)


def publish(endpoint: Endpoint, *values: float) -> float:
    """Readings of the last seconds; the moment to look at."""
    second = int(time.time())
    for ago, value in enumerate(reversed(values), start=1):
        endpoint.fleet.metrics.publish(
            CONNECTIONS, value, datetime.fromtimestamp(second - ago, UTC)
        )
    return float(second)


def test_it_goes_to_alarm_and_back_and_tells_both(
    endpoint: Endpoint, alarms: Alarms, inbox: Any
) -> None:
    topic, letters = inbox
    put(endpoint, topic)
    alarms.look(time.time() - 60)
    assert state_of(endpoint) == "INSUFFICIENT_DATA"
    moment = publish(endpoint, 6, 7)
    alarms.look(moment + 0.5)
    assert state_of(endpoint) == "ALARM"
    alarms.look(moment + 20)
    assert state_of(endpoint) == "INSUFFICIENT_DATA"
    told = [(letter["OldStateValue"], letter["NewStateValue"]) for letter in letters()]
    assert told == [("INSUFFICIENT_DATA", "ALARM")]


def test_an_alarm_without_actions_records_only(
    endpoint: Endpoint, alarms: Alarms, inbox: Any
) -> None:
    topic, letters = inbox
    put(endpoint, topic, AlarmActions=[], OKActions=[])
    put(endpoint, topic, AlarmName="off", ActionsEnabled=False)
    moment = publish(endpoint, 6, 7)
    alarms.look(moment)
    assert (state_of(endpoint), state_of(endpoint, "off")) == ("ALARM", "ALARM")
    assert letters() == []


def test_one_server_is_not_another(endpoint: Endpoint, alarms: Alarms, inbox: Any) -> None:
    other = [{"Name": "DBInstanceIdentifier", "Value": "other"}]
    put(endpoint, inbox[0], Dimensions=other, TreatMissingData="notBreaching")
    alarms.look(publish(endpoint, 6, 7))
    assert state_of(endpoint) == "OK"


def test_metrics_are_told_by_name(endpoint: Endpoint) -> None:
    cloudwatch = endpoint.client("cloudwatch")
    moment = publish(endpoint, 6, 8)
    found = cloudwatch.get_metric_statistics(
        Namespace="AWS/RDS", MetricName="DatabaseConnections", Dimensions=WHERE, Period=60,
        StartTime=moment - 60, EndTime=moment + 60, Statistics=["Maximum"],
    )["Datapoints"]  # fmt: skip
    assert max(point["Maximum"] for point in found) == 8
    listed = cloudwatch.list_metrics(Namespace="AWS/RDS")["Metrics"]
    assert [m["MetricName"] for m in listed] == ["DatabaseConnections"]


def subscribe(endpoint: Endpoint, topic: str, **changes: Any) -> Any:
    arguments = {
        "SubscriptionName": "events", "SnsTopicArn": topic, "SourceType": "db-instance",
        "EventCategories": ["creation"],
    }  # fmt: skip
    return endpoint.client("rds").create_event_subscription(**arguments | changes)


def test_a_subscription_is_kept_and_changed(endpoint: Endpoint, inbox: Any) -> None:
    rds = endpoint.client("rds")
    made = subscribe(endpoint, inbox[0])["EventSubscription"]
    assert made["EventSubscriptionArn"].endswith(":es:events")
    rds.modify_event_subscription(SubscriptionName="events", EventCategories=["failover"])
    (found,) = rds.describe_event_subscriptions(SubscriptionName="events")["EventSubscriptionsList"]
    assert (found["EventCategoriesList"], found["Enabled"]) == (["failover"], True)
    with pytest.raises(rds.exceptions.SubscriptionAlreadyExistFault):
        subscribe(endpoint, inbox[0])
    rds.delete_event_subscription(SubscriptionName="events")
    with pytest.raises(rds.exceptions.SubscriptionNotFoundFault):
        rds.delete_event_subscription(SubscriptionName="events")


def test_the_topic_hears_of_events_of_its_kind(tmp_path: Path) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:alarms"
    told: list[tuple[str, str]] = []

    class Post:
        def tell(self, topic: str, subject: str, message: str) -> None:
            told.append((topic, json.loads(message)["Event Message"]))

    cloud = Cloud(Records(tmp_path / "records.json"), cast(Fleet, None))
    subscriptions = EventSubscriptions(cloud, cast(Alarms, Post()), RDS)
    assert subscriptions
    row = {"SnsTopicArn": topic, "SourceType": "db-instance", "SourceIdsList": [], "Enabled": True}
    cloud.records.put("event-subscription", "us-east-1", "a", row | {"EventCategoriesList": []})
    only = row | {"EventCategoriesList": ["failover"]}
    cloud.records.put("event-subscription", "us-east-1", "b", only)
    cloud.records.put("event-subscription", "us-east-1", "c", only | {"Enabled": False})
    cloud.event("rds", "us-east-1", ("db-instance", "db", None), "created", ("creation",))
    assert told == [(topic, "created")]
    cloud.event("rds", "us-east-1", ("db-instance", "db", None), "moved", ("failover",))
    assert told[1:] == [(topic, "moved"), (topic, "moved")]
    cloud.event("rds", "us-west-2", ("db-instance", "db", None), "created", ("creation",))
    cloud.event("elasticache", "us-east-1", ("cache-cluster", "c", None), "created")
    assert len(told) == 3


def test_a_topic_of_another_region_is_refused(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    with pytest.raises(rds.exceptions.SNSTopicArnNotFoundFault):
        subscribe(endpoint, "arn:aws:sns:eu-west-1:123456789012:alarms")
