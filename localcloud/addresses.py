"""Which loopback address belongs to what: one per server and endpoint, kept for its life."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from localcloud.errors import LocalCloudError, StateUnreadable
from localcloud.records import write_atomically

_HOSTS = range(1, 255)
_NETS = range(1, 255)
"""x.y of 127.N.x.y: x = 0 is the AWS endpoint's own."""


class Addresses:
    """Hosts by name, on disk. Safe to use from several threads."""

    def __init__(self, file: Path, prefix: str) -> None:
        self._file = file
        self._prefix = prefix
        self._lock = threading.Lock()
        self._hosts: dict[str, str] = {}
        if file.exists():
            try:
                self._hosts = dict(json.loads(file.read_text()))
            except ValueError as error:
                raise StateUnreadable(
                    f"{file} is not JSON ({error}); `python -m localcloud down --wipe` starts anew"
                ) from error

    def claim(self, name: str) -> str:
        """The host of ``name``, the lowest free one if it has none yet."""
        with self._lock:
            if name not in self._hosts:
                self._hosts[name] = self._lowest_free()
                self._save()
            return self._hosts[name]

    def holder(self, host: str) -> str | None:
        """The name that has ``host``."""
        with self._lock:
            return next((name for name, held in self._hosts.items() if held == host), None)

    def release(self, *names: str) -> None:
        """Give back the hosts of ``names``; unknown names are fine."""
        with self._lock:
            held = [name for name in names if self._hosts.pop(name, None)]
            if held:
                self._save()

    def _lowest_free(self) -> str:
        taken = set(self._hosts.values())
        for net in _NETS:
            for host in _HOSTS:
                candidate = f"{self._prefix}.{net}.{host}"
                if candidate not in taken:
                    return candidate
        raise LocalCloudError(f"every address of {self._prefix}.0.0/16 is in use; delete databases")

    def _save(self) -> None:
        write_atomically(self._file, json.dumps(self._hosts, indent=1).encode())
