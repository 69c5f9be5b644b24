"""What ElastiCache refuses, in its own codes. Source: shared/aws-facts.md section 6."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.api import ApiError

VERSIONS = {
    "redis": ("6.0", "6.2", "7.0", "7.1"),
    "valkey": ("7.2", "8.0", "8.1", "8.2", "9.0", "9.1"),
}
"""By engine, those that can still be created without extended support."""
FAMILIES = ("memcached1.6", "redis6.x", "redis7", "valkey7", "valkey8", "valkey9")
MOST_NODES = 6
MOST_NODES_CLUSTERED = 90
MOST_REPLICAS = 5
_CLASS = re.compile(
    r"cache\.(t2|t3|t4g)\.(micro|small|medium)"
    r"|cache\.(m4|m5|m6g|m7g|r4|r5|r6g|r7g|c7gn)\.(large|xlarge|\d+xlarge)"
)


def combination(message: str) -> ApiError:
    """Two values that are fine apart."""
    return ApiError("InvalidParameterCombination", message)


def value(message: str) -> ApiError:
    """One value that is not."""
    return ApiError("InvalidParameterValue", message)


def check_engine(wanted: str | None) -> str:
    """``redis``, also when none is named, or ``valkey``."""
    engine = (wanted or "redis").lower()
    if engine not in VERSIONS:
        raise value(f"A replication group has engine redis or valkey, not {wanted}.")
    return engine


def version(engine: str, wanted: str | None) -> str:
    """The full version of ``wanted``: ``7.x`` or ``7`` is the newest 7; None the newest redis."""
    versions = VERSIONS[engine]
    if not wanted:
        if engine == "valkey":
            raise combination("EngineVersion is required for engine valkey.")
        return versions[-1]
    stem = wanted.removesuffix(".x")
    found = [v for v in versions if v == stem or v.startswith(f"{stem}.")]
    if not found:
        raise value(
            f"Specified {engine} version {wanted} is not supported. Choose from {versions}."
        )
    return found[-1]


def family(engine: str, engine_version: str) -> str:
    """Parameter group family: ``redis7``, ``redis6.x``, ``valkey8``."""
    major = engine_version.split(".")[0]
    return "redis6.x" if (engine, major) == ("redis", "6") else f"{engine}{major}"


def check_group_id(name: str) -> str:
    """At most 40 letters, digits and single hyphens, a letter first; stored in lower case."""
    if not re.fullmatch(r"[a-z](?:[a-z0-9]|-(?!-|$)){0,39}", name, re.IGNORECASE):
        raise value(
            f"The parameter ReplicationGroupIdentifier is not a valid identifier: {name!r} (at "
            "most 40 letters, digits and single hyphens; begins with a letter)"
        )
    return name.lower()


def check_class(node_type: str | None) -> None:
    """One of the current node types."""
    if node_type is None or not _CLASS.fullmatch(node_type):
        raise value(f"Invalid Cache Node Type: {node_type}.")


def check_count(count: int, failover: bool) -> None:
    """1 to 6 nodes; automatic failover needs somebody to fail over to."""
    if not 1 <= count <= MOST_NODES:
        raise value(f"NumCacheClusters must be between 1 and {MOST_NODES}, not {count}.")
    if failover and count < 2:
        raise combination(
            "Automatic failover is not supported for replication groups with less than 2 nodes."
        )


def check_clustered(shards: int, replicas: int, multi_az: bool) -> None:
    """Up to 5 replicas a node group, 90 nodes in all; Multi-AZ needs a replica in each."""
    if not 0 <= replicas <= MOST_REPLICAS:
        raise value(f"ReplicasPerNodeGroup must be between 0 and {MOST_REPLICAS}, not {replicas}.")
    if shards < 1:
        raise value(f"NumNodeGroups must be 1 or more, not {shards}.")
    if shards * (1 + replicas) > MOST_NODES_CLUSTERED:
        raise ApiError(
            "NodeQuotaForClusterExceeded",
            f"{shards * (1 + replicas)} nodes exceed the quota of {MOST_NODES_CLUSTERED}.",
        )
    if multi_az and not replicas:
        raise combination("Multi-AZ needs at least one replica in every node group.")


def check_modes(failover: bool, multi_az: bool) -> None:
    """Multi-AZ is a kind of automatic failover."""
    if multi_az and not failover:
        raise combination(
            "Must enable automatic failover to enable Multi-AZ for a replication group."
        )


def check_token(token: str | None, tls: bool) -> None:
    """16 to 128 printable characters, specials ``! & # $ ^ < > -`` only, and TLS."""
    if token is None:
        return
    if not tls:
        raise combination("Auth token requires encryption in transit (TransitEncryptionEnabled).")
    if not re.fullmatch(r"[A-Za-z0-9!&#$^<>-]{16,128}", token):
        raise value(
            "Invalid AuthToken provided. 16 to 128 letters, digits and the characters "
            "! & # $ ^ < > -"
        )


def check_snapshots(p: Mapping[str, Any]) -> None:
    """Daily backups are kept 0 to 35 days, in a window of an hour or more."""
    limit = p.get("SnapshotRetentionLimit")
    if limit is not None and not 0 <= limit <= 35:
        raise value(f"SnapshotRetentionLimit must be between 0 and 35 days, not {limit}.")
    window = p.get("SnapshotWindow")
    if window:
        if not re.fullmatch(r"\d\d:\d\d-\d\d:\d\d", window):
            raise value(f"Invalid snapshot window {window}; format: hh24:mi-hh24:mi")
        start, end = (int(t[:2]) * 60 + int(t[3:]) for t in window.split("-"))
        if (end - start) % 1440 < 60:
            raise value("The snapshot window must be at least 60 minutes.")


def delivered(before: list[dict[str, Any]], asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A cache's log deliveries after ``asked``, one a kind of log."""
    found = {log["LogType"]: log for log in before}
    for log in asked:
        if log.get("Enabled") is False:
            found.pop(log["LogType"], None)
        else:
            kept = {name: value for name, value in log.items() if name != "Enabled"}
            found[log["LogType"]] = kept | {"Status": "active"}
    return list(found.values())
