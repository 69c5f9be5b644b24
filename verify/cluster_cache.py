"""A session with a Redis cluster: one connection a node, opened where the cluster sends it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from contract import Endpoint
from verify.cache import Cache, Moved
from verify.errors import StepFailed

_MOST_HOPS = 5


class ClusterCache:
    """As a `Cache`, for commands that go to the node of their key.

    It begins at the configuration endpoint and keeps no map of the slots: every command that is
    sent elsewhere by MOVED goes there.
    """

    def __init__(self, start: Endpoint, open_at: Callable[[Endpoint], Cache]) -> None:
        self._open_at = open_at
        self._open: dict[tuple[str, int], Cache] = {}
        self._start = start
        self.at(start)

    def run(self, command: str) -> Any:
        """The answer to one command, written as for redis-cli."""
        return self.ask(*shlex.split(command))

    def ask(self, *words: str) -> Any:
        """As `run`, for a command already in words."""
        place = self._start
        for _ in range(_MOST_HOPS):
            try:
                return self.at(place).ask(*words)
            except Moved as moved:
                place = moved.endpoint
        raise StepFailed(f"{words[0]} is sent from node to node: {_MOST_HOPS} times")

    def at(self, place: Endpoint) -> Cache:
        """The connection to one node."""
        key = (place.host, place.port)
        if key not in self._open:
            self._open[key] = self._open_at(place)
        return self._open[key]

    def close(self) -> None:
        for cache in self._open.values():
            cache.close()
