"""A stack's config, from Pulumi or from its file, as a checked `Stack`. Plain values only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specs.problems import ConfigError, Problem
from specs.topologies import Stack, read

PROJECT = "aws-databases"


def from_pulumi() -> Stack:
    """The config of the stack that Pulumi runs; `ConfigError` with every problem."""
    import pulumi

    own = pulumi.Config(PROJECT)
    return read(
        pulumi.Config("aws").get("region"),
        own.get_object("network"),
        own.get_object("topologies"),
        own.get_object("monitoring"),
        own.get_object("auditing"),
    )


def from_file(folder: Path, stack: str) -> Stack:
    """The config in ``Pulumi.<stack>.yaml``, read without Pulumi or any cloud.

    Raises `ConfigError`, also when there is no such file or it is not YAML.
    """
    import yaml

    from stacks.strict_yaml import load

    file = folder / f"Pulumi.{stack}.yaml"
    try:
        content = load(file.read_bytes())
    except FileNotFoundError:
        known = sorted(p.name for p in folder.glob("Pulumi.*.yaml"))
        raise ConfigError(
            [Problem(file.name, f"is not there; {folder} has {', '.join(known) or 'no stack'}")]
        ) from None
    except OSError as error:
        raise ConfigError([Problem(file.name, f"cannot be read: {error.strerror}")]) from error
    except yaml.YAMLError as error:
        raise ConfigError([Problem(file.name, f"is not YAML: {_one_line(error)}")]) from error
    config: Any = content.get("config") if isinstance(content, dict) else None
    if not isinstance(config, dict):
        raise ConfigError([Problem(file.name, "has no config; see Pulumi.dev.yaml")])
    return read(
        config.get("aws:region"),
        config.get(f"{PROJECT}:network"),
        config.get(f"{PROJECT}:topologies"),
        config.get(f"{PROJECT}:monitoring"),
        config.get(f"{PROJECT}:auditing"),
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
