"""A stack of the project, recorded as if AWS had made it: ARNs and policies are known."""

from __future__ import annotations

from stacks.build import build
from stacks.config import from_file
from stacks.outputs import export
from tests.recorder import Recording, record
from tests.stacks.run_program import PROJECT

_NO_AUTHORITIES = "-----BEGIN CERTIFICATE-----"


def recorded(stack: str) -> Recording:
    """Everything the program registers for a stack's file; `ConfigError` as its program."""
    config = from_file(PROJECT, stack)

    def program() -> None:
        export(build(config, authorities=lambda: _NO_AUTHORITIES))

    return record(program, {"aws:region": config.region}, stack=stack)
