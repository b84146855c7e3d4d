"""``python -m benchmarks.replicas``: previews over HTTP with a columnar replica, against what one could write by hand.

In the same run, on the same data: hand-written SQL on DuckDB, PostgreSQL (with the application's indexes, which suit
the questions) and SQLite, and the shapes of Mautic and Dittofeed (see `leaves`). Nothing of ours is remembered. Each
question goes to all in turn, `--rounds` times; medians count. `--write` puts table and chart into docs/.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import report
from benchmarks.databases import SIGN_IN, databases, environ, touch
from benchmarks.leaves import APART
from benchmarks.preview import Run, ask, by_hand, free_port, server
from benchmarks.questions import NODES, QUESTIONS
from segmentation import create_app
from segmentation.audience.replicas import directory, path_of
from segmentation.extensions import db
from segmentation.replication import renew

CHANGED = (1_000, 10_000)
TEN_MILLION = 10_000_000  # without PostgreSQL: the run would be about its slowest rival
SLOW = 30.0  # seconds after which a rival is asked once only
Ask = Callable[[str], int]


@dataclass
class Measured:
    """Medians in milliseconds at one size: of the questions by who answered, and of trees with all their nodes.

    `least`: the fastest rounds, on which whatever else the machine does tells less.
    """

    customers: int
    build_seconds: float
    size: int
    times: dict[str, dict[str, float]] = field(default_factory=dict)
    least: dict[str, dict[str, float]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    nodes: dict[str, tuple[float, float]] = field(default_factory=dict)
    renew_seconds: float = 0.0


def main() -> None:
    """Build, ask, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replicas", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--ten-million", type=Path, metavar="FOLDER", help="10,000,000 customers as well, without "
                        "PostgreSQL; FOLDER keeps them for another time, because they are not made soon")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--postgres", help="URL of a server where databases may be made", default=os.environ.get(
        "SEGMENTATION_TEST_POSTGRES_URL"))
    parser.add_argument("--write", action="store_true", help="write docs/benchmark.md and docs/benchmark.svg")
    options = parser.parse_args()
    found = []
    for size in options.sizes:
        with TemporaryDirectory() as folder, report.scratch(options.postgres) as postgres:
            found.append(_measure(size, Path(folder), postgres, options.rounds))
            print(report.table(found[-1]), flush=True)
    if options.ten_million:
        options.ten_million.mkdir(parents=True, exist_ok=True)
        found.append(_measure(TEN_MILLION, options.ten_million, None, options.rounds))
        print(report.table(found[-1]), flush=True)
    if options.write:
        report.write(found, _machine())


def _measure(size: int, folder: Path, postgres: str | None, rounds: int) -> Measured:
    stores = databases(size, folder, postgres)
    url, store = list(stores.items())[-1]  # its application is the one that stays
    with create_app(environ(url, folder)).app_context(), ExitStack() as stack:
        row = renew(store, whole=True)
        found = Measured(size, row.seconds, row.size)
        path = path_of(directory() or folder, store, row.version, row.token)
        rivals: dict[str, Ask] = {}
        for name, place, shape in (("DuckDB", f"duckdb:{path}", _written), ("PostgreSQL", postgres, _written),
                                   ("SQLite", url, _written), ("correlated", postgres, _correlated),
                                   ("per leaf", f"duckdb:{path}", _passes)):
            if place is not None:
                run = stack.enter_context(by_hand(place, stores.get(place, store)))
                rivals[name] = shape(run)
        with _ours(environ(url, folder), store) as (count, nodes):
            _compare(found, {"ours": count, **rivals}, rounds)
            found.nodes = {name: (_median(lambda rules=rules: nodes(rules), rounds),
                                  _median(lambda rules=rules: count.asked(rules), rounds))
                           for name, rules in NODES.items()}
            for changed in CHANGED:
                if changed * 4 <= size:
                    touch(store, changed, size, max(CHANGED))
                    _compare(found, {f"ours, {changed:,} changed": count}, rounds)
        db.session.remove()
        found.renew_seconds = renew(store).seconds
        db.engine.dispose()
    return found


def _written(run: Run) -> Ask:
    return lambda name: int(run(f"SELECT {QUESTIONS[name][1]}")[0][0])


def _correlated(run: Run) -> Ask:
    return lambda name: int(run(f"SELECT {APART[name].correlated()}")[0][0])


def _passes(run: Run) -> Ask:
    def count(name: str) -> int:
        passes, last = APART[name].passes()
        for table, select in passes:
            run(f"CREATE OR REPLACE TEMP TABLE {table} AS {select}")
        return int(run(f"SELECT {last}")[0][0])

    return count


class _Count:
    """Ours over HTTP, by a question's name or its rules."""

    def __init__(self, asked: Callable[[Mapping[str, Any]], int]) -> None:
        self.asked = asked

    def __call__(self, name: str) -> int:
        return self.asked(QUESTIONS[name][0])


@contextmanager
def _ours(settings: dict[str, str], store: uuid.UUID) -> Iterator[tuple[_Count, Callable[[Any], int]]]:
    # The queue is named, so that the server brings no worker, which would make a replica in the middle.
    with server(settings, free_port(), "benchmarks.forgetful:app") as connection:
        token = ask(connection, "/api/auth/token", SIGN_IN, None)["access_token"]
        path = f"/api/segmentation/preview?store_id={store}"
        yield (_Count(lambda rules: _asked(connection, path, rules, token)),
               lambda rules: _asked(connection, f"{path}&include=nodes", rules, token))


def _asked(connection: http.client.HTTPConnection, path: str, rules: Mapping[str, Any], token: str) -> int:
    return int(ask(connection, path, {"rules": dict(rules)}, token)["count"])


def _compare(found: Measured, rivals: Mapping[str, Ask], rounds: int) -> None:
    for question in QUESTIONS:
        taken: dict[str, list[float]] = {name: [] for name in rivals}
        for _ in range(rounds):
            for name, count in rivals.items():
                if taken[name] and taken[name][0] > SLOW:
                    continue
                started = time.perf_counter()
                counted = count(question)
                taken[name].append(time.perf_counter() - started)
                if found.counts.setdefault(question, counted) != counted:
                    raise SystemExit(f"{question}: {name} counts {counted}, not {found.counts[question]}")
        for name, each in taken.items():
            found.times.setdefault(name, {})[question] = median(each) * 1000
            found.least.setdefault(name, {})[question] = min(each) * 1000


def _median(count: Callable[[], int], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        count()
        taken.append(time.perf_counter() - started)
    return median(taken) * 1000


def _machine() -> str:
    names = ("duckdb", "psycopg", "sqlalchemy", "flask", "gunicorn")
    load = f"{os.cpu_count()} cores ({platform.machine()}) with a load of {os.getloadavg()[2]:.0f} at the end"
    return f"{load}, Python {platform.python_version()}, " + ", ".join(
        f"{name} {version(name)}" for name in names)


if __name__ == "__main__":
    main()
