"""CloudWatch Logs: what RDS delivered, read in the servers' own files when somebody asks.

Every other group is moto's. Nothing is kept beside the files: moto's memory is written to disk
after each change, and would grow with every statement of every server.
"""

from __future__ import annotations

import base64
import heapq
import json
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from localcloud.api import Answer, ApiError, Call, HandOn, Operations
from localcloud.logs import FORMATS, BadPattern, Event, Journal, Position, pattern
from localcloud.services.log_exports import Export, LogExports
from localcloud.services.surroundings import arn

_MOST_EVENTS = 10_000
_MOST_BYTES = 1024 * 1024
_OVERHEAD = 26
"""Bytes that CloudWatch counts for an event beside its text."""
_MOST_READ = 8 * 1024 * 1024
"""Of files, for one page: a pattern that nothing matches gives an empty page, and the next."""
_FOREVER = 1 << 62


@dataclass(frozen=True)
class _Stream:
    name: str
    server: str


class LogEvents:
    """The reading half of CloudWatch Logs, for the groups of RDS."""

    def __init__(self, exports: LogExports) -> None:
        self._exports = exports

    def register(self, operations: Operations) -> None:
        """Answer the three operations that read."""
        operations.handle("logs", "DescribeLogStreams", self._streams)
        operations.handle("logs", "GetLogEvents", self._get)
        operations.handle("logs", "FilterLogEvents", self._filter)

    def _export(self, call: Call) -> Export:
        """What the call's group gets; `HandOn` when it is none of RDS's."""
        p = call.params
        named = str(p.get("logGroupName") or p.get("logGroupIdentifier") or "")
        group = named.rpartition(":log-group:")[2].removesuffix(":*")
        export = self._exports.find(call.region, group)
        if export is None:
            raise HandOn
        return export

    def _streams_of(self, region: str, export: Export) -> list[_Stream]:
        return [
            # PostgreSQL's are numbered, in case that there are more than one.
            _Stream(f"{server}.0" if export.log == "postgresql" else server, server)
            for server in sorted(export.servers)
            if export.log in FORMATS and self._exports.files(region, server).parts(export.log)
        ]

    def _journal(self, region: str, export: Export, stream: _Stream) -> Journal:
        files = self._exports.files(region, stream.server).parts(export.log)
        return Journal(files, FORMATS[export.log])

    def _streams(self, call: Call) -> Answer:
        p, export = call.params, self._export(call)
        found = []
        for stream in self._streams_of(call.region, export):
            described = self._described(call.region, export, stream)
            if described and stream.name.startswith(p.get("logStreamNamePrefix") or ""):
                found.append(described)
        if p.get("orderBy") == "LastEventTime":
            found.sort(key=lambda each: int(each["lastEventTimestamp"]))
        if p.get("descending"):
            found.reverse()
        start, size = int(p.get("nextToken") or 0), int(p.get("limit") or 50)
        answer: Answer = {"logStreams": found[start : start + size]}
        if start + size < len(found):
            answer["nextToken"] = str(start + size)
        return answer

    def _described(self, region: str, export: Export, stream: _Stream) -> Answer | None:
        """A stream, once it has an event."""
        with self._journal(region, export, stream) as journal:
            since = export.periods[0][0]
            first = next((e for e in journal.events(Position(since)) if export.covers(e.at)), None)
            if first is None:
                return None
            last = next((e for e in reversed(journal.last(100)) if export.covers(e.at)), first)
        return {
            "logStreamName": stream.name,
            "creationTime": first.at,
            "firstEventTimestamp": first.at,
            "lastEventTimestamp": last.at,
            "lastIngestionTime": last.at,
            "uploadSequenceToken": "0",
            "arn": f"{arn('logs', region, 'log-group', export.group)}:log-stream:{stream.name}",
            "storedBytes": 0,
        }

    def _get(self, call: Call) -> Answer:
        p, export = call.params, self._export(call)
        wanted = p["logStreamName"]
        streams = [s for s in self._streams_of(call.region, export) if s.name == wanted]
        if not streams:
            raise ApiError("ResourceNotFoundException", "The specified log stream does not exist.")
        since, until = self._span(call, export)
        limit = min(int(p.get("limit") or _MOST_EVENTS), _MOST_EVENTS)
        forward, place = _direction(p.get("nextToken"), forward=bool(p.get("startFromHead")))
        first = Position(since)
        with self._journal(call.region, export, streams[0]) as journal:
            if forward:
                start = end = max(place or first, first)
                found = _page(_within(journal.events(start), export, until), limit)
            else:
                start = end = min(place or Position(until), Position(until))
                newest = reversed(journal.last(limit, None if end.at == _FOREVER else end))
                found = _page((e for e in newest if e.at >= since and export.covers(e.at)), limit)
                found.reverse()
                if place is None and not found:
                    start = end = first
        # At either end the same token comes back.
        return {
            "events": [_told(event) for event in found],
            "nextBackwardToken": f"b/{_written(found[0].before if found else start)}",
            "nextForwardToken": f"f/{_written(found[-1].after if found else end)}",
        }

    def _span(self, call: Call, export: Export) -> tuple[int, int]:
        """The first moment that is asked for and still kept, and the one after the last."""
        kept = self._exports.kept_since(call.region, export.group)
        since = max(int(call.params.get("startTime") or 0), kept, export.periods[0][0])
        until = call.params.get("endTime")
        return since, _FOREVER if until is None else int(until)

    def _filter(self, call: Call) -> Answer:
        p, export = call.params, self._export(call)
        if p.get("logStreamNames") and p.get("logStreamNamePrefix"):
            raise _invalid("logStreamNames and logStreamNamePrefix are not for one call.")
        try:
            matches = pattern(p.get("filterPattern") or "")
        except BadPattern as error:
            raise _invalid(f"Invalid filter pattern: {error}") from error
        since, until = self._span(call, export)
        limit = min(int(p.get("limit") or _MOST_EVENTS), _MOST_EVENTS)
        places = _places(p.get("nextToken"))
        found: list[tuple[_Stream, Event]] = []
        size, more = 0, False
        with ExitStack() as opened:
            journals: dict[str, Journal] = {}
            ordered = []
            for stream in self._streams_of(call.region, export):
                if _is_asked_for(stream.name, p):
                    journal = opened.enter_context(self._journal(call.region, export, stream))
                    journals[stream.name] = journal
                    begin = max(places.get(stream.name, Position(since)), Position(since))
                    # This operation includes the end of the time.
                    events = _within(journal.events(begin), export, until + 1)
                    ordered.append(_labelled(stream, events))
            for _, stream, event in heapq.merge(*ordered, key=lambda each: each[0]):
                places[stream.name] = event.after
                if matches(event.text):
                    found.append((stream, event))
                    size += len(event.text.encode()) + _OVERHEAD
                read = sum(journal.read for journal in journals.values())
                if len(found) >= limit or size >= _MOST_BYTES or read >= _MOST_READ:
                    more = True
                    break
        answer: Answer = {
            "events": [
                _told(event) | {"logStreamName": stream.name, "eventId": _identifier(stream, event)}
                for stream, event in found
            ],
            "searchedLogStreams": [],
        }
        if more:
            answer["nextToken"] = _packed(places)
        return answer


