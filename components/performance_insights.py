"""Performance Insights of one instance."""

from __future__ import annotations

from typing import Any

from components.keys import RegionKey
from specs.parts import PerformanceInsights


def performance_insights(wanted: PerformanceInsights | None, key: RegionKey) -> dict[str, Any]:
    """Arguments of an RDS instance or of a member of an Aurora cluster.

    What is kept is encrypted with ``key``, which RDS lets nobody change later: without it RDS
    takes AWS's own key, and a region where RDS was never used has none.
    """
    if wanted is None:
        return {}
    return {
        "performance_insights_enabled": True,
        "performance_insights_retention_period": wanted.retention_days,
        "performance_insights_kms_key_id": key.arn,
    }
