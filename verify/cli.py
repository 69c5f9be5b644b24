"""The command: find the stack, perform its exercises, report, say it in the exit code."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from contract import ContractError, Database, Deployment
from verify.aws import Cloud
from verify.console import Progress
from verify.deadline import Deadline
from verify.deployment import databases_of, find_deployment
from verify.errors import CannotRun
from verify.exercise import LIMIT_IN_WAITS, Scene, perform
from verify.registry import EXERCISES, Planned, plan
from verify.results import Exercise, Outcome, Report, write_json, write_junit
from verify.trust import ca_file

WAIT_S = 10.0
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None, exercises: Sequence[str] = ()) -> int:
    """Run the exercises.

    ``exercises`` narrows what may run (`python -m verify.mysql`). The exit code is 0 when all
    passed, 1 when a step failed, 2 when something could not run, 130 when interrupted.
    """
    arguments = _parser(exercises).parse_args(argv)
    try:
        return _run(arguments, exercises)
    except (CannotRun, ContractError) as error:
        print(f"verify: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("verify: interrupted; what the exercise had made is cleaned up", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; Python would complain again at exit.
        sys.stderr.close()
        return INTERRUPTED


def add_deployment_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say which stack is meant and how to trust it."""
    parser.add_argument("--stack", default="dev", metavar="S", help="the stack (default: dev)")
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
    parser.add_argument("--keep", action="store_true", help="leave what the exercises make")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write them as JUnit XML")
    return parser


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds up to 3600")
    return value


def _run(arguments: argparse.Namespace, exercises: Sequence[str]) -> int:
    deployment = find_deployment(arguments.stack, arguments.outputs)
    databases = databases_of(deployment)
    chosen = plan(databases, arguments.names, exercises)
    ca = ca_file(arguments.ca, deployment.access.ca_file)
    cloud = Cloud(deployment.access, arguments.timeout)
    progress = Progress()
    started = time.monotonic()
    results = []
    try:
        for planned in chosen:
            scene = Scene(
                name=planned.database,
                databases=databases,
                cloud=cloud,
                ca=ca,
                wait_s=arguments.timeout,
                limit=Deadline(LIMIT_IN_WAITS * arguments.timeout),
            )
            results.append(_perform(planned, scene, progress, arguments.keep))
    finally:
        progress.stop()
    report = Report(
        stack=deployment.stack, seconds=time.monotonic() - started, exercises=tuple(results)
    )
    _finish(report, arguments, progress)
    if not arguments.names and not exercises:
        _show_addresses(progress, databases, deployment)
    return report.exit_code


def _perform(planned: Planned, scene: Scene, progress: Progress, keep: bool) -> Exercise:
    exercise = EXERCISES[planned.exercise].make(scene)
    return perform(planned.exercise, exercise, progress, keep=keep)


def _finish(report: Report, arguments: argparse.Namespace, progress: Progress) -> None:
    progress.summary(report)
    if arguments.json is not None:
        write_json(report, arguments.json)
    if arguments.junit is not None:
        write_junit(report, arguments.junit)
    reasons = dict.fromkeys(
        f"{e.database}: {e.not_run}" for e in report.exercises if e.status is Outcome.NOT_RUN
    )
    if reasons:
        sys.stdout.flush()
        print(f"verify: could not run: {'; '.join(reasons)}", file=sys.stderr)


def _show_addresses(
    progress: Progress, databases: dict[str, Database], deployment: Deployment
) -> None:
    progress.addresses(databases, deployment.stack)
