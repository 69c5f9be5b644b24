"""What runs: one row a server process, for `status` and for whoever watches."""

from __future__ import annotations

from collections.abc import Mapping

import psutil

from localcloud.databases.caches import Cache
from localcloud.databases.clusters import Cluster
from localcloud.databases.instances import Instance
from localcloud.servers.facts import Address, Ref, ServerStatus
from localcloud.supervisor import Supervisor


def list_servers(
    supervisor: Supervisor,
    instances: Mapping[Ref, Instance],
    clusters: Mapping[Ref, Cluster],
    caches: Mapping[Ref, Cache],
) -> list[ServerStatus]:
    """Every process that should run, by region and identifier; endpoints after their servers."""

    def row(kind: str, ref: Ref, role: str, name: str, address: Address) -> ServerStatus:
        process = supervisor.running(name)
        rss = _rss(process.pid) if process is not None else None
        return ServerStatus(
            kind=kind,
            region=ref.region,
            identifier=ref.identifier,
            role=role,
            address=str(address),
            pid=process.pid if process is not None and rss is not None else None,
            alive=rss is not None,
            rss=rss or 0,
        )

    found = []
    for ref, instance in sorted(instances.items()):
        if not instance.plan.stopped:
            server = instance.server
            found.append(row("mysql", ref, instance.role, server.name, server.address))
    for ref, cluster in sorted(clusters.items()):
        for name, member in list(cluster.servers.items()):
            role = "writer" if name == cluster.plan.writer else "reader"
            found.append(row("aurora", Ref(ref.region, name), role, member.name, member.address))
        ends = cluster.addresses.writer
        found.append(row("endpoint", ref, "endpoints", cluster.endpoints.name, ends))
    for ref, cache in sorted(caches.items()):
        for name, node in list(cache.servers.items()):
            role = "primary" if name == cache.plan.primary else "replica"
            found.append(row("redis", Ref(ref.region, name), role, node.name, node.address))
        ends = cache.state.addresses.primary
        found.append(row("endpoint", ref, "endpoints", cache.endpoints.name, ends))
    return found


def _rss(pid: int) -> int | None:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return None
