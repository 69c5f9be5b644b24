"""A reader that does not say what it has: nobody takes over from a dead writer without it."""

from __future__ import annotations

import pytest

from localcloud.errors import ServerFailed
from localcloud.fleet import Fleet
from localcloud.site import Site
from tests.localcloud.fleet_site import ADMIN, eventually, fleet, kill, pid_of, ref, site

__all__ = ["fleet", "site"]
MEMBERS = ("one", "two", "three")


@pytest.mark.parametrize("engine", ["aurora-mysql", "aurora-postgresql"])
def test_a_reader_that_died_in_the_takeover_had_the_only_copy_of_a_row(
    fleet: Fleet, site: Site, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was passed over, the next best was promoted. Now the writer starts again where it was."""
    cluster = ref(engine)
    names = [f"{engine}-{name}" for name in MEMBERS]
    fleet.clusters.create(cluster, ADMIN, "app", {}, engine=engine)
    for tier, name in enumerate(names):
        fleet.clusters.add_member(cluster, name, tier, {})
    found = fleet.clusters.get(cluster)
    eventually(lambda: not found.plan.unshared, "readers that have every row", 30)

    def silent() -> int:
        raise ServerFailed("it died just now")

    monkeypatch.setattr(found.servers[names[1]], "received", silent)
    pid = pid_of(fleet, names[0])
    kill(pid)
    eventually(lambda: pid_of(fleet, names[0]) != pid, "the writer", 30)
    writer, reader = found.servers[names[0]], found.servers[names[2]]
    eventually(lambda: found._joined == set(names), "everybody", 30)
    assert fleet.clusters.state(cluster).writer == names[0]
    statement = "CREATE TABLE after_it (id INT)"
    if engine == "aurora-mysql":
        writer.run(statement.replace("after_it", "app.after_it"))
        reader.catch_up(writer)
        assert reader.run("SELECT COUNT(*) AS n FROM app.after_it") == [{"n": 0}]
    else:
        writer.run(statement)
        reader.catch_up(writer)
        assert reader.run("SELECT COUNT(*) AS n FROM after_it") == [{"n": 0}]
    fleet.clusters.delete(cluster)
