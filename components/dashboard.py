"""One look at everything that a stack's alarms watch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from specs.alarm import Alarm

_WIDTH, _HEIGHT, _COLUMNS = 6, 5, 4


@dataclass(frozen=True)
class DashboardArgs:
    """``region`` is where the dashboard stands; ``alarms`` by topology, with their regions."""

    region: str
    alarms: Mapping[str, tuple[tuple[str, Alarm], ...]]


class Dashboard(pulumi.ComponentResource):
    """A title for each topology, and below it each of its metrics with the alarm's threshold.

    Creates: the dashboard. Costs 3 USD a month, the first three of an account nothing.
    """

    def __init__(
        self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:Dashboard", name, None, opts)
        called = f"{pulumi.get_project()}-{pulumi.get_stack()}"
        aws.cloudwatch.Dashboard(
            f"{name}-board",
            region=args.region,
            dashboard_name=called,
            dashboard_body=json.dumps({"widgets": list(_widgets(args.alarms))}, sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"name": called})


def _widgets(alarms: Mapping[str, tuple[tuple[str, Alarm], ...]]) -> Iterator[dict[str, Any]]:
    y = 0
    for topology, own in alarms.items():
        if not own:
            continue
        yield {
            "type": "text", "x": 0, "y": y, "width": _WIDTH * _COLUMNS, "height": 1,
            "properties": {"markdown": f"## {topology}"},
        }  # fmt: skip
        y += 1
        graphs: dict[tuple[str, str], list[Alarm]] = {}
        for region, alarm in own:
            graphs.setdefault((region, alarm.metric), []).append(alarm)
        for n, ((region, metric), watched) in enumerate(graphs.items()):
            yield {
                "type": "metric",
                "x": _WIDTH * (n % _COLUMNS), "y": y + _HEIGHT * (n // _COLUMNS),
                "width": _WIDTH, "height": _HEIGHT,
                "properties": _graph(region, metric, watched),
            }  # fmt: skip
        y += _HEIGHT * (1 + (len(graphs) - 1) // _COLUMNS)


def _graph(region: str, metric: str, watched: list[Alarm]) -> dict[str, Any]:
    first = watched[0]
    lines = dict.fromkeys(alarm.dimensions for alarm in watched)
    thresholds = dict.fromkeys((alarm.comparison, alarm.threshold) for alarm in watched)
    return {
        "title": metric,
        "region": region,
        "stat": first.statistic,
        "period": first.period_s,
        "metrics": [
            [first.namespace, metric, *(part for pair in dimensions for part in pair)]
            for dimensions in lines
        ],
        "annotations": {
            "horizontal": [
                {"label": f"alarm {comparison}", "value": value} for comparison, value in thresholds
            ]
        },
    }
