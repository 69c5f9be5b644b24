"""Slots with their keys from shard to shard, by redis-cli, which knows every step of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from localcloud.errors import ServerFailed
from localcloud.programs import program
from localcloud.servers.facts import Address
from localcloud.servers.redis_users import ADMINISTRATOR

_MOVE_S = 80.0


def rebalance(node: Address, weights: Mapping[str, int], password: str, ca: Path | None) -> None:
    """Give each primary (by id) slots in proportion to its weight; 0 empties it.

    Finishes first what an earlier attempt has left half done. Raises `ServerFailed`.
    """
    shares = [f"{id_}={weight}" for id_, weight in weights.items()]
    for words in (
        ("fix", str(node)),
        (
            "rebalance",
            str(node),
            "--cluster-use-empty-masters",
            "--cluster-threshold",
            "1",
            "--cluster-weight",
            *shares,
        ),
    ):
        _cluster(words, password, ca)


def _cluster(words: tuple[str, ...], password: str, ca: Path | None) -> None:
    trust = ["--tls", "--cacert", str(ca)] if ca is not None else []
    command = [program("redis-cli", "redis-tools"), "--user", ADMINISTRATOR, *trust]
    try:
        done = subprocess.run(
            [*command, "--cluster", *words],
            env={**os.environ, "REDISCLI_AUTH": password},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_MOVE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ServerFailed(f"redis-cli --cluster {words[0]} took over {_MOVE_S:.0f} s") from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-400:]
        raise ServerFailed(f"redis-cli --cluster {words[0]} failed: {said}")
