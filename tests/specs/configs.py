"""Good configs, one a kind, and what `read` says when something in them is changed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

from specs.problems import ConfigError, Problem
from specs.topologies import Stack, read

REGION = "us-east-1"
NETWORK: dict[str, Any] = {"allowed_cidrs": ["10.0.0.0/16"], "zones": ["a", "b", "c"]}
MYSQL: dict[str, Any] = {
    "kind": "rds-mysql",
    "identifier": "myapp-mysql-db",
    "engine_version": "8.4",
    "class": "db.t3.medium",
    "storage": {"type": "gp2", "size_gb": 20, "autoscale_to_gb": 100},
    "availability": "multi-az",
    "username": "admin",
    "database": "myappdb",
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "enhanced_monitoring": {"interval_seconds": 60},
    "performance_insights": {"retention_days": 7},
    "slow_query_log": {"threshold_seconds": 1},
    "apply_changes": "immediately",
    "lifetime": "disposable",
}
REPLICA: dict[str, Any] = {
    "kind": "read-replica",
    "source": "mysql",
    "region": "us-west-2",
    "identifier": "myapp-mysql-replica",
    "class": "db.t3.micro",
    "availability": "single-az",
    "enhanced_monitoring": {"interval_seconds": 60},
    "apply_changes": "immediately",
    "lifetime": "disposable",
}
AURORA: dict[str, Any] = {
    "kind": "aurora-mysql",
    "identifier": "myapp-aurora-cluster",
    "engine_version": "8.0.mysql_aurora.3.10.6",
    "class": "db.r5.large",
    "username": "admin",
    "database": "myappdb",
    "writer": {"identifier": "myapp-aurora-a", "zone": "a"},
    "readers": [
        {"identifier": "myapp-aurora-reader-1", "zone": "b"},
        {"identifier": "myapp-aurora-reader-2", "zone": "c"},
    ],
    "custom_endpoints": {"analytics": ["myapp-aurora-reader-2"]},
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "performance_insights": {"retention_days": 7},
    "slow_query_log": {"threshold_seconds": 1},
    "apply_changes": "immediately",
    "lifetime": "disposable",
}
AURORA_POSTGRESQL: dict[str, Any] = {
    "kind": "aurora-postgresql",
    "identifier": "myapp-ledger",
    "engine_version": "17.7",
    "class": "db.r6g.large",
    "username": "ledger",
    "database": "ledger",
    "writer": {"identifier": "myapp-ledger-a", "zone": "a"},
    "readers": [
        {"identifier": "myapp-ledger-b", "zone": "b"},
        {"identifier": "myapp-ledger-c", "zone": "c"},
    ],
    "custom_endpoints": {"reports": ["myapp-ledger-c"]},
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "performance_insights": {"retention_days": 7},
    "slow_query_log": {"threshold_seconds": 1},
    "apply_changes": "immediately",
    "lifetime": "disposable",
}
MULTI_AZ_MYSQL: dict[str, Any] = {
    "kind": "multi-az-mysql",
    "identifier": "myapp-multi-az",
    "engine_version": "8.4",
    "class": "db.m6gd.large",
    "storage": {"type": "gp3", "size_gb": 100},
    "username": "app",
    "database": "myappdb",
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "enhanced_monitoring": {"interval_seconds": 60},
    "performance_insights": {"retention_days": 7},
    "slow_query_log": {"threshold_seconds": 1},
    "apply_changes": "immediately",
    "lifetime": "disposable",
}
MULTI_AZ_POSTGRES: dict[str, Any] = {
    **MULTI_AZ_MYSQL,
    "kind": "multi-az-postgres",
    "engine_version": "17",
}
REDIS: dict[str, Any] = {
    "kind": "redis",
    "identifier": "myapp-redis-cache",
    "description": "Application caching layer",
    "engine_version": "7.1",
    "class": "cache.t3.micro",
    "shape": {"cluster_mode": "disabled", "replicas": 2},
    "availability": "multi-az",
    "backups": {"retention_days": 1, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "apply_changes": "immediately",
    "lifetime": "disposable",
}
TOPOLOGIES: dict[str, Any] = {
    "mysql": MYSQL,
    "mysql-replica": REPLICA,
    "aurora": AURORA,
    "redis": REDIS,
}


@dataclass(frozen=True)
class Wrong:
    """Values by the keys they replace (``...``: taken out), and the one problem they make."""

    changes: Mapping[str, object]
    path: str
    says: str

    def __str__(self) -> str:
        return ", ".join(f"{key}={value!r}"[:60] for key, value in self.changes.items())


def changed(config: Mapping[str, Any], changes: Mapping[str, object]) -> dict[str, Any]:
    """A copy of ``config``. Keys of ``changes`` are paths; ``...`` takes a value out."""
    new: Any = copy.deepcopy(dict(config))
    for path, value in changes.items():
        *parents, last = path.split("/")
        here = new
        for key in parents:
            here = here[int(key)] if isinstance(here, list) else here[key]
        at = int(last) if isinstance(here, list) else last
        if isinstance(value, EllipsisType):
            del here[at]
        else:
            here[at] = copy.deepcopy(value)
    return dict(new)


def stack(topologies: object, network: object = None, region: object = REGION) -> Stack:
    """The stack of ``topologies`` alone."""
    return read(region, network, topologies)


def problems(topologies: object, network: object = None, region: object = REGION) -> list[Problem]:
    """What is wrong with it; nothing when nothing is."""
    try:
        stack(topologies, network, region)
    except ConfigError as error:
        return error.problems
    return []


def assert_only(found: list[Problem], path: str, says: str) -> None:
    """One problem, at ``path``, whose text holds ``says``."""
    assert [problem.path for problem in found] == [path]
    assert says in found[0].text
