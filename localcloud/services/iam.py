"""IAM policies that AWS manages, taken from moto's list one by one as somebody attaches them.

moto would load all of them, which makes every save of its state ten times slower.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from moto.iam import iam_backends

from localcloud.api import Call, Operations
from localcloud.site import ACCOUNT_ID

_PREFIX = "arn:aws:iam::aws:policy/"


def register(operations: Operations) -> None:
    """Add to ``operations`` what a role's attachments need."""
    operations.check_before("iam", "AttachRolePolicy", _provide)


def _provide(call: Call) -> None:
    from moto.iam.models import AWSManagedPolicy

    arn = str(call.params.get("PolicyArn"))
    backend = iam_backends[ACCOUNT_ID]["aws"]
    name = arn.rpartition("/")[2]
    known = _aws_policies().get(name)
    # An unknown one stays unknown: moto refuses it as AWS does.
    if arn.startswith(_PREFIX) and arn not in backend.managed_policies and known is not None:
        policy = AWSManagedPolicy.from_data(name, ACCOUNT_ID, "aws", known)
        if policy.arn == arn:
            backend.managed_policies[arn] = policy


@cache
def _aws_policies() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    found: dict[str, Any] = json.loads(aws_managed_policies_data)
    return found
