"""An RDS Oracle instance, as far as it can be seen without Oracle's driver."""

from __future__ import annotations

import sys

from verify.licensed import Licensed


class Oracle(Licensed):
    """The checks on one RDS Oracle instance."""


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("oracle",)))
