"""The performance test of a Redis: counts are the server's own, keys are its own and gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract import Endpoint
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import PASSWORD
from verify.aws import Credentials
from verify.cache import Cache, connect
from verify.deadline import Deadline
from verify.errors import StepFailed
from verify.performance.__main__ import main
from verify.performance.measured import CacheTest, Performance


def run(verify: Verify, folder: Path) -> tuple[int, CacheTest]:
    file = folder / "performance.json"
    code = main(["redis", "--outputs", str(verify.write()), "--json", str(file)])
    (found,) = Performance.model_validate_json(file.read_text()).caches
    return code, found


@pytest.fixture
def cache(verify: Verify, cloud: TestCloud) -> Iterator[Cache]:
    facts = verify.endpoint("redis", "primary")
    endpoint = Endpoint(role="primary", host=facts["host"], port=facts["port"])
    ca = str(cloud.site.ca_dir / "ca.pem")
    with connect(endpoint, Credentials(None, PASSWORD), Deadline(10), tls=True, ca=ca) as found:
        yield found


def test_counts_are_the_servers_and_a_pipeline_pays(
    verify: Verify, tmp_path: Path, cache: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = run(verify, tmp_path)
    assert code == 0
    assert [(c.statement, c.client_count, c.exact) for c in found.agreement] == [
        ("set", 12000, True),
        ("get", 12000, True),
        ("hset", 12000, True),
    ]
    rates = {one.statement: one.per_second for one in found.latencies}
    for command in ("set", "get", "hset"):
        assert rates[f"{command}, 50 a trip"] > 3 * rates[command]
    # From empty nearly all reads miss at first, and few do once the frequent keys are there.
    assert found.warming[-1][1] > found.warming[0][1]
    assert len(found.warming) == 30
    assert cache.ask("KEYS", "perftest:*") == []
    assert "hit rate from empty" in capsys.readouterr().out


def test_a_key_of_somebody_elses_is_left_alone(
    verify: Verify, tmp_path: Path, cache: Cache
) -> None:
    cache.ask("SET", "perftest:7", "mine")
    try:
        code, found = run(verify, tmp_path)
        assert code == 2
        assert "are left alone" in str(found.not_run)
        assert cache.ask("GET", "perftest:7") == "mine"
    finally:
        cache.ask("DEL", "perftest:7")


def test_of_a_pipeline_every_answer_is_read_though_one_is_an_error(cache: Cache) -> None:
    cache.ask("SET", "perftest:text", "a")
    with pytest.raises(StepFailed, match="WRONGTYPE"):
        cache.ask_all([("SET", "perftest:text", "b"), ("HGETALL", "perftest:text"), ("PING",)])
    assert cache.ask_all([("GET", "perftest:text"), ("DEL", "perftest:text")]) == ["b", 1]
