"""What a database's settings should be, as AWS reports them.

The rules are the course's, not one stack's: a setting is on or off; sizes and periods are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verify.errors import StepFailed


@dataclass(frozen=True)
class Expectation:
    """A field of AWS's answer and the rule it must satisfy."""

    field: str
    wanted: str
    holds: Callable[[Any, Mapping[str, Any]], bool] = lambda value, _: value is not None


def equals(field: str, value: object) -> Expectation:
    """The field has this value, or is absent where it is ``None``."""
    return Expectation(field, f"{value!r}", lambda found, _: found == value)


def _at_least(field: str, minimum: int) -> Expectation:
    return Expectation(
        field, f"at least {minimum}", lambda found, _: isinstance(found, int) and found >= minimum
    )


def _reported(field: str) -> Expectation:
    return Expectation(field, "a value")


INSTANCE = (
    equals("MultiAZ", True),
    _reported("StorageType"),
    _at_least("AllocatedStorage", 1),
    Expectation(
        "MaxAllocatedStorage",
        "more than AllocatedStorage (storage autoscaling)",
        lambda found, all_: (found or 0) > all_.get("AllocatedStorage", 0),
    ),
    _at_least("BackupRetentionPeriod", 1),
    _at_least("MonitoringInterval", 1),
    _reported("MonitoringRoleArn"),
    equals("PubliclyAccessible", False),
    equals("StorageEncrypted", True),
)
"""Practice 1: an RDS instance for production. Sizes in GB, periods in days, intervals in s."""

LICENSED = (
    _reported("LicenseModel"),
    _reported("StorageType"),
    _at_least("AllocatedStorage", 1),
    _at_least("BackupRetentionPeriod", 1),
    equals("PubliclyAccessible", False),
    equals("StorageEncrypted", True),
)
"""Oracle and SQL Server, whose editions have not all that MySQL has."""

REPLICA = (
    _reported("ReadReplicaSourceDBInstanceIdentifier"),
    equals("PubliclyAccessible", False),
    equals("StorageEncrypted", True),
)
"""Practice 2: a read replica."""

APART = (
    equals("ReadReplicaSourceDBInstanceIdentifier", None),
    _at_least("BackupRetentionPeriod", 1),
    equals("PubliclyAccessible", False),
    equals("StorageEncrypted", True),
)
"""A promoted replica, or a restored instance."""

BACKED_UP = (_at_least("BackupRetentionPeriod", 1),)
"""An instance that can be restored to a moment."""

CLUSTER = (
    equals("StorageEncrypted", True),
    _at_least("BackupRetentionPeriod", 1),
)
"""Practice 3: an Aurora cluster."""

MULTI_AZ_CLUSTER = (
    equals("MultiAZ", True),
    _reported("DBClusterInstanceClass"),
    _reported("StorageType"),
    _at_least("AllocatedStorage", 1),
    _at_least("BackupRetentionPeriod", 1),
    equals("PubliclyAccessible", False),
    equals("StorageEncrypted", True),
)
"""A Multi-AZ DB cluster: what an instance of practice 1 has, in three zones."""

GLOBAL_CLUSTER = (
    equals("Status", "available"),
    equals("StorageEncrypted", True),
)
"""An Aurora global cluster."""

PROXY = (
    equals("Status", "available"),
    equals("RequireTLS", True),
)
"""An RDS Proxy."""

CACHE = (
    equals("MultiAZ", "enabled"),
    equals("AutomaticFailover", "enabled"),
    _at_least("SnapshotRetentionLimit", 1),
    equals("TransitEncryptionEnabled", True),
    equals("AtRestEncryptionEnabled", True),
)
"""Practice 5: a replication group."""

CACHE_WITH_TOKEN = (equals("AuthTokenEnabled", True),)
"""Everybody needs the token."""

CACHE_WITH_USERS = (
    equals("AuthTokenEnabled", False),
    Expectation("UserGroupIds", "one user group", lambda found, _: len(found or ()) == 1),
)
"""Role-based access control."""

CACHE_CLUSTER = (equals("ClusterEnabled", True),)
"""Cluster mode enabled."""


def judge(reported: Mapping[str, Any], expectations: Sequence[Expectation]) -> str:
    """The reported values in one line; `StepFailed` names every one that is not as expected."""
    wrong = [
        f"{e.field} is {reported.get(e.field)!r}, not {e.wanted}"
        for e in expectations
        if not e.holds(reported.get(e.field), reported)
    ]
    if wrong:
        raise StepFailed("; ".join(wrong))
    return ", ".join(f"{e.field} {_short(reported.get(e.field))}" for e in expectations)


def _short(value: object) -> str:
    text = str(value)
    return text.rsplit(":", 1)[-1] if text.startswith("arn:") else text
