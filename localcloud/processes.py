"""What the kernel says about a process: is it the one we started, does it still run."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True)
class Process:
    """A process that no other can be mistaken for, because pids come round again."""

    pid: int
    start_time: int
    """Clock ticks since boot, field 22 of /proc/PID/stat."""
    boot_id: str
    ends_by: int = field(default=signal.SIGTERM, compare=False)
    """The signal that asks it to end."""

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """The process that has ``pid`` now, ``None`` when there is none or it is a zombie."""
        found = _stat(pid)
        if found is None:
            return None
        # A first thread that has ended is shown as a zombie although others still run.
        if found.state in "ZX" and found.threads <= 1:
            return None
        return cls(pid, found.start_time, boot_id())

    @property
    def alive(self) -> bool:
        return Process.of(self.pid) == self

    @property
    def stopped(self) -> bool:
        """Whether somebody has stopped it (SIGSTOP): it is there and does nothing."""
        found = _stat(self.pid)
        return found is not None and found.state == "T" and self.alive

    def open(self) -> int | None:
        """A pidfd of exactly this process, ``None`` when it has ended. The caller closes it."""
        try:
            handle = os.pidfd_open(self.pid)
        except (ProcessLookupError, PermissionError):
            return None
        # Asked again with the handle open: the pid cannot change its owner any more.
        if self.alive:
            return handle
        os.close(handle)
        return None

    def signal(self, number: int) -> bool:
        """Send a signal to exactly this process; ``False`` when it has ended."""
        handle = self.open()
        if handle is None:
            return False
        try:
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)
        return True


def wait_for_end(processes: list[Process], deadline_s: float) -> list[Process]:
    """Those of ``processes`` that still run when all have ended or ``deadline_s`` has passed."""
    end = time.monotonic() + deadline_s
    for process in processes:
        handle = process.open()
        if handle is None:
            continue
        try:
            poller = select.poll()
            poller.register(handle, select.POLLIN)
            poller.poll(max(0.0, end - time.monotonic()) * 1000)
        finally:
            os.close(handle)
    return [process for process in processes if process.alive]


def command_lines() -> dict[int, list[str]]:
    """The arguments of every process that we may look at."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            raw = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if raw:
            found[int(entry.name)] = raw.decode(errors="replace").rstrip("\0").split("\0")
    return found


def descends_from(pid: int, ancestors: Set[int]) -> bool:
    """Whether a process was forked by one of ``ancestors``, directly or not."""
    while (stat := _stat(pid)) is not None:
        if (pid := stat.parent) in ancestors:
            return True
    return False


def working_in(folder: Path) -> list[Process]:
    """The processes whose working directory is ``folder``, as far as we may look."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            here = os.readlink(entry / "cwd") == str(folder)
        except OSError:
            continue
        process = Process.of(int(entry.name)) if here else None
        if process is not None:
            found.append(process)
    return found


@cache
def boot_id() -> str:
    """Changes with every boot, so that a registry from before it is not believed."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class _Stat(NamedTuple):
    state: str
    parent: int
    threads: int
    start_time: int


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The command name is in parentheses and may hold anything.
    fields = text[text.rindex(")") + 2 :].split()
    return _Stat(fields[0], int(fields[1]), int(fields[17]), int(fields[19]))
