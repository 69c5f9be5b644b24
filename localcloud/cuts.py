"""A network cut, for one server: whatever is sent to it is dropped without a word.

A socket filter that lets nothing pass, attached to each of the server's sockets by a copy of it.
The kernel then drops what arrives as if a cable were pulled: no reset, no refusal, no answer. It
needs no firewall and no rights but those of a debugger. What the server itself sends still leaves,
unacknowledged; nothing that comes back reaches it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from localcloud.errors import LocalCloudError

_PIDFD_GETFD = 438
_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27
_PASS_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)
"""One instruction of classic BPF: return 0 bytes of the packet."""


class CannotCut(LocalCloudError):
    """Nobody but its owner or root may touch the sockets of a process."""


def cut(pid: int) -> int:
    """Let nothing reach the TCP sockets of a process any more; how many there are."""
    program = ctypes.create_string_buffer(_PASS_NOTHING, len(_PASS_NOTHING))
    filter_ = struct.pack("HP", 1, ctypes.addressof(program))
    found = 0
    for one in _sockets(pid):
        one.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_)
        found += 1
    return found


def mend(pid: int) -> None:
    """Take a `cut` back; nothing to do where there is none."""
    for one in _sockets(pid):
        try:
            one.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
        except FileNotFoundError:
            continue


def _sockets(pid: int) -> Iterator[socket.socket]:
    """Copies of a process's TCP sockets, each closed when the next one is asked for."""
    with _opened(pid) as process:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            try:
                if not os.readlink(entry).startswith("socket:"):
                    continue
            except FileNotFoundError:
                # Closed since the folder was read.
                continue
            copy = _copied(process, int(entry.name))
            if copy is None:
                continue
            with closing(copy):
                if copy.family in (socket.AF_INET, socket.AF_INET6):
                    yield copy


@contextmanager
def _opened(pid: int) -> Iterator[int]:
    handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        os.close(handle)


def _copied(process: int, number: int) -> socket.socket | None:
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.syscall(_PIDFD_GETFD, process, number, 0)
    if handle >= 0:
        return socket.socket(fileno=handle)
    failed = ctypes.get_errno()
    if failed == errno.EBADF:
        return None
    raise CannotCut(
        f"this user may not cut off a server: {os.strerror(failed)}; it takes root, or the right "
        "to debug one's own processes (sysctl kernel.yama.ptrace_scope=0)"
    )
