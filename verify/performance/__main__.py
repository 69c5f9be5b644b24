"""`python -m verify.performance`: the course's performance test and its diagnosis."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from contract import ContractError
from verify import course
from verify.cli import INTERRUPTED, add_deployment_flags
from verify.errors import VerifyError
from verify.performance.settings import Settings
from verify.performance.suite import performance
from verify.performance.tables import lines
from verify.results import check_writable, write_text


def main(argv: Sequence[str] | None = None) -> int:
    """Run it. The exit code is 0, 1 when the client was the limit or a request failed, 2 when
    something could not run.
    """
    arguments = _parser().parse_args(argv)
    settings = Settings(
        workers=arguments.workers,
        iterations=arguments.iterations,
        pause_s=arguments.pause,
        duration_s=arguments.duration,
        rate=arguments.rate,
        processes=arguments.processes,
        users=arguments.users,
        fix_rows=arguments.rows,
    )
    try:
        if arguments.json is not None:
            check_writable(arguments.json)
        found = performance(arguments, settings, tell=_tell)
        for line in lines(found):
            print(line)
        if arguments.json is not None:
            write_text(arguments.json, found.model_dump_json(indent=1) + "\n")
    except (VerifyError, ContractError) as error:
        print(f"verify.performance: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("verify.performance: interrupted", file=sys.stderr)
        return INTERRUPTED
    if any(test.not_run for test in found.all):
        return 2
    variants = [variant for test in found.tests for variant in test.variants]
    clean = all(not latency.errors for variant in variants for latency in variant.latencies)
    return 0 if clean and not any(variant.client.limit for variant in variants) else 1


def _tell(text: str) -> None:
    print(f"{text} ...", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m verify.performance", description=__doc__.partition(": ")[2]
    )
    parser.add_argument("names", nargs="*", help="databases of the stack (default: all it can)")
    add_deployment_flags(parser)
    parser.add_argument("--workers", type=_whole, default=course.WORKERS, metavar="N",
                        help=f"threads (default: {course.WORKERS})")  # fmt: skip
    parser.add_argument("--iterations", type=_whole, default=course.ITERATIONS, metavar="N",
                        help=f"requests a worker (default: {course.ITERATIONS})")  # fmt: skip
    parser.add_argument("--pause", type=_seconds, default=course.PAUSE_S, metavar="S",
                        help=f"between its requests (default: {course.PAUSE_S})")  # fmt: skip
    parser.add_argument("--duration", type=_seconds, metavar="S",
                        help="so long, however many requests (with --rate: 10)")  # fmt: skip
    parser.add_argument("--rate", type=_seconds, metavar="R",
                        help="R requests a second by schedule, whatever the server does; "
                        "latency counts from the schedule")  # fmt: skip
    parser.add_argument("--processes", type=_whole, default=1, metavar="N",
                        help="that share the workers (default: 1)")  # fmt: skip
    parser.add_argument("--users", type=_rows, default=len(course.THE_USERS), metavar="N",
                        help="rows of the table when a variant begins "
                        "(default: the course's 3)")  # fmt: skip
    parser.add_argument("--rows", type=int, default=10_000, metavar="N",
                        help="of the table for the diagnosis' fix, 0 for none "
                        "(default: 10000)")  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    return parser


def _whole(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _rows(text: str) -> int:
    rows, least = _whole(text), len(course.THE_USERS)
    if rows < least:
        raise argparse.ArgumentTypeError(f"{text} is less than the course's {least}")
    return rows


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0")
    return value


if __name__ == "__main__":
    sys.exit(main())
