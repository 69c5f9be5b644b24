"""The performance figures against their goals, and what sysbench's words mean."""

from __future__ import annotations

import pytest

from bench.__main__ import _performance
from bench.performance import Outcome, Throughput, _figure
from bench.workspace import BenchFailed

SAID = """
    transactions:                        4231   (845.52 per sec.)
Latency (ms):
         avg:                                    4.72
         99th percentile:                       19.65
"""


def outcome(ours: float, theirs: float | None) -> Outcome:
    beside = None if theirs is None else Throughput(theirs, 4.0, 9.0)
    return Outcome(Throughput(ours, 5.0, 10.0), beside, 2.0, 0.3, 0, 3.0, "")


@pytest.mark.parametrize(("ours", "met"), [(500.0, True), (499.0, False)])
def test_half_of_sysbenchs_throughput_is_the_goal(ours: float, met: bool) -> None:
    figure = _performance(outcome(ours, 1000.0))[-1]
    assert figure.name.startswith("sysbench")
    assert figure.met is met


def test_without_sysbench_nothing_is_compared_with_it() -> None:
    assert not any("sysbench" in figure.name for figure in _performance(outcome(500.0, None)))


def test_a_statement_more_or_less_is_a_miss() -> None:
    wrong = Outcome(Throughput(1, 1, 1), None, 6.0, 1.5, 1, 11.0, "")
    assert [figure.met for figure in _performance(wrong)] == [False] * 4


def test_sysbench_is_read_or_refused() -> None:
    assert _figure(r"transactions:.*\((\S+) per sec", SAID) == 845.52
    assert _figure(r"99th percentile:\s+(\S+)", SAID) == 19.65
    with pytest.raises(BenchFailed, match="does not say"):
        _figure(r"avg:\s+(\S+)", "FATAL: unable to connect")
