"""``python -m tests.campaigns.load``: lists, pages and previews at given rates, while files come in and go out.

A store of the demo's kind, gunicorn with two processes, one worker. Requests are sent when they are due, whether or not
those before are answered, and their time counts from then: a server that stalls cannot hide it. The client runs on the
same processors. Errors are all answers but 200, and all connections that break.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import random
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from flask import Flask

from segmentation import demo
from segmentation.accounts import add_user
from segmentation.auth import operator_scope
from segmentation.commands.demo import fill
from segmentation.exports.segment import Wanted
from segmentation.extensions import db
from segmentation.jobs import asking
from segmentation.segments import find_segments
from tests.api.conftest import PASSWORD
from tests.conftest import make_app, make_store, migrated
from tests.jobs.shop import COLUMNS, has_ended
from tests.operations.serving import Served, ask, megabytes, served

EMAIL, CONNECTIONS, STEP = "owner@load.example", 64, 10
WARMING = (20, 10)  # requests a second, seconds: processes that have just begun are no measure


@dataclass
class Round:
    """What came of the requests of one rate."""

    rate: int
    seconds: float = 0
    times: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    course: list[tuple[float, float]] = field(default_factory=list)  # when a request was due, how long it took
    memory: list[float] = field(default_factory=list)  # megabytes, every STEP seconds


@dataclass(frozen=True)
class Request:
    """One of the mix, as it goes over the wire."""

    kind: str
    wire: bytes


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=300, help="at each rate")
    parser.add_argument("--rates", type=int, nargs="+", default=[20, 100, 200], help="requests a second")
    parser.add_argument("--postgres", help="URL of an empty database to use as well")
    parser.add_argument("--only-postgres", action="store_true")
    parser.add_argument("--course", action="store_true", help="show every ten seconds too")
    parser.add_argument("--quiet", action="store_true", help="no import and export beside the requests")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        urls = [] if options.only_postgres else [f"sqlite:///{Path(folder) / 'load.db'}"]
        for url in [*urls, *filter(None, [options.postgres])]:
            place = Path(folder) / url.split(":")[0]
            place.mkdir()
            _measure(url, place, options)


def _measure(url: str, folder: Path, options: argparse.Namespace) -> None:
    migrated(url, folder)
    app = make_app(url, folder)
    with app.app_context():
        started = time.monotonic()
        store = make_store().id
        fill(store, options.customers, date.today())
        add_user(EMAIL, PASSWORD, store, "owner")
        print(f"{url.split(':')[0]}, {options.customers} customers of the demo (made in "
              f"{time.monotonic() - started:.0f} s), {os.cpu_count()} cores, the client on them too", flush=True)
        with served(url, folder) as service:
            mix = _mix(service.port, store)
            asyncio.run(_send(service, mix, *WARMING))
            for rate in options.rates:
                with _work_beside(app, store, folder, options.customers, options.quiet) as jobs:
                    found = asyncio.run(_send(service, mix, rate, options.seconds))
                    _print(found, [has_ended(each) for each in jobs])
                    if options.course:
                        _print_course(found)
        db.session.remove()
        db.engine.dispose()


@contextmanager
def _work_beside(app: Flask, store: uuid.UUID, folder: Path, customers: int, quiet: bool) -> Iterator[list[uuid.UUID]]:
    """An import of new orders and an export, which the worker runs meanwhile."""
    if quiet:
        yield []
        return
    scope = operator_scope(store)
    segment = find_segments(scope)[0].id
    yield [asking.ask_import(scope, "orders", lambda path: _write_orders(path, customers), {}, "orders.csv").id,
           asking.ask_export(scope, segment, Wanted("xlsx", COLUMNS)).id]
    db.session.remove()


def _write_orders(path: Path, customers: int) -> None:
    """Orders of other people than those there are, so that they are all new: a tenth as many."""
    people = demo.orders(max(10, customers // 10), date.today() - timedelta(days=1), random.randrange(10**9))
    mark = uuid.uuid4().hex[:6]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer: csv.DictWriter[str] | None = None
        for row in people:
            row = {**row, "order_id": f"{mark}-{row['order_id']}", "customer_id": f"{mark}-{row['customer_id']}"}
            if writer is None:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
            writer.writerow(row)


def _mix(port: int, store: uuid.UUID) -> list[Request]:
    """Lists, pages and previews, of each some that differ."""
    body = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
    _, answer = ask(port, "POST", "/api/auth/token", body, {"Content-Type": "application/json"})
    token, base = json.loads(answer)["access_token"], "/api/segmentation"
    _, answer = ask(port, "GET", f"{base}?store_id={store}", headers={"Authorization": f"Bearer {token}"})
    segments = [each["id"] for each in json.loads(answer)["segments"]]

    def request(kind: str, method: str, path: str, body: object = None) -> Request:
        sent = json.dumps(body).encode() if body else b""
        head = (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n")
        return Request(kind, head.encode() + sent)

    lists = [request("list", "GET", f"{base}?store_id={store}")]
    query = f"?store_id={store}&sort=orders_amount&order=desc"
    pages = [request("page", "GET", f"{base}/{each}/customers{query}&page={page}") for each in segments
             for page in (1, 2)]
    previews = [request("preview", "POST", f"{base}/preview?store_id={store}", {"rules": {
        "logic": "AND", "conditions": [
            {"field": "orders_count", "operator": "greater_than_or_equals", "value": least},
            {"field": "last_order_at", "operator": "in_last", "value": 90, "unit": "days"}]}})
        for least in range(1, 9)]
    return [*lists * 8, *random.choices(pages, k=8), *previews]


async def _send(service: Served, mix: Sequence[Request], rate: int, seconds: float) -> Round:
    """Send requests when they are due, over connections that are kept, and wait for every answer."""
    found, due = Round(rate), asyncio.Queue[tuple[float, Request]]()
    began = time.perf_counter()
    senders = [asyncio.create_task(_sender(service.port, due, found, began)) for _ in range(CONNECTIONS)]
    senders.append(asyncio.create_task(_weigh(service, found)))
    for number in range(int(rate * seconds)):
        at = began + number / rate
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        due.put_nowait((at, random.choice(mix)))
    await due.join()
    found.seconds = time.perf_counter() - began
    found.memory.append(megabytes(service))
    for sender in senders:
        sender.cancel()
    await asyncio.gather(*senders, return_exceptions=True)
    return found


async def _weigh(service: Served, found: Round) -> None:
    while True:
        found.memory.append(megabytes(service))
        await asyncio.sleep(STEP)


async def _sender(port: int, due: asyncio.Queue[tuple[float, Request]], found: Round, began: float) -> None:
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while True:
        at, request = await due.get()
        try:
            streams = streams or await asyncio.open_connection("127.0.0.1", port, limit=2**22)
            status, closes = await _exchange(*streams, request.wire)
            took = time.perf_counter() - at
            found.times.setdefault(request.kind, []).append(took)
            found.course.append((at - began, took))
            if status != 200:
                found.errors[f"{request.kind} {status}"] += 1
            if closes:
                streams[1].close()
                streams = None
        except (OSError, EOFError) as error:
            found.errors[type(error).__name__] += 1
            streams = None
        finally:
            due.task_done()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: bytes) -> tuple[int, bool]:
    writer.write(wire)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length:"))
    await reader.readexactly(length)
    return int(head.split(" ", 2)[1]), "connection: close" in head


def _print(found: Round, ended: Sequence[bool]) -> None:
    number = sum(map(len, found.times.values()))
    print(f"\n{found.rate} requests/s: {number} in {found.seconds:.0f} s, {number / found.seconds:.0f} a second "
          f"answered, {found.errors.total()} errors {dict(found.errors) or ''}; {found.memory[0]:.0f} MB of memory "
          f"before, {found.memory[len(found.memory) // 2]:.0f} half way, {found.memory[-1]:.0f} after"
          + (f"; {sum(ended)} of {len(ended)} jobs ended meanwhile" if ended else ""))
    every = {**dict(sorted(found.times.items())), "all": [each for some in found.times.values() for each in some]}
    for kind, times in every.items():
        cuts = [1000 * each for each in quantiles(times, n=100)]
        print(f"  {kind:<10}{len(times):>7}  median {cuts[49]:>6.0f} ms  95% {cuts[94]:>6.0f} ms  "
              f"99% {cuts[98]:>6.0f} ms  most {1000 * max(times):>6.0f} ms", flush=True)


def _print_course(found: Round) -> None:
    """Each step: the middle of its times, the worst hundredth, and the memory when it began."""
    for step, memory in enumerate(found.memory):
        times = [took for at, took in found.course if at // STEP == step]
        if len(times) > 1:
            cuts = [1000 * each for each in quantiles(times, n=100)]
            print(f"  from {step * STEP:>4} s  median {cuts[49]:>6.0f} ms  99% {cuts[98]:>6.0f} ms  {memory:>6.0f} MB",
                  flush=True)


if __name__ == "__main__":
    main()
