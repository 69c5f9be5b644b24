"""Practice 3 on Aurora PostgreSQL, in its own SQL."""

from __future__ import annotations

import sys
from typing import ClassVar

from verify import course
from verify.aurora import Aurora
from verify.session import Session


class AuroraPostgres(Aurora):
    """The checks on one Aurora PostgreSQL cluster."""

    rows: ClassVar[str] = course.PERFORMANCE_TEST_IN_POSTGRESQL

    def identity(self, session: Session) -> str:
        return str(session.run("SELECT aurora_db_instance_identifier()")[0][0])


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("aurora_postgres",)))
