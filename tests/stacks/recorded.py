"""Every stack of the project, and one of other shapes, run under mocks once a test session."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from tests.recorder import Recording, Resource
from tests.stacks.other_shapes import OTHER_SHAPES
from tests.stacks.run_program import STACKS, run_dev, stack_config

NAMES = (*STACKS, "other shapes")


def config(name: str) -> dict[str, Any]:
    """A stack's config, as in its file."""
    return OTHER_SHAPES if name == "other shapes" else stack_config(name)


@cache
def recorded(name: str, *, preview: bool = False) -> Recording:
    """What the project's program registers for a stack."""
    return run_dev(config(name), preview=preview)


def resources(recording: Recording) -> list[Resource]:
    """All but components."""
    return [resource for resource in recording.resources if resource.custom]


def of_type(recording: Recording, type_: str) -> list[Resource]:
    return [resource for resource in recording.resources if resource.type == type_]


@cache
def accepts(type_: str) -> frozenset[str]:
    """Names of the arguments that the SDK's class for a type has."""
    match = re.fullmatch(r"(\w+):(\w+)/\w+:(\w+)", type_)
    assert match is not None
    provider, module, name = match.groups()
    package = f"pulumi_{provider}" if module == "index" else f"pulumi_{provider}.{module}"
    found = getattr(import_module(package), name)
    return frozenset(inspect.signature(found._internal_init).parameters)


def texts(value: Any) -> Iterator[str]:
    """Every text inside of a plain value."""
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from texts(inner)
        case list() | tuple():
            for inner in value:
                yield from texts(inner)
