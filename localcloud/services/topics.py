"""Whether a service may publish to a topic, by what moto knows of topics and keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.kms import kms_backends
from moto.sns import sns_backends

from localcloud.api import ApiError
from localcloud.services.surroundings import key_arn
from localcloud.site import ACCOUNT_ID

_OURS = {"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}}
_USES_KEY = ("kms:Decrypt", "kms:GenerateDataKey")


def of_region(region: str, topic: str) -> None:
    """RDS looks for a topic in its own region only. Raises ``SNSTopicArnNotFound``."""
    if topic.split(":")[2:4] != ["sns", region]:
        raise ApiError("SNSTopicArnNotFound", f"SNS topic {topic} does not exist.", 404)


def may_publish(service: str) -> Callable[[str, str], None]:
    """A check of a region's topic as DMS makes it: there, open to it, and its key as well.

    Raises ``SNSInvalidTopicFault``, ``SNSNoAuthorizationFault`` or ``KMSAccessDeniedFault``.
    """

    def check(region: str, topic: str) -> None:
        found = sns_backends[ACCOUNT_ID][region].topics.get(topic)
        if found is None:
            raise ApiError("SNSInvalidTopicFault", f"SNS topic {topic} does not exist.")
        if not _allows(found.policy, service, "sns:Publish"):
            raise ApiError(
                "SNSNoAuthorizationFault", f"{service} is not authorized to publish to {topic}."
            )
        if found.kms_master_key_id and not _uses(region, found.kms_master_key_id, service):
            raise ApiError(
                "KMSAccessDeniedFault",
                f"The request to create event subscription for SNS topic '{topic}' has failed "
                "because the ciphertext references a key that doesn't exist or DMS account "
                "doesn't have an access to",
            )

    return check


def _uses(region: str, name: str, service: str) -> bool:
    key = kms_backends[ACCOUNT_ID][region].keys[key_arn(region, name, "sns").rpartition("/")[2]]
    return all(_allows(key.policy, service, action) for action in _USES_KEY)


def _allows(policy: str, service: str, action: str) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and service in _list(_services(statement))
        and any(_like(pattern, action) for pattern in _list(statement["Action"]))
        and statement.get("Condition") in (None, _OURS)
        for statement in _list(json.loads(policy)["Statement"])
    )


def _services(statement: Mapping[str, Any]) -> Any:
    principal = statement.get("Principal")
    return principal.get("Service") if isinstance(principal, dict) else None


def _like(pattern: str, action: str) -> bool:
    return fnmatchcase(action.lower(), pattern.lower())


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
