"""Deploys a project to a running local cloud, or says what that would do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.engine.project import Project
from localcloud.engine.state import ProgramState
from localcloud.engine.steps import Engine, Step
from localcloud.provider.provider import Provider
from localcloud.records import write_atomically
from localcloud.site import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Site

RESTORE_S = 60.0
"""Within how many seconds a backup of the size of the course's databases is restored."""
RECORDS = ".deployments"
"""The folder, beside a program, of what was deployed where."""


@dataclass(frozen=True)
class Deployed:
    """A stack's outputs after a run."""

    outputs: dict[str, Any]


def state_file(site: Site, stack: str) -> Path:
    """Where a stack's state is."""
    return site.stacks_dir / f"{stack}.json"


def up(
    site: Site, project: Project, listener: Callable[[Step], None], *, preview: bool
) -> Deployed:
    """Make the cloud as the program says; with ``preview`` only tell.

    Raises `DeployFailed`: nothing is deleted then, and the next run goes on from there.
    """
    from localcloud.engine.monitor import run_program

    engine = _engine(site, project, listener, preview=preview)
    outputs = run_program(project, engine, preview=preview)
    engine.delete_unregistered()
    if not preview:
        _record(site, project, outputs)
    return Deployed(outputs)


def destroy(site: Site, project: Project, listener: Callable[[Step], None]) -> None:
    """Delete everything the stack has, newest first."""
    _engine(site, project, listener, preview=False).delete_unregistered()
    (project.folder / RECORDS / f"{project.stack}.json").unlink(missing_ok=True)


def _engine(
    site: Site, project: Project, listener: Callable[[Step], None], *, preview: bool
) -> Engine:
    state = ProgramState(state_file(site, project.stack))
    return Engine(Provider(site, project.region), state, listener, preview=preview)


def _record(site: Site, project: Project, outputs: dict[str, Any]) -> None:
    record = {
        "stack": project.stack,
        "outputs": outputs,
        "access": {
            "endpoint_url": site.endpoint_url,
            "access_key_id": ACCESS_KEY_ID,
            "secret_access_key": SECRET_ACCESS_KEY,
            "ca_file": str(site.ca_dir / "ca.pem"),
            "lacks": {
                "mysql-pooling": "this endpoint's proxy for MySQL hands connections through, it "
                "does not pool",
            },
            "restore_s": RESTORE_S,
            "if_silent": "`python -m localcloud up` starts it again",
        },
    }
    write_atomically(
        project.folder / RECORDS / f"{project.stack}.json", json.dumps(record, indent=1).encode()
    )
