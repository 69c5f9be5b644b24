"""The alarms of one topology."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.tags import tags
from specs.alarm import Alarm

_COMPARISONS = {"over": "GreaterThanThreshold", "under": "LessThanThreshold"}


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

    def __init__(
        self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:Alarms", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for region, alarm in args.alarms:
            topics = [args.topics[region]] if region in args.topics else []
            aws.cloudwatch.MetricAlarm(
                f"{name}-{alarm.name}",
                region=region,
                name=alarm_name(alarm),
                alarm_description=f"{alarm.metric} {alarm.comparison} {alarm.threshold:.10g}: "
                f"{alarm.why}",
                namespace=alarm.namespace,
                metric_name=alarm.metric,
                dimensions=dict(alarm.dimensions),
                statistic=alarm.statistic,
                period=alarm.period_s,
                evaluation_periods=alarm.periods,
                datapoints_to_alarm=alarm.periods,
                comparison_operator=_COMPARISONS[alarm.comparison],
                threshold=alarm.threshold,
                treat_missing_data=alarm.missing,
                alarm_actions=topics,
                ok_actions=topics,
                tags=tags(alarm.name),
                opts=child,
            )
        self.register_outputs({"alarms": [alarm_name(alarm) for _, alarm in args.alarms]})


def alarm_name(alarm: Alarm) -> str:
    """What CloudWatch calls it: unique among the stacks of an account's region."""
    return f"{pulumi.get_project()}-{pulumi.get_stack()}-{alarm.name}"
