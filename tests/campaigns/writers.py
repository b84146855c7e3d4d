"""``python -m tests.campaigns.writers``: eight clients that only write, for a minute, into one SQLite file.

Facts, segments, invites, sign-ins, refreshes; gunicorn with two processes and a worker that imports a file beside them.
SQLite lets in one writer at a time, and a client hears nothing of it: every write is done, none is answered 503, and
what was answered is there at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import func, select

from segmentation.accounts import add_user
from segmentation.auth import operator_scope
from segmentation.extensions import db
from segmentation.jobs import asking
from segmentation.models import Customer, Invite, Order, Segment, SegmentRevision
from tests.api.conftest import PASSWORD
from tests.conftest import make_app, make_store, migrated
from tests.jobs.shop import job_of, wait_until
from tests.operations.serving import ask, served

CLIENTS, EMAIL, BATCH = 8, "owner@writers.example", 5
RULES = {"logic": "AND", "conditions": [{"field": "orders_count", "operator": "greater_than", "value": 1}]}
TAKEN = (200, 201, 202, 204)
Answer = tuple[int, Any]
Ask = Callable[[str, str, Any], Answer]


@dataclass
class Written:
    """What the clients were answered: times by kind of write, how many were done, and what was wrong."""

    times: dict[str, list[float]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def main() -> None:
    """Write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rows", type=int, default=100_000, help="of the file that is imported beside")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'writers.db'}"
        migrated(url, folder)
        app = make_app(url, folder)
        with app.app_context(), served(url, folder) as service:
            store = make_store().id
            add_user(EMAIL, PASSWORD, store, "owner")
            scope = operator_scope(store)
            job_id = asking.ask_import(scope, "customers", lambda path: _people(path, options.rows), {}, "a.csv").id
            db.session.remove()
            written = run(lambda: over_http(service.port), store, options.seconds)
            wait_until(lambda: job_of(job_id).state not in ("queued", "running"))
            state = job_of(job_id).state
            missing = differences(written, store, options.rows)
            db.session.remove()
        log = (folder / "service.log").read_text()
    _print(written, options.seconds)
    locked = log.count("locked")
    print(f"the import beside them: {state}; 'locked' in the log: {locked}; missing: {missing or 'nothing'}")
    raise SystemExit(bool(written.wrong or missing or state != "done" or locked))


def run(connect: Callable[[], Ask], store: uuid.UUID, seconds: float) -> Written:
    """Let the clients write for so long, each over what `connect` gives it."""
    written, end = Written(), time.monotonic() + seconds

    def client(number: int) -> None:
        asked, turn = connect(), 0
        while time.monotonic() < end:
            turn += 1
            _write_all(Client(asked, f"?store_id={store}", written), f"{number}-{turn}")

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return written


@dataclass
class Client:
    """Somebody who writes into a store."""

    asked: Ask
    own: str
    written: Written

    def write(self, kind: str, method: str, path: str, body: Any = None, own: bool = True) -> Any:
        """One write; its answer."""
        began = time.perf_counter()
        status, answer = self.asked(method, path + self.own if own else path, body)
        self.written.times.setdefault(kind, []).append(time.perf_counter() - began)
        if status in TAKEN:
            self.written.done[kind] += 1
        else:
            self.written.wrong.append(f"{kind}: {status} {answer}")
        return answer


def _write_all(client: Client, name: str) -> None:
    """One round of writes, on things that no other client touches."""
    people = [{"external_id": f"{name}-{n}", "first_name": "Ann", "tags": ["new"]} for n in range(BATCH)]
    client.write("customers", "PUT", "/api/customers", {"customers": people})
    orders = [{"external_id": f"{name}-{n}", "customer_id": f"{name}-{n}", "ordered_at": "2024-05-01", "total": 5,
               "status": "paid"} for n in range(BATCH)]
    client.write("orders", "PUT", "/api/orders", {"orders": orders})
    segment = client.write("segment", "POST", "/api/segmentation", {"name": name, "rules": RULES})
    if "id" in segment:
        one = f"/api/segmentation/{segment['id']}"
        client.write("change", "PUT", one, {"description": name})
        client.write("refresh", "POST", f"{one}/refresh")
        client.write("delete", "DELETE", one)
    invite = client.write("invite", "POST", "/api/invites", {"email": f"{name}@x.example", "role": "viewer"})
    if "id" in invite:
        client.write("revoke", "DELETE", f"/api/invites/{invite['id']}")
    client.write("sign in", "POST", "/api/auth/token", {"email": EMAIL, "password": PASSWORD}, own=False)


def differences(written: Written, store: uuid.UUID, others: int = 0) -> dict[str, int]:
    """What was answered as done and is not there, or is there and was not; `others`: customers that came by file."""
    wanted = {Customer: others + BATCH * written.done["customers"], Order: BATCH * written.done["orders"],
              Segment: written.done["segment"], SegmentRevision: written.done["segment"] + written.done["change"],
              Invite: written.done["invite"]}
    found = {model: db.session.execute(
        select(func.count()).select_from(model).where(model.store_id == store)).scalar_one() for model in wanted}
    return {model.__name__: found[model] - count for model, count in wanted.items() if found[model] != count}


def over_http(port: int) -> Ask:
    """What asks the running service, signed in."""
    def asked(method: str, path: str, body: Any, token: str = "") -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        sent = json.dumps(body).encode() if body is not None else None
        status, answer = ask(port, method, path, sent, {"Content-Type": "application/json", **headers})
        return status, json.loads(answer) if answer else None

    token = asked("POST", "/api/auth/token", {"email": EMAIL, "password": PASSWORD})[1]["access_token"]
    return lambda method, path, body: asked(method, path, body, token)


def _people(path: Path, rows: int) -> None:
    path.write_text("external_id,first_name\n" + "".join(f"file-{n},Ann\n" for n in range(rows)))


def _print(written: Written, seconds: float) -> None:
    every = [each for some in written.times.values() for each in some]
    print(f"{CLIENTS} clients, {len(every)} writes in {seconds:.0f} s ({len(every) / seconds:.0f} a second), "
          f"{len(written.wrong)} not done; {os.cpu_count()} cores, the clients on them too")
    for kind, times in {**written.times, "all": every}.items():
        cuts = [1000 * each for each in quantiles(times, n=100)]
        print(f"  {kind:<10}{len(times):>7}  median {cuts[49]:>6.0f} ms  95% {cuts[94]:>6.0f} ms  "
              f"99% {cuts[98]:>6.0f} ms  most {1000 * max(times):>6.0f} ms")
    for line in written.wrong[:20]:
        print(line)


if __name__ == "__main__":
    main()
