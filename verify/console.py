"""What a person sees of a run: live progress in a terminal, plain lines in a pipe."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping

from rich.console import Console
from rich.status import Status as Spinner
from rich.table import Table
from rich.text import Text

from contract import Database
from verify.results import Exercise, Outcome, Report, Status, Step

_STYLES = {Status.PASSED: "green", Status.FAILED: "bold red", Status.SKIPPED: "yellow"}
_OUTCOMES = {Outcome.PASSED: "green", Outcome.FAILED: "bold red", Outcome.NOT_RUN: "yellow"}
_SLOWEST = 3
_PLAIN_WIDTH = 200


class Progress:
    """An audience that prints each step as it ends, and what is under way in a terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or _console()
        self._live = self._console.is_terminal and "NO_COLOR" not in os.environ
        self._spinner: Spinner | None = None
        self._title = ""

    def exercise_started(self, name: str, database: str) -> None:
        self._title = name if name == database else f"{name} {database}"
        if self._live:
            self._console.print(Text(self._title, style="bold"))

    def step_started(self, name: str) -> None:
        if self._live:
            self.stop()
            self._spinner = self._console.status(f"{self._title}: {name}")
            self._spinner.start()

    def step_ended(self, step: Step) -> None:
        self.stop()
        seconds = f"{step.seconds:.2f} s"
        if not self._live:
            self._line(f"{self._title}: {step.status}: {step.name} ({seconds}): {step.said}")
            return
        line = Text("  ")
        line.append(f"{step.status:<8}", style=_STYLES[step.status])
        line.append(step.name)
        line.append(f"  {step.said}", style="dim" if step.status is Status.PASSED else "")
        line.append(f"  {seconds}", style="dim")
        self._console.print(line)

    def exercise_ended(self, result: Exercise) -> None:
        if result.not_run is not None and not self._live:
            self._line(f"{self._title}: {result.status}: {result.not_run}")

    def stop(self) -> None:
        """Take the spinner off the terminal."""
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None

    def summary(self, report: Report) -> None:
        """The table of results and the slowest steps."""
        table = Table("exercise", "database", "result", "passed", "failed", "skipped", "seconds")
        for exercise in report.exercises:
            table.add_row(
                exercise.name,
                exercise.database,
                Text(exercise.status, style=_OUTCOMES[exercise.status]),
                *(str(exercise.count(status)) for status in Status),
                f"{exercise.seconds:.2f}",
            )
        self._console.print(table)
        steps = [(step, e) for e in report.exercises for step in e.steps]
        slowest = sorted(steps, key=lambda pair: -pair[0].seconds)[:_SLOWEST]
        said = "; ".join(f"{e.database}: {s.name} {s.seconds:.2f} s" for s, e in slowest)
        self._console.print(Text(f"whole run {report.seconds:.2f} s; slowest steps: {said}"))

    def addresses(self, databases: Mapping[str, Database], stack: str) -> None:
        """Where each database is reachable, with the line that opens a shell on it."""
        table = Table("database", "role", "address", "open a shell")
        for name, database in databases.items():
            line = shell_line(name, stack)
            for endpoint in database.endpoints:
                if endpoint.role == "node":
                    continue
                role = (
                    endpoint.role if endpoint.name is None else f"{endpoint.role} {endpoint.name}"
                )
                address = f"{endpoint.host}:{endpoint.port}"
                table.add_row(name, role, Text(address), Text(line))
                name = line = ""
        self._console.print(table)

    def _line(self, text: str) -> None:
        self._console.print(Text(" ".join(text.split())), soft_wrap=True)


def shell_line(name: str, stack: str) -> str:
    """The command that opens a shell on a database, for the Python that runs now."""
    python = os.path.relpath(sys.executable) if _below_here(sys.executable) else sys.executable
    words = [python, "-m", "verify.shell", name]
    return shlex.join(words if stack == "dev" else [*words, "--stack", stack])


def _below_here(path: str) -> bool:
    return os.path.abspath(path).startswith(os.getcwd() + os.sep)


def _console() -> Console:
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=_PLAIN_WIDTH, color_system=None)
