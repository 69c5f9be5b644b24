"""Which versions and classes of which engines can be created, as RDS answers.

Source of Aurora MySQL's: shared/aws-facts.md 3.1, 3.2; of Aurora PostgreSQL's: as in `rds_engines`.
Only versions that can still be created are here.
"""

from __future__ import annotations

import re

from localcloud.api import Answer, ApiError, Call, Operations, page
from localcloud.services.rds_engines import INSTANCE_ENGINES, SIZES, Engine

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
        rf"|(r5|r6g|r6i|r7g|r7i|r8g|r8a|x2g)\.{SIZES}|serverless)"
    ),
    "Aurora MySQL",
    ("audit", "error", "general", "instance", "slowquery", "iam-db-auth-error"),
    (
        "db.t3.medium", "db.t4g.medium", "db.r5.large", "db.r5.xlarge", "db.r6g.large",
        "db.r7g.large", "db.serverless",
    ),
    reserved_users=frozenset({"mysql", "root"}),
    replicable=False,
    aurora=True,
)  # fmt: skip
AURORA_POSTGRES = Engine(
    "aurora-postgresql",
    (
        *(f"14.{n}" for n in (6, 17, 18, 19, 20, 22, 23, 24)),
        *(f"15.{n}" for n in (10, 12, 13, 14, 15, 17, 18, 19)),
        *(f"16.{n}" for n in (8, 9, 10, 11, 13, 14, 15)),
        *(f"17.{n}" for n in (4, 5, 6, 7, 9, 10, 11)),
        *(f"18.{n}" for n in (3, 4, 6)),
    ),
    "17.11",
    re.compile(
        r"db\.((t3|t4g)\.(medium|large)"
        rf"|(r5|r6g|r6gd|r6i|r7g|r7i|r8a|r8g|r8gd|x2g)\.{SIZES}|r6id\.(24|32)xlarge)"
    ),
    "Aurora PostgreSQL",
    ("instance", "postgresql", "iam-db-auth-error"),
    (
        "db.t3.medium", "db.t4g.medium", "db.r5.large", "db.r5.xlarge", "db.r6g.large",
        "db.r7g.large",
    ),
    licenses=("postgresql-license",),
    version_parts=1,
    reserved_users=frozenset({"admin"}),
    longest_password=128,
    longest_database=63,
    small_insights=True,
    replicable=False,
    aurora=True,
)  # fmt: skip
"""On AWS it runs on db.serverless, too; here a paused PostgreSQL could not take its clients."""
AURORA = (AURORA_MYSQL, AURORA_POSTGRES)
ENGINES = {engine.name: engine for engine in (*INSTANCE_ENGINES, *AURORA)}
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
            f"LicenseModel={engine.licenses[0]}. For supported combinations of instance class "
            "and database engine version, see the documentation.",
        )


def has_performance_insights(engine: Engine, instance_class: str) -> bool:
    """T micro and small have none, but with PostgreSQL; for Aurora no t3 at all."""
    if engine.small_insights:
        return True
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
                    "MajorEngineVersion": engine.major(version),
                    "DBParameterGroupFamily": family,
                    "DBEngineDescription": engine.description,
                    "DBEngineVersionDescription": f"{engine.description} {version}",
                    "Status": "available",
                    "ExportableLogTypes": list(engine.log_types),
                    "SupportsLogExportsToCloudwatchLogs": True,
                    "SupportsGlobalDatabases": engine is AURORA_MYSQL,
                    "SupportsReadReplica": engine.replicable,
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


def _describe_orderable(call: Call) -> Answer:
    p = call.params
    if p.get("Engine") not in ENGINES:
        return page(call, "OrderableDBInstanceOptions", [])
    engine = ENGINES[p["Engine"]]
    wanted = p.get("DBInstanceClass")
    if wanted:
        classes: tuple[str, ...] = (wanted,) if engine.classes.fullmatch(wanted) else ()
    else:
        classes = engine.listed
    aurora = engine.aurora
    rows = [
        {
            "Engine": engine.name,
            "EngineVersion": version,
            "DBInstanceClass": name,
            "LicenseModel": engine.licenses[0],
            "AvailabilityZones": [{"Name": f"{call.region}{letter}"} for letter in "abc"],
            "MultiAZCapable": not aurora,
            "ReadReplicaCapable": engine.replicable,
            "Vpc": True,
            "SupportsStorageEncryption": True,
            "StorageType": storage,
            "SupportsEnhancedMonitoring": True,
            "SupportsIAMDatabaseAuthentication": True,
            "SupportsPerformanceInsights": has_performance_insights(engine, name),
            "SupportsStorageAutoscaling": not aurora,
            "SupportedEngineModes": ["provisioned"],
            "SupportsClusters": aurora,
            **({} if aurora else {"MinStorageSize": 20, "MaxStorageSize": engine.most_gib}),
        }
        for version in matching(engine, p.get("EngineVersion"))
        for name in classes
        for storage in (("aurora",) if aurora else ("gp2", "gp3"))
    ]
    return page(call, "OrderableDBInstanceOptions", rows)
