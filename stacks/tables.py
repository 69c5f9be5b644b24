"""Tables: drawn in a terminal, plain columns in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table. Columns whose head ends in ``USD`` or ``min`` are of numbers."""
    numbers = {n for n, name in enumerate(head) if name.endswith(("USD", "min"))}
    if not sys.stdout.isatty():
        print(title)
        print(plain(head, rows, numbers))
        return
    table = Table(title=title, title_justify="left", title_style="bold")
    for n, name in enumerate(head):
        table.add_column(name, justify="right" if n in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False).print(table, markup=False)


def plain(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: set[int]) -> str:
    """Columns as wide as their widest cell, two spaces apart."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]

    def cell(n: int, text: str) -> str:
        return text.rjust(widths[n]) if n in numbers else text.ljust(widths[n])

    return "\n".join("  ".join(cell(n, t) for n, t in enumerate(line)).rstrip() for line in lines)
