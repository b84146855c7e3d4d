"""``python -m tests.campaigns.replicas``: the service under writes, while its replica is made anew every few seconds.

One writer changes, moves and erases, and after each commit has the database alone count some rules; that is the truth
of that data version. Clients ask gunicorn's processes for the same, and each answer must be the truth of the version
that it says it is of. Files and memory must not pile up.
"""

from __future__ import annotations

import argparse
import http.client
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select

from segmentation import replication
from segmentation.accounts import add_user
from segmentation.audience.engines import snapshot
from segmentation.audience.matching import Question
from segmentation.audience.scope import Scope
from segmentation.auth import operator_scope
from segmentation.database import writing
from segmentation.errors import Conflict, DomainError
from segmentation.extensions import db
from segmentation.facts.customer_rows import CustomerRecord
from segmentation.facts.customers import upsert_customers
from segmentation.facts.erase import erase_customer
from segmentation.facts.order_rows import Line, OrderHead, OrderRecord
from segmentation.facts.orders import upsert_orders
from segmentation.models import Customer
from segmentation.models.types import utc_now
from segmentation.rules.reading import read_rules
from segmentation.rules.tree import Group
from tests.api.conftest import PASSWORD
from tests.campaigns.kills import database
from tests.conftest import make_store, postgres_answers
from tests.operations.serving import PATIENCE, Served, ask, megabytes, served

EMAIL, METRICS_TOKEN = "owner@replicas.example", "only for the campaign 0123456789abcdef0123456789"
CITIES = ("Riyadh", "Jeddah", "Dammam", "جدة", None)
PARTS = ("windows", "nodes")
FEWEST_REPLICAS = 2


def _all(*conditions: dict[str, Any], logic: str = "AND") -> dict[str, Any]:
    return {"logic": logic, "conditions": list(conditions)}


def _is(field_: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"field": field_, "operator": operator, **({} if value is None else {"value": value}), **more}


_BY_APP = {"where": _all(_is("order.channel", "equals", "App"))}
_SHOES = {"where": _all(_is("item.category", "equals", "Shoes"))}
TREES = (
    _all(), _all(_is("city", "equals", "Riyadh")), _all(_is("city", "not_equals", "Jeddah")),
    _all(_is("orders_count", "greater_than", 1), _is("city", "is_empty"), logic="OR"),
    _all(_is("orders.count", "greater_than_or_equals", 2, **_BY_APP)),
    _all(_is("orders.amount_sum", "less_than", 300)),
    _all(_is("items.orders_count", "equals", 0, **_SHOES), _is("orders_amount", "greater_than", 100)),
    _all(_is("tags", "in", ["vip"]), _is("orders.last_at", "in_last", 400, unit="days")),
)


@dataclass
class Seen:
    """What is true of each data version, by tree; and what was answered: version, tree and count."""

    truths: dict[int, list[int]] = field(default_factory=dict)
    answers: list[tuple[int, int, int]] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    renewed: int = 0
    most_files: int = 0
    told_by: dict[str, int] = field(default_factory=dict)

    def wrong(self) -> list[tuple[int, int, int, int | None]]:
        """The answers that are not true, each with what is."""
        told = [(*each, self.truths[each[0]][each[1]] if each[0] in self.truths else None) for each in self.answers]
        return [each for each in told if each[2] != each[3]]


