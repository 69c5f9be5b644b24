"""Bringing every database back after the daemon, the servers or the machine have died."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from localcloud.databases.caches import Cache
from localcloud.databases.clusters import Cluster
from localcloud.databases.instances import Instance
from localcloud.errors import LocalCloudError
from localcloud.supervisor import Supervisor

log = logging.getLogger(__name__)

_AT_ONCE = 8


def recover(
    supervisor: Supervisor, instances: Sequence[Instance], groups: Sequence[Cluster | Cache]
) -> None:
    """Adopt what runs, start what does not, end what belongs to nobody.

    Sources come before their replicas, which would wait for them.
    """
    _end_unplanned(supervisor, instances, groups)
    _all([*(i for i in instances if i.plan.source is None), *groups])
    _all([i for i in instances if i.plan.source is not None])


def _all(databases: Sequence[Instance | Cluster | Cache]) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(_one, databases))


def _one(database: Instance | Cluster | Cache) -> None:
    # One that cannot be started must not keep the others down.
    try:
        database.recover()
    except LocalCloudError:
        log.exception("%s could not be started again", database.ref)


def _end_unplanned(
    supervisor: Supervisor, instances: Sequence[Instance], groups: Sequence[Cluster | Cache]
) -> None:
    # A kill between the start of a server and its plan leaves one that nobody asks for.
    planned = {instance.server.name for instance in instances}
    for group in groups:
        planned |= {server.name for server in group.servers.values()}
        planned.add(group.endpoints.name)
    for name in set(supervisor.names()) - planned:
        log.warning("server %s has no plan: ended", name)
        supervisor.stop(name, kill=True)
