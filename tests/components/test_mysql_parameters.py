from __future__ import annotations

import pytest

from components.mysql_parameters import mysql_parameters
from specs.parts import SlowQueryLog


def values(log: SlowQueryLog | None) -> dict[str, str]:
    parameters = mysql_parameters(log)
    # All of them are dynamic; a static one with `immediate` is refused by RDS.
    assert {p["apply_method"] for p in parameters} == {"immediate"}
    return {p["name"]: p["value"] for p in parameters}


def test_tls_is_required() -> None:
    assert values(None) == {"require_secure_transport": "1"}


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "1"), (0.5, "0.5"), (0, "0"), (3600, "3600"), (2.25, "2.25")]
)
def test_slow_queries_go_to_files_because_rds_exports_only_those(seconds: float, text: str) -> None:
    assert values(SlowQueryLog(threshold_seconds=seconds)) == {
        "require_secure_transport": "1",
        "log_output": "FILE",
        "long_query_time": text,
        "slow_query_log": "1",
    }
