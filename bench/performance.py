"""The performance test beside sysbench: the same statements at the same server, in turn."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.workspace import BenchFailed, Workspace
from localcloud.tls import Authority

_LUA = Path(__file__).with_name("performance.lua")
_SECONDS = 5
_WORKERS = 4
_RATE = 500
_USERS = 20_000


@dataclass(frozen=True)
class Throughput:
    """Of select, insert and commit together."""

    per_second: float
    mean_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Outcome:
    """What was measured; ``sysbench`` is ``None`` where it is not installed."""

    ours: Throughput
    sysbench: Throughput | None
    course_cpu_percent: float
    slip_p99_ms: float
    miscounted: int
    """Statements whose count differs from the server's."""
    apart_percent: float
    """The mean of the select of one worker, beside the server's mean and the round trip."""
    apart_note: str


def measure(space: Workspace) -> Outcome:
    """Saturating beside sysbench, then the course's test, then the open loop."""
    saturated = _ours(
        space, "--duration", str(_SECONDS), "--pause", "0", "--workers", str(_WORKERS),
        "--processes", "2",
    )  # fmt: skip
    theirs = _sysbench(space)
    course = _ours(space)
    opened = _ours(space, "--rate", str(_RATE), "--duration", str(_SECONDS), "--workers", "10")
    # One worker, or the clients' queue for the CPU is in their mean; many users, so that the
    # statement takes longer than the way to it.
    alone = _ours(space, "--workers", "1", "--pause", "0", "--users", str(_USERS))
    select = next(one for one in alone["agreement"] if one["statement"] == "select")
    told = select["server_mean_us"] + select["round_trip_us"]
    request = _latency(saturated, "request")
    counted = [one for variant in (saturated, course, alone) for one in variant["agreement"]]
    return Outcome(
        ours=Throughput(request["per_second"], request["mean_us"] / 1000, request["p99_us"] / 1000),
        sysbench=theirs,
        course_cpu_percent=course["client"]["cpu_percent"],
        slip_p99_ms=opened["client"]["slip_p99_us"] / 1000,
        miscounted=sum(abs(one["client_count"] - one["server_count"]) for one in counted),
        apart_percent=100 * abs(select["client_mean_us"] - told) / told,
        apart_note=f"select of {_USERS:,} users by one worker, {told / 1000:.1f} ms",
    )


def _latency(variant: dict[str, Any], statement: str) -> dict[str, Any]:
    found: dict[str, Any] = next(o for o in variant["latencies"] if o["statement"] == statement)
    return found


def _ours(space: Workspace, *flags: str) -> dict[str, Any]:
    """The writer's arrangement of a run on the stack's MySQL."""
    file = space.state.parent / "performance.json"
    words = ("-m", "verify.performance", "mysql", "--rows", "0", "--json", str(file), *flags)
    # It says 1 when it was the limit itself, which saturating it may well be.
    done = space.attempt(*words)
    if done.returncode not in (0, 1):
        raise BenchFailed(f"verify.performance exited {done.returncode}: {done.stderr[-2000:]}")
    tests = json.loads(file.read_text())["tests"]
    found: dict[str, Any] = tests[0]["variants"][0]
    return found


def _sysbench(space: Workspace) -> Throughput | None:
    """The same four statements by sysbench; ``None`` where it is not installed."""
    program = shutil.which("sysbench")
    if program is None:
        return None
    record = space.record()
    facts = record["outputs"]["databases"]["mysql"]
    writer = next(e for e in facts["endpoints"] if e["role"] == "writer")
    statements = (
        "DROP DATABASE IF EXISTS benchtest; CREATE DATABASE benchtest; CREATE TABLE "
        "benchtest.users (id INT AUTO_INCREMENT PRIMARY KEY, username VARCHAR(50) NOT NULL, "
        "email VARCHAR(100) NOT NULL, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP); "
        "INSERT INTO benchtest.users (username, email) VALUES ('john_doe', 'john@example.com'), "
        "('jane_smith', 'jane@example.com'), ('bob_wilson', 'bob@example.com')"
    )
    socket = space.state / "run" / writer["host"] / "mariadb.sock"
    admin = ["mariadb", f"--socket={socket}", "-e"]
    _run([*admin, statements])
    # By TCP and TLS as ours; sysbench cannot be told a password but by its arguments, so the
    # user is one of the bench's own, for as long as it runs.
    _run([*admin, "CREATE OR REPLACE USER bench@'%' REQUIRE SSL; GRANT ALL ON benchtest.* TO "
          "bench@'%'"])  # fmt: skip
    # It looks for a client's certificate under names of its own in the current folder.
    files = space.state.parent / "sysbench"
    made = Authority(space.state / "ca").issue(files, ["127.0.0.1"])
    for source, name in (
        (made.certificate, "client-cert.pem"),
        (made.key, "client-key.pem"),
        (made.ca, "cacert.pem"),
    ):
        shutil.copy2(source, files / name)
    try:
        said = _run(
            [program, str(_LUA), "--db-driver=mysql", f"--mysql-host={writer['host']}",
             "--mysql-user=bench", "--mysql-db=benchtest", "--mysql-ssl=on", "--percentile=99",
             f"--threads={_WORKERS}", f"--time={_SECONDS}", "--db-ps-mode=disable", "run"],
            files,
        )  # fmt: skip
    finally:
        _run([*admin, "DROP USER bench@'%'; DROP DATABASE benchtest"])
    return Throughput(
        _figure(r"transactions:.*\((\S+) per sec", said),
        _figure(r"avg:\s+(\S+)", said),
        _figure(r"99th percentile:\s+(\S+)", said),
    )


def _figure(pattern: str, said: str) -> float:
    found = re.search(pattern, said)
    if found is None:
        raise BenchFailed(f"sysbench does not say {pattern!r}:\n{said}")
    return float(found[1])


def _run(command: list[str], folder: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise BenchFailed(f"{command[0]} exited {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
