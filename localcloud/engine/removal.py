"""Deletes what a program no longer asks for, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from localcloud.engine.state import Entry, ProgramState
from localcloud.errors import DeployFailed
from localcloud.provider.provider import Provider

_SOURCE = frozenset({"replicateSourceDb"})
"""Can change in place, but only to nothing: a replica follows no source made anew."""


def deletion_order(entries: Sequence[Entry]) -> list[Entry]:
    """``entries``, given in the order they were made: users before what they use, else newest
    first.

    The order alone is not enough: a database that was there first may use a group of today.
    """
    ordered: list[Entry] = []
    waiting = list(entries)
    while waiting:
        used = {urn for entry in waiting for urn in _uses(entry)}
        # Of a circle, which no program makes, the newest goes first.
        free = next((e for e in reversed(waiting) if e.urn not in used), waiting[-1])
        waiting.remove(free)
        ordered.append(free)
    return ordered


def _uses(entry: Entry) -> set[str]:
    return set(entry.dependencies) - {entry.urn}


class Removal:
    """Deletes entries of one stack, in the cloud and then in the state."""

    def __init__(self, provider: Provider, state: ProgramState) -> None:
        self._provider = provider
        self._state = state

    @staticmethod
    def check(entries: Iterable[Entry]) -> None:
        """Raises `DeployFailed` when one of ``entries`` must not be deleted."""
        protected = [f"{entry.type} {entry.name}" for entry in entries if entry.protected]
        if protected:
            raise DeployFailed(
                f"{', '.join(protected)}: protected, so nothing is deleted; take `protect` away "
                "and run `up` first"
            )

    def delete(self, entry: Entry) -> None:
        """Delete in the cloud; fine when it has gone. The error has the resource's name."""
        try:
            id_, outputs = entry.id, entry.outputs
            if entry.pending:
                found = self._provider.adopt(entry.type, entry.name, entry.inputs)
                if found is None:
                    return
                id_, outputs = found
            self._provider.delete(entry.type, entry.name, id_, entry.inputs, outputs)
        except DeployFailed as error:
            raise DeployFailed(f"{entry.type} {entry.name}: {error}") from error

    def delete_dependents(self, gone: Entry) -> None:
        """Delete whoever refers to ``gone`` by a property that cannot change: it is made again."""
        dependents = self._dependents(gone)
        self.check(dependents)
        for entry in deletion_order(dependents):
            self.delete(entry)
            self._state.drop(entry.urn)

    def _dependents(self, gone: Entry) -> list[Entry]:
        found: dict[str, Entry] = {}
        waiting = [gone]
        while waiting:
            target = waiting.pop()
            for entry in self._state:
                if entry.urn not in found and entry.urn != gone.urn and self._refers(entry, target):
                    found[entry.urn] = entry
                    waiting.append(entry)
        return [entry for entry in self._state if entry.urn in found]

    def _refers(self, entry: Entry, target: Entry) -> bool:
        kind = self._provider.kind(entry.type)
        binding = kind.replaced_by | set(kind.identified_by) | _SOURCE
        return any(
            target.urn in urns
            for prop, urns in entry.property_dependencies.items()
            if prop in binding
        )
