"""`python -m stacks validate`: check a stack's config without Pulumi or any cloud."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from specs.problems import ConfigError
from stacks.config import from_file


def main(argv: Sequence[str] | None = None) -> int:
    """0 when the config is good, 2 with every problem when it is not."""
    parser = argparse.ArgumentParser(prog="python -m stacks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    validate = commands.add_parser("validate", help="check a stack's config")
    validate.add_argument("--stack", default="dev", metavar="S", help="default: dev")
    validate.add_argument(
        "--program", type=Path, default=Path(), metavar="DIR", help="the project's folder"
    )
    arguments = parser.parse_args(argv)
    try:
        stack = from_file(arguments.program, arguments.stack)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    for name, topology in stack.topologies.items():
        print(f"{name}: {topology.kind} {topology.identifier} in {stack.region_of(name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
