"""What a replication group in cluster mode is to be: its shards, their nodes, who leads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from localcloud.databases.cache_nodes import node_name
from localcloud.databases.store import Plan
from localcloud.servers.facts import Ref
from localcloud.servers.machine import Machine
from localcloud.servers.redis_users import AclUser


@dataclass(frozen=True)
class Shard:
    """``nodes`` are hosts by identifier. The slots of one that is ``leaving`` go to the others."""

    name: str
    nodes: Mapping[str, str]
    primary: str
    slots: str = ""
    leaving: bool = False


class ShardedPlan(Plan):
    """A replication group in cluster mode."""

    engine: str
    users: tuple[AclUser, ...]
    tls: bool
    parameters: Mapping[str, str]
    configuration_host: str
    shards: tuple[Shard, ...]

    @property
    def hosts(self) -> dict[str, str]:
        """Every node's, by identifier."""
        return {name: host for shard in self.shards for name, host in shard.nodes.items()}

    @property
    def primaries(self) -> set[str]:
        return {shard.primary for shard in self.shards}

    def with_shard(self, changed: Shard) -> tuple[Shard, ...]:
        """The shards, with another one in the place of its name."""
        return tuple(changed if shard.name == changed.name else shard for shard in self.shards)


def plan_sharded(
    machine: Machine,
    ref: Ref,
    shards: Mapping[str, Sequence[str]],
    users: Sequence[AclUser],
    tls: bool,
    parameters: Mapping[str, str],
    engine: str,
) -> ShardedPlan:
    """A new group: node identifiers by shard, the first of each its primary."""
    return ShardedPlan(
        region=ref.region,
        identifier=ref.identifier,
        engine=engine,
        users=tuple(users),
        tls=tls,
        parameters=dict(parameters),
        configuration_host=machine.addresses.claim(configuration_name(ref)),
        shards=tuple(_shards(machine, ref, shards, {})),
    )


def reshaped(
    machine: Machine, plan: ShardedPlan, shards: Mapping[str, Sequence[str]]
) -> tuple[Shard, ...]:
    """The shards of ``plan`` on their way to ``shards``: fresh ones empty, others leaving.

    A primary that is not among its shard's nodes any more has to hand over before.
    """
    ref = Ref(plan.region, plan.identifier)
    old = {shard.name: shard for shard in plan.shards}
    leaving = [
        Shard(shard.name, shard.nodes, shard.primary, shard.slots, leaving=True)
        for shard in plan.shards
        if shard.name not in shards
    ]
    return (*_shards(machine, ref, shards, old), *leaving)


def _shards(
    machine: Machine, ref: Ref, wanted: Mapping[str, Sequence[str]], old: Mapping[str, Shard]
) -> Iterator[Shard]:
    for name, nodes in wanted.items():
        hosts = {node: machine.addresses.claim(node_name(ref, node)) for node in nodes}
        if name in old:
            yield Shard(name, hosts, old[name].primary, old[name].slots)
        else:
            yield Shard(name, hosts, nodes[0])


def configuration_name(ref: Ref) -> str:
    """The name under which a group's configuration endpoint holds its address."""
    return f"cache.{ref.region}.{ref.identifier}.configuration"
