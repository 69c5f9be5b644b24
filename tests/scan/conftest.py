"""Programs that stand where a scanner would: they say what they are told to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[..., Path]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A program that says something, and keeps the file it was to read as ``read.json``."""

    def make(says: str, status: int = 0, name: str = "scanner") -> Path:
        file = tmp_path / name
        file.write_text(
            f"#!{sys.executable}\n"
            "import pathlib, sys\n"
            "(plan,) = [each for each in sys.argv if each.endswith('plan.json')]\n"
            "text = pathlib.Path(plan).read_text()\n"
            f"pathlib.Path({str(tmp_path / 'read.json')!r}).write_text(text)\n"
            f"print({says!r})\n"
            f"sys.exit({status})\n"
        )
        file.chmod(0o700)
        return file

    return make


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan of nothing."""
    file = tmp_path / "plan.json"
    file.write_text(
        '{"planned_values": {"root_module": {"resources": []}}, "resource_changes": []}'
    )
    return file