def main() -> None:
    """Write, renew, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="on each engine")
    parser.add_argument("--customers", type=int, default=4_000)
    parser.add_argument("--workers", type=int, default=4)
    options, failed = parser.parse_args(), False
    for engine in ("sqlite", "postgresql") if postgres_answers() else ("sqlite",):
        with TemporaryDirectory() as folder, database(engine, Path(folder) / engine) as app, app.app_context():
            place = Path(folder) / engine
            with _service(app, place, options.customers, options.workers) as (service, store):
                before = megabytes(service)
                half = campaign(app, service, store, options.seconds / 2)
                between = megabytes(service)
                seen = campaign(app, service, store, options.seconds / 2)
                after = megabytes(service)
            replication.sweep(older_than=0)
            left = len(list(_root(app, store).glob("*.duckdb")))
        answers, wrong = len(half.answers) + len(seen.answers), half.wrong() + seen.wrong()
        print(f"{engine}: {answers} answers of {len(half.truths) + len(seen.truths)} versions, {len(wrong)} wrong, "
              f"{(half.failed + seen.failed) or 'none'} failed; told by {seen.told_by}; {half.renewed + seen.renewed} "
              f"replicas, {max(half.most_files, seen.most_files)} files at most, {left} left; memory {before:.0f}, "
              f"{between:.0f}, {after:.0f} MB", flush=True)
        failed |= bool(wrong or half.failed or seen.failed)
    raise SystemExit(failed)


@contextmanager
def _service(app: Flask, folder: Path, customers: int, workers: int) -> Iterator[tuple[Served, uuid.UUID]]:
    store = filled_store(customers)
    with served(app.config["DATABASE_URL"], folder, workers, REPLICA_CUSTOMERS="1", PREVIEW_SECONDS="30",
                METRICS_TOKEN=METRICS_TOKEN) as service:
        yield service, store


def filled_store(customers: int) -> uuid.UUID:
    """A store with an owner, and customers who have orders."""
    store, rng = make_store().id, Random(1)
    add_user(EMAIL, PASSWORD, store, "owner")
    with writing() as session:
        upsert_customers(session, store, [_customer(rng, n) for n in range(customers)])
        upsert_orders(session, store, [_order(rng, n, customers) for n in range(2 * customers)], None)
    return store


def campaign(app: Flask, service: Served, store: uuid.UUID, seconds: float, clients: int = 4) -> Seen:
    """What is seen within so many seconds, or until a few replicas have been made on a machine that is busy."""
    seen, over = Seen(), threading.Event()
    tasks: list[Callable[[], None]] = [
        lambda: _write(app, store, seen, over), lambda: _renew(app, store, seen, over),
        *(lambda: _ask(service.port, store, seen, over) for _ in range(clients))]
    threads = [threading.Thread(target=_watched, args=(task, seen, over)) for task in tasks]
    with suppress(Conflict):
        replication.renew(store)
    _note_truth(operator_scope(store), seen)
    for thread in threads:
        thread.start()
    over.wait(seconds)
    latest = time.monotonic() + PATIENCE
    while seen.renewed < FEWEST_REPLICAS and time.monotonic() < latest:
        if over.wait(0.1):
            break
    over.set()
    for thread in threads:
        thread.join()
    _, told = ask(service.port, "GET", "/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    seen.told_by = {sample.labels["by"]: int(sample.value) for family in text_string_to_metric_families(told.decode())
                    for sample in family.samples if sample.name == "segmentation_questions_total"}
    return seen


def _watched(task: Callable[[], None], seen: Seen, over: threading.Event) -> None:
    try:
        task()
    except Exception as error:
        seen.failed[repr(error)[:300]] += 1
        over.set()


def _write(app: Flask, store: uuid.UUID, seen: Seen, over: threading.Event) -> None:
    rng = Random(len(seen.truths))
    with app.app_context():
        scope = operator_scope(store)
        while not over.wait(rng.uniform(0.02, 0.3)):
            change(rng, store)
            _note_truth(scope, seen)


def change(rng: Random, store: uuid.UUID) -> None:
    """Write something into the store."""
    people = db.session.scalars(select(Customer.number).where(Customer.store_id == store)).all()
    with writing() as session:
        what, some = rng.random(), rng.choice((1, 5, 50))
        if what < 0.4:
            upsert_customers(session, store, [_customer(rng, n) for n in rng.sample(range(len(people) + 9), some)])
        elif what < 0.9:  # orders that are known go to other people
            orders = [_order(rng, n, len(people)) for n in rng.sample(range(3 * len(people)), some)]
            upsert_orders(session, store, orders, None)
        else:
            erase_customer(session, store, rng.choice(people))


def _note_truth(scope: Scope, seen: Seen) -> None:
    with snapshot(60) as facts:
        seen.truths[facts.version(scope.store_id)] = [
            primary_count(scope, read_rules(tree, scope.catalogue), facts) for tree in TREES]
    db.session.remove()


def primary_count(scope: Scope, tree: Group, facts: Any) -> int:
    """How many the database alone says."""
    question = Question(scope, utc_now(), facts.facts)
    return int(question.ask(facts, question.text("count(*)", question.compiler.group(tree))).scalar_one())


def _renew(app: Flask, store: uuid.UUID, seen: Seen, over: threading.Event) -> None:
    with app.app_context():
        while not over.wait(1.0):
            try:
                replication.renew(store, whole=seen.renewed % 3 == 2)
                seen.renewed += 1
            except DomainError as error:  # the worker may be making one
                seen.failed[error.code] += error.code != "already_running"
            seen.most_files = max(seen.most_files, len(list(_root(app, store).glob("*.duckdb"))))
            db.session.remove()
    seen.failed = +seen.failed


def _root(app: Flask, store: uuid.UUID) -> Path:
    root: Path = app.config["REPLICA"]
    return root / str(store)


def _ask(port: int, store: uuid.UUID, seen: Seen, over: threading.Event) -> None:
    rng, headers = Random(id(over)), {"Content-Type": "application/json"}
    body = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
    headers["Authorization"] = "Bearer " + json.loads(
        ask(port, "POST", "/api/auth/token", body, headers)[1])["access_token"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while not over.is_set():
        number = rng.randrange(len(TREES))
        path = f"/api/segmentation/preview?store_id={store}&include={rng.choice(PARTS)}"
        connection.request("POST", path, json.dumps({"rules": TREES[number]}), headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        if answer.status == 200:
            seen.answers.append((told["data_version"], number, told["count"]))
        else:
            seen.failed[f"{answer.status} {told}"[:200]] += 1
    connection.close()


def _customer(rng: Random, number: int) -> CustomerRecord:
    return CustomerRecord(f"c{number}", {"city": rng.choice(CITIES)}, rng.choice(([], ["vip"], ["new", "vip"])))


def _order(rng: Random, number: int, customers: int) -> OrderRecord:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=rng.randrange(300))
    line = Line("s", category=rng.choice(("Shoes", "Bags", None)), unit_price=rng.randrange(3_000_000))
    return OrderRecord(OrderHead(f"o{number}", f"c{rng.randrange(customers)}", at, "completed",
                                 channel=rng.choice(("App", "Web"))), [line])


if __name__ == "__main__":
    main()
