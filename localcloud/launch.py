"""How a server's process is started, and where its words go."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Launch:
    """How to start one server: ``name`` is unique, ``user`` is a system user or ``None``.

    ``sockets`` are listening ones that the server inherits, by systemd's socket activation.
    ``ends_by`` is the signal at which it ends at once and in order.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    user: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    sockets: tuple[int, ...] = ()
    ends_by: int = signal.SIGTERM


def spawn(launch: Launch) -> subprocess.Popen[bytes]:
    """Its process, in a session of its own."""
    launch.log.parent.mkdir(parents=True, exist_ok=True)
    who: dict[str, Any] = {"user": launch.user, "group": launch.user, "extra_groups": []}
    with launch.log.open("ab") as output, _inheritable(launch.sockets) as handles:
        return subprocess.Popen(
            _activated(launch.argv, handles),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
            pass_fds=handles,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **launch.environment},
            **(who if launch.user else {}),
        )


@contextlib.contextmanager
def _inheritable(sockets: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    # Copies above 9: below are the places that they are moved to.
    handles = tuple(fcntl.fcntl(handle, fcntl.F_DUPFD_CLOEXEC, 10) for handle in sockets)
    try:
        yield handles
    finally:
        for handle in handles:
            os.close(handle)


def _activated(argv: tuple[str, ...], handles: tuple[int, ...]) -> tuple[str, ...]:
    """``argv`` such that it finds ``handles`` from 3 on and its own pid in LISTEN_PID.

    Only the process itself can know its pid: a shell says it and becomes the server.
    """
    if not handles:
        return argv
    moves = " ".join(f"{n}<&{handle} {handle}<&-" for n, handle in enumerate(handles, 3))
    script = f'export LISTEN_PID=$$ LISTEN_FDS={len(handles)}; exec "$@" {moves}'
    # Bash, because Debian's sh knows descriptors of one digit only.
    return ("/bin/bash", "-c", script, "activate", *argv)


def tail(file: Path, lines: int = 8) -> str:
    """The end of a log, for an error message."""
    try:
        return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"
