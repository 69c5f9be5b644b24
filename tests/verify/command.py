"""The command in this process, on a record that a test may bend first."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from verify.cli import main


@dataclass(frozen=True)
class Finished:
    """A run that has ended: its exit code, its outputs and its JSON report's exercises."""

    code: int
    out: str
    err: str
    seconds: float
    exercises: list[dict[str, Any]]

    def step(self, name: str) -> tuple[str, str]:
        """Status and text of the only step of this name."""
        (found,) = (
            (s["status"], s["said"])
            for e in self.exercises
            for s in e["steps"]
            if s["name"] == name
        )
        return found

    @property
    def failed(self) -> dict[str, str]:
        """The failed steps and what they said."""
        steps = (step for exercise in self.exercises for step in exercise["steps"])
        return {s["name"]: s["said"] for s in steps if s["status"] == "failed"}

    @property
    def statuses(self) -> set[str]:
        return {step["status"] for exercise in self.exercises for step in exercise["steps"]}


class Verify:
    """`verify` of the test's own copy of the record."""

    def __init__(
        self, record: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.record = record
        self.file = folder / "record.json"
        self.json = folder / "report.json"
        self._capsys = capsys

    @property
    def databases(self) -> dict[str, Any]:
        """The record's databases, to be bent in place."""
        found: dict[str, Any] = self.record["outputs"]["databases"]
        return found

    def add(self, databases: dict[str, Any]) -> None:
        """More databases in the record."""
        self.databases.update(databases)

    def endpoint(self, database: str, role: str) -> dict[str, Any]:
        """One endpoint of the record, to be bent in place."""
        found: dict[str, Any] = next(
            e for e in self.databases[database]["endpoints"] if e["role"] == role
        )
        return found

    def write(self) -> Path:
        self.file.write_text(json.dumps(self.record))
        return self.file

    def __call__(self, *arguments: str, exercises: tuple[str, ...] = ()) -> Finished:
        self.json.unlink(missing_ok=True)
        self._capsys.readouterr()
        started = time.monotonic()
        words = ["--outputs", str(self.write()), "--json", str(self.json), *arguments]
        code = main(words, exercises)
        seconds = time.monotonic() - started
        shown = self._capsys.readouterr()
        found = []
        if self.json.exists() and self.json.read_text():
            found = json.loads(self.json.read_text())["exercises"]
        return Finished(code, shown.out, shown.err, seconds, found)
