"""The engine versions, classes and families RDS offers for MySQL and Aurora MySQL.

Source: the engine's lists of 2026 (shared/aws-facts.md 1.1, 3.1, 3.2). Only versions that
can still be created are here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from localcloud.api import Answer, ApiError, Call, Operations, page


@dataclass(frozen=True)
class Engine:
    """One database engine: its versions from old to new and what runs it."""

    name: str
    versions: tuple[str, ...]
    default: str
    classes: re.Pattern[str]
    description: str
    log_types: tuple[str, ...]

    def family(self, version: str) -> str:
        """Parameter group family of a version, such as ``mysql8.4``."""
        return f"{self.name}{'.'.join(version.split('.')[:2])}"


_SIZES = r"(large|xlarge|\d+xlarge)"
MYSQL = Engine(
    "mysql",
    (
        *(f"8.0.{n}" for n in range(42, 47)),
        *(f"8.4.{n}" for n in range(5, 12)),
    ),
    "8.4.11",
    re.compile(
        r"db\.(t3\.(micro|small|medium|large|xlarge|2xlarge)"
        r"|t4g\.(micro|small|medium|large|xlarge|2xlarge)"
        rf"|(m5|m5d|m6g|m6gd|m6i|m6id|m7g|m7i|m8g)\.{_SIZES}"
        rf"|(r5|r5b|r5d|r6g|r6gd|r6i|r6id|r7g|r7i|r8g|x2g|x2idn|x2iedn)\.{_SIZES})"
    ),
    "MySQL Community Edition",
    ("audit", "error", "general", "slowquery", "iam-db-auth-error"),
)
AURORA_MYSQL = Engine(
    "aurora-mysql",
    (
        *(f"8.0.mysql_aurora.3.04.{n}" for n in (0, 1, 2, 3, 4, 6)),
        *(f"8.0.mysql_aurora.3.08.{n}" for n in range(3)),
        "8.0.mysql_aurora.3.09.0",
        *(f"8.0.mysql_aurora.3.10.{n}" for n in range(7)),
        "8.0.mysql_aurora.3.11.1",
        "8.0.mysql_aurora.3.12.0",
        "8.0.mysql_aurora.3.13.0",
        "8.4.mysql_aurora.8.4.7",
        "8.4.mysql_aurora.8.4.8",
    ),
    "8.0.mysql_aurora.3.10.6",
    re.compile(
        r"db\.(t3\.(medium|large)|t4g\.(medium|large)"
        rf"|(r5|r6g|r6i|r7g|r7i|r8g|r8a|x2g)\.{_SIZES}|serverless)"
    ),
    "Aurora MySQL",
    ("audit", "error", "general", "instance", "slowquery", "iam-db-auth-error"),
)
ENGINES = {engine.name: engine for engine in (MYSQL, AURORA_MYSQL)}
_KNOWN_CLASS = re.compile(
    r"db\.(serverless|[a-z]\d[a-z]*\.(micro|small|medium|large|xlarge|\d+xlarge))"
)
CA = "rds-ca-rsa2048-g1"
CERTIFICATES = (CA, "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1")


def engine_of(name: str | None) -> Engine:
    """Raises ``InvalidParameterValue`` for an engine without a server here."""
    if name not in ENGINES:
        raise ApiError(
            "InvalidParameterValue",
            f"Invalid DB engine: {name} (the local cloud serves {', '.join(ENGINES)})",
        )
    return ENGINES[name]


def matching(engine: Engine, prefix: str | None) -> list[str]:
    """Versions equal to ``prefix`` or below it; ``8.4`` means ``8.4.5`` and up, None all."""
    if not prefix:
        return list(engine.versions)
    return [v for v in engine.versions if v == prefix or v.startswith(f"{prefix}.")]


def resolve(engine: Engine, wanted: str | None) -> str:
    """The full version RDS would start for ``wanted``: newest below a prefix, or the default."""
    if not wanted:
        return engine.default
    found = matching(engine, wanted)
    if not found:
        raise ApiError(
            "InvalidParameterCombination", f"Cannot find version {wanted} for {engine.name}"
        )
    return found[-1]


def check_class(engine: Engine, version: str, instance_class: str) -> None:
    """Refuse a class nobody knows, and one that the engine does not run on."""
    if not _KNOWN_CLASS.fullmatch(instance_class):
        raise ApiError("InvalidParameterValue", f"Invalid DB Instance class: {instance_class}")
    if not engine.classes.fullmatch(instance_class):
        raise ApiError(
            "InvalidParameterCombination",
            "RDS does not support creating a DB instance with the following combination: "
            f"DBInstanceClass={instance_class}, Engine={engine.name}, EngineVersion={version}, "
            "LicenseModel=general-public-license. For supported combinations of instance class "
            "and database engine version, see the documentation.",
        )


def has_performance_insights(engine: Engine, instance_class: str) -> bool:
    """T micro and small have none; for Aurora no t3 at all."""
    if engine is AURORA_MYSQL and re.match(r"db\.t[23]\.", instance_class):
        return False
    return not re.fullmatch(r"db\.t(2|3|4g)\.(micro|small)", instance_class)


def register(operations: Operations) -> None:
    """Answer the two operations that ask what can be created."""
    operations.handle("rds", "DescribeDBEngineVersions", _describe_versions)
    operations.handle("rds", "DescribeOrderableDBInstanceOptions", _describe_orderable)


def _describe_versions(call: Call) -> Answer:
    p = call.params
    engines = [ENGINES[p["Engine"]]] if p.get("Engine") in ENGINES else []
    if p.get("Engine") is None:
        engines = list(ENGINES.values())
    rows = []
    for engine in engines:
        versions = matching(engine, p.get("EngineVersion"))
        if p.get("DefaultOnly"):
            # With a prefix the default is the newest version below it.
            versions = versions[-1:] if p.get("EngineVersion") else [engine.default]
        for version in versions:
            family = engine.family(version)
            if p.get("DBParameterGroupFamily") not in (None, family):
                continue
            rows.append(
                {
                    "Engine": engine.name,
                    "EngineVersion": version,
                    "MajorEngineVersion": ".".join(version.split(".")[:2]),
                    "DBParameterGroupFamily": family,
                    "DBEngineDescription": engine.description,
                    "DBEngineVersionDescription": f"{engine.description} {version}",
                    "Status": "available",
                    "ExportableLogTypes": list(engine.log_types),
                    "SupportsLogExportsToCloudwatchLogs": True,
                    "SupportsGlobalDatabases": engine is AURORA_MYSQL,
                    "SupportsReadReplica": engine is MYSQL,
                    "SupportedEngineModes": ["provisioned"],
                    "SupportedCACertificateIdentifiers": list(CERTIFICATES),
                    "SupportsCertificateRotationWithoutRestart": True,
                    "ValidUpgradeTarget": [
                        {"Engine": engine.name, "EngineVersion": v, "AutoUpgrade": False}
                        for v in engine.versions[engine.versions.index(version) + 1 :]
                    ],
                }
            )
    return page(call, "DBEngineVersions", rows)


_CLASSES = {
    "mysql": ("db.t3.micro", "db.t3.small", "db.t3.medium", "db.t4g.micro", "db.t4g.medium",
              "db.m6g.large", "db.r5.large", "db.r6g.large"),
    "aurora-mysql": ("db.t3.medium", "db.t4g.medium", "db.r5.large", "db.r5.xlarge",
                     "db.r6g.large", "db.r7g.large", "db.serverless"),
}  # fmt: skip


def _describe_orderable(call: Call) -> Answer:
    p = call.params
    if p.get("Engine") not in ENGINES:
        return page(call, "OrderableDBInstanceOptions", [])
    engine = ENGINES[p["Engine"]]
    wanted = p.get("DBInstanceClass")
    if wanted:
        classes: tuple[str, ...] = (wanted,) if engine.classes.fullmatch(wanted) else ()
    else:
        classes = _CLASSES[engine.name]
    aurora = engine is AURORA_MYSQL
    rows = [
        {
            "Engine": engine.name,
            "EngineVersion": version,
            "DBInstanceClass": name,
            "LicenseModel": "general-public-license",
            "AvailabilityZones": [{"Name": f"{call.region}{letter}"} for letter in "abc"],
            "MultiAZCapable": not aurora,
            "ReadReplicaCapable": not aurora,
            "Vpc": True,
            "SupportsStorageEncryption": True,
            "StorageType": storage,
            "SupportsEnhancedMonitoring": True,
            "SupportsIAMDatabaseAuthentication": True,
            "SupportsPerformanceInsights": has_performance_insights(engine, name),
            "SupportsStorageAutoscaling": not aurora,
            "SupportedEngineModes": ["provisioned"],
            "SupportsClusters": aurora,
            **({} if aurora else {"MinStorageSize": 20, "MaxStorageSize": 65536}),
        }
        for version in matching(engine, p.get("EngineVersion"))
        for name in classes
        for storage in (("aurora",) if aurora else ("gp2", "gp3"))
    ]
    return page(call, "OrderableDBInstanceOptions", rows)
