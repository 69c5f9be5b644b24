"""Practice 1 on RDS for PostgreSQL, in its own SQL."""

from __future__ import annotations

import sys

from verify.instance import Instance


class PostgreSQL(Instance):
    """The checks on one RDS PostgreSQL instance."""


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("postgres",)))
