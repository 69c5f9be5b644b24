"""A copy of the project and a local cloud of its own, so that measuring disturbs neither."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "127.79"
"""The measured local cloud lives beside the user's own on 127.77."""
_COPIED = ("__main__.py", "contract.py", "specs", "stacks", "components", "verify", "localcloud")


class BenchFailed(Exception):
    """A measured command failed, so there is no figure."""


@dataclass(frozen=True)
class Workspace:
    """One copy of the project with its own state folder and addresses."""

    project: Path
    state: Path
    prefix: str = PREFIX

    @property
    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "LOCALCLOUD_STATE": str(self.state),
            "LOCALCLOUD_PREFIX": self.prefix,
            "NO_COLOR": "1",
        }

    def attempt(self, *arguments: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        """Run ``python ARGUMENTS`` in the copy, whatever its exit code."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.project,
            env=self.env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
        )

    def run(self, *arguments: str, timeout_s: float = 300) -> float:
        """Run ``python ARGUMENTS`` in the copy; seconds of the whole process.

        Raises `BenchFailed` with the end of its output when it fails.
        """
        started = time.monotonic()
        done = self.attempt(*arguments, timeout_s=timeout_s)
        seconds = time.monotonic() - started
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
            raise BenchFailed(f"`python {' '.join(arguments)}` exited {done.returncode}:\n{tail}")
        return seconds

    def record(self, stack: str = "dev") -> dict[str, Any]:
        """The deployment record of ``stack``."""
        path = self.project / ".deployments" / f"{stack}.json"
        found: dict[str, Any] = json.loads(path.read_text())
        return found


@contextmanager
def workspace(prefix: str = PREFIX) -> Iterator[Workspace]:
    """A fresh workspace; its servers and files are gone afterwards."""
    # Not below /root or a 0700 home: the servers run as users of their own.
    base = Path(tempfile.mkdtemp(prefix="bench-", dir="/var/tmp"))
    base.chmod(0o755)
    project = base / "project"
    project.mkdir()
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            # With its bytecode: nobody measures how long Python compiles.
            shutil.copytree(source, project / name)
        else:
            shutil.copy2(source, project / name)
    for manifest in ROOT.glob("Pulumi*.yaml"):
        shutil.copy2(manifest, project / manifest.name)
    space = Workspace(project=project, state=base / "state", prefix=prefix)
    try:
        yield space
    finally:
        try:
            space.run("-m", "localcloud", "down", "--wipe")
        finally:
            shutil.rmtree(base, ignore_errors=True)
