"""The policy of a KMS key: the account's own, and what AWS services may use it for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def key_policy(partition: str, account: str, *services: Mapping[str, Any]) -> str:
    """JSON: the account's own statement, and ``services``, what else may use the key.

    A key's policy speaks of this key alone, whatever it calls it: its resource is ``*``.
    """
    statements = (
        {
            # Without it nobody could ever change the key again.
            "Sid": "Account",
            "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
            "Action": "kms:*",
        },
        *services,
    )
    allowed = [{"Effect": "Allow", "Resource": "*", **each} for each in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": allowed})
