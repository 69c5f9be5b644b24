"""The Pulumi program."""

from __future__ import annotations

import pulumi

from components.errors import ComponentError
from specs.problems import ConfigError
from stacks.build import build
from stacks.config import from_pulumi
from stacks.outputs import export


def run() -> None:
    """Read the config, build, export. Problems end the run before the first resource."""
    try:
        export(build(from_pulumi()))
    except (ConfigError, ComponentError) as error:
        # Pulumi prints a RunError as it is, without a traceback.
        raise pulumi.RunError(str(error)) from error
