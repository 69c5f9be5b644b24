"""Which alarms a cache has."""

from __future__ import annotations

from collections.abc import Iterator

from specs.alarm import ELASTICACHE, GB, Alarm, cpu
from specs.redis import ClusterModeEnabled, ReplicationGroup
from specs.serverless_cache import ServerlessCache

_MOST_CACHE_CLIENTS = 65_000
"""``maxclients`` of Redis, Valkey and memcached on ElastiCache, which nobody can change."""


def of_cache(cache: ReplicationGroup) -> Iterator[Alarm]:
    for node in _nodes(cache):
        dimensions = (("CacheClusterId", node),)
        yield cpu(node, dimensions, ELASTICACHE)
        yield Alarm(
            node, "engine-cpu", "EngineCPUUtilization", dimensions, "over", 90,
            "the one thread that executes commands has no time left", ELASTICACHE,
        )  # fmt: skip
        yield Alarm(
            node, "memory", "DatabaseMemoryUsagePercentage", dimensions, "over", 80,
            "per cent of what keys may take: evictions, or refused writes, come next",
            ELASTICACHE, statistic="Maximum",
        )  # fmt: skip
        yield from _evictions_and_clients(node, dimensions)
        if cache.shape.spares[1] > 0:
            yield Alarm(
                node, "lag", "ReplicationLag", dimensions, "over", 10,
                "in seconds: a failover would lose them", ELASTICACHE, "Maximum",
                missing="notBreaching",
            )  # fmt: skip
            yield Alarm(
                node, "link", "MasterLinkHealthStatus", dimensions, "under", 1,
                "it does not hear its primary: a failover, or a break", ELASTICACHE, "Minimum",
                periods=2,
                # A primary has no such link.
                missing="notBreaching",
            )  # fmt: skip


def _nodes(cache: ReplicationGroup) -> list[str]:
    shape, name = cache.shape, cache.identifier
    if isinstance(shape, ClusterModeEnabled):
        return [
            f"{name}-{shard + 1:04}-{node + 1:03}"
            for shard in range(shape.shards)
            for node in range(shape.replicas_per_shard + 1)
        ]
    return [f"{name}-{node + 1:03}" for node in range(shape.replicas + 1)]


def _evictions_and_clients(source: str, dimensions: tuple[tuple[str, str], ...]) -> Iterator[Alarm]:
    yield Alarm(
        source, "evictions", "Evictions", dimensions, "over", 1000,
        "keys a minute that had to go for others: what is asked for no longer fits",
        ELASTICACHE, "Sum",
    )  # fmt: skip
    yield Alarm(
        source, "connections", "CurrConnections", dimensions, "over", _MOST_CACHE_CLIENTS * 4 // 5,
        f"four fifths of the {_MOST_CACHE_CLIENTS} clients that a node takes", ELASTICACHE,
    )  # fmt: skip


def of_memcached(cluster: str, node: str) -> Iterator[Alarm]:
    dimensions = (("CacheClusterId", cluster), ("CacheNodeId", node))
    source = f"{cluster}-{node}"
    yield cpu(source, dimensions, ELASTICACHE)
    yield from _evictions_and_clients(source, dimensions)


def of_serverless_cache(cache: ServerlessCache) -> Iterator[Alarm]:
    dimensions = (("clusterId", cache.identifier),)
    yield Alarm(
        cache.identifier, "throttled", "ThrottledCmds", dimensions, "over", 0,
        "commands that were refused because the limit of the config was reached", ELASTICACHE,
        "Sum", missing="notBreaching",
    )  # fmt: skip
    most = cache.storage_gb.most if cache.storage_gb else None
    if most is not None:
        yield Alarm(
            cache.identifier, "memory", "BytesUsedForCache", dimensions, "over",
            most * GB * 4 / 5, f"four fifths of the {most} GB of the config: then keys go",
            ELASTICACHE, "Maximum", missing="notBreaching",
        )  # fmt: skip
