"""The alarms of one topology."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

import contract
from components.tags import tags
from specs.alarm import Alarm, Comparison

_COMPARISONS: Mapping[Comparison, Literal["GreaterThanThreshold", "LessThanThreshold"]] = {
    "over": "GreaterThanThreshold",
    "under": "LessThanThreshold",
}


@dataclass(frozen=True)
class AlarmsArgs:
    """``alarms`` with their regions; ``topics`` by region are told, none tell nobody."""

    alarms: tuple[tuple[str, Alarm], ...]
    topics: Mapping[str, pulumi.Output[str]]


class Alarms(pulumi.ComponentResource):
    """CloudWatch alarms on what can fill, lag or wait, in the regions of their metrics.

    Creates: an alarm for each. Costs 0.10 USD an alarm and month. Fails: an alarm whose server
    says nothing is in state INSUFFICIENT_DATA, which pages nobody: a dead RDS instance is told
    by its events. Where there is a topic it hears of the alarm and of its end.
    """

    facts: tuple[pulumi.Output[dict[str, Any]], ...]
    """Their entries in the output contract."""

    def __init__(
        self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:Alarms", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        every = [(alarm, _promise(region, alarm)) for region, alarm in args.alarms]
        for alarm, promise in every:
            topics = [args.topics[promise.region]] if promise.region in args.topics else []
            aws.cloudwatch.MetricAlarm(
                f"{name}-{alarm.name}",
                region=promise.region,
                name=promise.name,
                alarm_description=f"{alarm.metric} {alarm.comparison} {alarm.threshold:.10g}: "
                f"{alarm.why}",
                namespace=promise.namespace,
                metric_name=promise.metric,
                dimensions=dict(promise.dimensions),
                statistic=promise.statistic,
                period=promise.period_s,
                evaluation_periods=promise.periods,
                datapoints_to_alarm=promise.periods,
                comparison_operator=promise.comparison,
                threshold=promise.threshold,
                treat_missing_data=promise.missing,
                alarm_actions=topics,
                ok_actions=topics,
                tags=tags(alarm.name),
                opts=child,
            )
        self.facts = tuple(_told(promise, args.topics) for _, promise in every)
        self.register_outputs({"alarms": [promise.name for _, promise in every]})


def _promise(region: str, alarm: Alarm) -> contract.Alarm:
    """What CloudWatch is told of an alarm, but for whom it tells."""
    return contract.Alarm(
        # Unique among the stacks of an account's region.
        name=f"{pulumi.get_project()}-{pulumi.get_stack()}-{alarm.name}",
        region=region,
        namespace=alarm.namespace,
        metric=alarm.metric,
        dimensions=dict(alarm.dimensions),
        statistic=alarm.statistic,
        period_s=alarm.period_s,
        periods=alarm.periods,
        comparison=_COMPARISONS[alarm.comparison],
        threshold=alarm.threshold,
        missing=alarm.missing,
    )


def _told(
    promise: contract.Alarm, topics: Mapping[str, pulumi.Output[str]]
) -> pulumi.Output[dict[str, Any]]:
    topic = pulumi.Output.from_input(topics.get(promise.region))
    return topic.apply(
        lambda known: promise.model_copy(update={"topic": known}).model_dump(mode="json")
    )
