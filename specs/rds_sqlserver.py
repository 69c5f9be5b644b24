"""RDS for SQL Server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from specs.problems import refuse
from specs.rds_editions import INCLUDED, Edition, EditionInstance
from specs.rds_engines import SQLSERVER, Engine

_ALL = frozenset({"14.00", "15.00", "16.00", "17.00"})
_LARGE = r"(m5|m5d|m6i|m7i|m8a|m8i|r5|r5b|r5d|r6i|r7i|r8a|r8i|x2iedn|x2m|z1d)\.([0-9]*x)?large"


def _timezone(text: str) -> str:
    # RDS takes Windows' names.
    if text != "UTC" and not re.match(r"[A-Z][A-Za-z. ()-]+ Standard Time\Z", text):
        raise refuse(f"{text!r} is no time zone of Windows; write one such as GMT Standard Time")
    return text


def _edition(
    name: str,
    classes: str,
    smallest: str,
    *,
    majors: frozenset[str] = _ALL,
    multi_az: frozenset[str] = _ALL,
    logs: tuple[str, ...] = ("agent", "error"),
    encrypts: frozenset[str] = frozenset(),
) -> Edition:
    return Edition(
        engine=f"sqlserver-{name}",
        license=INCLUDED,
        classes=re.compile(rf"db\.({classes})"),
        smallest=smallest,
        logs=logs,
        majors=majors,
        multi_az=multi_az,
        encrypts=encrypts,
    )


class RdsSqlserver(EditionInstance):
    """An instance of RDS for SQL Server. Databases are made in it, not with it."""

    facts: ClassVar[Engine] = SQLSERVER
    editions: ClassVar[Mapping[str, Edition]] = {
        "ex": _edition(
            "ex",
            r"t3\.(micro|small|medium|large|xlarge)",
            "db.t3.micro",
            multi_az=frozenset(),
            # Express has no agent.
            logs=("error",),
        ),
        "web": _edition(
            "web",
            rf"t3\.(small|medium|large|xlarge|2xlarge)|{_LARGE}",
            "db.t3.small",
            majors=_ALL - {"17.00"},
            # By block-level replication, since 16.00.4215.
            multi_az=frozenset({"16.00"}),
        ),
        "se": _edition(
            "se", rf"t3\.(xlarge|2xlarge)|{_LARGE}", "db.t3.xlarge", encrypts=_ALL - {"14.00"}
        ),
        "ee": _edition("ee", rf"t3\.(xlarge|2xlarge)|{_LARGE}", "db.t3.xlarge", encrypts=_ALL),
    }

    kind: Literal["rds-sqlserver"]
    edition: Literal["ex", "web", "se", "ee"]
    timezone: Annotated[str, AfterValidator(_timezone)] | None = None
    """Of the server, fixed when it is made."""

    @property
    def family(self) -> str:
        # 16.00 is 16.0 in the names of families.
        return f"{self.engine}-{self.major_version.removesuffix('0')}"
