"""DMS's event subscriptions through the provider."""

from __future__ import annotations

import json
from typing import Any

from tests.localcloud.provider.life import Cloud, Life

TOKEN = "aws:dms/eventSubscription:EventSubscription"
ARN = "arn:aws:dms:us-east-1:123456789012:es:tasks"


def test_a_subscription_of_tasks(cloud: Cloud) -> None:
    sns, dms = cloud.endpoint.client("sns"), cloud.endpoint.client("dms")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    allowed = {
        "Effect": "Allow", "Principal": {"Service": "dms.amazonaws.com"}, "Action": "sns:Publish",
        "Resource": topic,
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)

    def found() -> dict[str, Any]:
        (only,) = dms.describe_event_subscriptions()["EventSubscriptionsList"]
        kept: dict[str, Any] = only
        return kept

    def tags() -> dict[str, str]:
        listed = dms.list_tags_for_resource(ResourceArn=ARN)["TagList"]
        return {tag["Key"]: tag["Value"] for tag in listed}

    life = Life(
        cloud, TOKEN,
        {
            "name": "tasks", "snsTopicArn": topic, "sourceType": "replication-task",
            "eventCategories": ["failure"], "tags": {"Name": "tasks"},
        },
    ).create()  # fmt: skip
    assert (life.id, life.outputs) == ("tasks", {"arn": ARN})
    assert tags() == {"Name": "tasks"}
    life.change(eventCategories=["failure", "state change"])
    assert found()["EventCategoriesList"] == ["failure", "state change"]
    life.change(enabled=False)
    assert found()["Enabled"] is False
    life.change(tags={"Team": "data"})
    assert tags() == {"Team": "data"}
    life.delete()
    assert dms.describe_event_subscriptions()["EventSubscriptionsList"] == []


def test_another_name_is_another_subscription(cloud: Cloud) -> None:
    old = {"name": "a", "sourceType": "replication-task", "snsTopicArn": "t"}
    assert cloud.provider.diff(TOKEN, old, {**old, "name": "b"}).replaces == {"name"}
