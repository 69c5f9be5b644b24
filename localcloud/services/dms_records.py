"""What the records of DMS have in common: ARNs, filters, names that are taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.api import Answer, ApiError, Call, page
from localcloud.records import Record
from localcloud.services.context import Cloud, resource_id
from localcloud.services.surroundings import arn, key_arn

_LONGEST_ENDING = 31
_IDENTIFIER = re.compile(r"[a-z](?:-?[a-z0-9])*\Z", re.IGNORECASE)

Show = Callable[[Record], Record]
Filter = dict[str, Any]


def invalid(message: str) -> ApiError:
    """A value that DMS does not take."""
    return ApiError("InvalidParameterValueException", message)


def combination(message: str) -> ApiError:
    """Values that do not go together."""
    return ApiError("InvalidParameterCombinationException", message)


def wrong_state(message: str) -> ApiError:
    """Not now."""
    return ApiError("InvalidResourceStateFault", message)


def key_of(call: Call) -> Record:
    """The key a call names, if any; the account's own key for DMS is not shown."""
    key = call.params.get("KmsKeyId")
    return {"KmsKeyId": key_arn(call.region, key, "dms")} if key else {}


def _as_it_is(record: Record) -> Record:
    return record


@dataclass(frozen=True)
class Kind:
    """One kind of DMS resource: its members in the API's names.

    ``filters`` are DMS's filter names and the members they look at.
    """

    kind: str
    noun: str
    arn_kind: str
    identifier: str
    arn: str
    filters: Mapping[str, str] = field(default_factory=dict)
    longest: int = 255


class Store:
    """The records of one kind."""

    def __init__(self, cloud: Cloud, kind: Kind) -> None:
        self._cloud = cloud
        self.kind = kind

    def create(self, call: Call, record: Record) -> Record:
        """Keep a new record under the call's identifier, in lower case as DMS does.

        Raises ``ResourceAlreadyExistsFault`` or ``InvalidParameterValueException``.
        """
        k = self.kind
        name = str(call.params[k.identifier])
        if not _IDENTIFIER.match(name) or len(name) > k.longest:
            raise invalid(
                f"The parameter {k.identifier} must begin with a letter, must contain only ASCII "
                "letters, digits and hyphens, and must not end with a hyphen or contain two "
                f"consecutive hyphens; it has at most {k.longest} characters: {name}"
            )
        name = name.lower()
        ending = call.params.get("ResourceIdentifier")
        if ending and (not _IDENTIFIER.match(ending) or len(ending) > _LONGEST_ENDING):
            raise invalid(f"The parameter ResourceIdentifier is not valid: {ending}")
        made_arn = arn("dms", call.region, k.arn_kind, ending or resource_id(""))
        made = {
            k.identifier: name,
            k.arn: made_arn,
            "_arn": made_arn,
            "_region": call.region,
            "TagList": call.params.get("Tags") or [],
            **record,
        }
        with self._cloud.records.change():
            if self._cloud.records.get(k.kind, call.region, name):
                raise ApiError("ResourceAlreadyExistsFault", f"{k.noun} {name} already exists.")
            self._cloud.records.put(k.kind, call.region, name, made)
        return made

    def all(self, region: str) -> list[Record]:
        return self._cloud.records.all(self.kind.kind, region)

    def need(self, region: str, wanted: str) -> Record:
        """One record by ARN or identifier. Raises ``ResourceNotFoundFault``."""
        for record in self.all(region):
            if wanted in (record["_arn"], record[self.kind.identifier]):
                return record
        raise self.missing(wanted)

    def missing(self, wanted: str) -> ApiError:
        return ApiError("ResourceNotFoundFault", f"{self.kind.noun} {wanted} not found.", 404)

    def update(self, record: Record, **members: Any) -> Record:
        """Set members; ``None`` removes one. The record afterwards."""
        name = record[self.kind.identifier]
        self._cloud.records.update(self.kind.kind, record["_region"], name, **members)
        return self.need(record["_region"], record["_arn"])

    def drop(self, record: Record) -> None:
        name = record[self.kind.identifier]
        self._cloud.records.drop(self.kind.kind, record["_region"], name)

    def describe(self, call: Call, key: str, show: Show = _as_it_is) -> Answer:
        """A page of the records that pass the call's filters.

        DMS answers filters that nothing passes by ``ResourceNotFoundFault``.
        """
        filters: list[Filter] = call.params.get("Filters") or []
        wanted = [(self._member(f["Name"]), f["Values"]) for f in filters]
        found = [
            record
            for record in self.all(call.region)
            if all(record.get(member) in values for member, values in wanted)
        ]
        if filters and not found:
            raise self.missing("matching the provided filters")
        return page(call, key, [show(record) for record in found])

    def _member(self, name: str) -> str:
        if name not in self.kind.filters:
            raise invalid(f"{name} is no filter of {self.kind.noun}s.")
        return self.kind.filters[name]
