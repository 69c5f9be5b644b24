"""What to do about each resource a program registers: nothing, create, update, replace, delete."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from localcloud.engine.state import Entry, ProgramState
from localcloud.engine.wire import unknown
from localcloud.errors import DeployFailed
from localcloud.provider.provider import Difference, Provider

Action = Literal["same", "create", "update", "replace", "recreate", "delete"]


@dataclass(frozen=True)
class Registration:
    """A resource as the program asks for it."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    ignore_changes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Step:
    """Something that was done, or in a preview would be. ``seconds`` it took."""

    action: Action
    type: str
    name: str
    changed: frozenset[str] = frozenset()
    seconds: float = 0.0


class Engine:
    """Carries out one run of a program. `register` may be called from several threads."""

    def __init__(
        self,
        provider: Provider,
        state: ProgramState,
        listener: Callable[[Step], None],
        *,
        preview: bool,
    ) -> None:
        self._provider = provider
        self._state = state
        self._listener = listener
        self._preview = preview
        self._lock = threading.Lock()
        self._registered: set[str] = set()
        self.failures: list[str] = []

    def register(self, asked: Registration) -> tuple[str, dict[str, Any]]:
        """Id and outputs of a resource; both may be empty in a preview.

        Raises `DeployFailed`; whatever does not depend on the resource goes on.
        """
        try:
            with self._lock:
                if asked.urn in self._registered:
                    raise DeployFailed("two resources of this type have this name; rename one")
                self._registered.add(asked.urn)
            return self._plan(asked) if self._preview else self._carry_out(asked)
        except DeployFailed as error:
            failure = f"{asked.type} {asked.name}: {error}"
            with self._lock:
                self.failures.append(failure)
            raise DeployFailed(failure) from error

    def invoke(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of a function."""
        try:
            return self._provider.invoke(token, arguments)
        except DeployFailed as error:
            with self._lock:
                self.failures.append(f"{token}: {error}")
            raise

    def delete_unregistered(self) -> None:
        """Delete what the program no longer asks for and what was replaced, newest first.

        Only to be called when the whole program has run.
        """
        stale = [entry for entry in self._state if entry.urn not in self._registered]
        for entry in reversed(self._state.replaced):
            if not self._preview:
                self._delete(entry, told=False)
                self._state.drop_replaced(entry)
        for entry in reversed(stale):
            if self._preview:
                self._tell("delete", entry)
            else:
                self._delete(entry)
                self._state.drop(entry.urn)

    def _checked(self, asked: Registration, old: Entry | None) -> dict[str, Any]:
        generation = old.generation if old else 0
        inputs = self._check(asked, generation)
        for name in asked.ignore_changes:
            if old is not None and name in old.inputs:
                inputs[name] = old.inputs[name]
        return inputs

    def _check(self, asked: Registration, generation: int) -> dict[str, Any]:
        seed = f"{asked.urn}#{generation}" if generation else asked.urn
        return self._provider.check(asked.type, asked.name, seed, asked.inputs)

    def _plan(self, asked: Registration) -> tuple[str, dict[str, Any]]:
        old = self._state.get(asked.urn)
        inputs = self._checked(asked, old)
        if old is None or old.pending:
            self._tell("create", asked)
            return "", inputs
        difference = self._difference(asked, old, inputs)
        if difference.replaces:
            self._tell("replace", asked, difference.replaces)
            return "", inputs
        if not difference.none:
            self._tell("update", asked, difference.changed)
        elif self._read(old) is None:
            self._tell("recreate", asked)
            return "", inputs
        else:
            self._tell("same", asked)
        return old.id, old.outputs | inputs

    def _carry_out(self, asked: Registration) -> tuple[str, dict[str, Any]]:
        old = self._state.get(asked.urn)
        if old is not None and old.pending:
            old = self._adopted(old)
        inputs = self._checked(asked, old)
        if old is None:
            return self._create(asked, inputs, "create")
        outputs = self._read(old)
        if outputs is None:
            return self._create(asked, inputs, "recreate", old.generation)
        difference = self._difference(asked, old, inputs)
        if difference.replaces:
            return self._replace(asked, old, inputs, difference)
        entry = old.having(
            inputs=inputs,
            dependencies=asked.dependencies,
            property_dependencies=asked.property_dependencies,
        )
        if difference.none:
            # What the API reports may have moved on, a patch version for example.
            entry = entry.having(outputs=outputs)
            if entry != old:
                self._state.put(entry)
            self._tell("same", asked)
            return old.id, outputs | inputs
        started = time.monotonic()
        outputs = self._provider.update(
            asked.type, asked.name, old.id, old.inputs, inputs, outputs, difference.changed
        )
        self._state.put(entry.having(outputs=outputs))
        self._tell("update", asked, difference.changed, started)
        return old.id, outputs | inputs

    def _difference(self, asked: Registration, old: Entry, inputs: dict[str, Any]) -> Difference:
        if asked.type != old.type:
            return Difference(frozenset({"type"}), frozenset({"type"}))
        difference = self._provider.diff(asked.type, old.inputs, inputs)
        # A preview knows of a reference only that it will be another one.
        certain = frozenset(p for p in difference.replaces if not unknown(inputs.get(p)))
        return (
            difference
            if not self._preview
            else Difference(
                difference.changed, certain or difference.replaces, difference.delete_first
            )
        )

    def _create(
        self, asked: Registration, inputs: dict[str, Any], action: Action, generation: int = 0
    ) -> tuple[str, dict[str, Any]]:
        started = time.monotonic()
        entry = Entry(
            urn=asked.urn,
            type=asked.type,
            name=asked.name,
            inputs=inputs,
            dependencies=asked.dependencies,
            property_dependencies=asked.property_dependencies,
            generation=generation,
            pending="create",
        )
        # On disk before the call: after a kill in between, the next run looks for an orphan.
        self._state.put(entry)
        try:
            id_, outputs = self._provider.create(asked.type, asked.name, inputs)
        except DeployFailed:
            self._state.drop(asked.urn)
            raise
        self._state.put(entry.having(id=id_, outputs=outputs, pending=""))
        self._tell(action, asked, frozenset(), started)
        return id_, outputs | inputs

    def _adopted(self, pending: Entry) -> Entry | None:
        found = self._provider.adopt(pending.type, pending.name, pending.inputs)
        if found is None:
            self._state.drop(pending.urn)
            return None
        entry = pending.having(id=found[0], outputs=found[1], pending="")
        self._state.put(entry)
        return entry

    def _replace(
        self, asked: Registration, old: Entry, inputs: dict[str, Any], difference: Difference
    ) -> tuple[str, dict[str, Any]]:
        if difference.delete_first:
            self._delete_dependents(old)
            self._delete(old, told=False)
            self._state.drop(old.urn)
            return self._create(asked, inputs, "replace", old.generation)
        self._state.keep_replaced(old)
        generation = old.generation + 1
        return self._create(asked, self._check(asked, generation), "replace", generation)

    def _delete_dependents(self, gone: Entry) -> None:
        # Whoever refers to it by a property that cannot change goes first and is made again.
        for entry in reversed(list(self._state)):
            kind = self._provider.kind(entry.type)
            fixed = kind.replaced_by | set(kind.identified_by) | {"replicateSourceDb"}
            refers = any(
                gone.urn in urns
                for prop, urns in entry.property_dependencies.items()
                if prop in fixed
            )
            if refers and entry.urn != gone.urn:
                self._delete_dependents(entry)
                if self._state.get(entry.urn) is not None:
                    self._delete(entry, told=False)
                    self._state.drop(entry.urn)

    def _delete(self, entry: Entry, *, told: bool = True) -> None:
        started = time.monotonic()
        try:
            self._provider.delete(entry.type, entry.name, entry.id, entry.inputs, entry.outputs)
        except DeployFailed as error:
            failure = f"{entry.type} {entry.name}: {error}"
            self.failures.append(failure)
            raise DeployFailed(failure) from error
        if told:
            self._tell("delete", entry, frozenset(), started)

    def _read(self, entry: Entry) -> dict[str, Any] | None:
        return self._provider.read(entry.type, entry.name, entry.id, entry.inputs, entry.outputs)

    def _tell(
        self,
        action: Action,
        what: Registration | Entry,
        changed: frozenset[str] = frozenset(),
        started: float | None = None,
    ) -> None:
        seconds = time.monotonic() - started if started is not None else 0.0
        self._listener(Step(action, what.type, what.name, changed, seconds))
