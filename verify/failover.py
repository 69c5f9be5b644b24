"""`python -m verify.failover`: fail databases over under load, measure it, audit what is left.

It interrupts whoever uses the databases, so it is no part of `python -m verify`, and a stack that
AWS reports as protected is refused without its own flag.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from contract import ContractError, Database
from verify.aws import Cloud
from verify.cli import INTERRUPTED, add_deployment_flags
from verify.deployment import databases_of, find_deployment
from verify.drill.production import FLAG, refuse_production
from verify.drill.report import Drilled, Drills, Event, Lines, Run, distribution
from verify.drill.run import SUBJECT, Drill, Plan, perform
from verify.drill.target import Target
from verify.drill.targets import targets_of
from verify.drill.verdict import audit, broken
from verify.errors import CannotRun, UnknownName, VerifyError
from verify.results import check_writable
from verify.trust import ca_file

WITHIN_S = 180.0


def main(argv: Sequence[str] | None = None) -> int:
    """0 when every promise was kept, 1 when one was not, 2 when a drill could not run."""
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments)
    except (VerifyError, ContractError) as error:
        sys.stdout.flush()
        print(f"verify: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("verify: interrupted", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m verify.failover",
        description="Fail databases over under load; measure the outage and audit every row.",
    )
    parser.add_argument("names", nargs="*", help="databases of the stack (default: all with one)")
    add_deployment_flags(parser)
    parser.add_argument("--runs", type=_count, default=1, metavar="N", help="so often each")
    parser.add_argument(
        "--within", type=float, metavar="S",
        help=f"wait so long for somebody to write again (default: {WITHIN_S:g} s, and as long as "
        "is promised where that is longer)",
    )  # fmt: skip
    environment = " and ".join(f"{name} ({what})" for name, what in SUBJECT.items())
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--to", metavar="MEMBER", help="the reader, or the secondary, to choose")
    how.add_argument(
        "--by", choices=("kill", "stop", "cut"),
        help="a fault to do to the server that writes instead of asking AWS, where the cloud can",
    )  # fmt: skip
    how.add_argument(
        "--trigger", metavar="COMMAND",
        help=f"instead of asking AWS, run this command; {environment} are in its environment",
    )  # fmt: skip
    parser.add_argument(
        "--afterwards", metavar="COMMAND",
        help="run this command, with the same environment, when a failover is measured",
    )  # fmt: skip
    parser.add_argument(
        "--compare", action="store_true",
        help="let other clients read beside verify's own, and say what each noticed and when",
    )  # fmt: skip
    parser.add_argument(
        "--switchover", action="store_true",
        help="also switch global databases over to another region and back, which without it only "
        "those named are",
    )  # fmt: skip
    parser.add_argument(FLAG, action="store_true", help="also where AWS reports protection")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything as JSON")
    parser.add_argument(
        "--logs", type=Path, metavar="DIR",
        help="keep each drill's durable log of writes here (default: a folder that goes)",
    )  # fmt: skip
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 1000")
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    deployment = find_deployment(arguments.stack, arguments.outputs)
    databases = databases_of(deployment)
    ca = ca_file(arguments.ca, deployment.access.ca_file)
    cloud = Cloud(deployment.access, arguments.timeout)
    if arguments.json is not None:
        check_writable(arguments.json)
    if not arguments.yes_fail_over_production:
        refuse_production(deployment.stack, databases, cloud)
    if arguments.by is not None and cloud.faults is None:
        raise CannotRun(
            f"--by {arguments.by}: this cloud has no command for faults; leave it out to ask for "
            "a failover, or name a command of your own with --trigger"
        )
    targets = _chosen(arguments, databases, cloud, ca)
    done = []
    try:
        with tempfile.TemporaryDirectory(prefix="verify-failover-") as folder:
            logs = arguments.logs or Path(folder)
            logs.mkdir(parents=True, exist_ok=True)
            for target in targets:
                done.append(_drill(target, _plan(arguments, target), arguments.runs, logs))
    finally:
        if arguments.json is not None:
            found = Drills(stack=deployment.stack, drills=tuple(done))
            arguments.json.write_text(found.model_dump_json(indent=1), encoding="utf-8")
    return 0 if all(each.passed for each in done) else 1


def _plan(arguments: argparse.Namespace, target: Target) -> Plan:
    within_s = arguments.within
    if within_s is None:
        within_s = max(WITHIN_S, target.promise.limit_s)
    return Plan(
        within_s, arguments.to, arguments.by, arguments.trigger, arguments.afterwards,
        arguments.compare,
    )  # fmt: skip


def _chosen(
    arguments: argparse.Namespace, databases: dict[str, Database], cloud: Cloud, ca: str | None
) -> list[Target]:
    names: Sequence[str] = arguments.names
    for name in names:
        if name not in databases:
            raise UnknownName(
                f"{name!r} is no database of the stack ({', '.join(databases) or 'it has none'})"
            )
    found = []
    for name in names or databases:
        try:
            targets = targets_of(name, databases, cloud, ca)
            for target in targets:
                agreed = arguments.switchover or name in names
                _check(target, arguments.by, agreed=agreed)
        except CannotRun as error:
            if name in names:
                raise
            print(f"{name}: no drill: {error}", flush=True)
            continue
        if name in names and not targets:
            raise CannotRun(f"there is no drill for {name}, which is {databases[name].kind}")
        found += targets
    if not found:
        raise CannotRun("no database of the stack has a failover to drill")
    return found


def _check(target: Target, by: str | None, *, agreed: bool) -> None:
    """`CannotRun` when a target cannot be drilled, or not so."""
    if target.agreement and not agreed:
        raise CannotRun(f"{target.agreement}; name it, or add --switchover")
    if by is not None and target.spared:
        raise CannotRun(f"--by {by}: {target.name} is left alone: {target.spared}")
    target.check()


def _drill(target: Target, plan: Plan, runs: int, logs: Path) -> Drilled:
    lines, found = Lines(target), []
    for number in range(1, runs + 1):
        print(f"{target.title}, run {number} of {runs}", flush=True)
        name = target.title.replace(", ", "-").replace(" ", "-")
        drill = perform(target, plan, logs / f"{name}-{number}.jsonl")
        judged = _judged(target, drill, keep=runs == 1)
        found.append(judged)
        for line in lines.run(drill, judged.audit, judged.broken):
            print(f"  {line}", flush=True)
    if runs > 1:
        print(f"{target.title}: {distribution([run.measured for run in found])}", flush=True)
    return Drilled(
        target=target.title,
        database=target.name,
        promise=target.promise.said,
        promised_s=target.promise.limit_s,
        may_lose=target.may_lose,
        runs=tuple(found),
    )


def _judged(target: Target, drill: Drill, *, keep: bool) -> Run:
    """The run with its verdict; its history only when there is one run, or it broke a promise."""
    found = audit(drill.history, target.writer, list(target.endpoints))
    said = broken(drill.measured, found, target)
    return Run(
        asked=drill.asked,
        measured=drill.measured,
        events=tuple(Event(at=at, source=who, message=what) for at, who, what in drill.events),
        troubles=drill.troubles,
        audit=found,
        broken=said,
        history=drill.history if keep or said else None,
        compared=drill.compared,
    )


if __name__ == "__main__":
    sys.exit(main())
