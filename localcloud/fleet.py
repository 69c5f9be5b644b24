"""Every database server of a site, behind one door: what the API layer calls."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from localcloud.databases.caches import Cache, CachePlan
from localcloud.databases.cluster_plan import ClusterPlan
from localcloud.databases.clusters import Cluster
from localcloud.databases.instances import Instance, InstancePlan
from localcloud.databases.planning import plan_cache, plan_cluster, plan_instance, plan_replica
from localcloud.databases.recovery import recover
from localcloud.databases.store import Plans
from localcloud.errors import LocalCloudError
from localcloud.listing import list_servers
from localcloud.servers.facts import (
    Address,
    ClusterAddresses,
    ClusterState,
    Credentials,
    RedisAddresses,
    RedisState,
    Ref,
    ServerStatus,
)
from localcloud.servers.machine import Machine
from localcloud.site import Site

__all__ = [
    "Address",
    "ClusterAddresses",
    "ClusterState",
    "Credentials",
    "Fleet",
    "RedisAddresses",
    "RedisState",
    "Ref",
    "ServerStatus",
]

T = TypeVar("T")


class UnknownDatabase(LocalCloudError):
    """The API layer asks for servers that are not there."""


class Fleet:
    """The servers of one site. Safe to use from several threads: each database has its lock."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._machine = Machine(site)
        folder = site.state_dir / "databases"
        self._instance_plans = Plans(folder, "instance")
        self._cluster_plans = Plans(folder, "cluster")
        self._cache_plans = Plans(folder, "cache")
        self._lock = threading.Lock()
        self._instances: dict[Ref, Instance] = {}
        self._clusters: dict[Ref, Cluster] = {}
        self._caches: dict[Ref, Cache] = {}

    def recover(self) -> None:
        """Adopt the servers that run, start those that do not, end what belongs to nobody."""
        self._machine.authority.ensure()
        self._machine.supervisor.stop_orphans()
        for instance in self._instance_plans.load(InstancePlan):
            found = Instance(self._machine, self._instance_plans, instance)
            self._instances[found.ref] = found
        for cluster in self._cluster_plans.load(ClusterPlan):
            self._clusters[Ref(cluster.region, cluster.identifier)] = Cluster(
                self._machine, self._cluster_plans, cluster
            )
        for cache in self._cache_plans.load(CachePlan):
            self._caches[Ref(cache.region, cache.identifier)] = Cache(
                self._machine, self._cache_plans, cache
            )
        groups: list[Cluster | Cache] = [*self._clusters.values(), *self._caches.values()]
        recover(self._machine.supervisor, list(self._instances.values()), groups)

    def close(self) -> None:
        """Stop watching; the servers keep running."""
        self._machine.supervisor.close()

    def down(self) -> None:
        """End every server and keep the data; works when the daemon is dead."""
        self._machine.supervisor.stop_all()
        shutil.rmtree(self._site.run_dir, ignore_errors=True)

    def wipe(self) -> None:
        """End every server and delete all that the local cloud has on disk."""
        self.down()
        shutil.rmtree(self._site.state_dir, ignore_errors=True)

    def create_instance(
        self,
        ref: Ref,
        credentials: Credentials,
        database: str | None,
        parameters: Mapping[str, str],
    ) -> Address:
        """A MySQL server with its master user and database; raises `ServerFailed`."""
        plan = plan_instance(self._machine, ref, credentials.user, parameters)
        return self._new_instance(plan, lambda i: i.create(credentials, database))

    def create_replica(self, ref: Ref, source: Ref, parameters: Mapping[str, str]) -> Address:
        """A read-only server that has caught up with ``source``; raises `ServerFailed`."""
        origin = self._instance(source)
        plan = plan_replica(self._machine, ref, origin.plan, parameters)
        return self._new_instance(plan, lambda i: i.create_from(origin))

    def promote(self, ref: Ref) -> None:
        self._instance(ref).promote()

    def set_password(self, ref: Ref, password: str) -> None:
        self._instance(ref).set_password(password)

    def set_parameters(self, ref: Ref, parameters: Mapping[str, str]) -> None:
        """Set at once what can be; the rest at the next reboot. Also for a cluster's member."""
        cluster = self._cluster_of(ref)
        if cluster is not None:
            cluster.set_parameters(ref.identifier, parameters)
        else:
            self._instance(ref).set_parameters(parameters)

    def reboot(self, ref: Ref) -> None:
        """Restart an instance or a cluster's member; it keeps its role."""
        cluster = self._cluster_of(ref)
        if cluster is not None:
            cluster.reboot(ref.identifier)
        else:
            self._instance(ref).reboot()

    def stop_instance(self, ref: Ref) -> None:
        self._instance(ref).stop()

    def start_instance(self, ref: Ref) -> None:
        self._instance(ref).start()

    def delete_instance(self, ref: Ref) -> None:
        """Delete a server and its data; nothing to do when there is none."""
        with self._lock:
            found = self._instances.pop(ref, None)
        if found is not None:
            found.delete()

    def create_cluster(
        self,
        ref: Ref,
        credentials: Credentials,
        database: str | None,
        parameters: Mapping[str, str],
    ) -> ClusterAddresses:
        """Endpoints that lead nowhere until `add_member`."""
        plan = plan_cluster(self._machine, ref, credentials, database, parameters)
        cluster = Cluster(self._machine, self._cluster_plans, plan)
        try:
            cluster.create()
        except LocalCloudError:
            cluster.delete()
            raise
        with self._lock:
            self._clusters[ref] = cluster
        return cluster.addresses

    def add_member(
        self, cluster: Ref, identifier: str, tier: int, parameters: Mapping[str, str]
    ) -> Address:
        """A member that has caught up; the first one is the writer."""
        return self._cluster(cluster).add_member(identifier, tier, parameters)

    def remove_member(self, cluster: Ref, identifier: str) -> None:
        self._cluster(cluster).remove_member(identifier)

    def set_custom_endpoint(self, cluster: Ref, name: str, members: Sequence[str]) -> Address:
        """Create or change a custom endpoint; at most five a cluster."""
        return self._cluster(cluster).set_custom_endpoint(name, members)

    def delete_custom_endpoint(self, cluster: Ref, name: str) -> None:
        self._cluster(cluster).delete_custom_endpoint(name)

    def cluster_state(self, cluster: Ref) -> ClusterState:
        return self._cluster(cluster).state

    def fail_over(self, cluster: Ref, target: str | None) -> None:
        """A planned change of the writer, to ``target`` or the reader with the lowest tier."""
        self._cluster(cluster).fail_over(target)

    def set_cluster_password(self, cluster: Ref, password: str) -> None:
        self._cluster(cluster).set_password(password)

    def delete_cluster(self, cluster: Ref) -> None:
        """Delete a cluster with all its members; nothing to do when there is none."""
        with self._lock:
            found = self._clusters.pop(cluster, None)
        if found is not None:
            found.delete()

    def create_redis(
        self,
        ref: Ref,
        nodes: Sequence[str],
        auth_token: str | None,
        tls: bool,
        failover: bool,
        parameters: Mapping[str, str],
    ) -> RedisAddresses:
        """A primary, the first of ``nodes``, and replicas that have synchronised with it."""
        plan = plan_cache(self._machine, ref, nodes, auth_token, parameters, tls, failover)
        cache = Cache(self._machine, self._cache_plans, plan)
        try:
            cache.create()
        except LocalCloudError:
            cache.delete()
            raise
        with self._lock:
            self._caches[ref] = cache
        return cache.state.addresses

    def resize_redis(self, ref: Ref, nodes: Sequence[str]) -> RedisAddresses:
        cache = self._cache(ref)
        cache.resize(nodes)
        return cache.state.addresses

    def redis_state(self, ref: Ref) -> RedisState:
        return self._cache(ref).state

    def fail_over_redis(self, ref: Ref) -> None:
        self._cache(ref).fail_over()

    def set_auth_token(self, ref: Ref, token: str | None) -> None:
        """Set the token of clients, or remove it."""
        self._cache(ref).set_token(token)

    def delete_redis(self, ref: Ref) -> None:
        """Delete a replication group; nothing to do when there is none."""
        with self._lock:
            found = self._caches.pop(ref, None)
        if found is not None:
            found.delete()

    def listing(self) -> list[ServerStatus]:
        """Every process that should run, endpoints included."""
        with self._lock:
            parts = (dict(self._instances), dict(self._clusters), dict(self._caches))
        return list_servers(self._machine.supervisor, *parts)

    def _new_instance(self, plan: InstancePlan, create: Callable[[Instance], None]) -> Address:
        instance = Instance(self._machine, self._instance_plans, plan)
        try:
            create(instance)
        except LocalCloudError:
            instance.delete()
            raise
        with self._lock:
            self._instances[instance.ref] = instance
        return instance.address

    def _instance(self, ref: Ref) -> Instance:
        return _found(self._instances, ref, "instance")

    def _cluster(self, ref: Ref) -> Cluster:
        return _found(self._clusters, ref, "cluster")

    def _cache(self, ref: Ref) -> Cache:
        return _found(self._caches, ref, "replication group")

    def _cluster_of(self, member: Ref) -> Cluster | None:
        with self._lock:
            clusters = list(self._clusters.values())
        for cluster in clusters:
            if cluster.ref.region == member.region and member.identifier in cluster.plan.members:
                return cluster
        return None


def _found(databases: Mapping[Ref, T], ref: Ref, kind: str) -> T:
    try:
        return databases[ref]
    except KeyError:
        raise UnknownDatabase(f"there are no servers of {kind} {ref}") from None
