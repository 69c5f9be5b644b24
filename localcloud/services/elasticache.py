"""ElastiCache: everything this service answers, wired together."""

from __future__ import annotations

from localcloud.api import Answer, Call, Operations, page
from localcloud.services import cache_rules, memcached_rules
from localcloud.services.cache_access import CacheAccess
from localcloud.services.cache_changes import CacheChanges
from localcloud.services.cache_creation import CacheCreation
from localcloud.services.cache_groups import CacheGroups
from localcloud.services.cache_parameters import CacheParameterGroups
from localcloud.services.cache_resizing import CacheResizing
from localcloud.services.cache_user_groups import CacheUserGroups
from localcloud.services.cache_users import CacheUsers
from localcloud.services.context import Cloud, Tags, describe_events
from localcloud.services.memcached_changes import MemcachedChanges
from localcloud.services.memcached_clusters import MemcachedClusters
from localcloud.services.reservations import CACHE as RESERVED
from localcloud.services.reservations import Reservations
from localcloud.services.serverless_caches import ServerlessCaches
from localcloud.services.subnet_groups import CACHE, SubnetGroups

_TAGGED = (
    "replication-group",
    "cache-cluster",
    "serverless-cache",
    "cache-parameter-group",
    "cache-subnet-group",
    "cache-user",
    "cache-user-group",
    "reserved-cache-node",
)


def register(operations: Operations, cloud: Cloud) -> None:
    """Add ElastiCache to ``operations``."""
    operations.closed.add("elasticache")
    subnets = SubnetGroups(cloud, CACHE)
    parameters = CacheParameterGroups(cloud)
    users = CacheUsers(cloud)
    access = CacheAccess(cloud, users)
    groups = CacheGroups(cloud)
    memcached = MemcachedClusters(cloud, subnets, parameters)
    for part in (
        subnets,
        parameters,
        users,
        CacheUserGroups(cloud, users, access),
        groups,
        CacheCreation(cloud, groups, subnets, parameters, access),
        CacheChanges(cloud, groups, subnets, parameters, access),
        CacheResizing(cloud, groups, subnets),
        memcached,
        MemcachedChanges(cloud, memcached, subnets, parameters),
        ServerlessCaches(cloud),
        Reservations(cloud, RESERVED),
    ):
        part.register(operations)
    Tags(cloud, "elasticache", _TAGGED, "ReplicationGroupNotFoundFault").register(
        operations, "AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource"
    )

    def events(call: Call) -> Answer:
        # Looking at the groups notices a failover that the servers did by themselves.
        for record in cloud.records.all("replication-group", call.region):
            groups.shown(record)
        return describe_events(cloud, call)

    operations.handle("elasticache", "DescribeEvents", events)
    operations.handle("elasticache", "DescribeCacheEngineVersions", _versions)


def _versions(call: Call) -> Answer:
    p = call.params
    rows = [
        {
            "Engine": engine,
            "EngineVersion": version,
            "CacheParameterGroupFamily": cache_rules.family(engine, version),
            "CacheEngineDescription": engine.capitalize(),
            "CacheEngineVersionDescription": f"{engine.capitalize()} {version}",
        }
        for engine, versions in cache_rules.VERSIONS.items()
        for version in versions
    ]
    rows = [
        row
        for row in [*memcached_rules.engine_versions(), *rows]
        if p.get("Engine") in (None, row["Engine"])
        and p.get("EngineVersion") in (None, row["EngineVersion"])
    ]
    if p.get("DefaultOnly"):
        rows = list({row["Engine"]: row for row in rows}.values())
    return page(call, "CacheEngineVersions", rows)
