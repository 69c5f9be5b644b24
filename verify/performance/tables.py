"""A performance test as lines and tables for a terminal or a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verify.performance.measured import (
    CacheTest,
    Counted,
    Diagnosis,
    Latency,
    Performance,
    Test,
    Variant,
)

LATENCY = ("statement", "count", "per s", "mean", "p50", "p90", "p99", "p99.9", "max", "errors")


def lines(performance: Performance) -> Iterator[str]:
    """The whole test, database by database."""
    for found in performance.tests:
        yield from _test(found)
    for cache in performance.caches:
        yield from _cache(cache)


def _test(found: Test) -> Iterator[str]:
    yield ""
    yield f"{found.database} ({found.engine}): {found.settings}"
    if found.not_run is not None:
        yield f"  could not run: {found.not_run}"
    for variant in found.variants:
        yield ""
        yield from _variant(variant)
    for name, reason in found.skipped.items():
        yield ""
        yield f"  {name}: skipped, {reason}"
    if found.diagnosis is not None:
        yield ""
        yield from _diagnosis(found.diagnosis)


def _cache(found: CacheTest) -> Iterator[str]:
    yield ""
    yield f"{found.database} ({found.engine}): {found.settings}"
    if found.not_run is not None:
        yield f"  could not run: {found.not_run}"
        return
    yield from table([LATENCY, *map(latency_cells, found.latencies)])
    yield from _agreement(found.agreement, found.not_counted)
    if found.warming:
        (_, first), *_, (_, last) = found.warming
        yield f"    hit rate from empty: {first:.0f} % to {last:.0f} %"


def _variant(variant: Variant) -> Iterator[str]:
    where = variant.writes
    if variant.reads != variant.writes:
        where = f"{variant.writes}, reads at {variant.reads}"
    yield f"  {variant.name} ({where}), {variant.seconds:.1f} s; times in ms"
    yield from table([LATENCY, *(latency_cells(latency) for latency in variant.latencies)])
    client = variant.client
    said = f"    client: {client.cpu_percent:.1f} % of a core"
    if client.slip_p99_us is not None:
        said += (
            f", schedule slip p99 {ms(client.slip_p99_us)} ms, {client.late} requests waited "
            "for a worker (which is in their latency)"
        )
    yield f"{said}; {'THE CLIENT WAS THE LIMIT, ' + client.limit if client.limit else 'no limit'}"
    yield from _agreement(variant.agreement, variant.not_counted)


def _agreement(found: Sequence[Counted], not_counted: str | None) -> Iterator[str]:
    for one in found:
        exact = "the same" if one.exact else "NOT THE SAME"
        yield (
            f"    {one.statement}: {one.client_count} here, {one.server_count} at the server: "
            f"{exact}; mean {ms(one.client_mean_us)} ms, the server's "
            f"{ms(one.server_mean_us)} and the round trip's {ms(one.round_trip_us)}: "
            f"{one.apart_percent:+.0f} %"
        )
    if not_counted is not None:
        yield f"    not compared with the server: {not_counted}"


def _diagnosis(found: Diagnosis) -> Iterator[str]:
    yield "  diagnosis"
    yield f"    slow query log: {found.slow_log}"
    yield f"    Performance Insights: {found.performance_insights}"
    if found.no_digests is not None:
        yield f"    no digests: {found.no_digests}"
    if found.top:
        head = ("total ms", "count", "mean", "max", "examined", "sent", "statement")
        yield from table([head, *(
            (f"{d.total_ms:.1f}", str(d.count), ms(d.mean_us), ms(d.max_us),
             str(d.rows_examined), str(d.rows_sent), d.text)
            for d in found.top
        )])  # fmt: skip
    fix = found.fix
    if fix is not None:
        yield ""
        yield f"  a random row of {fix.rows}: by its key {fix.times:.0f} times as fast"
        yield from table([LATENCY, latency_cells(fix.before), latency_cells(fix.after)])
        for plan in (fix.before_plan, fix.after_plan):
            yield f"    EXPLAIN {plan.statement}"
            yield from table([plan.columns, *plan.rows])


def latency_cells(found: Latency) -> tuple[str, ...]:
    """One row below `LATENCY`."""
    errors = ", ".join(f"{n} × {code}" for code, n in found.errors.items())
    times = (found.mean_us, found.p50_us, found.p90_us, found.p99_us, found.p999_us, found.max_us)
    name = found.statement if len(found.statement) < 40 else f"{found.statement[:37]}..."
    return (name, str(found.count), f"{found.per_second:.1f}", *map(ms, times), errors or "0")


def ms(microseconds: float) -> str:
    """Milliseconds with what digits they deserve."""
    if microseconds < 10:
        return f"{microseconds / 1000:.4f}"
    return f"{microseconds / 1000:.3f}" if microseconds < 10_000 else f"{microseconds / 1000:.1f}"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Aligned columns, the last one as long as it is."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield f"    {'  '.join(cells)}".rstrip()
