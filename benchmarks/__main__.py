"""``python -m benchmarks``: a refresh, an import and exports, and previews over HTTP against hand-written SQL, on each
engine.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from flask_migrate import upgrade

from benchmarks.exports import compare_exports
from benchmarks.facts import make_store
from benchmarks.imports import import_orders
from benchmarks.preview import compare, compare_nodes, free_port, server
from benchmarks.refreshing import SEGMENTS, compare_refreshes, make_segments
from segmentation import create_app
from segmentation.accounts import add_user
from segmentation.extensions import db
from segmentation.models.types import utc_now

SIGN_IN = {"email": "bench@example.com", "password": "a password for the benchmark"}


def main() -> None:
    """Build, ask, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--orders", type=int, default=100_000, help="rows of the file that is imported")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--postgres", help="URL of an empty database to use as well")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        for url in filter(None, (f"sqlite:///{Path(folder) / 'benchmark.db'}", options.postgres)):
            _run(url, folder, options.customers, options.orders, options.rounds)


def _run(url: str, folder: str, customers: int, orders: int, rounds: int) -> None:
    environ = {"SEGMENTATION_SECRET_KEY": "only for the benchmark, thrown away after it 0123456789",
               "SEGMENTATION_DATABASE_URL": url, "SEGMENTATION_SPOOL_DIR": folder, "SEGMENTATION_LOG_LEVEL": "ERROR",
               "SEGMENTATION_QUEUE": f"sqlite:///{folder}/queue.db"}
    with create_app(environ).app_context():
        upgrade()
        store = make_store(customers, utc_now())
        add_user(SIGN_IN["email"], SIGN_IN["password"], store, "owner")
        _tidy(url)
        make_segments(store)
        alone, together = compare_refreshes(store)
        print(f"{url.split(':')[0]}: {SEGMENTS} segments counted one by one in {alone:.1f} s, together in "
              f"{together:.1f} s ({together / alone:.0%})")
        imported = import_orders(Path(folder), orders)
        print(f"{url.split(':')[0]}: {imported.rows} rows of orders imported, {imported.rate:,.0f} rows/s")
        _tidy(url)
        _print_exports(url, compare_exports(environ, Path(folder), store))
        db.session.remove()
        db.engine.dispose()
    with server(environ, free_port(), "benchmarks.forgetful:app") as connection:
        rows = compare(connection, url, store, SIGN_IN, rounds)
        nodes = compare_nodes(connection, store, SIGN_IN, rounds)
    print(f"\n{url.split(':')[0]}, {customers} customers, three orders each, {os.cpu_count()} cores, over HTTP")
    _print("preview against hand-written SQL", "ours", "SQL", rows)
    _print("counting every node against counting the root", "nodes", "root", nodes)


def _tidy(url: str) -> None:
    """Have PostgreSQL know its tables, as it does some minutes after so much was written."""
    if url.startswith("postgresql"):
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _print_exports(url: str, measured: dict[str, dict[str, float]]) -> None:
    for format in ("csv", "xlsx"):
        ours, bare = measured[format], measured[f"{format} bare"]
        seconds, least = ours["seconds"], bare["seconds"]
        print(f"{url.split(':')[0]}: everybody exported as {format} in {seconds:.1f} s, bare in {least:.1f} s "
              f"({seconds / least:.2f}), {ours['megabytes']:.0f} MB more memory")


def _print(what: str, first: str, second: str, rows: list[tuple[str, int, float, float]]) -> None:
    print(f"\n{what:<47}{'count':>9}{f'{first} ms':>10}{f'{second} ms':>10}{'ratio':>8}")
    for name, count, ours, theirs in rows:
        print(f"{name:<47}{count:>9}{ours:>10.1f}{theirs:>10.1f}{ours / theirs:>8.2f}")
    ours, theirs = (sum(row[at] for row in rows) for at in (2, 3))
    print(f"{'all together':<56}{ours:>10.1f}{theirs:>10.1f}{ours / theirs:>8.2f}\n")


main()
