"""Asks the policy pack beside a program what it says of the program's resources.

As Pulumi does with ``--policy-pack``: the pack is a program of its own, in its folder, and knows
only what is registered.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

from localcloud.engine.project import Project
from localcloud.engine.steps import Registration
from localcloud.errors import DeployFailed

FOLDER = "policy"
HIDDEN = "[secret]"
_DEADLINE_S = 60
_MANDATORY = 2
"""The pack's exit code when it found what must not be deployed."""


def has_pack(project: Project) -> bool:
    """Whether there is one beside the program."""
    return (project.folder / FOLDER / "PulumiPolicy.yaml").is_file()


def judge(project: Project, registered: Sequence[Registration]) -> str:
    """What the pack has to say. Raises `DeployFailed` when it stops the stack, or fails itself."""
    resources = [
        {
            "urn": each.urn,
            "type": each.type,
            "name": each.name,
            # It need not know a secret to see that it is one.
            "props": {**each.inputs, **dict.fromkeys(each.secret, HIDDEN)},
            "parent": each.parent,
            "secrets": sorted(each.secret),
        }
        for each in registered
    ]
    command = [sys.executable, "-m", FOLDER, "--stack", project.stack, "--registered"]
    try:
        done = subprocess.run(
            command,
            cwd=project.folder,
            input=json.dumps(resources),
            capture_output=True,
            text=True,
            timeout=_DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DeployFailed(f"the policy pack says nothing within {_DEADLINE_S} s") from None
    if done.returncode == _MANDATORY and done.stdout:
        raise DeployFailed(f"nothing was made: the policy forbids it\n{done.stdout.rstrip()}")
    if done.returncode != 0:
        raise DeployFailed(f"the policy pack failed: {done.stderr.strip() or done.returncode}")
    return done.stdout.rstrip()
