"""Clusters: members, endpoints, failover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from localcloud.databases.capacity import Scaling
from localcloud.databases.cluster_plan import ClusterPlan
from localcloud.databases.clusters import Cluster
from localcloud.databases.global_plan import GlobalPlans
from localcloud.databases.planning import plan_cluster
from localcloud.databases.store import Plans
from localcloud.fleet.collection import Collection
from localcloud.servers.facts import Address, ClusterAddresses, ClusterState, Credentials, Ref
from localcloud.servers.machine import Machine


class Clusters(Collection[Cluster]):
    """Writers and readers behind endpoints of their own."""

    def __init__(self, machine: Machine, worldwide: GlobalPlans) -> None:
        super().__init__("cluster")
        self._machine = machine
        self._worldwide = worldwide
        self._plans = Plans(machine.site.state_dir / "databases", "cluster")

    def load(self) -> None:
        """Know what was planned; `StateUnreadable` when another version planned it."""
        for plan in self._plans.load(ClusterPlan):
            self.put(self._cluster(plan))

    def create(
        self,
        ref: Ref,
        credentials: Credentials,
        database: str | None,
        parameters: Mapping[str, str],
        engine: str = "aurora-mysql",
    ) -> ClusterAddresses:
        """Endpoints that lead nowhere until `add_member`."""
        plan = plan_cluster(self._machine, ref, engine, credentials, database, parameters)
        made = self.make(self._cluster(plan), lambda c: c.create())
        return made.addresses

    def delete(self, ref: Ref) -> None:
        """Delete a cluster and its data; a global cluster has a member less then."""
        super().delete(ref)
        self._worldwide.leave(ref)

    def user(self, cluster: Ref) -> str:
        """The name of a cluster's master user."""
        return self.get(cluster).plan.user

    def add_member(
        self,
        cluster: Ref,
        identifier: str,
        tier: int,
        parameters: Mapping[str, str],
        *,
        serverless: bool = False,
    ) -> Address:
        """A member that has caught up; the first one is the writer."""
        return self.get(cluster).add_member(identifier, tier, parameters, serverless=serverless)

    def remove_member(self, cluster: Ref, identifier: str) -> None:
        self.get(cluster).remove_member(identifier)

    def of_member(self, member: Ref) -> Cluster | None:
        """The cluster that has ``member``, if any."""
        here = (cluster for cluster in self.all() if cluster.ref.region == member.region)
        return next((c for c in here if member.identifier in c.plan.members), None)

    def set_custom_endpoint(self, cluster: Ref, name: str, members: Sequence[str]) -> Address:
        """Create or change a custom endpoint; at most five a cluster."""
        return self.get(cluster).set_custom_endpoint(name, members)

    def delete_custom_endpoint(self, cluster: Ref, name: str) -> None:
        self.get(cluster).delete_custom_endpoint(name)

    def name_also(self, cluster: Ref, hosts: Sequence[str]) -> None:
        """Let its certificates name ``hosts``, addresses that lead to it, and no others."""
        self.get(cluster).name_also(hosts)

    def state(self, cluster: Ref) -> ClusterState:
        return self.get(cluster).state

    def fail_over(self, cluster: Ref, target: str | None) -> None:
        """A planned change of the writer, to ``target`` or the reader with the lowest tier."""
        self.get(cluster).fail_over(target)

    def stop(self, cluster: Ref) -> None:
        """End a cluster's servers, keep its data."""
        self.get(cluster).stop()

    def start(self, cluster: Ref) -> None:
        """Start the servers of a stopped cluster."""
        self.get(cluster).start()

    def set_password(self, cluster: Ref, password: str) -> None:
        self.get(cluster).set_password(password)

    def set_scaling(self, cluster: Ref, scaling: Scaling | None) -> None:
        """The range of capacity of a cluster's serverless members, and its pause."""
        self.get(cluster).set_scaling(scaling)

    def set_serverless(self, cluster: Ref, identifier: str, serverless: bool) -> None:
        """Whether a member is one of them."""
        self.get(cluster).set_serverless(identifier, serverless)

    def _cluster(self, plan: ClusterPlan) -> Cluster:
        return Cluster(self._machine, self._plans, plan, self._leader_of)

    def _leader_of(self, cluster: Ref) -> Cluster | None:
        leader = self._worldwide.leader_of(cluster)
        return self.get(leader) if leader is not None else None

    def close(self) -> None:
        """Look after them no more; the servers keep running."""
        for cluster in self.all():
            cluster.close()
