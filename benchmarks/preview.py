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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import create_engine, update

from benchmarks.questions import NODES, QUESTIONS
from segmentation.models import Store
from segmentation.models.types import to_microseconds
from segmentation.rules.windows import Clock, Duration, in_last

Count = Callable[[str], int]


@contextmanager
def server(environ: dict[str, str], port: int) -> Iterator[http.client.HTTPConnection]:
    """The application under gunicorn, and a connection to it that stays open."""
    process = subprocess.Popen([sys.executable, "-m", "gunicorn", "wsgi:app", "--workers", "1"],
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
    token = _ask(connection, "/api/auth/token", sign_in, None)["access_token"]
    rows = []
    with _by_hand(url, store) as count, _forgetting(url, store) as forget:
        for name, (rules, where) in QUESTIONS.items():
            ours, theirs = [], []
            for _ in range(rounds):
                forget()
                started = time.perf_counter()
                answer = _ask(connection, f"/api/segmentation/preview?store_id={store}", {"rules": rules}, token)
                between = time.perf_counter()
                counted = count(where)
                theirs.append(time.perf_counter() - between)
                ours.append(between - started)
                if answer != {"count": counted}:
                    raise SystemExit(f"{name}: {answer} is not {counted}")
            rows.append((name, counted, median(ours) * 1000, median(theirs) * 1000))
    return rows


def compare_nodes(connection: http.client.HTTPConnection, url: str, store: Any, sign_in: dict[str, str],
                  rounds: int) -> list[tuple[str, int, float, float]]:
    """Per tree: its name, the count, median milliseconds of all its node counts and of the plain count, over HTTP."""
    token = _ask(connection, "/api/auth/token", sign_in, None)["access_token"]
    path = f"/api/segmentation/preview?store_id={store}"
    rows = []
    with _forgetting(url, store) as forget:
        for name, rules in NODES.items():
            every, plain = [], []
            for _ in range(rounds):
                forget()
                started = time.perf_counter()
                count = _ask(connection, path, {"rules": rules}, token)["count"]
                between = time.perf_counter()
                answer = _ask(connection, f"{path}&include=nodes", {"rules": rules}, token)
                every.append(time.perf_counter() - between)
                plain.append(between - started)
                if answer["count"] != count:
                    raise SystemExit(f"{name}: {answer['count']} is not {count}")
            rows.append((name, count, median(every) * 1000, median(plain) * 1000))
    return rows


@contextmanager
def _forgetting(url: str, store: Any) -> Iterator[Callable[[], None]]:
    """Has the service take the store's facts for changed, so that it gives no answer that it remembers."""
    engine = create_engine(url)

    def forget() -> None:
        with engine.begin() as connection:
            connection.execute(update(Store).values(data_version=Store.data_version + 1).where(Store.id == store))

    yield forget
    engine.dispose()


@contextmanager
def _by_hand(url: str, store: Any) -> Iterator[Count]:
    clock = Clock(datetime.now(UTC), ZoneInfo("Asia/Riyadh"), 6)
    starts = {f"ago_{days}": in_last(Duration(days, "days"), clock).start for days in (60, 365)}
    if url.startswith("sqlite"):
        database = sqlite3.connect(url.removeprefix("sqlite:///"))
        database.execute("PRAGMA mmap_size=1073741824")
        database.execute("PRAGMA cache_size=-65536")
        words = {name: to_microseconds(instant) for name, instant in starts.items()}
        words |= {"true": 1, "contains": "instr(first_name_folded, 'احم') > 0", "plus": "+", "store": ":store"}
        key = store.bytes
    else:
        database = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        words = {name: f"timestamptz '{instant.isoformat()}'" for name, instant in starts.items()}
        words |= {"true": "true", "contains": "strpos(first_name_folded, 'احم') > 0", "plus": "", "store": "%(store)s"}
        key = store

    def count(question: str) -> int:
        return int(database.execute(f"SELECT {question.format(**words)}", {"store": key}).fetchone()[0])

    yield count
    database.close()


def _ask(connection: http.client.HTTPConnection, path: str, body: dict[str, Any], token: str | None) -> Any:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    connection.request("POST", path, json.dumps(body), headers)
    return json.loads(connection.getresponse().read())


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
