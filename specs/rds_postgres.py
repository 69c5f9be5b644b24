"""RDS for PostgreSQL."""

from __future__ import annotations

from typing import ClassVar, Literal

from specs.parts import AuditLog
from specs.rds_engines import POSTGRES, Engine
from specs.rds_instance import OpenSourceInstance


class RdsPostgres(OpenSourceInstance):
    """An instance of RDS for PostgreSQL. Slow statements and what is audited go to its one log."""

    facts: ClassVar[Engine] = POSTGRES

    kind: Literal["rds-postgres"]
    audit_log: AuditLog | None = None
    """By pgaudit. That a table was changed is logged, too, in databases that have the extension:
    ``CREATE EXTENSION pgaudit`` is for whoever makes a database."""
