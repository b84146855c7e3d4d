"""``python segmentation/audience/building.py``: makes a replica's file, in a process of its own.

Of its own, because what reads SQLite here is another copy of SQLite than Python's: two in one process lose each other's
locks. It is told on its standard input what to do (see `columnar`), and answers with one line of JSON. It ends when its
parent does. Nothing of the application is imported, which would take longer than most replicas.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import duckdb

FILE, LOCK = "replica.duckdb", "lock"
ROWS_AT_ONCE = "8192"
SECONDS_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True)
class Order:
    """What to build in `folder`: a file that begins empty, or as a copy of `basis`, and what is done to it.

    `version`, asked of the primary, tells what it is of; `customers` and `renewed`, asked of the file, how many it has
    and how many of them were replaced. Each of `steps` is a statement for the file, and what it stores as `source` is
    read from the primary before. `beginning`: statements for the primary, with which the reading begins.
    """

    engine: str
    uri: str
    folder: str
    threads: int
    memory: int
    basis: str | None
    beginning: Sequence[str]
    version: str
    steps: Sequence[tuple[str | None, str]]
    customers: str
    renewed: str


@dataclass(frozen=True)
class Built:
    """What was built: as of which data version, how many customers it holds, and how many were replaced in `basis`."""

    version: int
    customers: int
    renewed: int
    size: int


def build(order: Order) -> Built:
    """Build the file, and see to it that it is on the disk."""
    folder = Path(order.folder)
    with _held(folder / LOCK):
        path = folder / FILE
        if order.basis is not None:
            shutil.copyfile(order.basis, path)
        with _primary(order) as primary, _file(path, order) as file:
            with _source(primary, order.version, file):
                version = _number(file, "SELECT * FROM source")
            for reading, storing in order.steps:
                with _source(primary, reading, file):
                    file.execute(storing)
            customers, renewed = _number(file, order.customers), _number(file, order.renewed)
            file.execute("CHECKPOINT")
        _sync(path)
        return Built(version, customers, renewed, path.stat().st_size)


@contextmanager
def _source(primary: Any, reading: str | None, file: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let the file know as `source` what the primary gives, which can be taken once."""
    if reading is None:
        yield
        return
    with primary.cursor() as cursor:
        if primary.batches:
            cursor.adbc_statement.set_options(**primary.batches)
        cursor.execute(reading)
        file.register("source", cursor.fetch_arrow())
        yield
        file.unregister("source")


def _number(file: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = file.execute(statement).fetchone()
    if row is None:
        raise SystemExit(f"nothing was found by {statement}")
    return int(row[0])


@contextmanager
def _primary(order: Order) -> Iterator[Any]:
    """The primary in one read transaction."""
    if order.engine == "sqlite":
        from adbc_driver_sqlite import dbapi as sqlite
        connection: Any = sqlite.connect(order.uri)
        connection.batches = {"adbc.sqlite.query.batch_rows": ROWS_AT_ONCE}
        with closing(connection):
            yield connection
        return
    from adbc_driver_postgresql import dbapi as postgresql
    connection = postgresql.connect(order.uri)
    connection.batches = {}
    with closing(connection):
        with connection.cursor() as cursor:
            for each in order.beginning:
                cursor.execute(each)
        yield connection


@contextmanager
def _file(path: Path, order: Order) -> Iterator[duckdb.DuckDBPyConnection]:
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": order.threads, "memory_limit": f"{order.memory}MB"}
    with closing(duckdb.connect(str(path), config=config)) as file:
        file.execute("SET TimeZone = 'UTC'")
        file.execute("SET enable_progress_bar = false")  # it is written to our standard output after two seconds
        yield file


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold the lock that says somebody is building here; it goes with the process."""
    # As `segmentation.disk`, of which this process knows nothing.
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _sync(path: Path) -> None:  # as in `segmentation.disk` too
    for each in (path, path.parent):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)


def main() -> None:
    """Do what standard input says."""
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    print(json.dumps(asdict(build(Order(**json.load(sys.stdin))))))


if __name__ == "__main__":
    main()
