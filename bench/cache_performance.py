"""The performance test of Redis beside redis-benchmark: the same commands at the same server."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

from bench.sql import client_of, database_of
from bench.workspace import BenchFailed, Workspace

_COMMANDS = ("set", "get", "hset")
_BATCH = 50
"""Commands a trip, as in `verify.performance`."""
_ALONE, _TOGETHER = 20_000, 200_000
"""How many redis-benchmark sends of each kind."""


@dataclass(frozen=True)
class Outcome:
    """Commands a second of one client, the mean of the three kinds; and whose count differs.

    ``theirs`` is ``None`` where redis-benchmark is not installed.
    """

    ours: tuple[float, float]
    theirs: tuple[float, float] | None
    miscounted: int


def measure(space: Workspace) -> Outcome:
    """Commands alone, then in pipelines; first ours, then redis-benchmark's."""
    file = space.state.parent / "cache.json"
    done = space.attempt("-m", "verify.performance", "redis", "--json", str(file))
    if done.returncode:
        raise BenchFailed(f"verify.performance exited {done.returncode}: {done.stderr[-2000:]}")
    (found,) = json.loads(file.read_text())["caches"]
    rates = {one["statement"]: one["per_second"] for one in found["latencies"]}
    program = shutil.which("redis-benchmark")
    return Outcome(
        ours=(
            _mean([rates[name] for name in _COMMANDS]),
            _mean([rates[f"{name}, {_BATCH} a trip"] for name in _COMMANDS]),
        ),
        theirs=None if program is None else _theirs(space, program),
        miscounted=sum(abs(o["client_count"] - o["server_count"]) for o in found["agreement"]),
    )


def _theirs(space: Workspace, program: str) -> tuple[float, float]:
    facts = database_of(space, "redis")
    primary = next(e for e in facts["endpoints"] if e["role"] == "primary")
    secrets = client_of(space, "secretsmanager", facts["region"])
    token = json.loads(secrets.get_secret_value(SecretId=facts["secret_arn"])["SecretString"])
    command = [
        # It takes a password as an argument only; this cache is gone when the bench ends.
        program, "-h", primary["host"], "-p", str(primary["port"]), "-a", token["auth_token"],
        "--tls", "--cacert", space.record()["access"]["ca_file"], "-c", "1", "-d", "100",
        "-r", "1000", "-t", ",".join(_COMMANDS), "--csv",
    ]  # fmt: skip
    return (
        _rate(_run([*command, "-n", str(_ALONE)])),
        _rate(_run([*command, "-n", str(_TOGETHER), "-P", str(_BATCH)])),
    )


def _rate(said: str) -> float:
    lines = said.splitlines()
    head = next((n for n, line in enumerate(lines) if line.startswith('"test"')), None)
    if head is None:
        raise BenchFailed(f"redis-benchmark says no figures:\n{said}")
    rows: list[dict[str, Any]] = list(csv.DictReader(lines[head:]))
    return _mean([float(row["rps"]) for row in rows])


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise BenchFailed(f"redis-benchmark exited {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
