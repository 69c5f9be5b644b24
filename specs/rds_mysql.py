"""RDS for MySQL."""

from __future__ import annotations

from typing import ClassVar, Literal

from specs.parts import MigrationRole
from specs.rds_engines import MYSQL, Engine
from specs.rds_instance import Audited, OpenSourceInstance


class RdsMysql(Audited, OpenSourceInstance):
    """An instance of RDS for MySQL."""

    facts: ClassVar[Engine] = MYSQL

    kind: Literal["rds-mysql"]
    migration: MigrationRole | None = None
