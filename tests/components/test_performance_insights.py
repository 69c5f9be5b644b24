from __future__ import annotations

import pulumi

from components.performance_insights import performance_insights
from specs.parts import PerformanceInsights
from tests.components.ground import EAST_KEY, ground
from tests.recorder import record


def test_it_is_kept_as_long_as_the_config_says_under_our_own_key() -> None:
    def program() -> None:
        key = ground().key
        pulumi.export("without", performance_insights(None, key))
        pulumi.export("with", performance_insights(PerformanceInsights(retention_days=93), key))

    assert record(program).outputs == {
        "without": {},
        "with": {
            "performance_insights_enabled": True,
            "performance_insights_retention_period": 93,
            "performance_insights_kms_key_id": EAST_KEY,
        },
    }
