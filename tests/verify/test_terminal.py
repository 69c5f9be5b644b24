"""Ctrl-C in a terminal: what the exercise made is gone, and the terminal is as it was."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify

PROJECT = Path(__file__).parents[2]
DEADLINE_S = 40.0
TIOCGPTN = 0x80045430
"""Linux: the number of the terminal whose other side a file is."""


def read_until(terminal: int, wanted: str | None) -> str:
    """What the terminal shows until it shows ``wanted``, or until nobody writes any more."""
    shown, end = b"", time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 0.5)
        if ready:
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                piece = b""
            if not piece:
                break
            shown += piece
        if wanted is not None and wanted.encode() in shown:
            break
    else:
        raise AssertionError(f"{wanted!r} is not shown within {DEADLINE_S} s: {shown!r}")
    return shown.decode(errors="replace")


def _other_side(terminal: int) -> int:
    """The program's side of a terminal, kept open so that it can be looked at afterwards."""
    number = struct.unpack("I", fcntl.ioctl(terminal, TIOCGPTN, b"\0" * 4))[0]
    return os.open(f"/dev/pts/{number}", os.O_RDWR | os.O_NOCTTY)


def test_ctrl_c_cleans_up_and_leaves_the_terminal_as_it_was(
    cloud: TestCloud, verify: Verify
) -> None:
    replica = verify.endpoint("copy", "reader")["host"]
    source = verify.endpoint("mysql", "writer")["host"]
    command = [sys.executable, "-m", "verify", "copy", "--outputs", str(verify.write())]
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {
        "TERM": "xterm-256color",
        "PYTHONPATH": str(PROJECT),
    }
    # Rows do not arrive, so the exercise waits for them.
    cloud.as_administrator(replica, "STOP SLAVE")
    try:
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(PROJECT)
            os.execve(sys.executable, command, environment)
        keeper = _other_side(terminal)
        try:
            before = termios.tcgetattr(keeper)
            shown = read_until(terminal, "rows arrive at the replica")
            assert "\x1b[?25l" in shown
            os.write(terminal, b"\x03")
            shown += read_until(terminal, "verify: interrupted")
            _, status = os.waitpid(child, 0)
            after = termios.tcgetattr(keeper)
        finally:
            os.close(keeper)
            os.close(terminal)
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(child, 9)
    finally:
        cloud.as_administrator(replica, "START SLAVE")
    assert os.waitstatus_to_exitcode(status) == 130
    assert before == after
    # The cursor was hidden for the spinner, and is shown again.
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert "clean up" in shown
    assert "Traceback" not in shown
    with cloud.login(source) as cursor:
        cursor.execute("SHOW DATABASES LIKE 'testdb'")
        assert cursor.fetchall() == []


def test_an_interrupted_performance_test_drops_its_database(
    cloud: TestCloud, verify: Verify
) -> None:
    host = verify.endpoint("mysql", "writer")["host"]
    words = ["verify.performance", "mysql", "--outputs", str(verify.write())]
    running = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        with cloud.login(host) as cursor:
            end = time.monotonic() + DEADLINE_S
            connected = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = 'perftest'"
            while True:
                cursor.execute(connected)
                if cursor.fetchone()[0] >= 5:
                    break
                assert time.monotonic() < end, "the test does not begin"
                time.sleep(0.01)
            running.send_signal(signal.SIGINT)
            said, _ = running.communicate(timeout=DEADLINE_S)
            cursor.execute("SHOW DATABASES LIKE 'perftest'")
            left = cursor.fetchall()
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    assert left == []
