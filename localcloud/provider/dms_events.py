"""DMS: event subscriptions."""

from __future__ import annotations

from typing import Any

from localcloud.provider.dms import DmsKind
from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs


class EventSubscription(DmsKind):
    """aws.dms.EventSubscription"""

    token = "aws:dms/eventSubscription:EventSubscription"
    creates, modifies = "CreateEventSubscription", "ModifyEventSubscription"
    names = {"name": "SubscriptionName"}
    replaced_by = frozenset({"name", "sourceIds"})
    auto_named = "name"
    identified_by = ("name",)
    noun, method = "EventSubscription", "event_subscription"
    identifier = "name"

    def find(self, resource: Resource) -> Any:
        answer = self.client(resource).describe_event_subscriptions(
            SubscriptionName=resource.inputs["name"]
        )
        return answer["EventSubscriptionsList"][0]

    def outputs(self, found: Any) -> Outputs:
        # The API tells no ARN; a subscription stands in the region and account of its topic.
        _, partition, _, region, *_ = found["SnsTopicArn"].split(":")
        account, name = found["CustomerAwsId"], found["CustSubscriptionId"]
        return {"arn": f"arn:{partition}:dms:{region}:{account}:es:{name}"}

    def arn(self, resource: Resource) -> str:
        return str((resource.outputs or {})["arn"])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self.modify(resource, changed, SubscriptionName=resource.inputs["name"])
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_event_subscription(SubscriptionName=resource.inputs["name"])
