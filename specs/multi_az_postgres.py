"""A Multi-AZ DB cluster of RDS for PostgreSQL."""

from __future__ import annotations

from typing import ClassVar, Literal

from specs.multi_az import MultiAzCluster
from specs.rds_engines import POSTGRES, Engine


class MultiAzPostgres(MultiAzCluster):
    """A cluster of PostgreSQL. Slow statements go to its one log."""

    facts: ClassVar[Engine] = POSTGRES
    # Without the instance's upgrade log, which the AWS provider refuses of a cluster.
    logs: ClassVar[tuple[str, ...]] = ("postgresql",)

    kind: Literal["multi-az-postgres"]
