"""Memory of exactly the processes of a local cloud."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import memory

_HOLD = "import sys; block = bytearray(int(sys.argv[1])); print('ready', flush=True); input()"
BLOCK = 40 * 2**20


@contextmanager
def holding(size: int, *arguments: str, **environment: str) -> Iterator[None]:
    """A process that holds ``size`` bytes of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(size), *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield
        process.communicate(b"\n", timeout=10)


def test_a_process_counts_by_its_arguments_or_its_environment(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert memory.of_state(state) == (0, 0)
    with (
        holding(BLOCK, f"--datadir={state}/servers/mysql"),
        holding(0, LOCALCLOUD_STATE=str(state)),
        holding(BLOCK, LOCALCLOUD_STATE=f"{state}-2"),
        holding(BLOCK),
    ):
        count, held = memory.of_state(state)
    assert count == 2
    assert BLOCK < held < 2 * BLOCK
    assert memory.of_state(state) == (0, 0)
