"""RDS for MariaDB."""

from __future__ import annotations

from typing import ClassVar, Literal

from specs.rds_engines import MARIADB, Engine
from specs.rds_instance import Audited, OpenSourceInstance


class RdsMariadb(Audited, OpenSourceInstance):
    """An instance of RDS for MariaDB."""

    facts: ClassVar[Engine] = MARIADB

    kind: Literal["rds-mariadb"]
