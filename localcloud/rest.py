"""Which operation a REST request is: its method and path against the service's own model."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import unquote

from moto.core.utils import get_service_model

_LABEL = re.compile(r"\\\{(\w+)\\\}")


def operation_of(service: str, method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """The operation's name and what its path says; ``path`` as it was sent, still quoted."""
    for verb, template, name in _templates(service):
        found = template.fullmatch(path) if verb == method else None
        if found is not None:
            return name, {key: unquote(value) for key, value in found.groupdict().items()}
    return None


@cache
def _templates(service: str) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    model = get_service_model(service)
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = re.escape(http["requestUri"].partition("?")[0].rstrip("/"))
        pattern = re.compile(_LABEL.sub(r"(?P<\1>[^/]+)", path) + "/?")
        found.append((http["method"], pattern, name))
    return tuple(found)
