"""A site's servers as one: recovery, what runs, and what concerns any server."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

from localcloud.databases.global_plan import GlobalPlans
from localcloud.databases.store import Plans
from localcloud.fleet.backups import Backups
from localcloud.fleet.caches import Caches
from localcloud.fleet.clusters import Clusters
from localcloud.fleet.collection import Collection, Database
from localcloud.fleet.gauges import Gauges
from localcloud.fleet.global_clusters import GlobalClusters
from localcloud.fleet.heartbeats import Heartbeats
from localcloud.fleet.instances import Instances
from localcloud.fleet.memcached import MemcachedClusters
from localcloud.fleet.migrations import Migrations
from localcloud.fleet.proxies import Proxies
from localcloud.fleet.recovery import recover
from localcloud.fleet.serverless_caches import ServerlessCaches
from localcloud.fleet.sharded_caches import ShardedCaches
from localcloud.metrics import Metrics
from localcloud.servers.facts import Ref, ServerStatus
from localcloud.servers.machine import Machine
from localcloud.site import Site


class Fleet:
    """The servers of one site, by kind of database."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._machine = Machine(site)
        self.instances = Instances(self._machine)
        self.backups = Backups(self._machine, self.instances)
        worldwide = GlobalPlans(Plans(site.state_dir / "databases", "global-cluster"))
        self.clusters = Clusters(self._machine, worldwide)
        self.global_clusters = GlobalClusters(worldwide, self.clusters)
        self.caches = Caches(self._machine)
        self.proxies = Proxies(self._machine)
        self.sharded_caches = ShardedCaches(self._machine)
        self.memcached = MemcachedClusters(self._machine)
        self.serverless_caches = ServerlessCaches(self._machine)
        self.migrations = Migrations(self._machine)
        self._collections: tuple[Collection[Any], ...] = (
            self.instances,
            self.clusters,
            self.caches,
            self.sharded_caches,
            self.memcached,
            self.serverless_caches,
            self.proxies,
            self.migrations,
        )

    @property
    def gauges(self) -> Gauges:
        """A new thread that reads every server; the caller opens and closes it."""
        return Gauges(self._machine, self._databases)

    @property
    def heartbeats(self) -> Heartbeats:
        """A new thread that ends servers which fell silent; the caller opens and closes it."""
        return Heartbeats(self._machine, self._databases)

    @property
    def metrics(self) -> Metrics:
        """What the servers publish."""
        return self._machine.metrics

    def recover(self) -> None:
        """Adopt the servers that run, start those that do not, end what belongs to nobody."""
        self._machine.authority.ensure()
        self._machine.supervisor.stop_orphans()
        self.global_clusters.load()
        for collection in self._collections:
            collection.load()
        self.backups.load()
        recover(self._machine.supervisor, self._databases())
        self.global_clusters.open()

    def close(self) -> None:
        """Stop watching; the servers keep running."""
        self.global_clusters.close()
        self.clusters.close()
        self._machine.supervisor.close()

    def down(self) -> None:
        """End every server and keep the data; works when the daemon is dead."""
        self._machine.supervisor.stop_all()
        shutil.rmtree(self._site.run_dir, ignore_errors=True)

    def wipe(self) -> None:
        """End every server and delete all that the local cloud has on disk."""
        self.down()
        shutil.rmtree(self._site.state_dir, ignore_errors=True)

    def parameters(self, ref: Ref) -> Mapping[str, str]:
        """What an instance or a cluster's member was last told to run with."""
        cluster = self.clusters.of_member(ref)
        if cluster is not None:
            return cluster.plan.members[ref.identifier].parameters
        return self.instances.get(ref).plan.parameters

    def set_parameters(self, ref: Ref, parameters: Mapping[str, str]) -> None:
        """Set at once what can be, in an instance or a cluster's member; the rest at a reboot."""
        cluster = self.clusters.of_member(ref)
        if cluster is not None:
            cluster.set_parameters(ref.identifier, parameters)
        else:
            self.instances.get(ref).set_parameters(parameters)

    def reboot(self, ref: Ref) -> None:
        """Restart an instance or a cluster's member; it keeps its role."""
        cluster = self.clusters.of_member(ref)
        if cluster is not None:
            cluster.reboot(ref.identifier)
        else:
            self.instances.get(ref).reboot()

    def region_of(self, host: str) -> str | None:
        """The region of the database that has this address."""
        holder = self._machine.addresses.holder(host)
        # Every holder's name is a kind, a region and an identifier.
        return holder.split(".")[1] if holder is not None else None

    def listing(self) -> list[ServerStatus]:
        """Every process that should run, endpoints included."""
        return [status for database in self._databases() for status in database.statuses()]

    def _databases(self) -> list[Database]:
        return [database for collection in self._collections for database in collection.all()]
