"""A Multi-AZ DB cluster of RDS for MySQL."""

from __future__ import annotations

from typing import ClassVar, Literal

from specs.multi_az import MultiAzCluster
from specs.rds_engines import MYSQL, Engine


class MultiAzMysql(MultiAzCluster):
    """A cluster of MySQL, which commits when one of two standbys has the transaction."""

    facts: ClassVar[Engine] = MYSQL
    logs: ClassVar[tuple[str, ...]] = ("error",)

    kind: Literal["multi-az-mysql"]
