"""Stands in for the servers where a test is about the API alone: it records what was asked.

Whether servers really start is the business of the tests that use a real `Fleet`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from localcloud.errors import ServerFailed
from localcloud.fleet import (
    AclUser,
    Address,
    Credentials,
    Ref,
    Scaling,
    ShardedState,
    ShardState,
)
from localcloud.metrics import Metrics


class RecordingFleet:
    """Remembers calls and hands out addresses; `failing` names the methods that raise."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.failing: set[str] = set()
        self.metrics = Metrics()
        self._hosts = itertools.count(2)
        self.members: dict[Ref, list[str]] = {}
        self.writers: dict[Ref, str] = {}
        self.nodes: dict[Ref, dict[str, Address]] = {}
        self.primaries: dict[Ref, str] = {}
        self.ends: dict[Ref, tuple[Address, Address]] = {}
        self.rows: list[Any] = []
        self.engines: dict[Ref, str] = {}
        self.told: dict[Ref, Mapping[str, str]] = {}
        self.instances = SimpleNamespace(
            create=self.create_instance,
            create_replica=self.create_replica,
            promote=self.promote,
            set_password=self.set_password,
            stop=self.stop_instance,
            start=self.start_instance,
            delete=self.delete_instance,
        )
        self.clusters = SimpleNamespace(
            create=self.create_cluster,
            add_member=self.add_member,
            remove_member=self.remove_member,
            set_custom_endpoint=self.set_custom_endpoint,
            delete_custom_endpoint=self.delete_custom_endpoint,
            state=self.cluster_state,
            of_member=self.cluster_of,
            stop=lambda ref: self._note("stop_cluster", ref),
            start=lambda ref: self._note("start_cluster", ref),
            fail_over=self.fail_over,
            set_password=self.set_cluster_password,
            delete=self.delete_cluster,
            set_scaling=self.set_scaling,
            set_serverless=self.set_serverless,
        )
        self.kept: set[Ref] = set()
        self.backups = SimpleNamespace(
            names=lambda: set(self.kept),
            take=self.take_snapshot,
            copy=self.copy_snapshot,
            delete=self.delete_snapshot,
            restore=self.restore,
            restore_to=self.restore_to,
        )
        self.worldwide: dict[str, list[Ref]] = {}
        self.global_clusters = SimpleNamespace(
            members=lambda name: tuple(self.worldwide.get(name, ())),
            of=self.global_cluster_of,
            join=self.join_global_cluster,
            leave=self.leave_global_cluster,
            switch_over=lambda ref: self.lead("switch_over", ref),
            fail_over=lambda ref: self.lead("global_fail_over", ref),
        )
        self.locked = False
        self.proxies = SimpleNamespace(
            create=self.create_proxy,
            open=self.open_proxy,
            close=lambda ref, name: self._note("close", ref, name),
            lead=lambda ref, targets: self._note("lead", ref, dict(targets)),
            limit=lambda ref, most, seconds: self._note("limit", ref, most, seconds),
            admit=lambda ref, host, credentials: not self.locked,
            delete=lambda ref: self._note("delete_proxy", ref),
        )
        self.instances.name_also = self.clusters.name_also = self.name_also

        self.progress: dict[Ref, Any] = {}
        self.migrations = SimpleNamespace(
            all=list,
            create=lambda ref: self._note("create_migration", ref),
            start=lambda ref, orders: self._note("start_migration", ref, orders),
            stop=lambda ref: self._note("stop_migration", ref),
            progress=lambda ref: self.progress.get(ref),
            delete=lambda ref: self._note("delete_migration", ref),
        )
        self.caches = SimpleNamespace(
            create=self.create_redis,
            resize=self.resize_redis,
            state=self.redis_state,
            fail_over=self.fail_over_redis,
            set_users=self.set_users,
            delete=self.delete_redis,
        )
        self.memcached_nodes: dict[Ref, dict[str, Address]] = {}
        self.configurations: dict[Ref, Address] = {}
        self.memcached = SimpleNamespace(
            create=self.create_memcached,
            addresses=self.memcached_addresses,
            resize=self.resize_memcached,
            reboot=self.reboot_memcached,
            delete=self.delete_memcached,
        )
        self.serverless: dict[Ref, Any] = {}
        self.serverless_caches = SimpleNamespace(
            create=self.create_serverless,
            addresses=self.serverless.__getitem__,
            delete=self.delete_serverless,
        )
        self.shards: dict[Ref, dict[str, list[str]]] = {}
        self.leaders: dict[tuple[Ref, str], str] = {}
        self.sharded_caches = SimpleNamespace(
            create=self.create_sharded,
            reshape=self.reshape,
            state=self.sharded_state,
            fail_over=self.fail_over_shard,
            set_users=self.set_users,
            delete=self.delete_sharded,
        )

    def _note(self, name: str, *args: Any) -> None:
        if name in self.failing:
            raise ServerFailed(f"{name}: the log's last line")
        self.calls.append((name, *args))

    def named(self, name: str) -> list[tuple[Any, ...]]:
        return [call[1:] for call in self.calls if call[0] == name]

    def _row(self, ref: Ref) -> None:
        self.rows.append(SimpleNamespace(region=ref.region, identifier=ref.identifier))

    def _unrow(self, ref: Ref) -> None:
        kept = [r for r in self.rows if (r.region, r.identifier) != (ref.region, ref.identifier)]
        self.rows = kept

    def _address(self, port: int = 3306) -> Address:
        return Address(f"127.82.1.{next(self._hosts)}", port)

    def create_instance(
        self,
        ref: Ref,
        credentials: Credentials,
        database: str | None,
        values: Mapping[str, str],
        engine: str,
    ) -> Address:
        self._note("create_instance", ref, credentials, database, dict(values))
        self.told[ref] = dict(values)
        self._row(ref)
        self.engines[ref] = engine
        return self._address(5432 if engine == "postgres" else 3306)

    def create_replica(self, ref: Ref, source: Ref, values: Mapping[str, str]) -> Address:
        self._note("create_replica", ref, source, dict(values))
        self.told[ref] = dict(values)
        self._row(ref)
        return self._address()

    def take_snapshot(self, snapshot: Ref, instance: Ref) -> None:
        self._note("take", snapshot, instance)
        self.kept.add(snapshot)

    def copy_snapshot(self, source: Ref, target: Ref) -> None:
        self._note("copy", source, target)
        self.kept.add(target)

    def delete_snapshot(self, snapshot: Ref) -> None:
        self._note("delete_snapshot", snapshot)
        self.kept.discard(snapshot)

    def restore(
        self, ref: Ref, snapshot: Ref, engine: str, user: str, values: Mapping[str, str]
    ) -> Address:
        self._note("restore", ref, snapshot, engine, user, dict(values))
        self.told[ref] = dict(values)
        self._row(ref)
        return self._address()

    def restore_to(
        self, ref: Ref, source: Ref, until: datetime, values: Mapping[str, str]
    ) -> Address:
        self._note("restore_to", ref, source, until, dict(values))
        self.told[ref] = dict(values)
        self._row(ref)
        return self._address()

    def promote(self, ref: Ref) -> None:
        self._note("promote", ref)

    def set_password(self, ref: Ref, password: str) -> None:
        self._note("set_password", ref, password)

    def parameters(self, ref: Ref) -> Mapping[str, str]:
        return self.told.get(ref, {})

    def set_parameters(self, ref: Ref, values: Mapping[str, str]) -> None:
        self._note("set_parameters", ref, dict(values))
        self.told[ref] = dict(values)

    def reboot(self, ref: Ref) -> None:
        self._note("reboot", ref)

    def stop_instance(self, ref: Ref) -> None:
        self._note("stop_instance", ref)

    def start_instance(self, ref: Ref) -> None:
        self._note("start_instance", ref)

    def region_of(self, host: str) -> str | None:
        return None

    def delete_instance(self, ref: Ref) -> None:
        self._note("delete_instance", ref)
        self._unrow(ref)

    def create_cluster(self, ref: Ref, *args: Any, engine: str) -> Any:
        self._note("create_cluster", ref, *args)
        self.members[ref] = []
        self.engines[ref] = engine
        port = self._port(ref)
        return SimpleNamespace(writer=self._address(port), reader=self._address(port))

    def _port(self, ref: Ref) -> int:
        return 5432 if "postgres" in self.engines[ref] else 3306

    def add_member(
        self, ref: Ref, name: str, tier: int, values: Mapping[str, str], *, serverless: bool
    ) -> Address:
        self._note("add_member", ref, name, tier, dict(values), serverless)
        self.told[Ref(ref.region, name)] = dict(values)
        self.members[ref].append(name)
        self._row(Ref(ref.region, name))
        self.writers.setdefault(ref, name)
        return self._address(self._port(ref))

    def remove_member(self, ref: Ref, name: str) -> None:
        self._note("remove_member", ref, name)
        self.members[ref].remove(name)
        self._unrow(Ref(ref.region, name))

    def set_custom_endpoint(self, ref: Ref, name: str, members: Sequence[str]) -> Address:
        self._note("set_custom_endpoint", ref, name, list(members))
        return self._address()

    def delete_custom_endpoint(self, ref: Ref, name: str) -> None:
        self._note("delete_custom_endpoint", ref, name)

    def cluster_state(self, ref: Ref) -> Any:
        return SimpleNamespace(writer=self.writers.get(ref), members=tuple(self.members[ref]))

    def cluster_of(self, member: Ref) -> Any:
        found = [r for r, names in self.members.items() if member.identifier in names]
        if not found:
            return None
        return SimpleNamespace(remove_member=lambda name: self.remove_member(found[0], name))

    def fail_over(self, ref: Ref, target: str | None) -> None:
        self._note("fail_over", ref, target)
        others = [name for name in self.members[ref] if name != self.writers[ref]]
        self.writers[ref] = target or others[0]

    def global_cluster_of(self, ref: Ref) -> str | None:
        return next((name for name, refs in self.worldwide.items() if ref in refs), None)

    def join_global_cluster(self, name: str, ref: Ref) -> None:
        self._note("join", name, ref)
        self.worldwide.setdefault(name, []).append(ref)

    def leave_global_cluster(self, ref: Ref) -> None:
        self._note("leave", ref)
        self.worldwide[str(self.global_cluster_of(ref))].remove(ref)

    def lead(self, how: str, ref: Ref) -> None:
        self._note(how, ref)
        name = str(self.global_cluster_of(ref))
        self.worldwide[name] = [ref, *(r for r in self.worldwide[name] if r != ref)]

    def set_cluster_password(self, ref: Ref, password: str) -> None:
        self._note("set_cluster_password", ref, password)

    def set_scaling(self, ref: Ref, scaling: Scaling | None) -> None:
        self._note("set_scaling", ref, scaling)

    def set_serverless(self, ref: Ref, name: str, serverless: bool) -> None:
        self._note("set_serverless", ref, name, serverless)

    def delete_cluster(self, ref: Ref) -> None:
        self._note("delete_cluster", ref)
        if self.global_cluster_of(ref) is not None:
            self.leave_global_cluster(ref)

    def create_redis(self, ref: Ref, nodes: Sequence[str], *args: Any) -> Any:
        self._note("create_redis", ref, list(nodes), *args)
        self.nodes[ref] = {node: self._address(6379) for node in nodes}
        self.primaries[ref] = nodes[0]
        self.ends[ref] = (self._address(6379), self._address(6379))
        return self.redis_state(ref).addresses

    def resize_redis(self, ref: Ref, nodes: Sequence[str]) -> Any:
        self._note("resize_redis", ref, list(nodes))
        old = self.nodes[ref]
        self.nodes[ref] = {n: old.get(n) or self._address(6379) for n in nodes}
        return self.redis_state(ref).addresses

    def redis_state(self, ref: Ref) -> Any:
        nodes = self.nodes[ref]
        primary, reader = self.ends[ref]
        return SimpleNamespace(
            primary=self.primaries[ref],
            nodes=tuple(nodes),
            addresses=SimpleNamespace(primary=primary, reader=reader, nodes=dict(nodes)),
        )

    def fail_over_redis(self, ref: Ref) -> None:
        self._note("fail_over_redis", ref)
        self.primaries[ref] = next(n for n in self.nodes[ref] if n != self.primaries[ref])

    def set_users(self, ref: Ref, users: Sequence[AclUser]) -> None:
        self._note("set_users", ref, tuple(users))

    def create_sharded(self, ref: Ref, shards: Mapping[str, Sequence[str]], *args: Any) -> Any:
        self._note("create_sharded", ref, {k: list(v) for k, v in shards.items()}, *args)
        self.ends[ref] = (self._address(6379), self._address(6379))
        return self._shape(ref, shards)

    def reshape(self, ref: Ref, shards: Mapping[str, Sequence[str]]) -> Any:
        self._note("reshape", ref, {k: list(v) for k, v in shards.items()})
        return self._shape(ref, shards)

    def _shape(self, ref: Ref, shards: Mapping[str, Sequence[str]]) -> Any:
        self.shards[ref] = {name: list(nodes) for name, nodes in shards.items()}
        old = self.nodes.get(ref, {})
        every = [node for nodes in shards.values() for node in nodes]
        self.nodes[ref] = {node: old.get(node) or self._address(6379) for node in every}
        return self.sharded_state(ref)

    def sharded_state(self, ref: Ref) -> ShardedState:
        return ShardedState(
            self.ends[ref][0],
            tuple(
                ShardState(
                    name,
                    self.leaders.get((ref, name), nodes[0]),
                    f"slots of {name}",
                    {node: self.nodes[ref][node] for node in nodes},
                )
                for name, nodes in self.shards[ref].items()
            ),
        )

    def fail_over_shard(self, ref: Ref, shard: str) -> None:
        self._note("fail_over_shard", ref, shard)
        self.leaders[ref, shard] = self.shards[ref][shard][1]

    def delete_sharded(self, ref: Ref) -> None:
        self._note("delete_sharded", ref)

    def delete_redis(self, ref: Ref) -> None:
        self._note("delete_redis", ref)

    def create_proxy(self, ref: Ref, name: str, most: int, seconds: float, family: str) -> Address:
        self._note("create_proxy", ref, name, most, seconds, family)
        return self._address()

    def open_proxy(self, ref: Ref, name: str) -> Address:
        self._note("open_proxy", ref, name)
        return self._address()

    def name_also(self, ref: Ref, hosts: Sequence[str]) -> None:
        self._note("name_also", ref, list(hosts))

    def create_memcached(
        self, ref: Ref, nodes: Sequence[str], tls: bool, values: Mapping[str, str]
    ) -> Any:
        self._note("create_memcached", ref, list(nodes), tls, dict(values))
        self.memcached_nodes[ref] = {node: self._address(11211) for node in nodes}
        self.configurations[ref] = self._address(11211)
        return self.memcached_addresses(ref)

    def memcached_addresses(self, ref: Ref) -> Any:
        return SimpleNamespace(
            configuration=self.configurations[ref], nodes=self.memcached_nodes[ref]
        )

    def resize_memcached(self, ref: Ref, nodes: Sequence[str]) -> None:
        self._note("resize_memcached", ref, list(nodes))
        old = self.memcached_nodes[ref]
        self.memcached_nodes[ref] = {n: old.get(n) or self._address(11211) for n in nodes}

    def reboot_memcached(self, ref: Ref, nodes: Sequence[str], values: Mapping[str, str]) -> None:
        self._note("reboot_memcached", ref, list(nodes), dict(values))

    def delete_memcached(self, ref: Ref) -> None:
        self._note("delete_memcached", ref)

    def create_serverless(self, ref: Ref) -> Any:
        self._note("create_serverless", ref)
        host = self._address().host
        ends = SimpleNamespace(cache=Address(host, 6379), reader=Address(host, 6380))
        self.serverless[ref] = ends
        return ends

    def delete_serverless(self, ref: Ref) -> None:
        self._note("delete_serverless", ref)

    def listing(self) -> list[Any]:
        return list(self.rows)
