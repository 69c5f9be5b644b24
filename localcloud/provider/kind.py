"""What every resource type has in common: a table row, and the steps of its life."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from localcloud.errors import DeployFailed
from localcloud.provider.clients import Clients
from localcloud.provider.mapping import Inputs, members, parameters

Outputs = dict[str, Any]
DESCRIBED = {"description": "Managed by Pulumi"}
"""AWS's provider describes what the API wants to have described."""


@dataclass(frozen=True)
class Resource:
    """One resource as the protocol speaks of it. ``id`` and ``outputs`` are empty before create."""

    name: str
    inputs: Inputs
    id: str = ""
    outputs: Mapping[str, Any] | None = None

    @property
    def region(self) -> str | None:
        found: str | None = self.inputs.get("region")
        return found


class Kind:
    """A resource type. Class attributes are its row in the table; methods its exceptions."""

    token: ClassVar[str]
    service: ClassVar[str]
    creates: ClassVar[str] = ""
    """The create operation; its members are the properties there are, with ``ours``."""
    modifies: ClassVar[str] = ""
    """The modify operation; its members are the properties that can change."""
    names: ClassVar[Mapping[str, str]] = {}
    """Properties that the API calls otherwise."""
    ours: ClassVar[frozenset[str]] = frozenset()
    """Properties that are no argument of the create call; the methods see to them."""
    also_changes: ClassVar[frozenset[str]] = frozenset({"tags"})
    """Properties that `update` changes by other calls than the modify operation."""
    absent: ClassVar[Mapping[str, Any]] = {}
    """What a property that the program takes away is changed to. One that is not here stays as
    it is, as with AWS's provider, where such properties are computed."""
    replaced_by: ClassVar[frozenset[str]] = frozenset()
    """Properties that only a new resource can have otherwise. From pulumi_aws's documentation:
    nothing in the API's model says so."""
    defaults: ClassVar[Mapping[str, Any]] = {}
    """What AWS's provider, not the API, gives a property that the program leaves open."""
    auto_named: ClassVar[str | None] = None
    """The property that gets a generated value when the program gives none."""
    identified_by: ClassVar[tuple[str, ...]] = ()
    """Properties that two resources cannot share: the old one goes before the new one comes."""
    gone: ClassVar[frozenset[str]] = frozenset()
    """Error codes that say: there is no such resource."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def client(self, resource: Resource) -> Any:
        return self._clients.get(self.service, resource.region)

    def check(self, inputs: Inputs, name: str, seed: str) -> dict[str, Any]:
        """``inputs`` with what the program left to us; `DeployFailed` for what we do not know."""
        checked = {**self.defaults, **inputs}
        prop = self.auto_named
        if prop is not None and checked.get(prop) is None:
            prefix = checked.pop("namePrefix", None)
            # Derived from the resource, not drawn: after a kill a run meets its own orphan.
            checked[prop] = f"{prefix or name + '-'}{hashlib.sha256(seed.encode()).hexdigest()[:7]}"
        unknown = sorted(self.unknown(checked))
        if unknown:
            raise DeployFailed(
                f"the local cloud does not know the property {unknown[0]!r} of {self.token}; "
                "add it to localcloud/provider, or leave it out of the program"
            )
        nameless = [p for p in self.identified_by if checked.get(p) is None]
        if nameless:
            raise DeployFailed(f"{self.token} needs the property {nameless[0]!r}")
        return checked

    def unknown(self, inputs: Inputs) -> frozenset[str]:
        """Properties that mean nothing to us."""
        if not self.creates:
            return frozenset()
        asked = {p for p, value in inputs.items() if value is not None} - self.ours - {"region"}
        return frozenset(asked - self._members(self.creates, asked))

    def fixed(self, properties: frozenset[str]) -> frozenset[str]:
        """Those of ``properties`` that neither an update nor a replacement can change."""
        if not self.creates:
            return frozenset()
        known = self.replaced_by | self.ours | self.also_changes | {"region"}
        changeable = self._members(self.modifies, properties) if self.modifies else frozenset()
        return properties - known - changeable

    def _members(self, operation: str, properties: Iterable[str]) -> frozenset[str]:
        client = self._clients.get(self.service, None)
        return frozenset(members(client, operation, properties, self.names))

    def changed(self, old: Inputs, new: Inputs) -> frozenset[str]:
        """Properties that differ."""
        return frozenset(p for p in {*old, *new} if _differs(old.get(p), new.get(p)))

    def replaces(self, old: Inputs, new: Inputs) -> frozenset[str]:
        """More properties that need a new resource for this change."""
        return frozenset()

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        """Id and outputs of a new resource."""
        raise NotImplementedError

    def complete(self, resource: Resource) -> Outputs:
        """What is left to do after the create call, and the outputs then.

        Also run when an interrupted create is taken up again, so once or several times.
        """
        return dict(resource.outputs or {})

    def read(self, resource: Resource) -> Outputs | None:
        """Outputs as they are now; ``None`` when the resource is gone."""
        try:
            return self.describe(resource)
        except ClientError as error:
            if error.response["Error"]["Code"] in self.gone:
                return None
            raise

    def describe(self, resource: Resource) -> Outputs | None:
        raise NotImplementedError

    def adopt(self, resource: Resource) -> tuple[str, Outputs] | None:
        """What an interrupted run has made: id and outputs, ``None`` if there is nothing."""
        outputs = self.read(resource)
        return None if outputs is None else (self.id_of(resource, outputs), outputs)

    def id_of(self, resource: Resource, outputs: Mapping[str, Any]) -> str:
        """The id Pulumi knows the resource by."""
        return str(resource.inputs[self.identified_by[0]])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        """Change ``changed`` in place."""
        raise NotImplementedError

    def delete(self, resource: Resource) -> None:
        raise NotImplementedError

    def remove(self, resource: Resource) -> None:
        """Delete; fine when it is gone already."""
        try:
            self.delete(resource)
        except ClientError as error:
            if error.response["Error"]["Code"] not in self.gone:
                raise

    def arguments(self, resource: Resource, operation: str, **fixed: Any) -> dict[str, Any]:
        """The arguments of a create call, all properties strictly mapped."""
        ignored = self.ours | {"region"}
        found = parameters(self.client(resource), operation, resource.inputs, self.names, ignored)
        return found | fixed

    def some(
        self, resource: Resource, operation: str, properties: frozenset[str], **fixed: Any
    ) -> dict[str, Any]:
        """The arguments of a call for some properties; others are left out."""
        given = {p: resource.inputs.get(p) for p in properties}
        chosen = {p: self.absent.get(p) if v is None else v for p, v in given.items()}
        client = self.client(resource)
        return parameters(client, operation, chosen, self.names, strict=False) | fixed


def tag_changes(old: Inputs, new: Inputs) -> tuple[list[dict[str, str]], list[str]]:
    """Tags to set and keys to remove."""
    before: Mapping[str, str] = old.get("tags") or {}
    after: Mapping[str, str] = new.get("tags") or {}
    fresh = [{"Key": k, "Value": v} for k, v in after.items() if before.get(k) != v]
    return fresh, sorted(before.keys() - after.keys())


def retag(
    old: Inputs,
    new: Inputs,
    add: Callable[[list[dict[str, str]]], Any],
    drop: Callable[[list[str]], Any],
) -> None:
    """Bring tags up to date by two API calls, each only when it has something to do."""
    fresh, stale = tag_changes(old, new)
    if fresh:
        add(fresh)
    if stale:
        drop(stale)


def _differs(old: Any, new: Any) -> bool:
    # An absent list or dict and an empty one are the same to AWS.
    empty: tuple[Any, ...] = (None, [], {})
    return not (old == new or (old in empty and new in empty))
