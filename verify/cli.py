"""The command: find the stack, perform its exercises, report, say it in the exit code."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from pathlib import Path

from contract import ContractError, Database, Deployment, read_alarms, read_client_hosts
from verify import course, reach
from verify.aws import Cloud
from verify.client_host import through_client_hosts
from verify.console import Progress
from verify.deadline import Deadline
from verify.deployment import databases_of, find_deployment
from verify.errors import CannotRun
from verify.exercise import LIMIT_IN_WAITS, Scene, perform
from verify.global_roles import SWITCHOVER_IN_WAITS
from verify.registry import EXERCISES, Planned, plan, with_lags
from verify.report.pages import Pages
from verify.results import Report, check_writable, write_json, write_junit
from verify.trust import ca_file

STACK = "dev"
WAIT_S = 10.0
RATE = course.WORKERS / course.PAUSE_S
"""Writes a second: those of the course's load test, at most."""
LEAST_PHASE_S = 5.0
"""A hundred heartbeats."""
_MOST_RATE = 100_000
_LONGEST_PAUSE_S = 24 * 3600
INTERRUPTED = 130
BROKEN_PIPE = 141


def main(argv: Sequence[str] | None = None, exercises: Sequence[str] = ()) -> int:
    """Run the exercises.

    ``exercises`` narrows what may run (`python -m verify.mysql`). The exit code is 0 when all
    passed, 1 when a step failed, 2 when something could not run, 130 when interrupted, 141 when
    nobody reads the output any more.
    """
    parser = _parser(exercises)
    arguments = parser.parse_args(argv)
    if arguments.via and arguments.report:
        parser.error("--report measures, and a session is slower than the databases; leave one out")
    try:
        return _run(arguments, exercises)
    except (CannotRun, ContractError) as error:
        print(f"verify: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("verify: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; at exit Python would try to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def add_deployment_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say which stack is meant and how to trust it."""
    parser.add_argument("--stack", default=STACK, metavar="S", help=f"the stack (default: {STACK})")
    parser.add_argument(
        "--outputs", type=Path, metavar="FILE", help="read the stack's outputs from this JSON file"
    )
    parser.add_argument(
        "--ca",
        type=Path,
        metavar="FILE",
        help="PEM bundle of the CAs that sign the databases' certificates",
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=WAIT_S,
        metavar="S",
        help=f"longest single wait on the network in seconds (default: {WAIT_S:g}); "
        f"an exercise as a whole may take {LIMIT_IN_WAITS} times that",
    )


def _parser(exercises: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m verify{'.' + exercises[0] if exercises else ''}",
        description="Prove that the deployed databases do what they should.",
    )
    parser.add_argument(
        "names", nargs="*", help=f"exercises ({', '.join(EXERCISES)}) or databases of the stack"
    )
    add_deployment_flags(parser)
    parser.add_argument(
        "--fail-over",
        dest="allowed",
        action="append_const",
        const="fail-over",
        default=[],
        help="also fail databases over, which interrupts whoever else uses them",
    )
    parser.add_argument(
        "--switchover",
        dest="allowed",
        action="append_const",
        const="switchover",
        help="also switch global databases over to another region and back, likewise",
    )
    parser.add_argument(
        "--wait-for-pause",
        type=_long_wait,
        default=0.0,
        metavar="S",
        help="wait up to so many seconds for a serverless database to pause, "
        "which takes 300 at least",
    )
    parser.add_argument(
        "--restore",
        dest="allowed",
        action="append_const",
        const="restore",
        help="also restore a backup to a new instance where that is charged for, and delete it",
    )
    parser.add_argument(
        "--via",
        choices=["client-host"],
        help="reach the databases through the stack's client host, by sessions of AWS Systems "
        "Manager that end with this command; wants AWS's session-manager-plugin",
    )
    parser.add_argument(
        "--seconds", type=_seconds, metavar="S",
        help=f"measure a replica's lag so long at rest, and as long under load (default: two "
        f"readings of CloudWatch, {LEAST_PHASE_S:g} at least)",
    )  # fmt: skip
    parser.add_argument(
        "--rate", type=_rate, default=RATE, metavar="R",
        help=f"writes a second of that load (default: {RATE:g})",
    )  # fmt: skip
    parser.add_argument("--keep", action="store_true", help="leave what the exercises make")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write them as JUnit XML")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="also measure lags and a short performance test, and write a page to look at with "
        "both formats",
    )
    parser.add_argument(
        "--compare",
        type=Path,
        metavar="OLD.json",
        help="an earlier run's results.json: the page shows what changed since",
    )
    return parser


def _seconds(text: str, most: int = 3600) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds up to {most}")
    return value


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= _MOST_RATE:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number up to {_MOST_RATE}")
    return value


def _long_wait(text: str) -> float:
    return _seconds(text, _LONGEST_PAUSE_S)


def _run(arguments: argparse.Namespace, exercises: Sequence[str]) -> int:
    deployment = find_deployment(arguments.stack, arguments.outputs)
    databases = databases_of(deployment)
    alarms = tuple(chain.from_iterable(read_alarms(deployment.outputs).values()))
    chosen = plan(databases, arguments.names, exercises)
    if arguments.report is not None:
        chosen = with_lags(chosen, databases)
    ca = ca_file(arguments.ca, deployment.access.ca_file)
    for path in filter(None, (arguments.json, arguments.junit)):
        check_writable(path)
    pages = Pages.prepare(arguments.report, arguments.compare)
    cloud = Cloud(deployment.access, arguments.timeout)
    phase_s = arguments.seconds or max(LEAST_PHASE_S, 2.0 * cloud.metrics_period_s)
    progress = Progress()
    progress.stack(deployment.stack, deployment.access.endpoint_url)
    started = time.monotonic()
    results = []
    measured = None
    try:
        with _way(arguments, deployment, databases, chosen, cloud) as through:
            for planned in chosen:
                through.home = databases[planned.database].region
                limit = _limit(planned.exercise, arguments, cloud, phase_s)
                scene = Scene(
                    name=planned.database,
                    databases=databases,
                    cloud=cloud,
                    ca=ca,
                    wait_s=arguments.timeout,
                    limit=Deadline(limit),
                    allowed=frozenset(arguments.allowed),
                    wait_for_pause_s=arguments.wait_for_pause,
                    phase_s=phase_s,
                    rate=arguments.rate,
                    alarms=alarms,
                    unserved=deployment.access.unserved,
                )
                make = EXERCISES[planned.exercise].make
                results.append(
                    perform(planned.exercise, make, scene, progress, keep=arguments.keep)
                )
            if pages is not None:
                examined = {planned.database for planned in chosen}
                measured = pages.measure(
                    deployment.stack, databases, examined, cloud, ca, arguments.timeout, progress
                )
    finally:
        progress.stop()
    report = Report(
        stack=deployment.stack,
        seconds=time.monotonic() - started,
        exercises=tuple(results),
        performance=measured,
    )
    progress.summary(report)
    if not arguments.names and not exercises:
        progress.addresses(databases, _flags(arguments))
    _write(report, arguments)
    if pages is not None:
        asked = deployment.access.endpoint_url or "AWS"
        progress.note(f"report: {pages.write(report, databases, cloud, asked)}")
    return report.exit_code


def _limit(exercise: str, arguments: argparse.Namespace, cloud: Cloud, phase_s: float) -> float:
    """How long an exercise as a whole may take, in seconds."""
    entry = EXERCISES[exercise]
    limit = LIMIT_IN_WAITS * arguments.timeout + arguments.wait_for_pause
    limit += entry.metrics_periods * cloud.metrics_period_s + entry.phases * phase_s
    limit += entry.deliveries * cloud.log_delivery_s
    # For the moment to be reached, for the instance, and for an earlier one to go.
    limit += 3 * cloud.restore_s if entry.restores else 0
    if "switchover" in arguments.allowed:
        limit += entry.switchovers * SWITCHOVER_IN_WAITS * arguments.timeout
    return float(limit)


def _way(
    arguments: argparse.Namespace,
    deployment: Deployment,
    databases: Mapping[str, Database],
    chosen: Sequence[Planned],
    cloud: Cloud,
) -> AbstractContextManager[reach.Way]:
    """How the exercises get to the databases while it is entered."""
    if arguments.via is None:
        return nullcontext(reach.Directly())
    hosts = read_client_hosts(deployment.outputs)
    names = [planned.database for planned in chosen]
    return through_client_hosts(hosts, databases, names, cloud, arguments.timeout)


def _flags(arguments: argparse.Namespace) -> list[str]:
    """The flags of `add_deployment_flags` that were given, to be given again."""
    stack = [] if arguments.stack == STACK else ["--stack", arguments.stack]
    outputs = ["--outputs", str(arguments.outputs)] if arguments.outputs else []
    return [*stack, *outputs, *(["--ca", str(arguments.ca)] if arguments.ca else [])]


def _write(report: Report, arguments: argparse.Namespace) -> None:
    if arguments.json is not None:
        write_json(report, arguments.json)
    if arguments.junit is not None:
        write_junit(report, arguments.junit)
    whose: dict[str, list[str]] = {}
    for exercise in report.exercises:
        if exercise.not_run is not None:
            names = whose.setdefault(exercise.not_run, [])
            if exercise.database not in names:
                names.append(exercise.database)
    if whose:
        sys.stdout.flush()
        reasons = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in whose.items())
        print(f"verify: could not run: {reasons}", file=sys.stderr)
