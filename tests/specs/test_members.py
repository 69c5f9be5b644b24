"""What members may be called: nothing that a failover makes untrue."""

from __future__ import annotations

import pytest

from specs.parts import is_name
from tests.specs.configs import AURORA, assert_only, changed, problems

KEY = "writer/identifier"


@pytest.mark.parametrize(
    ("identifier", "role", "better"),
    [
        ("myapp-writer", "writer", "myapp-a"),
        ("mywriter", "writer", "my-a"),
        ("writer1", "writer", "a-1"),
        ("myapp-writer-1", "writer", "myapp-a-1"),
        ("dbprimary", "primary", "db-a"),
        ("primary", "primary", "a"),
        ("orders-primary2", "primary", "orders-a-2"),
        ("writernode", "writer", "a-node"),
    ],
)
def test_a_role_in_a_name_is_refused_however_it_is_joined(
    identifier: str, role: str, better: str
) -> None:
    """``mywriter`` once passed: only whole words between hyphens were looked at."""
    found = problems({"aurora": changed(AURORA, {KEY: identifier})})
    assert_only(found, "topologies.aurora.writer.identifier", f"is the {role}'s only until")
    assert found[0].text.endswith(f"such as {better}")
    assert is_name(better)
    assert problems({"aurora": changed(AURORA, {KEY: better})}) == []


@pytest.mark.parametrize("identifier", ["underwriters-a", "typewriter", "orders-a", "rewritten"])
def test_a_word_that_is_no_role_is_a_name(identifier: str) -> None:
    assert problems({"aurora": changed(AURORA, {KEY: identifier})}) == []
