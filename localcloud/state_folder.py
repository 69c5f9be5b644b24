"""The state folder: whether it can be ours, and which process owns it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from localcloud.errors import AlreadyRunning, BadSetting
from localcloud.site import Site

_LONGEST = 97 - len("/run/127.255.255.255/haproxy.sock")
"""HAProxy takes 97 bytes of a socket's path, the least of all servers."""


def lock_path(site: Site) -> Path:
    """The file whose flock says that a daemon runs."""
    return site.state_dir / "daemon.lock"


def prepare(site: Site) -> None:
    """Make the state folder; the lock file marks it as ours."""
    refuse_foreign(site)
    if len(os.fsencode(site.state_dir)) > _LONGEST:
        raise BadSetting(
            f"the path {site.state_dir} is too long for the servers' sockets in it: at most "
            f"{_LONGEST} bytes; set LOCALCLOUD_STATE to a shorter one"
        )
    try:
        site.state_dir.mkdir(parents=True, exist_ok=True)
        lock_path(site).touch()
    except OSError as error:
        raise BadSetting(
            f"the folder {site.state_dir} cannot be used: {error.strerror}; set LOCALCLOUD_STATE "
            "to another one"
        ) from error


def refuse_foreign(site: Site) -> None:
    """Raises `BadSetting` for a folder with other things than a local cloud's.

    ``down --wipe`` deletes the whole folder.
    """
    folder = site.state_dir
    if folder.is_dir() and not lock_path(site).exists() and any(folder.iterdir()):
        raise BadSetting(
            f"{folder} is not empty and no local cloud's folder; set LOCALCLOUD_STATE to another "
            "one"
        )


@contextlib.contextmanager
def only_daemon(site: Site) -> Iterator[None]:
    """Own the folder while it lasts. Raises `AlreadyRunning` when another process does."""
    with lock_path(site).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise AlreadyRunning(
                f"a local cloud (pid {file.read().strip() or 'unknown'}) already serves "
                f"{site.endpoint_url} from {site.state_dir}"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def locked(site: Site) -> bool:
    """Whether a daemon owns the folder."""
    return _with_lock_file(site, lambda _: None) is _HELD


def daemon_pid(site: Site) -> int | None:
    """The process that owns the folder."""
    text: list[str] = []
    if _with_lock_file(site, lambda content: text.append(content)) is not _HELD:
        return None
    return int(text[0]) if text and text[0].isdigit() else None


_HELD = object()


def _with_lock_file(site: Site, seen: Callable[[str], None]) -> object | None:
    try:
        file = lock_path(site).open("r")
    except OSError:
        return None  # whoever needs the folder says what is wrong with it
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            seen(file.read().strip())
            return _HELD
    return None
