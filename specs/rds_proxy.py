"""An RDS Proxy in front of a database: clients share its connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from specs.aurora_mysql import AuroraMysql
from specs.aurora_postgresql import AuroraPostgresql
from specs.aurora_serverless import AuroraServerless
from specs.multi_az import MultiAzCluster
from specs.multi_az_postgres import MultiAzPostgres
from specs.parts import Claim, Described, Part
from specs.problems import Conflict, refuse
from specs.rds_mariadb import RdsMariadb
from specs.rds_mysql import RdsMysql
from specs.rds_postgres import RdsPostgres

LONGEST_NAME = 63
_READER_SUFFIX = "-reader"
_SINGLE = (RdsMysql, RdsMariadb, RdsPostgres)
_AURORA = (AuroraMysql, AuroraPostgresql, AuroraServerless)
_POSTGRES = (RdsPostgres, AuroraPostgresql, MultiAzPostgres)


def _percent(value: int) -> int:
    if not 1 <= value <= 100:
        raise refuse(f"{value} is no percentage; write 1 to 100")
    return value


class Pool(Part):
    """How many of the database's connections the proxy may hold, and how long a client waits."""

    most_percent: Annotated[int, AfterValidator(_percent)] = 100
    """Of the database's max_connections."""
    idle_percent: Annotated[int, AfterValidator(_percent)] = 50
    """Kept open while nobody needs them."""
    borrow_timeout_seconds: int = Field(default=120, ge=0, le=300)
    pinned_by_variables: bool = True
    """Whether a client that sets a session variable keeps its connection for itself.

    RDS Proxy lets MySQL's be shared; PostgreSQL's never are.
    """

    def conflicts(self) -> Iterator[Conflict]:
        if self.idle_percent > self.most_percent:
            yield "idle_percent", f"{self.idle_percent} is over most_percent {self.most_percent}"


class RdsProxy(Described):
    """A proxy. TLS is required, and it stands where its database stands."""

    kind: Literal["rds-proxy"]
    target: str
    """The name of the topology it leads to."""
    authentication: Literal["password", "iam"] = "password"
    """How clients prove who they are; to the database the proxy brings the secret's password."""
    reader_endpoint: bool = False
    """A second address that leads to the readers of an Aurora or Multi-AZ DB cluster."""
    idle_client_timeout_seconds: int = Field(default=1800, ge=1, le=28_800)
    pool: Pool = Pool()

    @property
    def references(self) -> Mapping[str, str]:
        return {"target": self.target}

    @property
    def claims(self) -> Iterator[Claim]:
        yield "proxy", "identifier", self.identifier
        if self.reader_endpoint:
            yield "proxy endpoint", "identifier", self.reader_name

    @property
    def reader_name(self) -> str:
        """What AWS calls the reader endpoint: unique in its region."""
        return f"{self.identifier}{_READER_SUFFIX}"

    def objection(self, key: str, other: Described) -> str | None:
        if not isinstance(other, (*_SINGLE, *_AURORA, MultiAzCluster)):
            # A replica's instance has no writer, and a cache speaks another protocol.
            return (
                "cannot stand behind an RDS Proxy; name an rds-mysql, rds-mariadb, rds-postgres, "
                "multi-az-mysql, multi-az-postgres, aurora-mysql, aurora-postgresql or "
                "aurora-serverless topology"
            )
        if isinstance(other, AuroraServerless) and other.pauses:
            return (
                "pauses, and the connections that a proxy keeps open would keep it awake; raise "
                "its capacity.min_acu to 0.5 or more"
            )
        if isinstance(other, _POSTGRES) and not self.pool.pinned_by_variables:
            return (
                "is PostgreSQL, where a client that sets a variable always keeps its connection; "
                "leave pool.pinned_by_variables out"
            )
        if self.reader_endpoint and isinstance(other, _SINGLE):
            return "is one instance, which has no readers; leave reader_endpoint out"
        if self.reader_endpoint and isinstance(other, _AURORA) and not other.readers:
            return "has no readers; add one, or leave reader_endpoint out"
        return None

    def conflicts(self) -> Iterator[Conflict]:
        if self.region is not None:
            yield "region", "is its target's; leave it out"
        if self.reader_endpoint and len(self.reader_name) > LONGEST_NAME:
            yield "identifier", f"makes {self.reader_name!r}, over {LONGEST_NAME} characters"
