from __future__ import annotations

import io

from rich.console import Console

from contract import Database, Endpoint
from verify.console import Progress
from verify.endpoints import main_endpoint, reachable
from verify.results import Exercise, Report, Status, Step

STEP = Step(name="select", status=Status.FAILED, said="two\nlines of [it]", seconds=0.125)
WRITER = Endpoint(role="writer", host="a.example", port=3306)
READER = Endpoint(role="reader", host="b.example", port=3306)
ALSO_WRITER = Endpoint(role="instance", host="a.example", port=3306, name="one")
CUSTOM = Endpoint(role="custom", host="c.example", port=3306, name="analytics")


def database(*endpoints: Endpoint) -> Database:
    return Database(kind="k", engine="e", version="1", region="r", endpoints=endpoints)


def progress(terminal: bool, width: int = 80) -> tuple[Progress, io.StringIO]:
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=terminal, width=width, highlight=False, no_color=True, _environ={}
    )
    return Progress(console), out


def test_a_step_in_a_pipe_is_one_line_however_long() -> None:
    listener, out = progress(terminal=False)
    listener.exercise_started("replica", "near")
    listener.step_started("select")
    listener.step_ended(STEP.model_copy(update={"said": "two\nlines of [it]" + "x" * 200}))
    assert out.getvalue() == (
        f"replica near: failed: select (0.12 s): two lines of [it]{'x' * 200}\n"
    )


def test_a_step_in_a_terminal_is_told_below_its_exercise() -> None:
    listener, out = progress(terminal=True)
    listener.exercise_started("mysql", "mysql")
    listener.step_started("select")
    listener.step_ended(STEP)
    shown = out.getvalue()
    assert "mysql: select" in shown
    assert shown.index("mysql") < shown.index("failed")
    assert "[it]" in shown
    assert shown.rstrip().endswith("0.12 s\x1b[0m")


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, _environ={"TERM": "dumb"})
    listener = Progress(console)
    listener.exercise_started("mysql", "mysql")
    listener.step_started("select")
    assert out.getvalue() == ""


def test_the_summary_has_a_row_an_exercise_and_the_slowest_steps() -> None:
    listener, out = progress(terminal=False, width=20)
    steps = tuple(
        Step(name=f"step {n}", status=Status.PASSED, said="", seconds=n) for n in range(5)
    )
    exercises = (
        Exercise(name="mysql", database="a-long-name", steps=steps),
        Exercise(name="redis", database="r", steps=(STEP,)),
        Exercise(name="aurora", database="a", steps=(), not_run="gone"),
    )
    listener.summary(Report(stack="dev", seconds=12, exercises=exercises))
    assert [line.split() for line in out.getvalue().splitlines()[:5]] == [
        [],
        ["exercise", "database", "result", "passed", "failed", "skipped", "seconds"],
        ["mysql", "a-long-name", "passed", "5", "0", "0", "10.00"],
        ["redis", "r", "failed", "0", "1", "0", "0.12"],
        ["aurora", "a", "not-run", "0", "0", "0", "0.00"],
    ]
    assert out.getvalue().splitlines()[5] == (
        "whole run 12.00 s; slowest steps: a-long-name: step 4 4.00 s; "
        "a-long-name: step 3 3.00 s; a-long-name: step 2 2.00 s"
    )


def test_each_address_has_its_line_to_copy() -> None:
    listener, out = progress(terminal=False, width=20)
    listener.addresses({"db": database(READER, ALSO_WRITER, WRITER, CUSTOM)}, [])
    lines = [line for line in out.getvalue().splitlines() if line]
    assert [line.split("  ")[-1].split("-m ")[-1].strip() for line in lines] == [
        "open a shell",
        "verify.shell db",
        "verify.shell db reader",
        "verify.shell db analytics",
    ]
    assert lines[1].split()[:3] == ["db", "writer", "a.example:3306"]
    assert lines[3].split()[:3] == ["custom", "analytics", "c.example:3306"]


def test_one_writes_to_the_main_endpoint_if_anything_can_be_written() -> None:
    assert main_endpoint(database(READER, WRITER)) == WRITER
    assert main_endpoint(database(ALSO_WRITER, READER)) == READER
    assert main_endpoint(database(ALSO_WRITER)) == ALSO_WRITER
    assert reachable(database(READER, ALSO_WRITER, WRITER)) == [WRITER, READER]


def test_who_is_asked_is_said() -> None:
    listener, out = progress(terminal=False)
    listener.stack("dev", "http://127.84.0.1:4566")
    listener.stack("prod", None)
    assert out.getvalue().splitlines() == [
        "stack dev, API endpoint http://127.84.0.1:4566",
        "stack prod, API endpoint of AWS",
    ]
