"""What is larger than anybody needs, and what every client connects to by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.findings import Found
from policy.resources import (
    CACHE,
    CACHE_CLUSTER,
    CLUSTER,
    INSTANCE,
    MEMBER,
    PROXY_TARGET,
    Registered,
    Resource,
    copies,
)

LARGEST = 8
"""In units of xlarge: 32 vCPU. Who needs more has measured it, and can say so to this rule."""
LARGEST_GB_AT_ONCE = 1000
LARGEST_IDLE_SHARE = 0.5
"""Of a serverless cluster's maximum: what it has, and costs, when nobody asks anything."""
POOLED_ENGINES = ("mysql", "mariadb", "postgres", "aurora-mysql", "aurora-postgresql", "sqlserver")
"""Those RDS Proxy knows; editions of SQL Server begin with the last."""


def over_provisioned(stack: Registered) -> Iterator[Found]:
    """Classes, storage and capacity that cost without being asked for."""
    for each in stack.of(INSTANCE, MEMBER):
        yield from _class(each, "instanceClass")
    for each in stack.of(CLUSTER):
        yield from _class(each, "dbClusterInstanceClass")
    for each in stack.of(CACHE, CACHE_CLUSTER):
        yield from _class(each, "nodeType")
    for each in stack.of(INSTANCE):
        large = each.number("allocatedStorage") > LARGEST_GB_AT_ONCE
        if large and not each.has("maxAllocatedStorage"):
            yield (
                each,
                f"has {each.number('allocatedStorage'):g} GB from the first day",
                "start smaller and set storage.autoscale_to_gb",
            )
    for each in stack.of(CLUSTER):
        scaling = each.props.get("serverlessv2ScalingConfiguration") or {}
        least, most = scaling.get("minCapacity") or 0, scaling.get("maxCapacity") or 0
        if most and least > LARGEST_IDLE_SHARE * most:
            yield (
                each,
                f"idles at {least:g} of {most:g} ACU",
                f"set capacity.min_acu to {LARGEST_IDLE_SHARE * most:g} or less",
            )


def _class(resource: Resource, prop: str) -> Iterator[Found]:
    name = str(resource.props.get(prop, ""))
    size = re.search(r"\.(\d+)xlarge\Z", name)
    if size is not None and int(size[1]) > LARGEST:
        yield (
            resource,
            f"is a {name}",
            f"take {LARGEST}xlarge or less, and grow by what its CPU and memory say",
        )


def no_pool(stack: Registered) -> Iterator[Found]:
    """Every database, when the stack has no proxy at all."""
    if not any(True for _ in stack.of(PROXY_TARGET)):
        yield from _without_proxy(stack)


def unpooled(stack: Registered) -> Iterator[Found]:
    """The databases that no proxy stands before, where others have one."""
    if any(True for _ in stack.of(PROXY_TARGET)):
        yield from _without_proxy(stack)


def _without_proxy(stack: Registered) -> Iterator[Found]:
    pooled = {
        each.props.get(prop)
        for each in stack.of(PROXY_TARGET)
        for prop in ("dbInstanceIdentifier", "dbClusterIdentifier")
    }
    for each in stack.of(INSTANCE, CLUSTER):
        known = str(each.props.get("engine", "")).startswith(POOLED_ENGINES)
        if known and not copies(each) and each.identifier not in pooled:
            yield (
                each,
                "has no RDS Proxy",
                "add a topology of kind rds-proxy, or pool in the clients",
            )
