"""The local cloud's own history of changes: one line a call, appended, found by LookupEvents.

Arguments are not in it, only what they name: passwords come in arguments.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import uuid
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcloud.api import now

log = logging.getLogger(__name__)

KEPT = 5000
"""CloudTrail keeps 90 days; a local cloud keeps the newest calls."""
_NAMES = ("Identifier", "ReplicationGroupId", "CacheClusterId", "Name", "Arn")
"""How members end that name a resource."""
_SECRET = ("Password", "Token", "User", "Username")

Event = dict[str, Any]


class Trail:
    """Events of this site, also those before the daemon's last start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._events: deque[Event] = deque(maxlen=KEPT)
        if path.exists():
            self._load()

    def note(
        self,
        region: str,
        service: str,
        operation: str,
        params: Mapping[str, Any],
        error: str | None,
    ) -> None:
        """Append what somebody asked for, and how it was refused if it was."""
        event: Event = {
            "id": str(uuid.uuid4()),
            "at": now(),
            "region": region,
            "service": service,
            "operation": operation,
            "resources": resources(params),
            "error": error,
        }
        line = json.dumps(event).encode() + b"\n"
        with self._lock:
            self._events.append(event)
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                # In the kernel's hands at once: a SIGKILL loses none.
                os.write(handle, line)
            finally:
                os.close(handle)

    def events(self, region: str) -> list[Event]:
        """Newest first, as CloudTrail tells them."""
        with self._lock:
            return [event for event in reversed(self._events) if event["region"] == region]

    def _load(self) -> None:
        for line in self._path.read_bytes().splitlines():
            try:
                self._events.append(json.loads(line))
            except ValueError:
                # The last line of a machine that lost its power.
                log.warning("%s has a line that is no event", self._path)


def resources(params: Mapping[str, Any]) -> list[str]:
    """What a call names: the texts of members that end like a name."""
    return [
        value
        for member, value in params.items()
        if isinstance(value, str) and member.endswith(_NAMES) and not member.endswith(_SECRET)
    ]
