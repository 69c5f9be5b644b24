"""What watches a stack: topics, alarms below their topologies, a dashboard."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.alarms import Alarms, AlarmsArgs
from components.dashboard import Dashboard, DashboardArgs
from components.trail import Trail, TrailArgs
from components.watch import Watch, WatchArgs
from specs.alarm import RDS
from specs.alarms import alarms_of
from specs.monitoring import Page
from specs.topologies import Stack


def watch(stack: Stack, built: Mapping[str, pulumi.ComponentResource]) -> dict[str, Alarms]:
    """Register what ``auditing`` and ``monitoring`` ask for, nothing without them.

    The alarms by topology; one that has none is left out.
    """
    if stack.auditing is not None:
        Trail("trail", TrailArgs(stack.region, stack.auditing.keep_days))
    if stack.monitoring is None:
        return {}
    found = {
        name: tuple(alarms_of(spec, stack.topologies, stack.region_of(name)))
        for name, spec in stack.topologies.items()
    }
    topics = {}
    if isinstance(stack.monitoring, Page):
        every = [pair for own in found.values() for pair in own]
        for region in dict.fromkeys(region for region, _ in every):
            rds = any(where == region and alarm.namespace == RDS for where, alarm in every)
            args = WatchArgs(region, stack.monitoring.email, rds)
            topics[region] = Watch(f"watch-{region}", args).topic
    alarms = {
        name: Alarms(
            f"{name}-alarms", AlarmsArgs(own, topics), pulumi.ResourceOptions(parent=built[name])
        )
        for name, own in found.items()
        if own
    }
    Dashboard("dashboard", DashboardArgs(stack.region, found))
    return alarms
