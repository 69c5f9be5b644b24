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
        reservations=own.get_object("reservations"),
        monitoring=own.get_object("monitoring"),
        auditing=own.get_object("auditing"),
        client_host=own.get_object("client_host"),
    )


def from_file(folder: Path, stack: str) -> Stack:
    """The config in ``Pulumi.<stack>.yaml``, read without Pulumi or any cloud.

    Raises `ConfigError`, also when there is no such file or it is not YAML.
    """
    config = _config(folder, stack)
    return read(
        config.get("aws:region"),
        config.get(f"{PROJECT}:network"),
        config.get(f"{PROJECT}:topologies"),
        reservations=config.get(f"{PROJECT}:reservations"),
        monitoring=config.get(f"{PROJECT}:monitoring"),
        auditing=config.get(f"{PROJECT}:auditing"),
        client_host=config.get(f"{PROJECT}:client_host"),
    )


def raw_topologies(folder: Path, stack: str) -> dict[str, Any]:
    """What the file says of the topologies, word for word; `ConfigError` as `from_file`."""
    found = _config(folder, stack).get(f"{PROJECT}:topologies")
    return found if isinstance(found, dict) else {}


def _config(folder: Path, stack: str) -> dict[str, Any]:
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
    return config


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
