"""A Pulumi project's files: its name, and a stack's config as Pulumi passes it on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from localcloud.errors import BadSetting

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class Project:
    """A program and one stack of it; ``config`` are texts by full key."""

    folder: Path
    name: str
    stack: str
    config: dict[str, str]

    @property
    def region(self) -> str:
        """The provider's default region."""
        return self.config.get("aws:region", DEFAULT_REGION)


def load(folder: Path, stack: str) -> Project:
    """The project in ``folder``; `BadSetting` when a file is missing or makes no sense."""
    folder = folder.absolute()
    project = _read(folder / "Pulumi.yaml", f"{folder} is not a Pulumi project; use --program DIR")
    known = sorted(f.name.split(".")[1] for f in folder.glob("Pulumi.*.yaml"))
    stacks = ", ".join(known) or "none"
    file = folder / f"Pulumi.{stack}.yaml"
    content = _read(file, f"there is no {file.name} in {folder}; its stacks are: {stacks}")
    name = project.get("name")
    if not isinstance(name, str):
        raise BadSetting(f"{folder / 'Pulumi.yaml'} has no name")
    config = content.get("config") or {}
    if not isinstance(config, dict):
        raise BadSetting(f"Pulumi.{stack}.yaml: config is no map; see Pulumi.dev.yaml")
    texts = {_full(str(key), name): _text(str(key), value) for key, value in config.items()}
    return Project(folder, name, stack, texts)


def _full(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _text(key: str, value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"secure"}:
        raise BadSetting(f"{key} is encrypted; the local cloud has no key for it")
    return value if isinstance(value, str) else json.dumps(value, default=_moment)


def _moment(value: Any) -> str:
    # YAML reads a time without quotes as one; Pulumi writes it back as it was.
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} cannot be in a stack's config")
    return value.isoformat().replace("+00:00", "Z")


def _read(file: Path, missing: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text())
    except FileNotFoundError:
        raise BadSetting(missing) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadSetting(f"{file.name} is not YAML: {' '.join(str(error).split())}") from error
    except OSError as error:
        raise BadSetting(f"{file} cannot be read: {error.strerror}") from error
    if not isinstance(content, dict):
        raise BadSetting(f"{file.name} is no map of keys and values")
    return content
