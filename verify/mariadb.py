"""Practice 1 on RDS for MariaDB, which takes the course's statements as they are."""

from __future__ import annotations

import sys

from verify.instance import Instance


class MariaDB(Instance):
    """The checks on one RDS MariaDB instance."""


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("mariadb",)))
