from __future__ import annotations

from localcloud.databases.revival import QUICK_DEATHS, QUICK_S, Revival


def test_a_server_that_dies_as_soon_as_it_runs_is_given_up() -> None:
    revival = Revival()
    found = [revival.worth_it(now=0.1 * death) for death in range(QUICK_DEATHS + 2)]
    assert found == [True] * QUICK_DEATHS + [False] * 2


def test_a_long_series_of_kills_was_taken_for_a_crash_loop() -> None:
    revival = Revival()
    assert all(revival.worth_it(now=1.5 * QUICK_S * death) for death in range(100))
