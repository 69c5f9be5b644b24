"""`python -m tests.scan`: Checkov over a stack, against docs/accepted-findings.md."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from specs.problems import ConfigError
from tests.scan.accepted import FILE, Unreadable, judge, read
from tests.scan.checkov import NoScan, installed, scan
from tests.scan.stack import recorded
from tests.scan.terraform import plan_of


def main(argv: Sequence[str] | None = None) -> int:
    """0 when every finding is accepted and every accepted one occurs, 2 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.scan", description=__doc__)
    parser.add_argument("--stack", default="prod", metavar="S", help="default: prod")
    parser.add_argument("--checkov", type=Path, metavar="PROGRAM", help="default: that of .scan")
    parser.add_argument("--plan", type=Path, metavar="FILE", help="write the plan there, and end")
    arguments = parser.parse_args(argv)
    try:
        plan = json.dumps(plan_of(recorded(arguments.stack)), indent=1)
        if arguments.plan is not None:
            arguments.plan.write_text(plan)
            return 0
        return _scanned(arguments.stack, plan, arguments.checkov or installed())
    except (ConfigError, NoScan, Unreadable) as error:
        print(f"scan: {error}", file=sys.stderr)
        return 2


def _scanned(stack: str, plan: str, program: Path | None) -> int:
    if program is None:
        raise NoScan("checkov is not installed; run `make scan`, which installs it for itself")
    accepted = read(FILE.read_text())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plan.json"
        file.write_text(plan)
        found = scan(program, file)
    verdict = judge(found.findings, accepted)
    for each in verdict.new:
        print(f"  {each}")
    for line in verdict.stale:
        print(f"  {line}: is accepted in {FILE.name} and does not occur; take the line out")
    print(
        f"scan: checkov {found.version} over {stack}: {found.resources} resources, "
        f"{found.passed} checks passed, {len(found.findings) - len(verdict.new)} findings "
        f"accepted, {len(verdict.new)} not, {len(verdict.stale)} stale line(s)"
    )
    if verdict.new:
        print(f"fix what is right; write what is accepted, and why, into docs/{FILE.name}")
    return 0 if verdict.good else 2


if __name__ == "__main__":
    sys.exit(main())
