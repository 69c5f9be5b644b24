"""CloudWatch alarms and dashboards, and whom they tell: SNS topics, RDS's event subscriptions."""

from __future__ import annotations

import json
from typing import Any

from localcloud.provider.kind import Kind, Outputs, Resource, retag
from localcloud.provider.mapping import Inputs
from localcloud.provider.rds_groups import RdsKind


class MetricAlarm(Kind):
    """aws.cloudwatch.MetricAlarm"""

    token, service = "aws:cloudwatch/metricAlarm:MetricAlarm", "cloudwatch"
    creates = modifies = "PutMetricAlarm"
    names = {
        "name": "AlarmName",
        "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    }
    # Lists of structures in the API.
    ours = frozenset({"dimensions", "tags"})
    also_changes = frozenset({"tags", "dimensions"})
    replaced_by = frozenset({"name"})
    defaults = {"actionsEnabled": True, "treatMissingData": "missing"}
    auto_named = "name"
    identified_by = ("name",)

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self._put(resource, Tags=_tags(resource.inputs))
        return resource.inputs["name"], self.describe(resource) or {}

    def describe(self, resource: Resource) -> Outputs | None:
        name = resource.inputs["name"]
        found = self.client(resource).describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return {"arn": found[0]["AlarmArn"]} if found else None

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        if changed - {"tags"}:
            self._put(resource)
        client, arn = self.client(resource), (self.describe(resource) or {}).get("arn")
        retag(
            old,
            resource.inputs,
            lambda fresh: client.tag_resource(ResourceARN=arn, Tags=fresh),
            lambda stale: client.untag_resource(ResourceARN=arn, TagKeys=stale),
        )

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_alarms(AlarmNames=[resource.inputs["name"]])

    def _put(self, resource: Resource, **more: Any) -> None:
        dimensions = resource.inputs.get("dimensions") or {}
        self.client(resource).put_metric_alarm(
            **self.arguments(resource, self.creates),
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            **more,
        )


class Dashboard(Kind):
    """aws.cloudwatch.Dashboard"""

    token, service = "aws:cloudwatch/dashboard:Dashboard", "cloudwatch"
    creates = modifies = "PutDashboard"
    replaced_by = frozenset({"dashboardName"})
    identified_by = ("dashboardName",)
    gone = frozenset({"ResourceNotFound"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self._put(resource)
        return resource.inputs["dashboardName"], self.describe(resource) or {}

    def describe(self, resource: Resource) -> Outputs | None:
        name = resource.inputs["dashboardName"]
        found = self.client(resource).get_dashboard(DashboardName=name)
        return {"dashboardArn": found["DashboardArn"]}

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self._put(resource)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_dashboards(DashboardNames=[resource.inputs["dashboardName"]])

    def _put(self, resource: Resource) -> None:
        self.client(resource).put_dashboard(**self.arguments(resource, self.creates))


class Topic(Kind):
    """aws.sns.Topic"""

    token, service = "aws:sns/topic:Topic", "sns"
    _attributes = {"kmsMasterKeyId": "KmsMasterKeyId", "displayName": "DisplayName"}
    creates = "CreateTopic"
    ours = frozenset(_attributes)
    also_changes = frozenset({"tags", *_attributes})
    replaced_by = frozenset({"name", "namePrefix", "fifoTopic"})
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"NotFound", "NotFoundException"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        arn = self.client(resource).create_topic(**self.arguments(resource, self.creates))
        return arn["TopicArn"], {"arn": arn["TopicArn"]}

    def complete(self, resource: Resource) -> Outputs:
        self._set(resource, frozenset(self._attributes))
        return super().complete(resource)

    def describe(self, resource: Resource) -> Outputs | None:
        if resource.id:
            self.client(resource).get_topic_attributes(TopicArn=resource.id)
            return {"arn": resource.id}
        pages = self.client(resource).get_paginator("list_topics").paginate()
        arns = [topic["TopicArn"] for page in pages for topic in page["Topics"]]
        found = [arn for arn in arns if arn.rpartition(":")[2] == resource.inputs["name"]]
        return {"arn": found[0]} if found else None

    def id_of(self, resource: Resource, outputs: Any) -> str:
        return str(outputs["arn"])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self._set(resource, changed & frozenset(self._attributes))
        client = self.client(resource)
        retag(
            old,
            resource.inputs,
            lambda fresh: client.tag_resource(ResourceArn=resource.id, Tags=fresh),
            lambda stale: client.untag_resource(ResourceArn=resource.id, TagKeys=stale),
        )

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_topic(TopicArn=resource.id)

    def _set(self, resource: Resource, properties: frozenset[str]) -> None:
        for prop in sorted(properties):
            self.client(resource).set_topic_attributes(
                TopicArn=resource.id,
                AttributeName=self._attributes[prop],
                AttributeValue=str(resource.inputs.get(prop) or ""),
            )


class TopicPolicy(Kind):
    """aws.sns.TopicPolicy"""

    token, service = "aws:sns/topicPolicy:TopicPolicy", "sns"
    replaced_by = frozenset({"arn"})
    identified_by = ("arn",)
    gone = frozenset({"NotFound", "NotFoundException"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self._put(resource, resource.inputs["policy"])
        return resource.inputs["arn"], {}

    def describe(self, resource: Resource) -> Outputs | None:
        arn = resource.inputs["arn"]
        found = self.client(resource).get_topic_attributes(TopicArn=arn)["Attributes"]
        same = json.loads(found["Policy"]) == json.loads(resource.inputs["policy"])
        return {} if resource.id or same else None

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self._put(resource, resource.inputs["policy"])

    def delete(self, resource: Resource) -> None:
        """It goes with its topic: a topic without a policy is its owner's alone."""

    def _put(self, resource: Resource, policy: str) -> None:
        self.client(resource).set_topic_attributes(
            TopicArn=resource.inputs["arn"], AttributeName="Policy", AttributeValue=policy
        )


class TopicSubscription(Kind):
    """aws.sns.TopicSubscription"""

    token, service = "aws:sns/topicSubscription:TopicSubscription", "sns"
    creates = "Subscribe"
    names = {"topic": "TopicArn"}
    replaced_by = frozenset({"topic", "protocol", "endpoint"})
    gone = frozenset({"NotFound", "NotFoundException"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).subscribe(
            **self.arguments(resource, self.creates), ReturnSubscriptionArn=True
        )
        return made["SubscriptionArn"], {"arn": made["SubscriptionArn"]}

    def describe(self, resource: Resource) -> Outputs | None:
        topic = resource.inputs["topic"]
        pages = self.client(resource).get_paginator("list_subscriptions_by_topic")
        for page in pages.paginate(TopicArn=topic):
            for found in page["Subscriptions"]:
                wanted = (resource.inputs["protocol"], resource.inputs["endpoint"])
                if (found["Protocol"], found["Endpoint"]) == wanted:
                    return {"arn": found["SubscriptionArn"]}
        return None

    def id_of(self, resource: Resource, outputs: Any) -> str:
        return str(outputs["arn"])

    def delete(self, resource: Resource) -> None:
        self.client(resource).unsubscribe(SubscriptionArn=resource.id)


class EventSubscription(RdsKind):
    """aws.rds.EventSubscription"""

    token = "aws:rds/eventSubscription:EventSubscription"
    creates, modifies = "CreateEventSubscription", "ModifyEventSubscription"
    names = {"name": "SubscriptionName", "snsTopic": "SnsTopicArn"}
    replaced_by = frozenset({"name", "namePrefix", "sourceIds"})
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"SubscriptionNotFound"})
    taken = frozenset({"SubscriptionAlreadyExist"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_event_subscription(
            **self.arguments(resource, self.creates)
        )
        return resource.inputs["name"], _subscription(made["EventSubscription"])

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).describe_event_subscriptions(
            SubscriptionName=resource.inputs["name"]
        )
        return _subscription(answer["EventSubscriptionsList"][0])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        if changed - {"tags"}:
            chosen = frozenset({"name", "snsTopic", "sourceType", "eventCategories", "enabled"})
            self.client(resource).modify_event_subscription(
                **self.some(resource, self.modifies, chosen)
            )
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_event_subscription(SubscriptionName=resource.inputs["name"])


def _subscription(found: Any) -> Outputs:
    return {"arn": found["EventSubscriptionArn"], "customerAwsId": found["CustomerAwsId"]}


def _tags(inputs: Inputs) -> list[dict[str, str]]:
    tags = inputs.get("tags") or {}
    return [{"Key": name, "Value": value} for name, value in tags.items()]
