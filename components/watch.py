"""Who is told when an alarm goes off or a database fails over: one topic a region."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.service_key import ServiceKey, ServiceKeyArgs
from components.tags import tags

_ALARMS = "cloudwatch.amazonaws.com"
_RDS, _DMS = "events.rds.amazonaws.com", "dms.amazonaws.com"
RDS_EVENTS: Mapping[str, tuple[str, ...]] = {
    # By source: what no alarm sees. The rest is news of our own deployments and of backups.
    "db-instance": ("failover", "failure", "low storage", "read replica"),
    "db-cluster": ("failover", "failure", "global-failover"),
}
DMS_EVENTS: Mapping[str, tuple[str, ...]] = {
    "replication-instance": ("failover", "failure", "low storage"),
    # A task that somebody stopped has no metric that an alarm could miss.
    "replication-task": ("failure", "state change"),
}


@dataclass(frozen=True)
class WatchArgs:
    """``email`` is subscribed; ``rds`` and ``dms`` have something to tell in this region."""

    region: str
    email: str | None
    rds: bool
    dms: bool


class Watch(pulumi.ComponentResource):
    """The topic of one region, and the events of RDS and DMS that are published to it.

    Creates: a key, the topic with its policy, the subscription of an address, event subscriptions
    for instances and clusters, and for DMS's instances and tasks. Costs: the key's 1 USD a month;
    e-mails beyond 1000 a month 2 USD for 100,000.
    Fails: an address that was not confirmed hears nothing. DMS refuses to subscribe a topic that
    it may not publish to, or whose key it may not use; of DMS serverless it has no events for a
    topic. ElastiCache is not here: it publishes
    to no encrypted topic (its documentation says it turns such a topic inactive), so a cache's
    failover is seen by the alarm on its replicas' link.
    """

    topic: pulumi.Output[str]
    """Known when everybody who is to publish may, and the region's alarms may name it."""

    def __init__(
        self, name: str, args: WatchArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:Watch", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        told = {_RDS: args.rds, _DMS: args.dms}
        services = (_ALARMS, *(service for service, tells in told.items() if tells))
        key = ServiceKey(
            f"{name}-encryption", ServiceKeyArgs(args.region, "Alarms", services), child
        )
        topic = aws.sns.Topic(
            f"{name}-topic",
            region=args.region,
            name=f"{pulumi.get_project()}-{pulumi.get_stack()}-alarms",
            kms_master_key_id=key.arn,
            tags=tags(name),
            opts=child,
        )
        policy = aws.sns.TopicPolicy(
            f"{name}-policy",
            region=args.region,
            arn=topic.arn,
            policy=topic.arn.apply(lambda arn: json.dumps(_policy(arn, services))),
            opts=child,
        )
        self.topic = pulumi.Output.all(topic.arn, policy.id).apply(lambda known: str(known[0]))
        if args.email is not None:
            aws.sns.TopicSubscription(
                f"{name}-email",
                region=args.region,
                topic=topic.arn,
                protocol="email",
                endpoint=args.email,
                opts=child,
            )
        for source, categories in RDS_EVENTS.items() if args.rds else ():
            aws.rds.EventSubscription(
                f"{name}-{source}",
                region=args.region,
                name=f"{pulumi.get_project()}-{pulumi.get_stack()}-{source}",
                sns_topic=self.topic,
                source_type=source,
                event_categories=list(categories),
                tags=tags(f"{name}-{source}"),
                opts=child,
            )
        for source, categories in DMS_EVENTS.items() if args.dms else ():
            aws.dms.EventSubscription(
                f"{name}-{source}",
                region=args.region,
                name=f"{pulumi.get_project()}-{pulumi.get_stack()}-{source}",
                sns_topic_arn=self.topic,
                source_type=source,
                event_categories=list(categories),
                tags=tags(f"{name}-{source}"),
                opts=child,
            )
        self.register_outputs({"topic": self.topic})


def _policy(topic: str, services: tuple[str, ...]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Publish",
                "Effect": "Allow",
                "Principal": {"Service": list(services)},
                "Action": "sns:Publish",
                "Resource": topic,
                # An ARN's fifth part. Without it any account's alarms could publish here.
                "Condition": {"StringEquals": {"aws:SourceAccount": topic.split(":")[4]}},
            }
        ],
    }