def _is_asked_for(name: str, p: dict[str, Any]) -> bool:
    names = p.get("logStreamNames")
    return name.startswith(p.get("logStreamNamePrefix") or "") and (not names or name in names)


def _within(events: Iterator[Event], export: Export, until: int) -> Iterator[Event]:
    for event in events:
        if event.at >= until:
            return
        if export.covers(event.at):
            yield event


def _labelled(stream: _Stream, events: Iterator[Event]) -> Iterator[tuple[int, _Stream, Event]]:
    return ((event.at, stream, event) for event in events)


def _page(events: Iterator[Event], limit: int) -> list[Event]:
    found: list[Event] = []
    size = 0
    for event in events:
        size += len(event.text.encode()) + _OVERHEAD
        if len(found) == limit or (found and size > _MOST_BYTES):
            break
        found.append(event)
    return found


def _told(event: Event) -> Answer:
    return {"timestamp": event.at, "ingestionTime": event.at, "message": event.text}


def _identifier(stream: _Stream, event: Event) -> str:
    return f"{event.at:020d}{zlib.crc32(stream.name.encode()):012d}{event.nth:024d}"


def _written(place: Position) -> str:
    return f"{place.at:032d}{place.nth:024d}"


def _direction(token: str | None, *, forward: bool) -> tuple[bool, Position | None]:
    if token is None:
        return forward, None
    way, _, digits = token.partition("/")
    if way not in ("f", "b") or len(digits) != 56 or not digits.isdigit():
        raise _invalid("The specified nextToken is invalid.")
    return way == "f", Position(int(digits[:32]), int(digits[32:]))


def _packed(places: dict[str, Position]) -> str:
    plain = {name: [place.at, place.nth] for name, place in places.items()}
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode()


def _places(token: str | None) -> dict[str, Position]:
    if token is None:
        return {}
    try:
        plain = json.loads(base64.urlsafe_b64decode(token))
        return {str(name): Position(int(at), int(nth)) for name, (at, nth) in plain.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise _invalid("The specified nextToken is invalid.") from error


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)
