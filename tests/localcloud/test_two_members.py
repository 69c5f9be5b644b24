"""An Aurora cluster of two: whoever writes alone has rows that the other one never saw."""

from __future__ import annotations

from functools import partial

from localcloud.fleet import Address, Fleet
from localcloud.site import Site
from tests.localcloud.fleet_site import ADMIN, eventually, fleet, kill, pid_of, ref, rows, site

__all__ = ["fleet", "site"]

PAIR = ref("pair")


def test_a_second_death_promoted_a_member_that_was_still_catching_up(
    fleet: Fleet, site: Site
) -> None:
    """The rows written between two deaths were lost: the first to die never had them."""
    found = fleet.clusters.create(PAIR, ADMIN, "app", {"require_secure_transport": "1"})
    for tier, name in enumerate(("one", "two")):
        fleet.clusters.add_member(PAIR, name, tier, {})
    rows(site, found.writer, "CREATE TABLE app.t (id INT PRIMARY KEY)")

    def who(address: Address) -> str:
        return str(rows(site, address, "SELECT @@report_host")[0][0])

    def write(number: int) -> bool:
        # An attempt whose answer is lost may have been committed.
        rows(site, found.writer, f"INSERT IGNORE INTO app.t VALUES ({number})")
        return True

    for number in range(0, 8, 2):
        eventually(lambda: who(found.reader) != who(found.writer), "both are there")
        for acknowledged in (number, number + 1):
            kill(pid_of(fleet, str(fleet.clusters.state(PAIR).writer)))
            eventually(partial(write, acknowledged), "somebody writes")
        kept = rows(site, found.writer, "SELECT id FROM app.t ORDER BY id")
        assert kept == [(n,) for n in range(number + 2)]
