"""The commands as processes: entry points, a pipe, a terminal, an interrupt, the reports."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
ESCAPE = "\x1b["


def command(verify: Verify, module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, "--outputs", str(verify.write()), *arguments]


def run(verify: Verify, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(verify, module, *arguments),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("module", "last"),
    [
        ("verify.mysql", "mysql: passed: clean up"),
        ("verify.replica", "replica copy: passed: clean up"),
        ("verify.aurora", "aurora: passed: clean up"),
        ("verify.redis", "redis: passed: clean up"),
    ],
)
def test_each_exercise_is_a_command(verify: Verify, module: str, last: str) -> None:
    done = run(verify, module)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    table = lines.index("")
    assert lines[table - 1].startswith(last)
    assert lines[table + 1].split()[:3] == ["exercise", "database", "result"]
    assert len(lines) == table + 4, "one exercise, and no table of all databases"


def test_a_command_of_one_exercise_refuses_the_names_of_others(verify: Verify) -> None:
    done = run(verify, "verify.redis", "mysql")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "verify: the stack has no database for mysql, redis, valkey; it has "
    )


def test_all_of_them_print_plain_lines_and_where_the_databases_are(
    verify: Verify, tmp_path: Path
) -> None:
    report, junit = tmp_path / "r.json", tmp_path / "r.xml"
    done = run(verify, "verify", "--json", str(report), "--junit", str(junit))
    assert done.returncode == 0, done.stdout + done.stderr
    assert ESCAPE not in done.stdout
    lines = done.stdout.splitlines()
    steps = [line for line in lines if re.match(r"[a-z ]+: passed: .+ \(\d+\.\d\d s\): .+", line)]
    facts = json.loads(report.read_text())
    assert facts["schema_version"] == 1
    assert facts["stack"] == "dev"
    assert [(e["name"], e["database"], e["status"]) for e in facts["exercises"]] == [
        ("mysql", "mysql", "passed"),
        ("replica", "copy", "passed"),
        ("aurora", "aurora", "passed"),
        ("redis", "redis", "passed"),
        ("backup", "mysql", "passed"),
        ("security", "aurora", "passed"),
        ("security", "mysql", "passed"),
        ("security", "redis", "passed"),
        ("monitoring", "mysql", "passed"),
    ]
    performed = [step for e in facts["exercises"] for step in e["steps"]]
    skipped = [step["name"] for step in performed if step["status"] == "skipped"]
    # Nobody made any of these here.
    assert skipped == [
        *["a change of a table is in the audit log"] * 2,
        "every database has its alarms",
        "every alarm is as the stack made it",
        "Performance Insights knows the load",
        "activity streams are started",
    ]
    assert len(steps) == len(performed) - len(skipped) > 30
    cases = ElementTree.parse(junit).getroot().findall("testsuite/testcase")
    assert len(cases) == len(performed)
    python = Path(sys.executable).relative_to(ROOT)
    flags = f"--outputs {verify.file}"
    addresses = lines[lines.index(next(x for x in lines if x.startswith("database  "))) + 1 :]
    by_role = {tuple(line.split()[:3]): line for line in addresses}
    writer = verify.endpoint("aurora", "writer")["host"]
    assert by_role["aurora", "writer", f"{writer}:3306"].endswith(
        f"  {python} -m verify.shell aurora {flags}"
    )
    custom = verify.endpoint("aurora", "custom")["host"]
    assert by_role["custom", "analytics", f"{custom}:3306"].endswith(
        f"  {python} -m verify.shell aurora analytics {flags}"
    )
    assert len(addresses) == 10, "an address is shown once"
    for shown in (done.stdout, done.stderr, report.read_text(), junit.read_text()):
        assert PASSWORD not in shown


def test_a_terminal_shows_what_is_under_way(verify: Verify) -> None:
    code, shown = in_terminal(command(verify, "verify.redis"))
    assert code == 0, shown
    assert ESCAPE + "?25l" in shown, "the cursor is hidden while a step runs"
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "redis: SET and GET" in plain
    assert re.search(r"  passed  SET and GET  GET user:1: 'John Doe'", plain)


def in_terminal(words: list[str]) -> tuple[int, str]:
    """Exit code and output of a command whose output is a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen(
        words, cwd=ROOT, stdout=theirs, stderr=theirs, stdin=theirs, env=environment
    )
    os.close(theirs)
    shown = b""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([ours], [], [], 1)[0]:
            continue
        try:
            shown += os.read(ours, 65536)
        except OSError:
            # Linux's way to say that the other end is closed.
            break
    os.close(ours)
    return process.wait(10), shown.decode()


def test_an_interrupt_cleans_up(cloud: TestCloud, verify: Verify) -> None:
    replica = verify.endpoint("copy", "reader")["host"]
    cloud.as_administrator(replica, "STOP SLAVE")
    try:
        process = subprocess.Popen(
            command(verify, "verify.replica"),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            if "create testdb.users on the source" in line:
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        cloud.as_administrator(replica, "START SLAVE")
    assert process.returncode == 130
    assert err == "verify: interrupted\n"
    assert "replica copy: passed: clean up" in out


def test_a_reader_of_the_output_that_goes_away_is_no_error(verify: Verify) -> None:
    process = subprocess.Popen(
        command(verify, "verify", "redis"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait(30) == 141
    done = verify("redis")
    assert done.step("no leftovers of an earlier run")[1] == "no keys of the course"


def test_a_stack_that_is_not_deployed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "verify", "--stack", "nowhere"],
        cwd=ROOT,
        env={**os.environ, "PATH": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("verify: stack 'nowhere' is not deployed from here")
    assert len(done.stderr.splitlines()) == 1


def test_no_secret_is_shown_even_when_everything_fails(
    cloud: TestCloud, verify: Verify, tmp_path: Path
) -> None:
    for facts in verify.databases.values():
        facts["instances"] = ["nobody"]
    for name in ("mysql", "aurora"):
        verify.databases[name]["version"] = "0"
    report, junit = tmp_path / "r.json", tmp_path / "r.xml"
    done = run(verify, "verify", "--timeout", "1", "--json", str(report), "--junit", str(junit))
    assert done.returncode == 1
    secret = verify.record["access"]["secret_access_key"]
    for shown in (done.stdout, done.stderr, report.read_text(), junit.read_text()):
        assert PASSWORD not in shown
        assert secret not in shown
