"""Deploys a project to a running local cloud, or says what that would do."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from localcloud.engine.policy_pack import has_pack, judge
from localcloud.engine.project import Project
from localcloud.engine.state import ProgramState, state_file
from localcloud.engine.steps import Engine, Step
from localcloud.errors import DeployFailed
from localcloud.faults import command as fault_command
from localcloud.metrics import PERIOD_S
from localcloud.provider.provider import Provider
from localcloud.records import write_atomically
from localcloud.servers import audits, token_logins
from localcloud.servers.no_server import UNSERVED
from localcloud.site import ACCESS_KEY_ID, CA_VARIABLE, SECRET_ACCESS_KEY, Site

RESTORE_S = 60.0
"""Within how many seconds a backup of the size of the course's databases is restored."""
LOGGED_S = 10.0
"""Within how many seconds a server has written what it logs."""
RECORDS = ".deployments"
"""The folder, beside a program, of what was deployed where."""


@dataclass(frozen=True)
class Deployed:
    """A stack's outputs after a run."""

    outputs: dict[str, Any]


def up(
    site: Site,
    project: Project,
    listener: Callable[[Step], None],
    *,
    preview: bool,
    says: Callable[[str], None] = print,
) -> Deployed:
    """Make the cloud as the program says; with ``preview`` only tell.

    Raises `DeployFailed`: nothing is deleted then, and the next run goes on from there. What a
    policy pack beside the program finds goes to ``says``; what it forbids is not begun.
    """
    from localcloud.engine.monitor import run_program

    with contextlib.nullcontext() if preview else _alone(site, project.stack):
        judged = has_pack(project)
        if judged and not preview:
            # Pulumi, too, previews first: a finding of the last resource stops the first.
            steps: list[Step] = []
            rehearsal = _engine(site, project, steps.append, preview=True)
            with _trusted(site):
                outputs = run_program(project, rehearsal, preview=True)
            says(judge(project, rehearsal.asked))
            if rehearsal.settle():
                # The run would ask and find the same once more.
                for step in steps:
                    listener(step)
                _record(site, project, outputs)
                return Deployed(outputs)
        engine = _engine(site, project, listener, preview=preview)
        with _trusted(site):
            outputs = run_program(project, engine, preview=preview)
        if judged and preview:
            says(judge(project, engine.asked))
        engine.delete_unregistered()
        if not preview:
            _record(site, project, outputs)
    return Deployed(outputs)


def destroy(site: Site, project: Project, listener: Callable[[Step], None]) -> None:
    """Delete everything the stack has, users before what they use."""
    with _alone(site, project.stack):
        _engine(site, project, listener, preview=False).delete_unregistered()
    (project.folder / RECORDS / f"{project.stack}.json").unlink(missing_ok=True)


@contextlib.contextmanager
def _trusted(site: Site) -> Iterator[None]:
    """What `python -m localcloud env` says of whom to trust, for the program and no longer."""
    before = os.environ.get(CA_VARIABLE)
    os.environ[CA_VARIABLE] = str(site.ca_dir / "ca.pem")
    try:
        yield
    finally:
        if before is None:
            del os.environ[CA_VARIABLE]
        else:
            os.environ[CA_VARIABLE] = before


@contextlib.contextmanager
def _alone(site: Site, stack: str) -> Iterator[None]:
    """Two runs at once would each save a state that knows half of the resources."""
    site.stacks_dir.mkdir(parents=True, exist_ok=True)
    with (site.stacks_dir / f"{stack}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DeployFailed(f"another run changes the stack {stack}; wait for its end") from None
        yield


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
                **token_logins.lacking(),
                **audits.lacking(),
                "mysql-pooling": "this endpoint's proxy for MySQL hands connections through, it "
                "does not pool",
                "activity-streams": "this endpoint reports an activity stream as started and "
                "streams nothing",
                "performance-insights": "this endpoint does not serve the API of Performance "
                "Insights; the server's own digests have the statements",
                "global-write-forwarding": "this endpoint's servers are MariaDB, which forwards "
                "no writes",
            },
            "restore_s": RESTORE_S,
            "if_silent": "`python -m localcloud up` starts it again",
            "metrics_period_s": PERIOD_S,
            # They are read in the servers' own files.
            "log_delivery_s": LOGGED_S,
            "faults": fault_command(site),
            "unserved": UNSERVED,
        },
    }
    write_atomically(
        project.folder / RECORDS / f"{project.stack}.json", json.dumps(record, indent=1).encode()
    )
