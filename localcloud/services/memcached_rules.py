"""What ElastiCache refuses of memcached clusters, in its own codes.

Source: shared/aws-facts.md section 6.4 and the API's own texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.api import ApiError
from localcloud.services.cache_rules import check_class, combination, value

VERSIONS = ("1.6.6", "1.6.12", "1.6.17", "1.6.22")
FAMILY = "memcached1.6"
PORT = 11211
MOST_NODES = 40
_BEFORE_TLS = frozenset({"1.6.6"})
_REDIS_ONLY = (
    "AuthToken", "FinalSnapshotIdentifier", "LogDeliveryConfigurations", "ReplicationGroupId",
    "SnapshotArns", "SnapshotName", "SnapshotRetentionLimit", "SnapshotWindow",
)  # fmt: skip
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WEEK_MINUTES = 7 * 24 * 60


def engine_versions() -> list[dict[str, Any]]:
    """Rows of ``DescribeCacheEngineVersions``, oldest first."""
    return [
        {
            "Engine": "memcached",
            "EngineVersion": version,
            "CacheParameterGroupFamily": FAMILY,
            "CacheEngineDescription": "memcached",
            "CacheEngineVersionDescription": f"memcached version {version}",
        }
        for version in VERSIONS
    ]


def cluster_id(name: str) -> str:
    """At most 50 letters, digits and single hyphens, a letter first; stored in lower case."""
    if not re.fullmatch(r"[a-z](?:[a-z0-9]|-(?!-|$)){0,49}", name, re.IGNORECASE):
        raise value(
            f"The parameter CacheClusterIdentifier is not a valid identifier: {name!r} (at most "
            "50 letters, digits and single hyphens; begins with a letter)"
        )
    return name.lower()


def version(wanted: str | None) -> str:
    """The version asked for, by default the newest."""
    if wanted is not None and wanted not in VERSIONS:
        raise value(
            f"Specified memcached version {wanted} is not supported. Choose from {VERSIONS}."
        )
    return wanted or VERSIONS[-1]


def check_new(p: Mapping[str, Any]) -> None:
    """What ``CreateCacheCluster`` refuses whatever the cluster stands in."""
    if p.get("Engine") != "memcached":
        raise value(
            f"The local cloud makes cache clusters of engine memcached, not {p.get('Engine')}; "
            "Redis is served as a replication group."
        )
    for member in _REDIS_ONLY:
        if p.get(member):
            raise combination(f"{member} is not supported for memcached clusters.")
    check_class(p.get("CacheNodeType"))
    if p.get("Port") not in (None, PORT):
        raise value(f"The local cloud serves memcached on port {PORT} only.")
    check_tls(bool(p.get("TransitEncryptionEnabled")), p)
    check_window(p.get("PreferredMaintenanceWindow"))


def check_tls(tls: bool, p: Mapping[str, Any]) -> None:
    """TLS came with 1.6.12, and not to the T2 classes."""
    if tls and version(p.get("EngineVersion")) in _BEFORE_TLS:
        raise combination(
            f"Encryption in transit is not supported for memcached {p['EngineVersion']}; it needs "
            "1.6.12 or later."
        )
    if tls and p["CacheNodeType"].startswith("cache.t2."):
        raise combination(f"Encryption in transit is not supported for {p['CacheNodeType']}.")


def check_count(count: Any) -> int:
    """1 to 40 nodes."""
    if not isinstance(count, int) or not 1 <= count <= MOST_NODES:
        raise value(f"NumCacheNodes must be between 1 and {MOST_NODES}, not {count}.")
    return count


def check_mode(mode: str | None, count: int, zones: list[str]) -> None:
    """``cross-az`` needs two nodes; zones that differ need ``cross-az``."""
    if mode not in (None, "single-az", "cross-az"):
        raise value(f"AZMode must be single-az or cross-az, not {mode}.")
    if mode == "cross-az" and count < 2:
        raise combination("AZMode cross-az requires at least two cache nodes.")
    if mode != "cross-az" and len(set(zones)) > 1:
        raise combination("Nodes in several Availability Zones require AZMode cross-az.")


def check_window(window: str | None) -> None:
    """``ddd:hh24:mi-ddd:hh24:mi``, an hour or more."""
    if window is None:
        return
    time = r"(sun|mon|tue|wed|thu|fri|sat):([01]\d|2[0-3]):([0-5]\d)"
    match = re.fullmatch(f"{time}-{time}", window)
    if match is None:
        raise value(f"Invalid maintenance window {window}; format: ddd:hh24:mi-ddd:hh24:mi")
    start, end = (
        (_DAYS.index(match[i]) * 24 + int(match[i + 1])) * 60 + int(match[i + 2]) for i in (1, 4)
    )
    if (end - start) % _WEEK_MINUTES < 60:
        raise value("The maintenance window must be at least 60 minutes.")


def check_removal(leaving: list[str], nodes: list[str], count: int) -> None:
    """The nodes to remove are named, exist, and are as many as the count says."""
    unknown = [node for node in leaving if node not in nodes]
    if unknown:
        raise value(f"Cache node {unknown[0]} does not exist; there are {', '.join(nodes)}.")
    if len(set(leaving)) != len(nodes) - count:
        raise combination(
            f"To go from {len(nodes)} nodes to {count}, CacheNodeIdsToRemove must name "
            f"{len(nodes) - count} nodes."
        )


def missing(name: str) -> ApiError:
    """There is no such cluster."""
    return ApiError("CacheClusterNotFound", f"CacheCluster not found: {name}", 404)
