"""What a person sees of a run: live progress in a terminal, plain lines in a pipe."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.progress import Progress as Spinner
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from contract import Database
from verify.endpoints import reachable
from verify.results import Outcome, Report, Status, Step

_STYLES = {Status.PASSED: "green", Status.FAILED: "bold red", Status.SKIPPED: "yellow"}
_OUTCOMES = {Outcome.PASSED: "green", Outcome.FAILED: "bold red", Outcome.NOT_RUN: "yellow"}
_SLOWEST = 3


class Progress:
    """An audience that prints each step as it ends, and what is under way in a terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or _console()
        self._live = self._console.is_terminal and not self._console.is_dumb_terminal
        self._spinner: Spinner | None = None
        self._title = ""
        self._began = time.monotonic()

    def stack(self, name: str, endpoint_url: str | None) -> None:
        """Say which stack is examined, and who is asked about it."""
        self._line(f"stack {name}, API endpoint {endpoint_url or 'of AWS'}")

    def note(self, text: str) -> None:
        """A line about the run as a whole."""
        self._line(text)

    def exercise_started(self, name: str, database: str) -> None:
        self._title = name if name == database else f"{name} {database}"
        if self._live:
            so_far = f"  after {time.monotonic() - self._began:.0f} s"
            self._console.print(Text.assemble((self._title, "bold"), (so_far, "dim")))

    def step_started(self, name: str) -> None:
        if self._live:
            self.busy(f"{self._title}: {name}")

    def busy(self, text: str) -> None:
        """What is under way, with its elapsed time in a terminal, as a line in a pipe."""
        self.stop()
        if not self._live:
            self._line(f"{text} ...")
            return
        words = TextColumn("{task.description}", markup=False)
        self._spinner = Spinner(
            SpinnerColumn(), words, TimeElapsedColumn(), console=self._console, transient=True
        )
        self._spinner.add_task(text, total=None)
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

    def stop(self) -> None:
        """Take the spinner off the terminal."""
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None

    def summary(self, report: Report) -> None:
        """The table of results and the slowest steps."""
        head = ("exercise", "database", "result", *Status, "seconds")
        rows: list[tuple[str | Text, ...]] = [
            (
                exercise.name,
                exercise.database,
                Text(exercise.status, style=_OUTCOMES[exercise.status]),
                *(str(exercise.count(status)) for status in Status),
                f"{exercise.seconds:.2f}",
            )
            for exercise in report.exercises
        ]
        self._table(head, rows)
        steps = [(step, e) for e in report.exercises for step in e.steps]
        slowest = sorted(steps, key=lambda pair: -pair[0].seconds)[:_SLOWEST]
        said = "; ".join(f"{e.database}: {s.name} {s.seconds:.2f} s" for s, e in slowest)
        self._line(f"whole run {report.seconds:.2f} s; slowest steps: {said or 'none'}")

    def addresses(self, databases: Mapping[str, Database], flags: Sequence[str]) -> None:
        """Where each database is reachable, each with the line that opens a shell there.

        ``flags`` say which stack is meant and how to trust it, as they were given.
        """
        rows = []
        for name, database in databases.items():
            if not database.endpoints:
                continue
            for number, endpoint in enumerate(reachable(database)):
                role = None if number == 0 else endpoint.name or endpoint.role
                rows.append(
                    (
                        name if number == 0 else "",
                        " ".join(filter(None, (endpoint.role, endpoint.name))),
                        f"{endpoint.host}:{endpoint.port}",
                        shell_line(name, role, flags),
                    )
                )
        self._table(("database", "role", "address", "open a shell"), rows)

    def _table(self, head: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
        # No frame and no wrapping inside a cell: a line can be copied, cut and searched.
        cells = [[Text(h, style="bold") for h in head], *(list(map(_text, row)) for row in rows)]
        widths = [max(cell.cell_len for cell in column) for column in zip(*cells, strict=True)]
        self._console.print()
        for row in cells:
            for cell, width in zip(row[:-1], widths, strict=False):
                cell.pad_right(width - cell.cell_len + 2)
            self._console.print(Text.assemble(*row), soft_wrap=True)

    def _line(self, text: str) -> None:
        self._console.print(Text(" ".join(text.split())), soft_wrap=True)


def _text(cell: str | Text) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)


def shell_line(name: str, role: str | None = None, flags: Sequence[str] = ()) -> str:
    """The command that opens a shell on a database, for the Python that runs now."""
    python = os.path.relpath(sys.executable) if _below_here(sys.executable) else sys.executable
    words = [python, "-m", "verify.shell", name, *([role] if role else []), *flags]
    return shlex.join(words)


def _below_here(path: str) -> bool:
    return os.path.abspath(path).startswith(os.getcwd() + os.sep)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # Rich would end the process with the exit code of a failed step.
        raise


def _console() -> Console:
    if sys.stdout.isatty():
        return _Console(highlight=False)
    return _Console(highlight=False, color_system=None)
