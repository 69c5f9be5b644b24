"""`python -m policy`: what the rules say of a stack, before anything of it exists."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from policy.findings import Finding
from policy.resources import Registered, Resource
from policy.rules import RULES, judge


def main(argv: Sequence[str] | None = None) -> int:
    """0 when nothing mandatory was found, 2 when something was or the config is wrong."""
    parser = argparse.ArgumentParser(prog="python -m policy", description=__doc__)
    parser.add_argument("--stack", default="dev", metavar="S", help="default: dev")
    parser.add_argument(
        "--program", type=Path, default=Path(), metavar="DIR", help="the project's folder"
    )
    parser.add_argument(
        "--registered",
        action="store_true",
        help="judge the resources on standard input, JSON, and not those of the program",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args(argv)
    if arguments.registered:
        registered = given(json.load(sys.stdin))
    else:
        from specs.problems import ConfigError

        try:
            registered = of_program(arguments.program, arguments.stack)
        except ConfigError as error:
            print(error, file=sys.stderr)
            return 2
    findings = judge(arguments.stack, registered)
    if arguments.json:
        print(json.dumps([asdict(each) for each in findings], indent=1))
    else:
        print(report(arguments.stack, findings))
    return 2 if any(each.level == "mandatory" for each in findings) else 0


def given(resources: Sequence[dict[str, Any]]) -> Registered:
    """Resources as another engine writes them: urn, type, name, parent, props, secrets."""
    return Registered(
        [
            Resource(
                urn=each["urn"],
                type=each["type"],
                name=each["name"],
                props=each["props"],
                parent=each["parent"],
                secrets=frozenset(each["secrets"]),
            )
            for each in resources
        ]
    )


def of_program(folder: Path, stack: str) -> Registered:
    """What the program would register for a stack; `ConfigError` when it would not run."""
    from stacks.dry_run import dry_run

    return Registered(
        [
            Resource(each.urn, each.type, each.name, each.inputs, each.parent, each.secrets)
            for each in dry_run(folder, stack)
        ]
    )


def report(stack: str, findings: Sequence[Finding]) -> str:
    """A paragraph a level; in it, one line a mistake that names every resource with it."""
    lines = []
    for level, says in (("mandatory", "stop the stack"), ("advisory", "are worth a look")):
        found = [each for each in findings if each.level == level]
        if found:
            lines.append(f"policy: {len(found)} {level} finding(s) in {stack} {says}:")
            lines += [f"  {line}" for line in _together(found)]
    return "\n".join(lines) or f"policy: nothing found in {stack} by {len(RULES)} rules"


def _together(findings: Sequence[Finding]) -> Iterator[str]:
    same: dict[tuple[str, str, str, str], list[str]] = {}
    for each in findings:
        key = (each.rule, each.course, each.problem, each.change)
        same.setdefault(key, []).append(each.resource)
    for (rule, course, problem, change), resources in same.items():
        yield f"{rule} [{course}]: {', '.join(resources)}: {problem}; {change}"
