"""Previews over HTTP against hand-written SQL run directly, question by question, in turn, on the same database."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import psycopg

from benchmarks.questions import NODES, QUESTIONS
from segmentation.models.types import to_microseconds
from segmentation.rules.windows import Clock, Duration, in_last

Run = Callable[[str], Sequence[Sequence[Any]]]


@contextmanager
def server(environ: dict[str, str], port: int, app: str = "wsgi:app") -> Iterator[http.client.HTTPConnection]:
    """The application under gunicorn, and a connection to it that stays open."""
    process = subprocess.Popen([sys.executable, "-m", "gunicorn", app, "--workers", "1"],
                               env={**os.environ, **environ, "PORT": str(port)}, stderr=subprocess.DEVNULL)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        _wait_for(connection)
        yield connection
        connection.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def compare(connection: http.client.HTTPConnection, url: str, store: Any, sign_in: dict[str, str],
            rounds: int) -> list[tuple[str, int, float, float]]:
    """Per question: its name, the count, median milliseconds of ours over HTTP and of the hand-written SQL."""
    token = ask(connection, "/api/auth/token", sign_in, None)["access_token"]
    rows = []
    with by_hand(url, store) as run:
        def count(where: str) -> int:
            return int(run(f"SELECT {where}")[0][0])

        for name, (rules, where) in QUESTIONS.items():
            ours, theirs = [], []
            for _ in range(rounds):
                started = time.perf_counter()
                answer = ask(connection, f"/api/segmentation/preview?store_id={store}", {"rules": rules}, token)
                between = time.perf_counter()
                counted = count(where)
                theirs.append(time.perf_counter() - between)
                ours.append(between - started)
                if answer != {"count": counted}:
                    raise SystemExit(f"{name}: {answer} is not {counted}")
            rows.append((name, counted, median(ours) * 1000, median(theirs) * 1000))
    return rows


def compare_nodes(connection: http.client.HTTPConnection, store: Any, sign_in: dict[str, str],
                  rounds: int) -> list[tuple[str, int, float, float]]:
    """Per tree: its name, the count, median milliseconds of all its node counts and of the plain count, over HTTP."""
    token = ask(connection, "/api/auth/token", sign_in, None)["access_token"]
    path = f"/api/segmentation/preview?store_id={store}"
    rows = []
    for name, rules in NODES.items():
        every, plain = [], []
        for _ in range(rounds):
            started = time.perf_counter()
            count = ask(connection, path, {"rules": rules}, token)["count"]
            between = time.perf_counter()
            answer = ask(connection, f"{path}&include=nodes", {"rules": rules}, token)
            every.append(time.perf_counter() - between)
            plain.append(between - started)
            if answer["count"] != count:
                raise SystemExit(f"{name}: {answer['count']} is not {count}")
        rows.append((name, count, median(every) * 1000, median(plain) * 1000))
    return rows


@contextmanager
def by_hand(url: str, store: Any) -> Iterator[Run]:
    """What runs hand-written SQL on a database; `duckdb:` and a path is the file of a replica."""
    clock = Clock(datetime.now(UTC), ZoneInfo("Asia/Riyadh"), 6)
    starts = {f"ago_{days}": in_last(Duration(days, "days"), clock).start for days in (60, 365)}
    common = {"not_among": "number NOT IN (SELECT ", "those": ")",
              **{name: to_microseconds(instant) for name, instant in starts.items()}}
    if url.startswith("sqlite"):
        database: Any = sqlite3.connect(url.removeprefix("sqlite:///"))
        database.execute("PRAGMA mmap_size=1073741824")
        database.execute("PRAGMA cache_size=-65536")
        words = {"true": "1", "contains": "instr(first_name_folded, 'احم') > 0", "plus": "+",
                 "store": f"x'{store.hex}'", **common}
    elif url.startswith("duckdb"):
        database = duckdb.connect(url.removeprefix("duckdb:"), read_only=True, config={"threads": 2})
        words = {"true": "true", "contains": "contains(first_name_folded, 'احم')", "plus": "", "store": "0", **common}
    else:
        database = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        words = {name: f"timestamptz '{instant.isoformat()}'" for name, instant in starts.items()}
        # NOT IN would be slower by orders of magnitude where the list is long.
        words |= {"not_among": "NOT EXISTS (SELECT 1 FROM (SELECT ",
                  "those": ") AS found WHERE customer_number = number)"}
        words |= {"true": "true", "contains": "strpos(first_name_folded, 'احم') > 0", "plus": "",
                  "store": f"uuid '{store}'"}
    with closing(database):
        yield lambda statement: _rows(database.execute(statement.format(**words)))


def _rows(cursor: Any) -> Sequence[Sequence[Any]]:
    return cursor.fetchall() if cursor.description else []


def ask(connection: http.client.HTTPConnection, path: str, body: dict[str, Any], token: str | None) -> Any:
    """What the service answers to a POST; what it refuses ends the run."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {said.decode()}")
    return json.loads(said)


def _wait_for(connection: http.client.HTTPConnection) -> None:
    for _ in range(200):
        try:
            connection.request("GET", "/api/openapi.json")
            connection.getresponse().read()
            return
        except OSError:
            connection.close()
            time.sleep(0.1)
    raise SystemExit("the server did not start")
