"""The servers' logs as CloudWatch Logs tells them: events with a time, page by page."""

from localcloud.logs.journal import Event, Journal, Position
from localcloud.logs.lines import FORMATS, Format
from localcloud.logs.patterns import BadPattern, pattern

__all__ = ["FORMATS", "BadPattern", "Event", "Format", "Journal", "Position", "pattern"]
