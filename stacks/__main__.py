"""`python -m stacks validate` and `explain`: a stack's config, without Pulumi or any cloud."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from specs.problems import ConfigError
from stacks.config import from_file
from stacks.errors import StackError


def main(argv: Sequence[str] | None = None) -> int:
    """0 when it worked, 2 with every problem when not."""
    arguments = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], None] = arguments.run
    try:
        command(arguments)
    except (ConfigError, StackError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _validate(arguments: argparse.Namespace) -> None:
    stack = from_file(arguments.program, arguments.stack)
    for name, topology in stack.topologies.items():
        print(f"{name}: {topology.kind} {topology.identifier} in {stack.region_of(name)}")


def _explain(arguments: argparse.Namespace) -> None:
    stack = from_file(arguments.program, arguments.stack)
    if arguments.time:
        _time(arguments)
        return
    # The dry run loads the AWS SDK; `validate` does without.
    from stacks.explain import as_json, explain, prices_of, print_tables

    found = explain(arguments.program, arguments.stack, stack, prices_of(arguments.prices))
    if arguments.json:
        print(as_json(found))
    else:
        print_tables(found)


def _time(arguments: argparse.Namespace) -> None:
    from stacks.dry_run import dry_run
    from stacks.timing import print_time, time_as_json

    registered = dry_run(arguments.program, arguments.stack)
    if arguments.json:
        print(time_as_json(arguments.stack, registered))
    else:
        print_time(arguments.stack, registered)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stacks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(
        name: str, run: Callable[[argparse.Namespace], None], text: str
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        command.add_argument("--stack", default="dev", metavar="S", help="default: dev")
        command.add_argument(
            "--program", type=Path, default=Path(), metavar="DIR", help="the project's folder"
        )
        return command

    add("validate", _validate, "check a stack's config")
    explain = add("explain", _explain, "what a stack is, why, and what it costs")
    explain.add_argument("--json", action="store_true", help="as JSON")
    explain.add_argument(
        "--time", action="store_true", help="how long a deployment takes, and its longest chain"
    )
    explain.add_argument(
        "--prices",
        choices=("table", "api"),
        default="table",
        help="from the project's dated table, or from AWS's price list",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
