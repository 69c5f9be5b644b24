"""The Pulumi program."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pulumi

from components.errors import ComponentError
from specs.problems import ConfigError
from stacks.build import build
from stacks.config import from_pulumi
from stacks.outputs import export


def run() -> None:
    """Read the config, build, export.

    A problem of the config ends the run before the first resource; one that only the account
    can tell, such as a region without a default VPC, before the first database.
    """
    try:
        with _no_collection():
            export(build(from_pulumi()))
    except (ConfigError, ComponentError) as error:
        # Pulumi prints a RunError as it is, without a traceback.
        raise pulumi.RunError(str(error)) from error


@contextmanager
def _no_collection() -> Iterator[None]:
    # The build loads the AWS SDK: half a million objects that live to the end, none of them
    # garbage. Walking them again and again was a third of the program's time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
