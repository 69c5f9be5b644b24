"""Practice 1: the RDS MySQL instance takes the course's rows, and is set up as the course says."""

from __future__ import annotations

import sys

from verify.instance import Instance


class MySQL(Instance):
    """The checks on one RDS MySQL instance."""


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("mysql",)))
