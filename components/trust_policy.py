"""Who may assume a role."""

from __future__ import annotations

import json


def trust(principal: str) -> str:
    """The policy by which a service may assume a role."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
