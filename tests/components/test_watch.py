from __future__ import annotations

import json
from typing import Any

from components.service_key import ServiceKey, ServiceKeyArgs
from components.watch import Watch, WatchArgs
from tests.components.ground import inputs
from tests.recorder import Recording, record

TOPIC = "arn:aws:sns:us-west-2:123456789012:aws-databases-dev-alarms"
OURS = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
ALARMS, EVENTS = "cloudwatch.amazonaws.com", "events.rds.amazonaws.com"
DMS = "dms.amazonaws.com"


def made(email: str | None = None, *, rds: bool = True, dms: bool = False) -> Recording:
    def program() -> None:
        Watch("watch", WatchArgs("us-west-2", email, rds, dms))

    return record(program)


def policy(recording: Recording, name: str) -> Any:
    return json.loads(recording.named(name).inputs["policy"])["Statement"]


def test_the_exact_children() -> None:
    assert made("oncall@example.com").below("watch") == {
        "watch-encryption": "aws-databases:index:ServiceKey",
        "watch-encryption-key": "aws:kms/key:Key",
        "watch-topic": "aws:sns/topic:Topic",
        "watch-policy": "aws:sns/topicPolicy:TopicPolicy",
        "watch-email": "aws:sns/topicSubscription:TopicSubscription",
        "watch-db-instance": "aws:rds/eventSubscription:EventSubscription",
        "watch-db-cluster": "aws:rds/eventSubscription:EventSubscription",
    }


def test_a_region_of_caches_has_no_events_of_rds() -> None:
    recording = made(rds=False)
    assert set(recording.below("watch")) == {
        "watch-encryption", "watch-encryption-key", "watch-topic", "watch-policy",
    }  # fmt: skip
    assert policy(recording, "watch-policy")[0]["Principal"] == {"Service": [ALARMS]}
    assert policy(recording, "watch-encryption-key")[1]["Principal"] == {"Service": [ALARMS]}


def test_a_region_with_a_migration_hears_of_it_too() -> None:
    recording = made(dms=True)
    assert set(recording.below("watch")) == {
        "watch-encryption", "watch-encryption-key", "watch-topic", "watch-policy",
        "watch-db-instance", "watch-db-cluster", "watch-replication-instance",
        "watch-replication-task",
    }  # fmt: skip
    told = {"Service": [ALARMS, EVENTS, DMS]}
    assert policy(recording, "watch-policy")[0]["Principal"] == told
    assert policy(recording, "watch-encryption-key")[1]["Principal"] == told
    assert inputs(recording, "watch-replication-instance") == {
        "region": "us-west-2",
        "name": "aws-databases-dev-replication-instance",
        "snsTopicArn": TOPIC,
        "sourceType": "replication-instance",
        "eventCategories": ["failover", "failure", "low storage"],
    }
    assert inputs(recording, "watch-replication-task") == {
        "region": "us-west-2",
        "name": "aws-databases-dev-replication-task",
        "snsTopicArn": TOPIC,
        "sourceType": "replication-task",
        "eventCategories": ["failure", "state change"],
    }


def test_dms_subscribes_only_when_it_may_publish() -> None:
    # It asks the topic and its key when the subscription is made, and refuses otherwise.
    task = made(dms=True).named("watch-replication-task")
    needed = {urn.rpartition("::")[2] for urn in task.needs_of["snsTopicArn"]}
    assert {"watch-topic", "watch-policy"} <= needed


def test_the_topic_is_encrypted_with_a_key_of_its_own() -> None:
    assert inputs(made(), "watch-topic") == {
        "region": "us-west-2",
        "name": "aws-databases-dev-alarms",
        "kmsMasterKeyId": "arn:aws:kms:us-west-2:123456789012:key/watch-encryption-key",
    }


def test_only_alarms_and_rds_of_this_account_publish() -> None:
    assert policy(made(), "watch-policy") == [
        {
            "Sid": "Publish",
            "Effect": "Allow",
            "Principal": {"Service": [ALARMS, EVENTS]},
            "Action": "sns:Publish",
            "Resource": TOPIC,
            "Condition": OURS,
        }
    ]


def test_they_may_use_the_key_and_not_change_it() -> None:
    account, services = policy(made(), "watch-encryption-key")
    assert account["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert services == {
        "Sid": "Services",
        "Effect": "Allow",
        "Principal": {"Service": [ALARMS, EVENTS]},
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": OURS,
    }


def test_who_is_told_of_what() -> None:
    recording = made("oncall@example.com")
    assert inputs(recording, "watch-email") == {
        "region": "us-west-2",
        "topic": TOPIC,
        "protocol": "email",
        "endpoint": "oncall@example.com",
    }
    assert inputs(recording, "watch-db-cluster") == {
        "region": "us-west-2",
        "name": "aws-databases-dev-db-cluster",
        "snsTopic": TOPIC,
        "sourceType": "db-cluster",
        "eventCategories": ["failover", "failure", "global-failover"],
    }
    asked = recording.named("watch-db-instance").inputs
    assert asked["eventCategories"] == ["failover", "failure", "low storage", "read replica"]


def test_a_service_key_rotates() -> None:
    args = ServiceKeyArgs("us-east-1", "Trail", ("cloudtrail.amazonaws.com",))

    def program() -> None:
        ServiceKey("trail", args)

    recording = record(program)
    asked = inputs(recording, "trail-key")
    assert asked.pop("policy")
    assert asked == {
        "region": "us-east-1",
        "description": "Trail of aws-databases, stack dev",
        "enableKeyRotation": True,
        "deletionWindowInDays": 7,
    }
