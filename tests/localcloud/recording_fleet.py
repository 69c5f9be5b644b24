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
from localcloud.fleet import Address, Credentials, Ref


class RecordingFleet:
    """Remembers calls and hands out addresses; `failing` names the methods that raise."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.failing: set[str] = set()
        self._hosts = itertools.count(2)
        self.members: dict[Ref, list[str]] = {}
        self.writers: dict[Ref, str] = {}
        self.nodes: dict[Ref, dict[str, Address]] = {}
        self.primaries: dict[Ref, str] = {}
        self.ends: dict[Ref, tuple[Address, Address]] = {}
        self.rows: list[Any] = []
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
            fail_over=self.fail_over,
            set_password=self.set_cluster_password,
            delete=self.delete_cluster,
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
        self.locked = False
        self.proxies = SimpleNamespace(
            create=self.create_proxy,
            open=self.open_proxy,
            close=lambda ref, name: self._note("close", ref, name),
            lead=lambda ref, targets: self._note("lead", ref, dict(targets)),
            limit=lambda ref, most, seconds: self._note("limit", ref, most, seconds),
            admits=lambda host, credentials: not self.locked,
            delete=lambda ref: self._note("delete_proxy", ref),
        )
        self.instances.name_also = self.clusters.name_also = self.name_also
        self.caches = SimpleNamespace(
            create=self.create_redis,
            resize=self.resize_redis,
            state=self.redis_state,
            fail_over=self.fail_over_redis,
            set_token=self.set_auth_token,
            delete=self.delete_redis,
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
        self, ref: Ref, credentials: Credentials, database: str | None, values: Mapping[str, str]
    ) -> Address:
        self._note("create_instance", ref, credentials, database, dict(values))
        self._row(ref)
        return self._address()

    def create_replica(self, ref: Ref, source: Ref, values: Mapping[str, str]) -> Address:
        self._note("create_replica", ref, source, dict(values))
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

    def restore(self, ref: Ref, snapshot: Ref, user: str, values: Mapping[str, str]) -> Address:
        self._note("restore", ref, snapshot, user, dict(values))
        self._row(ref)
        return self._address()

    def restore_to(
        self, ref: Ref, source: Ref, until: datetime, values: Mapping[str, str]
    ) -> Address:
        self._note("restore_to", ref, source, until, dict(values))
        self._row(ref)
        return self._address()

    def promote(self, ref: Ref) -> None:
        self._note("promote", ref)

    def set_password(self, ref: Ref, password: str) -> None:
        self._note("set_password", ref, password)

    def set_parameters(self, ref: Ref, values: Mapping[str, str]) -> None:
        self._note("set_parameters", ref, dict(values))

    def reboot(self, ref: Ref) -> None:
        self._note("reboot", ref)

    def stop_instance(self, ref: Ref) -> None:
        self._note("stop_instance", ref)

    def start_instance(self, ref: Ref) -> None:
        self._note("start_instance", ref)

    def delete_instance(self, ref: Ref) -> None:
        self._note("delete_instance", ref)
        self._unrow(ref)

    def create_cluster(self, ref: Ref, *args: Any) -> Any:
        self._note("create_cluster", ref, *args)
        self.members[ref] = []
        return SimpleNamespace(writer=self._address(), reader=self._address())

    def add_member(self, ref: Ref, name: str, tier: int, values: Mapping[str, str]) -> Address:
        self._note("add_member", ref, name, tier, dict(values))
        self.members[ref].append(name)
        self._row(Ref(ref.region, name))
        self.writers.setdefault(ref, name)
        return self._address()

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

    def fail_over(self, ref: Ref, target: str | None) -> None:
        self._note("fail_over", ref, target)
        others = [name for name in self.members[ref] if name != self.writers[ref]]
        self.writers[ref] = target or others[0]

    def set_cluster_password(self, ref: Ref, password: str) -> None:
        self._note("set_cluster_password", ref, password)

    def delete_cluster(self, ref: Ref) -> None:
        self._note("delete_cluster", ref)

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

    def set_auth_token(self, ref: Ref, token: str | None) -> None:
        self._note("set_auth_token", ref, token)

    def delete_redis(self, ref: Ref) -> None:
        self._note("delete_redis", ref)

    def create_proxy(self, ref: Ref, name: str, most: int, seconds: float) -> Address:
        self._note("create_proxy", ref, name, most, seconds)
        return self._address()

    def open_proxy(self, ref: Ref, name: str) -> Address:
        self._note("open_proxy", ref, name)
        return self._address()

    def name_also(self, ref: Ref, hosts: Sequence[str]) -> None:
        self._note("name_also", ref, list(hosts))

    def listing(self) -> list[Any]:
        return list(self.rows)
