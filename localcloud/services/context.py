"""What every service works with: the records, the servers, and the events they leave."""

from __future__ import annotations

import itertools
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, now, page
from localcloud.fleet import Fleet
from localcloud.records import Record, Records

EVERYWHERE = "global"
"""In place of a region, for what stands in none."""
KEPT_EVENTS = 500
"""AWS keeps 14 days; a local cloud keeps the newest events."""


@dataclass
class Cloud:
    """The API's memory and the servers behind it."""

    records: Records
    fleet: Fleet
    listeners: list[Callable[[str, str, Record], None]] = field(default_factory=list)
    """Told of every event: the service, the region, what happened."""
    _sequence: itertools.count[int] = field(default_factory=itertools.count)

    def need(self, kind: str, region: str, name: str, error: ApiError) -> Record:
        """A copy of one record, or ``error``."""
        record = self.records.get(kind, region, name)
        if record is None:
            raise error
        return record

    def event(
        self,
        service: str,
        region: str,
        source: tuple[str, str, str | None],
        message: str,
        categories: tuple[str, ...] = (),
    ) -> None:
        """Record that something happened to ``source`` = (type, identifier, ARN)."""
        kind, identifier, source_arn = source
        with self.records.change():
            old = self.records.keys(f"{service}-event")
            for stale_region, name in old[: max(0, len(old) - KEPT_EVENTS)]:
                self.records.drop(f"{service}-event", stale_region, name)
            moment = now()
            event: Record = {
                "SourceIdentifier": identifier,
                "SourceType": kind,
                "Message": message,
                "EventCategories": list(categories),
                "Date": moment,
                "SourceArn": source_arn,
            }
            name = f"{moment}-{next(self._sequence)}-{secrets.token_hex(2)}"
            self.records.put(f"{service}-event", region, name, event)
        for listener in self.listeners:
            listener(service, region, event)


def resource_id(prefix: str) -> str:
    """A new ``db-ABC…`` or ``cluster-ABC…``: 26 capitals and digits, unique per database."""
    alphabet = string.ascii_uppercase + string.digits
    return prefix + "".join(secrets.choice(alphabet) for _ in range(26))


def changed(record: Mapping[str, Any], params: Mapping[str, Any], names: tuple[str, ...]) -> Record:
    """The members among ``names`` that the caller sent and that differ from the record."""
    return {
        name: params[name]
        for name in names
        if params.get(name) is not None and params[name] != record.get(name)
    }


def describe_events(cloud: Cloud, call: Call) -> Answer:
    """``DescribeEvents`` of RDS and ElastiCache: newest last, the last hour unless asked."""
    p = call.params
    end = moment(p.get("EndTime")) or datetime.now(UTC) + timedelta(seconds=1)
    minutes = int(p.get("Duration") or 60)
    start = moment(p.get("StartTime")) or end - timedelta(minutes=minutes)
    wanted = set(p.get("EventCategories") or ())
    found = []
    for event in cloud.records.all(f"{call.service}-event", call.region):
        happened = moment(event["Date"])
        if happened is None or not start <= happened <= end:
            continue
        if p.get("SourceIdentifier") not in (None, event["SourceIdentifier"]):
            continue
        if p.get("SourceType") not in (None, event["SourceType"]):
            continue
        if wanted and not wanted & set(event["EventCategories"]):
            continue
        found.append(event)
    return page(call, "Events", found)


def moment(value: Any) -> datetime | None:
    """A time of a call or a record, which is in UTC unless it says otherwise."""
    if value is None:
        return None
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Tags:
    """Tag operations over every record that has an ``_arn``; they differ by member names only."""

    def __init__(self, cloud: Cloud, service: str, kinds: tuple[str, ...], missing: str) -> None:
        self._cloud = cloud
        self._service = service
        self._kinds = kinds
        self._missing = missing

    def register(self, operations: Operations, add: str, remove: str, list_: str) -> None:
        """Answer the service's three tag operations."""
        operations.handle(self._service, add, self._add)
        operations.handle(self._service, remove, self._remove)
        operations.handle(self._service, list_, self._list)

    def _find(self, call: Call) -> tuple[str, str, str, Record]:
        wanted = call.params["ResourceName"]
        for kind in self._kinds:
            for region, name in self._cloud.records.keys(kind):
                record = self._cloud.records.get(kind, region, name)
                if record is None or record["_arn"] != wanted:
                    continue
                if region in (call.region, EVERYWHERE):
                    return kind, region, name, record
        raise ApiError(self._missing, f"{wanted} not found.", 404)

    def _list(self, call: Call) -> Answer:
        return {"TagList": self._find(call)[3].get("TagList", [])}

    def _add(self, call: Call) -> Answer:
        with self._cloud.records.change():
            kind, region, name, record = self._find(call)
            tags = {tag["Key"]: tag for tag in record.get("TagList", [])}
            tags |= {tag["Key"]: tag for tag in call.params.get("Tags", [])}
            self._cloud.records.update(kind, region, name, TagList=list(tags.values()))
        return {"TagList": list(tags.values())}

    def _remove(self, call: Call) -> Answer:
        with self._cloud.records.change():
            kind, region, name, record = self._find(call)
            gone = set(call.params.get("TagKeys", []))
            kept = [tag for tag in record.get("TagList", []) if tag["Key"] not in gone]
            self._cloud.records.update(kind, region, name, TagList=kept)
        return {"TagList": kept}
