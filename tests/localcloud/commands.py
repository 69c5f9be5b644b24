"""The commands in this process or in their own, on a folder and addresses of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud import daemon
from localcloud.cli import main
from localcloud.processes import command_lines
from localcloud.site import Site
from tests.addresses import prefix

ROOT = Path(__file__).parents[2]
PREFIX = prefix(83)
PROGRAM = """
import pulumi
import pulumi_aws as aws

secret = aws.secretsmanager.Secret("secret", recovery_window_in_days=0)
pulumi.export("arn", secret.arn)
"""


def project(folder: Path, program: str = PROGRAM) -> Path:
    """A small project that needs no server."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
    (folder / "__main__.py").write_text(program)
    return folder


def left(state: Path) -> list[list[str]]:
    """The processes of a local cloud."""
    found = []
    for pid, argv in command_lines().items():
        try:
            environ = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
        except OSError:
            environ = ""
        serves = f"LOCALCLOUD_STATE={state}\0" in environ and "serve" in argv
        if serves or any(f"{state}/" in argument for argument in argv):
            found.append(argv)
    return found


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The state folder of a test, which is not there yet, and the environment that names it."""
    base = Path(tempfile.mkdtemp(prefix="cli-", dir="/var/tmp"))
    base.chmod(0o755)
    folder = base / "state"
    monkeypatch.setenv("LOCALCLOUD_STATE", str(folder))
    monkeypatch.setenv("LOCALCLOUD_PREFIX", PREFIX)
    yield folder
    if folder.exists():
        daemon.stop(Site(folder, PREFIX))
    assert left(folder) == []
    shutil.rmtree(base)


def localcloud(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own, in the environment of the test."""
    return subprocess.run(
        [sys.executable, "-m", "localcloud", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command says that exits with 2: one sentence, and nothing else."""
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("localcloud: ")
    assert said.err.count("\n") == 1
    return said.err


def worked(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command says that works."""
    code = main(arguments)
    found = capsys.readouterr()
    assert (code, found.err) == (0, "")
    return found.out
