"""Which class would do, for numbers that stand here."""

from __future__ import annotations

import pytest

from verify.fitting import HOURS_WANTED, LEAST_HOURS, Usage, fit, percentile
from verify.sizes import larger, size, smaller


def usage(
    cpu: float,
    most: float,
    memory: float | None = 20.0,
    *,
    hours: int = HOURS_WANTED,
    evictions: float = 0.0,
) -> Usage:
    return Usage([cpu] * hours, [most] * hours, [] if memory is None else [memory], evictions)


@pytest.mark.parametrize(
    ("name", "vcpu", "memory", "baseline"),
    [
        ("db.t3.micro", 2, 1.0, 10.0),
        ("db.t4g.xlarge", 4, 16.0, 40.0),
        ("db.m6g.large", 2, 8.0, 100.0),
        ("db.r5.large", 2, 16.0, 100.0),
        ("db.r6g.12xlarge", 48, 384.0, 100.0),
        ("cache.t3.micro", 2, 0.5, 10.0),
        ("cache.r6g.xlarge", 4, 32.0, 100.0),
    ],
)
def test_sizes(name: str, vcpu: int, memory: float, baseline: float) -> None:
    found = size(name)
    assert found is not None
    assert (found.vcpu, found.memory_gib, found.baseline) == (vcpu, memory, baseline)


@pytest.mark.parametrize("name", ["db.serverless", "db.m6g.medium", "db.q9.large", "large", ""])
def test_what_has_no_size(name: str) -> None:
    assert size(name) is None


@pytest.mark.parametrize(
    ("name", "below", "above"),
    [
        ("db.t3.micro", None, "db.t3.small"),
        ("db.m6g.large", None, "db.m6g.xlarge"),
        ("db.r5.8xlarge", "db.r5.4xlarge", "db.r5.12xlarge"),
        ("db.r5.24xlarge", "db.r5.16xlarge", None),
        ("cache.t3.medium", "cache.t3.small", None),
    ],
)
def test_the_sizes_beside_it(name: str, below: str | None, above: str | None) -> None:
    found = [each.name if each else None for each in (smaller(name), larger(name))]
    assert found == [below, above]


@pytest.mark.parametrize(
    ("class_", "measured", "advice", "takes"),
    [
        # Half the processors would be busy for 60 %, half the memory full to 80 %.
        ("db.r5.xlarge", usage(10, 30, 40), "smaller", "db.r5.large"),
        ("db.r5.xlarge", usage(10, 31, 40), "keep", "db.r5.xlarge"),
        ("db.r5.xlarge", usage(10, 30, 41), "keep", "db.r5.xlarge"),
        ("db.r5.xlarge", usage(10, 30, None), "keep", "db.r5.xlarge"),
        ("db.r5.12xlarge", usage(10, 40, 50), "smaller", "db.r5.8xlarge"),
        ("db.r5.large", usage(1, 2, 3), "keep", "db.r5.large"),
        ("db.r5.large", usage(70, 81), "larger", "db.r5.xlarge"),
        ("db.r5.large", usage(70, 80), "keep", "db.r5.large"),
        ("db.r5.large", usage(5, 10, 91), "larger", "db.r5.xlarge"),
        ("db.r5.24xlarge", usage(90, 99), "keep", "db.r5.24xlarge"),
        # Of a burstable class the average counts: its credits are used up by then.
        ("db.t3.small", usage(9, 40, 40), "smaller", "db.t3.micro"),
        ("db.t3.small", usage(11, 40, 40), "keep", "db.t3.small"),
        ("db.t3.small", usage(21, 40, 40), "larger", "db.t3.medium"),
        ("cache.r6g.large", usage(1, 2, 3, evictions=1), "larger", "cache.r6g.xlarge"),
        ("db.unknown.large", usage(1, 2), "not known", "db.unknown.large"),
    ],
)
def test_what_would_do(class_: str, measured: Usage, advice: str, takes: str) -> None:
    verdict = fit(class_, measured)
    assert (verdict.advice, verdict.class_) == (advice, takes)


@pytest.mark.parametrize("hours", [0, 1, LEAST_HOURS - 1])
def test_less_than_a_week_says_nothing(hours: int) -> None:
    verdict = fit("db.r5.24xlarge", usage(1, 1, 1, hours=hours))
    assert verdict.advice == "too little data"
    assert (f"{hours} of 336 hours" if hours else "no reading of 336 hours") in str(verdict)


def test_a_week_is_enough() -> None:
    assert fit("db.r5.xlarge", usage(1, 1, 1, hours=LEAST_HOURS)).advice == "smaller"


def test_one_busy_hour_is_no_reason() -> None:
    quiet = usage(5, 10, 10)
    once = Usage(quiet.cpu_average, [*quiet.cpu_most[1:], 100.0], quiet.memory_percent)
    assert fit("db.r5.xlarge", once).advice == "smaller"
    assert "10 % in the busiest twentieth, 100 % at most" in str(fit("db.r5.xlarge", once))


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([1.0], 95) == 1.0
    assert percentile([float(n) for n in range(1, 101)], 95) == 95.0


def test_the_numbers_stand_beside_it() -> None:
    assert str(fit("db.r5.xlarge", usage(10, 30, 40))) == (
        "db.r5.large would do: 336 of 336 hours, CPU 10 % on average, 30 % in the busiest "
        "twentieth, 30 % at most, memory 40 % at most"
    )
