"""What to do about each resource a program registers: nothing, create, update, replace, delete."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from localcloud.engine.removal import Removal, deletion_order
from localcloud.engine.state import Entry, ProgramState
from localcloud.engine.wire import unknown
from localcloud.errors import DeployFailed, Unfinished
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
    protected: bool = False
    delete_first: bool = False
    parent: str = ""
    secret: frozenset[str] = frozenset()


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
        self._removal = Removal(provider, state)
        self._listener = listener
        self._preview = preview
        self._lock = threading.Lock()
        self._registered: set[str] = set()
        self.failures: list[str] = []
        self.asked: list[Registration] = []
        self._same: dict[str, Entry] = {}
        self._moving = False

    def register(self, asked: Registration) -> tuple[str, dict[str, Any]]:
        """Id and outputs of a resource; both may be empty in a preview.

        Raises `DeployFailed`; whatever does not depend on the resource goes on.
        """
        try:
            self.claim(asked.urn)
            return self._plan(asked) if self._preview else self._carry_out(asked)
        except DeployFailed as error:
            raise self.failed(asked.type, asked.name, error) from error

    def refuse_rename(self, urn: str, former: Iterable[str]) -> None:
        """Raises `DeployFailed` when the state has the resource under a URN it had before."""
        known = [old for old in former if self._state.get(old) is not None]
        if known and self._state.get(urn) is None:
            raise DeployFailed(
                f"the local cloud cannot rename {known[0].rpartition('::')[2]} to it (option "
                "'aliases'): it would be deleted and made anew"
            )

    def claim(self, urn: str) -> None:
        """Take a URN for this run. Raises `DeployFailed` when it is taken."""
        with self._lock:
            if urn in self._registered:
                raise DeployFailed("two resources of this type have this name; rename one")
            self._registered.add(urn)

    def failed(self, type_: str, name: str, error: DeployFailed) -> DeployFailed:
        """The error with the resource's name; the run ends with it."""
        failure = f"{type_} {name}: {error}"
        with self._lock:
            self.failures.append(failure)
        return DeployFailed(failure)

    def invoke(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of a function."""
        try:
            return self._provider.invoke(token, arguments)
        except DeployFailed as error:
            with self._lock:
                self.failures.append(f"{token}: {error}")
            raise

    def settle(self) -> bool:
        """At the end of a preview: save what it met, if a run would change nothing in the cloud."""
        stale = [entry for entry in self._state if entry.urn not in self._same]
        if self._moving or stale or self._state.replaced:
            return False
        moved = [e for e in self._same.values() if e != self._state.get(e.urn)]
        if moved:
            self._state.put_all(moved)
        return True

    def delete_unregistered(self) -> None:
        """Delete what the program no longer asks for and what was replaced.

        Only to be called when the whole program has run.
        """
        stale = [entry for entry in self._state if entry.urn not in self._registered]
        replaced = self._state.replaced
        self._removal.check(stale)
        for entry in deletion_order([*replaced, *stale]):
            told = entry not in replaced
            started = time.monotonic()
            if not self._preview:
                self._removal.delete(entry)
                if told:
                    self._state.drop(entry.urn)
                else:
                    self._state.drop_replaced(entry)
            if told:
                self._tell("delete", entry, frozenset(), started)

    def _checked(self, asked: Registration, old: Entry | None) -> dict[str, Any]:
        inputs = self._check(asked, old.generation if old else 0)
        if old is not None:
            for name in asked.ignore_changes:
                inputs.pop(name, None)
            inputs |= {n: v for n, v in old.inputs.items() if n in asked.ignore_changes}
        return inputs

    def _check(self, asked: Registration, generation: int) -> dict[str, Any]:
        seed = f"{asked.urn}#{generation}" if generation else asked.urn
        return self._provider.check(asked.type, asked.name, seed, asked.inputs)

    def _plan(self, asked: Registration) -> tuple[str, dict[str, Any]]:
        old = self._state.get(asked.urn)
        inputs = self._checked(asked, old)
        if old is None or old.pending:
            return self._planned("create", asked), inputs
        outputs = self._read(old)
        if outputs is None:
            return self._planned("recreate", asked), inputs
        difference = self._difference(asked, old, inputs)
        if difference.replaces:
            return self._planned("replace", asked, difference.replaces), inputs
        if not difference.none:
            self._planned("update", asked, difference.changed)
            return old.id, old.outputs | inputs
        # What the API reports may have moved on, a patch version for example.
        with self._lock:
            self._same[old.urn] = _saved(old, asked, inputs).having(outputs=outputs)
        self._tell("same", asked)
        return old.id, outputs | inputs

    def _planned(
        self, action: Action, asked: Registration, changed: frozenset[str] = frozenset()
    ) -> str:
        """The id of what has none yet, of which the listener is told."""
        self._moving = True
        self._tell(action, asked, changed)
        return ""

    def _carry_out(self, asked: Registration) -> tuple[str, dict[str, Any]]:
        known = self._state.get(asked.urn)
        old = self._adopted(known) if known is not None and known.pending else known
        inputs = self._checked(asked, known)
        generation = known.generation if known is not None else 0
        if old is None:
            return self._create(asked, inputs, "create", generation)
        outputs = self._read(old)
        if outputs is None:
            return self._create(asked, inputs, "recreate", generation)
        difference = self._difference(asked, old, inputs)
        if difference.replaces:
            return self._replace(asked, old, inputs, difference)
        if old.pending:
            outputs = self._provider.complete(asked.type, asked.name, old.id, inputs, outputs)
        entry = _saved(old, asked, inputs)
        if difference.none:
            entry = entry.having(outputs=outputs)
            if entry != known:
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
        difference = self._provider.diff(asked.type, old.inputs, inputs)
        # A preview knows of a reference only that it will be another one.
        certain = frozenset(p for p in difference.replaces if not unknown(inputs.get(p)))
        replaces = (certain if self._preview else frozenset()) or difference.replaces
        shared = difference.delete_first and not self._provider.renames(asked.type, asked.inputs)
        return Difference(difference.changed, replaces, shared or asked.delete_first)

    def _create(
        self, asked: Registration, inputs: dict[str, Any], action: Action, generation: int
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
            protected=asked.protected,
        )
        # On disk before the call: after a kill in between, the next run looks for an orphan.
        self._state.put(entry)
        try:
            id_, outputs = self._provider.create(asked.type, asked.name, inputs)
        except Unfinished:
            raise
        except DeployFailed:
            self._state.withdraw(asked.urn)
            raise
        self._state.put(entry.having(id=id_, outputs=outputs, pending=""))
        self._tell(action, asked, frozenset(), started)
        return id_, outputs | inputs

    def _adopted(self, pending: Entry) -> Entry | None:
        """What an interrupted create has made, still to be completed."""
        found = self._provider.adopt(pending.type, pending.name, pending.inputs)
        return None if found is None else pending.having(id=found[0], outputs=found[1])

    def _replace(
        self, asked: Registration, old: Entry, inputs: dict[str, Any], difference: Difference
    ) -> tuple[str, dict[str, Any]]:
        if old.protected:
            changed = ", ".join(sorted(difference.replaces))
            raise DeployFailed(f"it is protected, and a new {changed} needs a new resource")
        if difference.delete_first:
            self._removal.delete_dependents(old)
            self._removal.delete(old)
            self._state.drop(old.urn)
            return self._create(asked, inputs, "replace", old.generation)
        self._state.keep_replaced(old)
        generation = old.generation + 1
        return self._create(asked, self._check(asked, generation), "replace", generation)

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


def _saved(old: Entry, asked: Registration, inputs: dict[str, Any]) -> Entry:
    """What the state says of a resource that is not made anew, but for its outputs."""
    return old.having(
        inputs=inputs,
        dependencies=asked.dependencies,
        property_dependencies=asked.property_dependencies,
        protected=asked.protected,
        pending="",
    )
