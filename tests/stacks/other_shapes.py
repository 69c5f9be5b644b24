"""A stack of the shapes that the stacks' own files do not have, for what must hold of all."""

from __future__ import annotations

from typing import Any

_WINDOWS: dict[str, Any] = {
    "backups": {"retention_days": 14, "window": "23:45-00:45"},
    "maintenance_window": "sat:22:00-sat:23:00",
}

OTHER_SHAPES: dict[str, Any] = {
    "aws:region": "us-west-2",
    "aws-databases:network": {
        "allowed_cidrs": ["10.1.0.0/16", "192.0.2.7/32", "2001:db8::/32"],
        "zones": ["a", "b", "c"],
    },
    "aws-databases:topologies": {
        "orders": {
            "kind": "rds-mysql",
            "identifier": "orders",
            "engine_version": "8.4.8",
            "class": "db.m6g.large",
            "storage": {
                "type": "gp3",
                "size_gb": 400,
                "autoscale_to_gb": 1000,
                "provisioned": {"iops": 16000, "throughput_mb": 800},
            },
            "availability": "multi-az",
            "username": "owner",
            "database": "orders",
            "enhanced_monitoring": {"interval_seconds": 1},
            "performance_insights": {"retention_days": 31},
            "lifetime": "protected",
            **_WINDOWS,
        },
        "small": {
            "kind": "rds-mysql",
            "identifier": "small",
            "engine_version": "8.4",
            "class": "db.t4g.micro",
            "storage": {"type": "gp3", "size_gb": 20, "autoscale_to_gb": 22},
            "availability": "single-az",
            "username": "admin",
            "database": "small",
            "backups": {"retention_days": 0, "window": "03:00-04:00"},
            "maintenance_window": "sun:04:30-sun:05:30",
            "lifetime": "disposable",
        },
        "orders-near": {
            "kind": "read-replica",
            "source": "orders",
            "identifier": "orders-near",
            "class": "db.m6g.large",
            "availability": "multi-az",
            "enhanced_monitoring": {"interval_seconds": 30},
            "lifetime": "protected",
        },
        "orders-far": {
            "kind": "read-replica",
            "source": "orders",
            "region": "us-east-1",
            "identifier": "orders-near",
            "class": "db.m6g.large",
            "enhanced_monitoring": {"interval_seconds": 60},
        },
        "catalog": {
            "kind": "aurora-mysql",
            "identifier": "catalog",
            "region": "us-east-1",
            "engine_version": "8.0.mysql_aurora.3.10.6",
            "class": "db.t4g.medium",
            "username": "owner",
            "database": "catalog",
            "writer": {"identifier": "catalog-a", "zone": "a"},
            "readers": [{"identifier": "catalog-a-2", "zone": "a"}],
            "custom_endpoints": {"all": ["catalog-a", "catalog-a-2"], "one": ["catalog-a"]},
            "performance_insights": {"retention_days": 731},
            "slow_query_log": {"threshold_seconds": 0.25},
            "lifetime": "protected",
            **_WINDOWS,
        },
        "alone": {
            "kind": "aurora-mysql",
            "identifier": "alone",
            "engine_version": "8.0.mysql_aurora.3.08.2",
            "class": "db.t3.medium",
            "username": "admin",
            "writer": {"identifier": "alone-1", "zone": "c"},
            "readers": [],
            "lifetime": "disposable",
            **_WINDOWS,
        },
        "sessions": {
            "kind": "redis",
            "identifier": "sessions",
            "description": "One node",
            "engine_version": "6.2",
            "class": "cache.t4g.small",
            "shape": {"cluster_mode": "disabled", "replicas": 0},
            "availability": "single-az",
            "lifetime": "protected",
            **_WINDOWS,
        },
    },
}
