"""Small Pulumi programs run against a served endpoint, and what the engine said it did."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from localcloud.engine import deploy
from localcloud.engine.project import load
from localcloud.engine.state import ProgramState, state_file
from localcloud.engine.steps import Step
from localcloud.site import Site
from tests.localcloud.front_site import Endpoint

STACK = "dev"


@dataclass
class Stage:
    """One project and its stack; `steps` are those of the last run."""

    endpoint: Endpoint
    site: Site
    folder: Path
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def of(cls, endpoint: Endpoint, site: Site, folder: Path) -> Stage:
        """A project named after its folder, with a state of its own."""
        port = int(endpoint.url.rpartition(":")[2])
        stage = cls(endpoint, replace(site, state_dir=folder / "state", endpoint_port=port), folder)
        (folder / "Pulumi.yaml").write_text(f"name: {folder.name}\nruntime: python\n")
        stage.configure("aws:region: us-east-1")
        return stage

    def configure(self, *lines: str) -> None:
        text = "config:\n" + "".join(f"  {line}\n" for line in lines)
        (self.folder / f"Pulumi.{STACK}.yaml").write_text(text)

    def write(self, program: str) -> None:
        imports = "import json\nimport pulumi\nimport pulumi_aws as aws\nimport pulumi_random\n"
        (self.folder / "__main__.py").write_text(imports + textwrap.dedent(program))

    def up(self, program: str | None = None, *, preview: bool = False) -> dict[str, Any]:
        """Run the program, by default the one of the last time; its outputs."""
        if program is not None:
            self.write(program)
        self.steps = []
        project = load(self.folder, STACK)
        return deploy.up(self.site, project, self.steps.append, preview=preview).outputs

    def destroy(self) -> None:
        self.steps = []
        deploy.destroy(self.site, load(self.folder, STACK), self.steps.append)

    def done(self) -> set[tuple[str, str]]:
        """(action, name) of every step of the last run but those that did nothing."""
        return {(step.action, step.name) for step in self.steps if step.action != "same"}

    def order(self, action: str) -> list[str]:
        """The names of the resources an action came to, in its order."""
        return [step.name for step in self.steps if step.action == action]

    @property
    def state_file(self) -> Path:
        return state_file(self.site, STACK)

    def state(self) -> ProgramState:
        return ProgramState(self.state_file)

    def id(self, name: str) -> str:
        (entry,) = (entry for entry in self.state() if entry.name == name)
        return entry.id

    def edit_state(self, name: str, **changes: Any) -> None:
        """Set fields of one resource's entry on disk."""
        content = json.loads(self.state_file.read_text())
        (entry,) = (raw for raw in content["resources"] if raw["name"] == name)
        entry |= changes
        self.state_file.write_text(json.dumps(content))

    def client(self, service: str) -> Any:
        return self.endpoint.client(service)

    def instances(self) -> dict[str, dict[str, Any]]:
        found = self.client("rds").describe_db_instances()["DBInstances"]
        return {instance["DBInstanceIdentifier"]: instance for instance in found}
