"""What RDS offers of each engine: versions, classes, families, limits.

Sources: for versions and classes the lists bundled with cfn-lint 1.58 (regional data of 2026,
deprecated ones left out), for Oracle's releases the RDS release notes of 2025, for limits the
service model of botocore 1.44, for T classes without Performance Insights the RDS user guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

GPL = "general-public-license"


@dataclass(frozen=True)
class Engine:
    """One database engine: its versions from old to new and what runs it."""

    name: str
    versions: tuple[str, ...]
    default: str
    classes: re.Pattern[str]
    description: str
    log_types: tuple[str, ...]
    listed: tuple[str, ...]
    """Classes that a list of everything orderable shows."""
    licenses: tuple[str, ...] = (GPL,)
    """The default first."""
    version_parts: int = 2
    """How many parts of a version are its major version."""
    joint: str = ""
    """What stands between the name and the major version in the name of a family."""
    reserved_users: frozenset[str] = frozenset()
    longest_password: int = 41
    longest_database: int = 64
    gp3_provisioned_gib: int | None = 400
    """From which size gp3 takes more IOPS than it has anyway; ``None``: from any."""
    most_gib: int = 65536
    small_insights: bool = False
    """Whether T classes of micro and small size have Performance Insights."""
    replicable: bool = True
    options: tuple[str, ...] = ()
    """What an option group of it may hold, as far as we know."""
    has_databases: bool = True
    """Whether a database can be made together with the instance."""
    aurora: bool = False
    """Whether its instances are members of clusters only."""

    def major(self, version: str) -> str:
        """The part of a version that only an upgrade changes: ``8.4``, ``17``."""
        return ".".join(version.split(".")[: self.version_parts])

    def family(self, version: str) -> str:
        """Parameter group family of a version, such as ``mysql8.4``."""
        major = ".".join(str(int(part)) for part in self.major(version).split("."))
        return f"{self.name}{self.joint}{major}"


SIZES = r"(large|xlarge|\d+xlarge)"
_T_SIZES = r"(micro|small|medium|large|xlarge|2xlarge)"
_COMMON = (
    "db.t3.micro", "db.t3.small", "db.t3.medium", "db.t4g.micro", "db.t4g.medium",
    "db.m6g.large", "db.r5.large", "db.r6g.large",
)  # fmt: skip
_OPEN_CLASSES = re.compile(
    rf"db\.((t3|t4g)\.{_T_SIZES}"
    rf"|(m5|m5d|m6g|m6gd|m6i|m6id|m6idn|m6in|m7g|m7i|m8a|m8g|m8gd|m9g)\.{SIZES}"
    rf"|(r5|r5b|r5d|r6g|r6gd|r6i|r6id|r6idn|r6in|r7g|r7i|r8a|r8g|r8gd|x2g|x2iedn)\.{SIZES})"
)

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
        rf"|(m5|m5d|m6g|m6gd|m6i|m6id|m7g|m7i|m8g)\.{SIZES}"
        rf"|(r5|r5b|r5d|r6g|r6gd|r6i|r6id|r7g|r7i|r8g|x2g|x2idn|x2iedn)\.{SIZES})"
    ),
    "MySQL Community Edition",
    ("audit", "error", "general", "slowquery", "iam-db-auth-error"),
    _COMMON,
    reserved_users=frozenset({"mysql", "root"}),
    options=("MARIADB_AUDIT_PLUGIN",),
)
MARIADB = Engine(
    "mariadb",
    (
        *(f"10.6.{n}" for n in (22, 23, 24, 25, 27, 28)),
        *(f"10.11.{n}" for n in (13, 14, 15, 16, 18, 19)),
        *(f"11.4.{n}" for n in (7, 8, 9, 10, 12, 13)),
        *(f"11.8.{n}" for n in (3, 4, 5, 6, 8, 9)),
    ),
    "11.4.13",
    _OPEN_CLASSES,
    "MariaDB Community Edition",
    ("audit", "error", "general", "slowquery", "iam-db-auth-error"),
    _COMMON,
    reserved_users=frozenset({"mariadb", "mysql", "root"}),
    options=("MARIADB_AUDIT_PLUGIN",),
)
POSTGRES = Engine(
    "postgres",
    (
        *(f"14.{n}" for n in range(18, 25)),
        *(f"15.{n}" for n in range(13, 20)),
        *(f"16.{n}" for n in range(9, 16)),
        *(f"17.{n}" for n in range(5, 12)),
        *(f"18.{n}" for n in (1, 2, 3, 4, 6)),
    ),
    "17.11",
    _OPEN_CLASSES,
    "PostgreSQL",
    ("postgresql", "upgrade", "iam-db-auth-error"),
    _COMMON,
    licenses=("postgresql-license",),
    version_parts=1,
    reserved_users=frozenset({"admin"}),
    longest_password=128,
    longest_database=63,
    small_insights=True,
)
_T3 = r"t3\.(small|medium|large|xlarge|2xlarge)"
_INTEL = (
    "db.t3.small", "db.t3.medium", "db.t3.xlarge", "db.m5.large", "db.m6i.large", "db.r5.large",
    "db.r6i.large",
)  # fmt: skip
_ORACLE_RELEASES = tuple(
    f"19.0.0.0.ru-{quarter}.rur-{quarter}.r1"
    for quarter in ("2025-01", "2025-04", "2025-07", "2025-10")
)
_ORACLE_USERS = frozenset({"sys", "system", "dbsnmp", "public", "user", "rdsdba"})


def _oracle(edition: str, classes: str, license_model: str, options: tuple[str, ...]) -> Engine:
    return Engine(
        f"oracle-{edition}",
        _ORACLE_RELEASES,
        _ORACLE_RELEASES[-1],
        re.compile(rf"db\.({classes})"),
        f"Oracle Database {edition.upper()}",
        ("alert", "audit", "listener", "oemagent", "trace"),
        _INTEL,
        licenses=(license_model,),
        version_parts=1,
        joint="-",
        reserved_users=_ORACLE_USERS,
        longest_password=30,
        longest_database=8,
        gp3_provisioned_gib=200,
        small_insights=True,
        replicable=False,
        options=("NATIVE_NETWORK_ENCRYPTION", *options),
    )


ORACLE_EE = _oracle(
    "ee",
    rf"{_T3}|(m5|m5d|m6i|m6id|m6in|m7i|m8i|r5|r5b|r5d|r6i|r6id|r6in|r7i|r8i|x2idn|x2iedn|x2iezn|z1d)"
    rf"\.{SIZES}",
    "bring-your-own-license",
    ("TDE",),
)
ORACLE_SE2 = _oracle(
    "se2",
    rf"{_T3}|(m5|m8i|r5|r6i|r8i)\.(large|xlarge|[24]xlarge)",
    "license-included",
    (),
)
_SQLSERVER_RELEASES = (
    "15.00.4430.1.v1", "15.00.4455.2.v1", "15.00.4480.2.v1", "15.00.4490.9.v1",
    "16.00.4215.2.v1", "16.00.4236.2.v1", "16.00.4255.1.v1", "16.00.4295.3.v1",
)  # fmt: skip
_SQLSERVER_2025 = ("17.00.4045.5.v1", "17.00.4075.5.v1", "17.00.5005.3.v1")
_SQLSERVER_LARGE = rf"(m5|m5d|m6i|m7i|m8a|m8i|r5|r5b|r5d|r6i|r7i|r8a|r8i|x2iedn|x2m|z1d)\.{SIZES}"


def _sqlserver(
    edition: str, classes: str, versions: tuple[str, ...], options: tuple[str, ...] = ()
) -> Engine:
    return Engine(
        f"sqlserver-{edition}",
        versions,
        _SQLSERVER_RELEASES[-1],
        re.compile(rf"db\.({classes})"),
        f"Microsoft SQL Server {edition.upper()}",
        ("error",) if edition == "ex" else ("agent", "error"),
        _INTEL,
        licenses=("license-included",),
        joint="-",
        reserved_users=frozenset({"sa", "public", "guest", "sysadmin"}),
        longest_password=128,
        gp3_provisioned_gib=None,
        most_gib=16384,
        small_insights=True,
        replicable=False,
        options=options,
        has_databases=False,
    )


_ALL_SQLSERVER = _SQLSERVER_RELEASES + _SQLSERVER_2025
SQLSERVER = (
    _sqlserver("ex", r"t3\.(micro|small|medium|large|xlarge)", _ALL_SQLSERVER),
    _sqlserver("web", rf"{_T3}|{_SQLSERVER_LARGE}", _SQLSERVER_RELEASES),
    _sqlserver("se", rf"t3\.(xlarge|2xlarge)|{_SQLSERVER_LARGE}", _ALL_SQLSERVER, ("TDE",)),
    _sqlserver("ee", rf"t3\.(xlarge|2xlarge)|{_SQLSERVER_LARGE}", _ALL_SQLSERVER, ("TDE",)),
)
INSTANCE_ENGINES = (MYSQL, MARIADB, POSTGRES, ORACLE_EE, ORACLE_SE2, *SQLSERVER)
"""Engines of single instances."""
