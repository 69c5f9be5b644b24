"""The dev stack's program under mocks, as one whole process for the bench."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import yaml

from tests.recorder import Recording, record

PROJECT = Path(__file__).parents[2]


STACKS = tuple(sorted(f.name.split(".")[1] for f in PROJECT.glob("Pulumi.*.yaml")))
"""Names of the stacks that have a file."""


def stack_config(stack: str) -> dict[str, Any]:
    """A stack's config as its file has it."""
    file = PROJECT / f"Pulumi.{stack}.yaml"
    config: dict[str, Any] = yaml.safe_load(file.read_text())["config"]
    return config


def dev_config() -> dict[str, Any]:
    """The dev stack's config as its file has it."""
    return stack_config("dev")


def run_dev(
    config: dict[str, Any] | None = None, *, preview: bool = False, into: Recording | None = None
) -> Recording:
    """Run the project's `__main__.py`."""

    def program() -> None:
        runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__")

    config = dev_config() if config is None else config
    return record(program, config, preview=preview, into=into)


def main() -> None:
    """Register every resource of the dev stack."""
    recording = run_dev()
    assert recording.outputs["databases"]


if __name__ == "__main__":
    main()
