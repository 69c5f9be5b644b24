"""How a stack is watched: what its alarms do when they go off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from specs.parts import Part
from specs.problems import refuse


def _email(text: str) -> str:
    if not re.match(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z", text):
        raise refuse(f"{text!r} is no e-mail address; write one such as oncall@example.com")
    return text


Email = Annotated[str, AfterValidator(_email)]


class Record(Part):
    """Alarms change their state and tell nobody: to look at, in the console or by `verify`."""

    profile: Literal["record"]


class Page(Part):
    """Alarms, and failovers, are published to a topic a region. ``email`` is subscribed to each.

    AWS asks the owner of the address to confirm; until then it gets nothing.
    """

    profile: Literal["page"]
    email: Email | None = None


class Auditing(Part):
    """Who called what, of this account in every region, by CloudTrail.

    ``keep_days``: what auditors ask for is mostly a year; CloudTrail itself shows 90 days.
    """

    keep_days: int = Field(ge=90, le=3650)


Monitoring = Annotated[Record | Page, Field(discriminator="profile")]
PROFILES: Mapping[str, type[Part]] = {"record": Record, "page": Page}
