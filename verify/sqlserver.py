"""An RDS SQL Server instance, as far as it can be seen without its driver."""

from __future__ import annotations

import sys

from verify.licensed import Licensed


class SQLServer(Licensed):
    """The checks on one RDS SQL Server instance."""


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("sqlserver",)))
