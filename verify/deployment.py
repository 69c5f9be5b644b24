"""Where a stack's outputs come from.

In this order: the file of ``--outputs``, the record ``.deployments/<stack>.json`` next to the
program, ``pulumi stack output``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contract import ContractError, Database, Deployment, read_databases
from verify.errors import NoDeployment

PROJECT = Path(__file__).resolve().parent.parent
_PULUMI_SECONDS = 60.0


def find_deployment(stack: str, outputs: Path | None = None, project: Path = PROJECT) -> Deployment:
    """The deployed stack; `NoDeployment` when there is none or it cannot be read.

    ``outputs`` is a file with either what ``pulumi stack output --json`` printed or a record.
    """
    record = project / ".deployments" / f"{stack}.json"
    if outputs is not None:
        return _from_file(outputs, stack)
    if record.exists():
        return _from_file(record, stack)
    if shutil.which("pulumi"):
        return _from_pulumi(stack, project)
    raise NoDeployment(
        f"stack {stack!r} is not deployed from here: there is neither {record} nor the program "
        "`pulumi`; deploy it first (`make help` says how) or pass --outputs FILE"
    )


def databases_of(deployment: Deployment) -> dict[str, Database]:
    """The stack's databases by name; `NoDeployment` when the outputs are not ours."""
    try:
        return read_databases(deployment.outputs)
    except ContractError as error:
        raise NoDeployment(f"stack {deployment.stack!r}: {error}") from error


def _from_file(path: Path, stack: str) -> Deployment:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise NoDeployment(
            f"cannot read the stack's outputs in {path}: {error.strerror}"
        ) from error
    raw = _parse(text, str(path))
    try:
        if "outputs" in raw and "databases" not in raw:
            return Deployment.model_validate({"stack": stack, **raw})
        return Deployment(stack=stack, outputs=raw)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise NoDeployment(
            f"{path} is not a record of this version of the project ({where}: "
            f"{error.errors()[0]['msg']}); deploy the stack again"
        ) from error


def _from_pulumi(stack: str, project: Path) -> Deployment:
    asking = ("stack", "output", "--json", "--show-secrets=false", "--non-interactive")
    command = ["pulumi", *asking, "--stack", stack]
    try:
        done = subprocess.run(
            command,
            cwd=project,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PULUMI_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NoDeployment(
            f"`{' '.join(command)}` did not answer within {_PULUMI_SECONDS:g} s"
        ) from error
    except OSError as error:
        raise NoDeployment(f"`pulumi` does not start: {error.strerror}") from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise NoDeployment(f"`{' '.join(command)}` failed: {said}")
    return Deployment(stack=stack, outputs=_parse(done.stdout, "the output of pulumi"))


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        raise NoDeployment(f"{where} is not JSON (line {error.lineno}: {error.msg})") from error
    if not isinstance(raw, dict):
        raise NoDeployment(f"{where} is not a JSON object of stack outputs")
    return raw
