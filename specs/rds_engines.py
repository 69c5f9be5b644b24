"""What differs between the engines of RDS, as far as a config can get it wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from specs.problems import Conflict, refuse


@dataclass(frozen=True)
class Gp3:
    """When a gp3 volume may be given more speed than it has anyway, and how much.

    ``from_gb`` is ``None`` where any size may. On a smaller volume RDS refuses even the values
    that it has by itself. Speeds are I/O operations a second and MB a second, least and most.
    """

    from_gb: int | None
    iops: tuple[int, int] = (12_000, 64_000)
    throughput_mb: tuple[int, int] = (500, 4_000)


_SMALL = re.compile(r"db\.t\w+\.(micro|small)\Z")


@dataclass(frozen=True)
class Engine:
    """The facts of one engine; ``title`` is what people call it, ``example`` a version of it."""

    name: str
    title: str
    port: int
    version: re.Pattern[str]
    """The major version is group 1, what RDS may change by itself group 2."""
    majors: Mapping[str, int]
    """The major versions that RDS supports as standard, with the oldest patch one can create:
    0 where nothing is known against any."""
    past: frozenset[str]
    """Major versions whose standard support has ended."""
    example: str
    logs: tuple[str, ...]
    """What is always exported to CloudWatch Logs, by RDS's names."""
    slow_log: str | None = None
    """What is exported, too, when slow statements are logged."""
    extended_support: bool = False
    gp3: Gp3 = Gp3(from_gb=400)
    most_gb: int = 65_536
    insights: Literal["every class", "from medium"] = "from medium"
    reserved_words: frozenset[str] = frozenset()
    """Besides those that no engine takes as a user: neither a user nor a database."""
    longest_database: int = 64

    def check_version(self, text: str) -> str:
        """``text`` if RDS offers it with standard support."""
        parts = self.example.count(".") + 1
        major = ".".join(text.split(".")[:parts])
        if major in self.past:
            billed = " and billed as extended support" if self.extended_support else ""
            raise refuse(f"{text!r} is past RDS's standard support{billed}; write {self.example}")
        if major not in self.majors or not self.version.match(text):
            raise refuse(f"{text!r} is not a version that RDS offers; write {self.example}")
        patch, oldest = self._parts(text)[2], self.majors[major]
        if patch is not None and oldest and int(patch.removeprefix(".")) < oldest:
            raise refuse(f"{text!r} is withdrawn; write {major}, which takes the newest patch")
        return text

    def check_name(self, text: str | None) -> str | None:
        """``text`` if a user or a database may have it as a name."""
        if text is not None and text.lower() in self.reserved_words:
            raise refuse(f"{text!r} is reserved by {self.title}; write another, such as app")
        return text

    def database_conflicts(self, name: str | None) -> Iterator[Conflict]:
        """What is wrong with the name of the first database, if it has one."""
        if name is not None and len(name) > self.longest_database:
            yield (
                "database",
                f"{name!r} has {len(name)} characters; {self.title} allows {self.longest_database}",
            )

    def too_small(self, instance_class: str) -> bool:
        """Whether RDS has no Performance Insights on a class."""
        return self.insights == "from medium" and _SMALL.match(instance_class) is not None

    def major(self, version: str) -> str:
        """The part of a version that RDS never changes by itself."""
        return self._parts(version)[1]

    def is_prefix(self, version: str) -> bool:
        """Whether a version leaves its patch to RDS."""
        return self._parts(version)[2] is None

    def _parts(self, version: str) -> re.Match[str]:
        found = self.version.match(version)
        assert found is not None
        return found


_DOTTED = re.compile(r"([0-9]+\.[0-9]+)(\.[0-9]+)?\Z")
_POSTGRES_WORDS = """
    admin all analyse analyze and any array as asc asymmetric both case cast check collate column
    constraint create current_catalog current_date current_role current_time current_timestamp
    current_user default deferrable desc distinct do else end except false fetch for foreign from
    grant group having in initially intersect into lateral leading limit localtime localtimestamp
    not null offset on only or order placing primary references returning select session_user some
    symmetric table then to trailing true union unique user using variadic when where window with
"""

# Versions: those that can be created in 2026 (CloudFormation's lists in cfn-lint 1.58).
MYSQL = Engine(
    name="mysql",
    title="MySQL",
    port=3306,
    version=_DOTTED,
    majors={"8.4": 5},
    past=frozenset({"5.7", "8.0"}),
    example="8.4",
    logs=("error",),
    slow_log="slowquery",
    extended_support=True,
)
MARIADB = Engine(
    name="mariadb",
    title="MariaDB",
    port=3306,
    version=_DOTTED,
    majors={"10.11": 10, "11.4": 3, "11.8": 3},
    past=frozenset({"10.2", "10.3", "10.4", "10.5", "10.6"}),
    example="11.4",
    logs=("error",),
    slow_log="slowquery",
    reserved_words=frozenset({"mariadb"}),
)
POSTGRES = Engine(
    name="postgres",
    title="PostgreSQL",
    port=5432,
    version=re.compile(r"([0-9]+)(\.[0-9]+)?\Z"),
    majors={"14": 18, "15": 13, "16": 9, "17": 5, "18": 1},
    past=frozenset({"10", "11", "12", "13"}),
    example="17",
    logs=("postgresql", "upgrade"),
    extended_support=True,
    insights="every class",
    reserved_words=frozenset(_POSTGRES_WORDS.split()),
    longest_database=63,
)
ORACLE = Engine(
    name="oracle",
    title="Oracle",
    port=1521,
    version=re.compile(r"([0-9]+)(\.0\.0\.0\.ru-[0-9]{4}-[0-9]{2}\.[a-z0-9.-]+)?\Z"),
    majors={"19": 0, "21": 0},
    past=frozenset({"11", "12", "18"}),
    example="19",
    logs=(),
    gp3=Gp3(from_gb=200),
    insights="every class",
    reserved_words=frozenset({"sys", "system", "dbsnmp", "public", "user", "rdsdba"}),
    longest_database=8,
)
SQLSERVER = Engine(
    name="sqlserver",
    title="SQL Server",
    port=1433,
    version=re.compile(r"([0-9]{2}\.00)(\.[0-9]+\.[0-9]+\.v[0-9]+)?\Z"),
    majors={"14.00": 0, "15.00": 0, "16.00": 0, "17.00": 0},
    past=frozenset({"11.00", "12.00", "13.00"}),
    example="16.00",
    logs=(),
    # Any size may be given more.
    gp3=Gp3(from_gb=None, iops=(3_000, 16_000), throughput_mb=(125, 1_000)),
    most_gb=16_384,
    insights="every class",
    reserved_words=frozenset({"sa", "public", "guest", "sysadmin"}),
)
