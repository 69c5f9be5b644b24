"""What RDS refuses, in its own codes. Source: shared/aws-facts.md sections 1 to 3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.api import ApiError
from localcloud.services.engine_versions import CERTIFICATES, has_performance_insights
from localcloud.services.rds_engines import MYSQL, Engine

_IDENTIFIER = re.compile(r"[a-z](?:[a-z0-9]|-(?!-|$)){0,62}", re.IGNORECASE)
_STORAGE_TYPES = ("gp2", "gp3", "io1", "io2", "standard")
_LEAST_GIB = {"gp2": 20, "gp3": 20, "io1": 100, "io2": 100, "standard": 5}
_MONITORING = (0, 1, 5, 10, 15, 30, 60)
_RESERVED_USERS = frozenset({"rdsadmin", "rds_superuser_role", "rdsrepladmin"})
"""With any engine."""


def refuse(message: str, code: str = "InvalidParameterValue") -> ApiError:
    """The commonest refusal."""
    return ApiError(code, message)


def combination(message: str) -> ApiError:
    """Two values that are fine apart."""
    return refuse(message, "InvalidParameterCombination")


def check_identifier(member: str, value: str) -> str:
    """The identifier in lower case, as RDS stores it."""
    if not _IDENTIFIER.fullmatch(value):
        raise refuse(
            f"The parameter {member} is not a valid identifier. Identifiers must begin with a "
            "letter; must contain only ASCII letters, digits, and hyphens; and must not end with "
            "a hyphen or contain two consecutive hyphens."
        )
    return value.lower()


def check_credentials(user: str | None, password: str | None, engine: Engine = MYSQL) -> None:
    """User 1 to 16 characters, no reserved word; password from 8 printable, no / " @ space."""
    longest = engine.longest_password
    if user is not None:
        if user.lower() in _RESERVED_USERS | engine.reserved_users:
            raise refuse(
                f"MasterUsername {user} cannot be used as it is a reserved word used by the engine"
            )
        if "postgres" in engine.name and user.lower().startswith("pg_"):
            raise refuse(
                f'MasterUsername {user} cannot be used because role names starting with "pg_" are '
                "reserved by the PostgreSQL engine"
            )
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,15}", user):
            raise refuse(f"The parameter MasterUsername is not valid: {user}")
    if password is not None:
        if not 8 <= len(password) <= longest:
            raise refuse(
                "The parameter MasterUserPassword is not a valid password because it is "
                f"{'shorter than 8' if len(password) < 8 else f'longer than {longest}'} "
                "characters."
            )
        if not re.fullmatch(r"[!-~]+", password) or re.search(r'[/"@]', password):
            raise refuse(
                "The parameter MasterUserPassword is not a valid password. Only printable ASCII "
                "characters besides '/', '@', '\"', ' ' may be used."
            )
        if engine.name.startswith("oracle") and re.search("[&']", password):
            raise refuse(
                "The parameter MasterUserPassword is not a valid password because it has '&' or "
                "a single quote."
            )


def check_database_name(name: str | None, engine: Engine = MYSQL) -> None:
    """Up to 64 letters, digits and underscores, a letter first; how many depends on the engine."""
    if name is None:
        return
    if not engine.has_databases:
        raise combination(f"DBName must be null for engine: {engine.name}")
    if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) or len(name) > engine.longest_database:
        raise refuse(
            "DBName must begin with a letter and contain only alphanumeric characters: " + name
        )


def license_of(p: Mapping[str, Any], engine: Engine) -> str:
    """The licence model asked for, or the engine's default."""
    wanted = p.get("LicenseModel") or engine.licenses[0]
    if wanted not in engine.licenses:
        raise combination(f"Invalid license model '{wanted}' for engine '{engine.name}'")
    return str(wanted)


def check_storage(p: Mapping[str, Any], storage_type: str, size: int, engine: Engine) -> None:
    """``size`` in GiB against type, IOPS, throughput and the autoscaling limit."""
    if storage_type not in _STORAGE_TYPES:
        raise refuse(f"Invalid storage type: {storage_type}")
    least = _LEAST_GIB[storage_type]
    if not least <= size <= engine.most_gib:
        raise refuse(
            f"Invalid storage size for engine name {engine.name} and storage type {storage_type}: "
            f"{size} (allowed: {least} to {engine.most_gib} GiB)"
        )
    provisioned = engine.gp3_provisioned_gib or 0
    faster = p.get("Iops") or p.get("StorageThroughput")
    if storage_type == "gp3" and size < provisioned and faster:
        raise combination(
            f"You can't specify IOPS or storage throughput for engine {engine.name} and a storage "
            f"size less than {provisioned}."
        )
    if storage_type in ("io1", "io2") and not p.get("Iops"):
        raise combination(f"The Iops parameter is required for storage type {storage_type}.")
    if storage_type in ("gp2", "standard") and p.get("Iops"):
        raise combination(f"You can't specify IOPS for storage type {storage_type}.")
    if p.get("StorageThroughput") and storage_type != "gp3":
        raise combination("StorageThroughput is for storage type gp3 only.")
    limit = p.get("MaxAllocatedStorage")
    if limit and limit != size and limit * 10 < size * 11:
        raise combination(
            f"Invalid max storage size for engine name {engine.name} and storage type "
            f"{storage_type}: {limit} (at least 10% above {size})"
        )


