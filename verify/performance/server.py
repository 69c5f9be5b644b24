"""What the server itself counted: digests of statements, plans, its slow query log."""

from __future__ import annotations

from dataclasses import dataclass

from verify.errors import Refused
from verify.performance.measured import Digest, Explained
from verify.sql import Sql

DATABASE = "perftest"
_TOP = 6
_DIGESTS = """
SELECT DIGEST_TEXT, COUNT_STAR, SUM_TIMER_WAIT, MAX_TIMER_WAIT, SUM_ROWS_EXAMINED, SUM_ROWS_SENT
FROM performance_schema.events_statements_summary_by_digest
WHERE SCHEMA_NAME = %s AND DIGEST_TEXT IS NOT NULL
ORDER BY SUM_TIMER_WAIT DESC
"""
_PICOSECONDS_A_US = 1e6


@dataclass(frozen=True)
class Count:
    """How often a statement ran, and how long in all."""

    count: int = 0
    total_us: float = 0.0

    @property
    def mean_us(self) -> float:
        return self.total_us / self.count if self.count else 0.0

    def since(self, earlier: Count) -> Count:
        return Count(self.count - earlier.count, self.total_us - earlier.total_us)


def no_digests(sql: Sql) -> str | None:
    """Why the server has no digest table to read, ``None`` when it has."""
    if not int(sql.run("SELECT @@performance_schema")[0][0]):
        return (
            "the server's performance_schema is off; set it to 1 in the parameter group "
            "and reboot, or switch Performance Insights on"
        )
    try:
        sql.run(_DIGESTS, (DATABASE,))
    except Refused as error:
        return f"the digest table cannot be read: {error}"
    return None


def top(sql: Sql) -> tuple[Digest, ...]:
    """The test's statements that took the server longest, all together."""
    return tuple(
        Digest(
            text=text,
            count=count,
            total_ms=total / _PICOSECONDS_A_US / 1000,
            mean_us=total / _PICOSECONDS_A_US / count,
            max_us=longest / _PICOSECONDS_A_US,
            rows_examined=examined,
            rows_sent=sent,
        )
        for text, count, total, longest, examined, sent in sql.run(_DIGESTS, (DATABASE,))[:_TOP]
    )


def counts(sql: Sql) -> dict[str, Count]:
    """Counts by the first word of the test's own statements."""
    found: dict[str, Count] = {}
    for text, count, total, *_ in sql.run(_DIGESTS, (DATABASE,)):
        word = str(text).split()[0].lower()
        if word == "commit" or "`users`" in text:
            before = found.get(word, Count())
            found[word] = Count(
                before.count + count, before.total_us + float(total) / _PICOSECONDS_A_US
            )
    return found


def others(sql: Sql) -> int:
    """Sessions in the test's database beside this one."""
    ((found,),) = sql.run(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST "
        "WHERE DB = %s AND ID <> CONNECTION_ID()",
        (DATABASE,),
    )
    return int(found)


def explain(sql: Sql, statement: str) -> Explained:
    """The server's plan."""
    columns, rows = sql.table(f"EXPLAIN {statement}")
    said = tuple(tuple("" if cell is None else str(cell) for cell in row) for row in rows)
    return Explained(statement=statement, columns=columns, rows=said)


def slow_log(sql: Sql) -> str:
    """Whether slow statements are logged, where, and what it says if that can be asked for."""
    settings = {
        str(name).lower(): str(value)
        for name, value in sql.run(
            "SHOW GLOBAL VARIABLES WHERE Variable_name IN "
            "('slow_query_log', 'long_query_time', 'log_output')"
        )
    }
    if settings.get("slow_query_log") not in ("ON", "1"):
        return "off: the parameter slow_query_log is 0"
    where = settings.get("log_output", "FILE")
    limit = f"over {float(settings.get('long_query_time', 10)):g} s"
    if "TABLE" not in where:
        return f"on, {limit}, to a file, which a client cannot read (on RDS it is in its logs)"
    try:
        ((found, longest),) = sql.run(
            "SELECT COUNT(*), MAX(query_time) FROM mysql.slow_log WHERE db = %s", (DATABASE,)
        )
    except Refused as error:
        return f"on, {limit}, to a table that cannot be read: {error}"
    return f"on, {limit}: {found} of the test's statements" + (f", up to {longest}" * bool(found))
