"""Where a cluster's endpoints lead, as its plan and its live members say."""

from __future__ import annotations

from collections.abc import Set

from localcloud.databases.cluster_plan import CUSTOM_ENDPOINTS, ClusterPlan
from localcloud.endpoints import Endpoint
from localcloud.failover import reader_targets
from localcloud.servers.facts import Address, Ref


def routes(plan: ClusterPlan, writer: str | None, joined: Set[str]) -> list[Endpoint]:
    """The writer, reader and custom endpoints; ``joined`` are the members in their roles."""
    members = set(plan.members)
    slots = {custom.slot: custom for custom in plan.custom.values()}
    if plan.stopped:
        members, writer = set(), None
    writers = frozenset({writer} if writer else ())
    readers = reader_targets(members, writer, joined)
    port = plan.kind.port
    found = [
        Endpoint("writer", Address(plan.writer_host, port), writers),
        Endpoint("reader", Address(plan.reader_host, port), readers, checked=True),
    ]
    for slot, host in enumerate(plan.custom_hosts):
        chosen = slots[slot].members if slot in slots else ()
        ready = frozenset(chosen) & frozenset(members)
        found.append(Endpoint(f"custom-{slot + 1}", Address(host, port), ready, checked=True))
    return found


def endpoint_names(ref: Ref) -> list[str]:
    """The names under which a cluster's endpoints hold their addresses."""
    customs = (f"custom-{slot + 1}" for slot in range(CUSTOM_ENDPOINTS))
    roles = ["writer", "reader", *customs]
    return [f"cluster.{ref.region}.{ref.identifier}.{role}" for role in roles]
