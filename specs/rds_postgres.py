"""RDS for PostgreSQL."""

from __future__ import annotations

from typing import ClassVar, Literal

from specs.rds_engines import POSTGRES, Engine
from specs.rds_instance import OpenSourceInstance


class RdsPostgres(OpenSourceInstance):
    """An instance of RDS for PostgreSQL. Slow statements go to its one log."""

    facts: ClassVar[Engine] = POSTGRES

    kind: Literal["rds-postgres"]