def check_standby(p: Mapping[str, Any], engine: Engine) -> None:
    """A standby has no zone of its own choosing, and SQL Server Express has none."""
    if p.get("MultiAZ") and p.get("AvailabilityZone"):
        raise combination(
            "Requesting a specific availability zone is not valid for Multi-AZ instances."
        )
    if p.get("MultiAZ") and engine.name == "sqlserver-ex":
        raise combination(f"Multi-AZ is not supported for engine {engine.name}.")


def check_retention(days: int, least: int = 0) -> None:
    """Automated backups are kept ``least`` to 35 days."""
    if not least <= days <= 35:
        raise refuse(
            f"Invalid backup retention period: {days}. Must be between {least} and 35 days."
        )


def check_monitoring(p: Mapping[str, Any], engine: Engine, instance_class: str) -> None:
    """Enhanced Monitoring with its role, Performance Insights by class, log exports by engine."""
    interval = int(p.get("MonitoringInterval") or 0)
    if interval not in _MONITORING:
        raise refuse(f"Invalid MonitoringInterval {interval}; allowed: {_MONITORING}")
    if bool(interval) != bool(p.get("MonitoringRoleArn")):
        raise combination(
            "A MonitoringRoleARN value is required if you specify a MonitoringInterval value "
            "other than 0."
            if interval
            else "A MonitoringInterval other than 0 is required if you specify a MonitoringRoleARN."
        )
    if p.get("EnablePerformanceInsights"):
        if not has_performance_insights(engine, instance_class):
            raise combination("Performance Insights not supported for this configuration.")
    elif p.get("PerformanceInsightsRetentionPeriod"):
        raise combination("PerformanceInsightsRetentionPeriod needs EnablePerformanceInsights.")
    check_log_exports(p.get("EnableCloudwatchLogsExports") or [], engine)


def check_log_exports(types: list[str], engine: Engine) -> None:
    """Only the log types the engine writes."""
    unknown = [t for t in types if t not in engine.log_types]
    if unknown:
        raise combination(
            f"You cannot use the log types '{', '.join(unknown)}' with engine {engine.name}. For "
            f"supported log types, see the documentation ({', '.join(engine.log_types)})."
        )


def check_certificate(name: str | None) -> None:
    """One of the certificate authorities RDS still has."""
    if name is not None and name not in CERTIFICATES:
        raise ApiError("CertificateNotFound", f"Certificate not found: {name}", 404)


_WINDOW = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")
_WEEKLY = re.compile(
    r"(mon|tue|wed|thu|fri|sat|sun):\d\d:\d\d-(mon|tue|wed|thu|fri|sat|sun):\d\d:\d\d",
    re.IGNORECASE,
)


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:5])


def check_windows(backup: str | None, maintenance: str | None) -> None:
    """``HH:MM-HH:MM`` and ``ddd:HH:MM-ddd:HH:MM``, UTC, at least 30 minutes, apart."""
    if backup is not None:
        if not _WINDOW.fullmatch(backup):
            raise refuse(f"Invalid backup window {backup}; format: hh24:mi-hh24:mi")
        start, end = (_minutes(t) for t in backup.split("-"))
        if (end - start) % 1440 < 30:
            raise refuse("The backup window must be at least 30 minutes.")
    if maintenance is not None and not _WEEKLY.fullmatch(maintenance):
        raise refuse(f"Invalid maintenance window {maintenance}; format: ddd:hh24:mi-ddd:hh24:mi")
    if backup and maintenance:
        start, length = _minutes(backup), (_minutes(backup[6:]) - _minutes(backup)) % 1440
        first, last = maintenance.split("-")
        other = _minutes(first[4:])
        other_length = (_minutes(last[4:]) - other) % 1440 or 1440
        if (other - start) % 1440 < length or (start - other) % 1440 < other_length:
            raise combination("The specified maintenance window overlaps with the backup window.")
