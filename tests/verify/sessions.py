"""A client host for these tests, and the stand-in for AWS's plugin in PATH."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localcloud.processes import Process
from tests.verify import stand_in_plugin
from tests.verify.cloud import TestCloud
from tests.verify.databases import REGION

PROFILE = "client-host"


def create_host(cloud: TestCloud, region: str = REGION) -> str:
    """An instance that takes sessions, and its id."""
    iam, ec2 = cloud.client("iam"), cloud.client("ec2", region)
    known = [p["InstanceProfileName"] for p in iam.list_instance_profiles()["InstanceProfiles"]]
    if PROFILE not in known:
        iam.create_instance_profile(InstanceProfileName=PROFILE)
    made = ec2.run_instances(
        ImageId="ami-1", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": PROFILE}
    )
    return str(made["Instances"][0]["InstanceId"])


@dataclass
class Sessions:
    """What the plugin was asked for, and what is still open."""

    cloud: TestCloud
    folder: Path

    @property
    def _log(self) -> Path:
        return self.folder / "plugin.jsonl"

    def install(self, patch: pytest.MonkeyPatch, fault: str | None = None) -> None:
        """Put the stand-in first in PATH, under the plugin's name."""
        programs = self.folder / "bin"
        programs.mkdir(exist_ok=True)
        program = programs / "session-manager-plugin"
        program.write_text(f"#!{sys.executable}\n{Path(stand_in_plugin.__file__).read_text()}")
        program.chmod(0o755)
        patch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        patch.setenv("STAND_IN_LOG", str(self._log))
        if fault is not None:
            patch.setenv("STAND_IN_FAULT", fault)

    def _events(self, event: str) -> list[dict[str, Any]]:
        if not self._log.exists():
            return []
        found = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [each for each in found if each["event"] == event]

    @property
    def started(self) -> list[dict[str, Any]]:
        return self._events("start")

    @property
    def ended(self) -> list[str]:
        return [each["session"] for each in self._events("end")]

    @property
    def running(self) -> list[int]:
        """Processes of the plugin that have not ended."""
        pids = [each["pid"] for each in self.started]
        return [pid for pid in pids if Process.of(pid) is not None]

    def active(self, region: str = REGION) -> list[str]:
        """Sessions that AWS would say are open."""
        found = self.cloud.client("ssm", region).describe_sessions(State="Active")["Sessions"]
        return [each["SessionId"] for each in found]


def without_plugin(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """A PATH with nothing in it but Python."""
    empty = folder / "empty"
    empty.mkdir()
    python = shutil.which("python3")
    assert python is not None
    (empty / "python3").symlink_to(python)
    patch.setenv("PATH", str(empty))
