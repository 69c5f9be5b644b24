"""DMS's event subscriptions by plain boto3: kept, and refused where DMS may not publish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from localcloud.fleet import Fleet
from localcloud.records import Records
from localcloud.services.alarms import Alarms
from localcloud.services.context import Cloud
from localcloud.services.event_subscriptions import DMS as FLAVOR
from localcloud.services.event_subscriptions import EventSubscriptions
from tests.localcloud.dms_ground import DmsGround, dms_ground
from tests.localcloud.front_fixtures import Ground, endpoint, ground, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["dms_ground", "endpoint", "ground", "site"]
DMS = "dms.amazonaws.com"
OURS = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
TASKS = {
    "SubscriptionName": "tasks", "SourceType": "replication-task",
    "EventCategories": ["failure", "state change"],
}  # fmt: skip


def statement(resource: str, service: str, *actions: str, **more: Any) -> str:
    allowed = {
        "Effect": "Allow", "Principal": {"Service": [service]}, "Action": list(actions),
        "Resource": resource, "Condition": OURS,
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed | more]})


def open_topic(endpoint: Endpoint, service: str = DMS, key: str = "", **more: Any) -> str:
    """A topic to which a service may publish."""
    sns = endpoint.client("sns")
    attributes = {"KmsMasterKeyId": key} if key else {}
    topic: str = sns.create_topic(Name="alarms", Attributes=attributes)["TopicArn"]
    policy = statement(topic, service, "sns:Publish", **more)
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    return topic


def subscriptions(endpoint: Endpoint, **which: Any) -> Any:
    answer = endpoint.client("dms").describe_event_subscriptions(**which)
    return answer["EventSubscriptionsList"]


def test_a_subscription_is_kept_changed_and_deleted(endpoint: Endpoint) -> None:
    dms, topic = endpoint.client("dms"), open_topic(endpoint)
    made = dms.create_event_subscription(**TASKS, SnsTopicArn=topic)["EventSubscription"]
    assert made == {
        "CustomerAwsId": "123456789012", "CustSubscriptionId": "tasks", "SnsTopicArn": topic,
        "Status": "active", "SubscriptionCreationTime": made["SubscriptionCreationTime"],
        "SourceType": "replication-task", "SourceIdsList": [],
        "EventCategoriesList": ["failure", "state change"], "Enabled": True,
    }  # fmt: skip
    assert subscriptions(endpoint, SubscriptionName="tasks") == subscriptions(endpoint) == [made]
    again = {**TASKS, "SnsTopicArn": topic}
    assert refusal(dms.create_event_subscription, **again) == "ResourceAlreadyExistsFault"
    dms.modify_event_subscription(SubscriptionName="tasks", EventCategories=["failure"])
    dms.modify_event_subscription(SubscriptionName="tasks", Enabled=False)
    (found,) = subscriptions(endpoint)
    assert (found["EventCategoriesList"], found["Enabled"]) == (["failure"], False)
    arn = "arn:aws:dms:us-east-1:123456789012:es:tasks"
    dms.add_tags_to_resource(ResourceArn=arn, Tags=[{"Key": "Team", "Value": "data"}])
    (tag,) = dms.list_tags_for_resource(ResourceArn=arn)["TagList"]
    assert (tag["Key"], tag["Value"]) == ("Team", "data")
    dms.delete_event_subscription(SubscriptionName="tasks")
    assert subscriptions(endpoint) == []
    delete = dms.delete_event_subscription
    assert refusal(delete, SubscriptionName="tasks") == "ResourceNotFoundFault"


def test_tasks_are_made_started_and_stopped_in_the_events(
    dms_ground: DmsGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localcloud.services.dms_endpoints.reach", lambda end: None)
    g, dms = dms_ground, dms_ground.dms
    task = dms.create_replication_task(**g.task())["ReplicationTask"]["ReplicationTaskArn"]
    for end in (g.source, g.target):
        dms.test_connection(ReplicationInstanceArn=g.instance, EndpointArn=end)
    dms.start_replication_task(
        ReplicationTaskArn=task, StartReplicationTaskType="start-replication"
    )
    dms.stop_replication_task(ReplicationTaskArn=task)
    said = [event["Message"] for event in dms.describe_events()["Events"]]
    assert said == [f"The replication task has been {done}." for done in
                    ("created", "started", "stopped")]  # fmt: skip


def test_the_topic_hears_of_what_it_asked_for(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []

    class Post:
        def tell(self, topic: str, subject: str, message: str) -> None:
            told.append((subject, json.loads(message)["Event Message"]))

    cloud = Cloud(Records(tmp_path / "records.json"), cast(Fleet, None))
    subscriptions = EventSubscriptions(cloud, cast(Alarms, Post()), FLAVOR)
    assert subscriptions
    row = {"SnsTopicArn": "t", "SourceType": "replication-task", "SourceIdsList": []}
    kept = row | {"Enabled": True, "EventCategoriesList": ["failure", "state change"]}
    cloud.records.put("dms-event-subscription", "us-east-1", "tasks", kept)
    cloud.event("dms", "us-east-1", ("replication-task", "move", None), "on", ("state change",))
    cloud.event("dms", "us-east-1", ("replication-task", "move", None), "made", ("creation",))
    cloud.event("dms", "us-east-1", ("replication-instance", "move", None), "bad", ("failure",))
    cloud.event("rds", "us-east-1", ("db-instance", "db", None), "created", ("failure",))
    assert told == [("DMS Notification Message", "on")]


@pytest.mark.parametrize(
    "changes",
    [
        {"service": "events.rds.amazonaws.com"},
        {"Effect": "Deny"},
        {"Action": "sns:Subscribe"},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}},
    ],
)
def test_a_topic_that_is_closed_to_dms_is_refused(
    endpoint: Endpoint, changes: dict[str, Any]
) -> None:
    create, topic = (
        endpoint.client("dms").create_event_subscription,
        open_topic(endpoint, **changes),
    )
    assert refusal(create, **TASKS, SnsTopicArn=topic) == "SNSNoAuthorizationFault"


def test_a_key_that_is_closed_to_dms_is_refused_and_one_that_is_open_is_not(
    endpoint: Endpoint, ground: Ground
) -> None:
    create, topic = (
        endpoint.client("dms").create_event_subscription,
        open_topic(endpoint, key=ground.key),
    )
    assert refusal(create, **TASKS, SnsTopicArn=topic) == "KMSAccessDeniedFault"
    endpoint.client("kms").put_key_policy(
        KeyId=ground.key, PolicyName="default",
        Policy=statement("*", DMS, "kms:Decrypt", "kms:GenerateDataKey*"),
    )  # fmt: skip
    assert create(**TASKS, SnsTopicArn=topic)["EventSubscription"]["Status"] == "active"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SnsTopicArn": "arn:aws:sns:us-east-1:123456789012:none"}, "SNSInvalidTopicFault"),
        ({"SnsTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms"}, "SNSInvalidTopicFault"),
        ({"SourceType": "db-instance"}, "InvalidParameterValueException"),
    ],
)
def test_what_else_is_refused(endpoint: Endpoint, changes: dict[str, Any], code: str) -> None:
    arguments = {**TASKS, "SnsTopicArn": open_topic(endpoint), **changes}
    assert refusal(endpoint.client("dms").create_event_subscription, **arguments) == code
