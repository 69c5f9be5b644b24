"""The dev stack's program under mocks, as one whole process for the bench."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import yaml

from tests.recorder import Recording, record

PROJECT = Path(__file__).parents[2]


def dev_config() -> dict[str, Any]:
    """The dev stack's config as its file has it."""
    config: dict[str, Any] = yaml.safe_load((PROJECT / "Pulumi.dev.yaml").read_text())["config"]
    return config


def run_dev(config: dict[str, Any] | None = None, *, preview: bool = False) -> Recording:
    """Run the project's `__main__.py`."""

    def program() -> None:
        runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__")

    return record(program, dev_config() if config is None else config, preview=preview)


def main() -> None:
    """Register every resource of the dev stack."""
    recording = run_dev()
    assert recording.outputs["databases"]


if __name__ == "__main__":
    main()
