"""What the benchmark of replicas says of its figures: tables as text, and the page and the chart in docs/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import log10
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
from psycopg import sql

from benchmarks.leaves import AGGREGATES

if TYPE_CHECKING:
    from benchmarks.replicas import Measured

DOCS = Path(__file__).resolve().parent.parent / "docs"
GROUPS = (("columns alone", False), ("orders and lines", True))
WIDTH, ROW, LEFT, RIGHT = 760, 20, 190, 90
INK, OURS, THEIRS = "#1f2937", "#0f766e", "#94a3b8"


@contextmanager
def scratch(server: str | None) -> Iterator[str | None]:
    """A database of the PostgreSQL server that is dropped afterwards; its URL."""
    if server is None:
        yield None
        return
    name = f"segmentation_benchmark_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield f"postgresql+psycopg{server.removeprefix('postgresql').rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def typical(times: Mapping[str, float], aggregates: bool) -> float:
    """The median of the questions about orders and lines, or of the others."""
    return median(each for question, each in times.items() if (question in AGGREGATES) == aggregates)


def table(found: Measured) -> str:
    """Question by question, in milliseconds."""
    names = list(found.times)
    lines = [f"### {found.customers:,} customers",
             "", f"The replica: {found.size / 1e6:.1f} MB, made in {found.build_seconds:.1f} s, "
             f"renewed in {found.renew_seconds:.1f} s with the changed ones.", "",
             _row(["", "count", *names]), _row(["---", *["---:"] * (len(names) + 1)])]
    lines += [_row([question, f"{count:,}", *(_ms(found.times[name][question]) for name in names)])
              for question, count in found.counts.items()]
    for title, aggregates in GROUPS:
        for what, times in (("medians", found.times), ("fastest rounds", found.least)):
            typically = {name: typical(times[name], aggregates) for name in names}
            lines.append(_row([f"**{title}: {what}**", "", *(f"**{_ms(each)}**" for each in typically.values())]))
            lines.append(_row(["as many times ours", "", *(
                f"{each / typically['ours']:.2f}" for each in typically.values())]))
    lines += ["", *(f"Every node of {tree}: {nodes:.1f} ms, the count alone {plain:.1f} ms "
                    f"({nodes / plain:.1f} times).  " for tree, (nodes, plain) in found.nodes.items())]
    return "\n".join([*lines, ""])


def growth(found: Sequence[Measured]) -> str:
    """What ours costs by the number of customers, and how many times what the fewest cost."""
    sizes, titles = sorted(found, key=lambda each: each.customers), [title for title, _ in GROUPS]
    costs = [[typical(each.times["ours"], aggregates) for _, aggregates in GROUPS] for each in sizes]
    rows = [_row([f"{each.customers:,}", *(f"{_ms(cost)} ({cost / least:.1f})" for cost, least in zip(
        row, costs[0], strict=True))]) for each, row in zip(sizes, costs, strict=True)]
    head = [_row(["customers", *titles]), _row(["---:", *["---:"] * len(titles)])]
    return "\n".join(["### How ours grows", "", "Medians in milliseconds, and how many times those of the fewest.", "",
                      *head, *rows, ""])


def write(found: Sequence[Measured], machine: str) -> None:
    """The page and its chart."""
    tables = "\n".join([growth(found), *map(table, found)])
    (DOCS / "benchmark.svg").write_text(chart(found), encoding="utf-8")
    (DOCS / "benchmark.md").write_text(f"""# Previews from columns, measured

`make replica-bench` makes customers with two and a half orders each (with `--ten-million FOLDER` the million ten times
over too, without PostgreSQL) and asks fourteen questions: of our service over HTTP, with its memory of answers switched
off; and in the same run, in turn, of SQL written by hand on DuckDB (the file of the replica itself), PostgreSQL and
SQLite (the same tables and indexes), of *correlated* SQL (an EXISTS for each filter on another table, as Mautic writes
it, on PostgreSQL), and *per leaf* (each filter a pass of its own that is written down, as Dittofeed does it, on
DuckDB). All must count the same. Milliseconds; in the lists, medians. Whatever else the machine does adds to each, and
most to what goes through several processes, as ours does: hence the fastest rounds too.

{machine}.

![Medians by who answers](benchmark.svg)

{tables}""", encoding="utf-8")


def chart(found: Sequence[Measured]) -> str:
    """Bars on a logarithmic scale, a panel for each size and group."""
    panels = [(f"{each.customers:,} customers, {title}",
               {name: typical(times, aggregates) for name, times in each.times.items()})
              for each in found for title, aggregates in GROUPS]
    values = [value for _, bars in panels for value in bars.values()]
    low, high = min(values) / 1.5, max(values)
    drawn, top = [], 10
    for title, bars in panels:
        drawn.append(_text(LEFT, top + 14, title, "bold"))
        top += 22
        for name, value in bars.items():
            width = (WIDTH - LEFT - RIGHT) * log10(value / low) / log10(high / low)
            drawn += [_text(LEFT - 8, top + 14, name, "normal", "end"),
                      f'<rect x="{LEFT}" y="{top + 3}" width="{width:.1f}" height="{ROW - 6}" rx="2"'
                      f' fill="{OURS if name.startswith("ours") else THEIRS}"/>',
                      _text(LEFT + width + 6, top + 14, f"{_ms(value)} ms")]
            top += ROW
        top += 14
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" font-family="sans-serif" font-size="12">',
        f'<title>Medians in milliseconds, on a logarithmic scale</title><rect width="{WIDTH}" height="{top}"'
        ' fill="#ffffff"/>', *drawn, "</svg>", ""])


def _text(x: float, y: float, text: str, weight: str = "normal", anchor: str = "start") -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" fill="{INK}" font-weight="{weight}" text-anchor="{anchor}">'
            f"{text.replace('&', '&amp;').replace('<', '&lt;')}</text>")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ms(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
