"""`python -m tests.scan`: Checkov and Trivy over a stack, against docs/accepted-findings.md."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from specs.problems import ConfigError
from tests.scan.accepted import FILE, Accepted, Unreadable, judge, read
from tests.scan.checkov import CHECKOV
from tests.scan.scanner import NoScan, Scan, Scanner
from tests.scan.stack import recorded
from tests.scan.terraform import plan_of
from tests.scan.trivy import TRIVY

SCANNERS: Sequence[Scanner] = (CHECKOV, TRIVY)


def main(argv: Sequence[str] | None = None) -> int:
    """0 when every finding is accepted and every accepted one occurs, 2 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.scan", description=__doc__)
    parser.add_argument("--stack", default="prod", metavar="S", help="default: prod")
    for each in SCANNERS:
        parser.add_argument(
            f"--{each.name}", type=Path, metavar="PROGRAM", help="default: that of .scan, or PATH"
        )
    parser.add_argument("--plan", type=Path, metavar="FILE", help="write the plan there, and end")
    arguments = parser.parse_args(argv)
    try:
        plan = json.dumps(plan_of(recorded(arguments.stack)), indent=1)
        if arguments.plan is not None:
            arguments.plan.write_text(plan)
            return 0
        given = {each.name: getattr(arguments, each.name) for each in SCANNERS}
        return _scanned(arguments.stack, plan, _programs(given))
    except (ConfigError, NoScan, Unreadable) as error:
        print(f"scan: {error}", file=sys.stderr)
        return 2


def _programs(given: Mapping[str, Path | None]) -> Mapping[str, Path]:
    """Those named, or else every one that is installed."""
    named = {name: program.absolute() for name, program in given.items() if program is not None}
    if named:
        return named
    found = {each.name: program for each in SCANNERS if (program := each.installed()) is not None}
    if not found:
        names = " or ".join(each.name for each in SCANNERS)
        raise NoScan(f"no {names} is installed; run `make scan`, which installs them for itself")
    return found


def _scanned(stack: str, plan: str, programs: Mapping[str, Path]) -> int:
    accepted = read(FILE.read_text())
    for line in accepted:
        if not any(each.checks.match(line.check) for each in SCANNERS):
            raise Unreadable(f"{FILE.name}: {line}: a check of no scanner that is run here")
    verdicts = []
    for scanner in SCANNERS:
        own = [line for line in accepted if scanner.checks.match(line.check)]
        if scanner.name not in programs:
            print(f"scan: {scanner.name} did not run, and {len(own)} accepted line(s) are its own")
            continue
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "plan.json"
            file.write_text(plan)
            found = scanner.scan(programs[scanner.name], file)
        verdicts.append(_said(scanner, stack, found, own))
    if not all(verdicts):
        print(f"fix what is right; write what is accepted, and why, into docs/{FILE.name}")
        return 2
    return 0


def _said(scanner: Scanner, stack: str, found: Scan, accepted: Sequence[Accepted]) -> bool:
    verdict = judge(found.findings, accepted)
    for each in verdict.new:
        print(f"  {each}")
    for line in verdict.stale:
        print(f"  {line}: is accepted in {FILE.name} and does not occur; take the line out")
    print(
        f"scan: {scanner.name} {found.version} over {stack}: {found.passed} checks passed, "
        f"{len(found.findings) - len(verdict.new)} findings accepted, {len(verdict.new)} not, "
        f"{len(verdict.stale)} stale line(s)"
    )
    return verdict.good


if __name__ == "__main__":
    sys.exit(main())
