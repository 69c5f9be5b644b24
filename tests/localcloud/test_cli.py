"""The commands at work: from the first `up` to `down --wipe`, interrupted and failing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud import daemon
from localcloud.site import Site
from tests.localcloud.commands import (
    PREFIX,
    PROGRAM,
    ROOT,
    left,
    localcloud,
    project,
    refused,
    state,
    worked,
)
from tests.localcloud.front_site import client_of

__all__ = ["state"]


def test_env_is_for_a_shell_to_evaluate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALCLOUD_STATE", '/var/tmp/it\'s a "state" $HOME')
    monkeypatch.setenv("LOCALCLOUD_PREFIX", PREFIX)
    script = (
        f'eval "$({sys.executable} -m localcloud env)" && '
        'printf "%s\\n" "$AWS_ENDPOINT_URL" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" '
        '"$AWS_DEFAULT_REGION" "$AWS_REGION" "$DATABASES_CA_FILE"'
    )
    done = subprocess.run(
        ["/bin/sh", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.splitlines() == [
        f"http://{PREFIX}.0.1:4566",
        "LOCALCLOUD0000000001",
        "local-cloud-has-no-secrets",
        "us-east-1",
        "us-east-1",
        '/var/tmp/it\'s a "state" $HOME/ca/ca.pem',
    ]


def test_a_life_from_up_to_wipe(
    capsys: pytest.CaptureFixture[str], state: Path, tmp_path: Path
) -> None:
    folder = str(project(tmp_path / "p"))
    planned = localcloud("up", "--preview", "--program", folder)
    assert planned.returncode == 0, planned.stderr
    assert "stack dev would become servers on this machine" in planned.stdout
    assert "+ to create" in planned.stdout
    secrets = client_of(f"http://{PREFIX}.0.1:4566", "secretsmanager")
    assert secrets.list_secrets()["SecretList"] == []
    assert not (tmp_path / "p" / ".deployments").exists()

    done = worked(capsys, "up", "--program", folder)
    assert "1 created in" in done.splitlines()[-1]
    assert "AWS" not in done, "nothing may read as if it were deployed there"
    (secret,) = secrets.list_secrets()["SecretList"]
    record = json.loads((tmp_path / "p" / ".deployments" / "dev.json").read_text())
    assert record["outputs"] == {"arn": secret["ARN"]}

    shown = worked(capsys, "status")
    assert f"endpoint http://{PREFIX}.0.1:4566, state {state}" in shown
    assert "no databases yet" in shown
    assert json.loads(worked(capsys, "status", "--json")) == []

    assert f"its data stays in {state}" in worked(capsys, "down")
    assert left(state) == []
    assert "no local cloud answers" in refused(capsys, "status")

    again = worked(capsys, "up", "--program", folder)
    assert "1 unchanged in" in again.splitlines()[-1]
    assert [s["ARN"] for s in secrets.list_secrets()["SecretList"]] == [secret["ARN"]]

    destroyed = worked(capsys, "destroy", "--program", folder)
    assert "1 deleted in" in destroyed.splitlines()[-1]
    assert secrets.list_secrets()["SecretList"] == []
    assert "all its data is deleted" in worked(capsys, "down", "--wipe")
    assert not state.exists()
    assert left(state) == []


@pytest.fixture
def running(state: Path) -> Path:
    """A local cloud without databases."""
    daemon.ensure_running(Site(state, PREFIX))
    return state


def test_a_failed_program_is_told_line_by_line(running: Path, tmp_path: Path) -> None:
    folder = project(
        tmp_path / "p",
        """
import pulumi_aws as aws
for name in ("one", "two"):
    aws.secretsmanager.Secret(name, policy="{}")
""",
    )
    done = localcloud("up", "--program", str(folder))
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 2, done.stderr
    assert lines[0].startswith("localcloud: aws:secretsmanager/secret:Secret ")
    assert "Traceback" not in done.stderr


def test_ctrl_c_leaves_something_to_go_on_from(running: Path, tmp_path: Path) -> None:
    folder = project(tmp_path / "p", PROGRAM + "print('here', flush=True)\ninput()\n")
    with subprocess.Popen(
        [sys.executable, "-m", "localcloud", "up", "--program", str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as up:
        assert up.stdout is not None
        assert any("here" in line for line in up.stdout)
        up.send_signal(signal.SIGINT)
        _, err = up.communicate(timeout=20)
    assert up.returncode == 130
    assert err == "localcloud: interrupted; run the command again to go on\n"
    project(tmp_path / "p")
    done = localcloud("up", "--program", str(folder))
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / ".deployments" / "dev.json").read_text())["outputs"]["arn"]


@pytest.mark.parametrize("command", ["status", "up"])
def test_a_reader_that_goes_away_is_no_traceback(
    running: Path, tmp_path: Path, command: str
) -> None:
    """As with `| head -1`."""
    folder = ["--program", str(project(tmp_path / "p"))] if command == "up" else []
    read, write = os.pipe()
    os.close(read)
    with contextlib.closing(os.fdopen(write, "wb")) as out:
        done = subprocess.run(
            [sys.executable, "-m", "localcloud", command, *folder],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
        )
    assert done.stderr == b""
    assert done.returncode == 130
