"""Random histories of imports, batches, erasures and re-imports, against a model in plain Python.

After every step each customer's order statistics, the orders with their lines, the data version, and for every earlier
version V the customers and tombstones changed since V must be what the model says.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from segmentation import customers, imports, stores
from segmentation.auth import operator_scope
from segmentation.extensions import db
from segmentation.facts.customer_objects import read_customers
from segmentation.facts.order_objects import read_orders
from segmentation.imports import import_file
from segmentation.models import Customer, CustomerTag, Order, OrderLine, Store, Tombstone
from segmentation.models.accounts import DEFAULT_COUNTED_STATUSES
from segmentation.rejected import NoFile

START = datetime(2024, 5, 1, tzinfo=UTC)
STATUSES = ("completed", "paid", "open", "refunded")
SEEDS = range(5)
Lines = tuple[tuple[str, int, int | None], ...]  # sku, quantity, unit price


@dataclass(frozen=True)
class Bought:
    """An order."""

    owner: str
    day: int
    status: str
    amount: int
    lines: Lines


@dataclass
class Someone:
    """A customer; `version` is that of the last change of theirs."""

    number: int
    version: int
    city: str | None = None
    tags: frozenset[str] = frozenset()


@dataclass
class Model:
    """A store."""

    version: int = 0
    last_number: int = 0
    people: dict[str, Someone] = field(default_factory=dict)
    orders: dict[str, Bought] = field(default_factory=dict)
    counted: tuple[str, ...] = DEFAULT_COUNTED_STATUSES
    stones: dict[int, int] = field(default_factory=dict)

    def customers(self, said: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Customers come in, in one batch."""
        following = self.version + 1
        for key, values in said:
            known = self.people.get(key)
            before = replace(known) if known else None
            someone = known or self._new(key, following)
            someone.city = values.get("city", someone.city)
            someone.tags = frozenset(values.get("tags", someone.tags) or ())
            if someone != before:
                someone.version, self.version = following, following

    def ordered(self, orders: Iterable[tuple[str, Bought]]) -> None:
        """Orders come in whole, in one batch."""
        following = self.version + 1
        for key, order in orders:
            before = self.orders.get(key)
            if order == before:
                continue
            self.version = following
            self.orders[key] = order
            for owner in {order.owner, before.owner if before else order.owner}:
                someone = self.people.get(owner) or self._new(owner, following)
                someone.version = following

    def erased(self, key: str) -> None:
        """A customer is erased."""
        self.version += 1
        self.stones[self.people.pop(key).number] = self.version
        self.orders = {order_id: order for order_id, order in self.orders.items() if order.owner != key}

    def counts(self, statuses: tuple[str, ...]) -> None:
        """Other statuses count."""
        if set(statuses) != set(self.counted):
            self.version += 1
        for order in self.orders.values():
            if (order.status in statuses) != (order.status in self.counted):
                self.people[order.owner].version = self.version
        self.counted = statuses

    def statistics(self, key: str) -> tuple[Any, ...]:
        """Count, amount, average, first and last instant of the counted orders, amounts in units of 1/10000."""
        own = [order for order in self.orders.values()
               if order.owner == key and order.status in self.counted]
        total = sum(order.amount * 10_000 for order in own)
        mean = int(Fraction(abs(total), len(own)) + Fraction(1, 2)) * (1 if total >= 0 else -1) if own else None
        days = [START + timedelta(days=order.day) for order in own]
        return len(own), total, mean, min(days, default=None), max(days, default=None)

    def changed_since(self, version: int) -> tuple[set[int], set[int]]:
        """The numbers of those who changed, and of those who were erased, after that version."""
        return ({each.number for each in self.people.values() if each.version > version},
                {number for number, at in self.stones.items() if at > version})

    def _new(self, key: str, version: int) -> Someone:
        self.last_number += 1
        self.people[key] = Someone(self.last_number, version)
        return self.people[key]


class History:
    """A store and its model, to which the same things happen."""

    def __init__(self, store: Store, folder: Path, rng: random.Random) -> None:
        self.store, self.rng, self.model = store.id, rng, Model()
        self.path = folder / "file.csv"

    def step(self) -> None:
        """Something happens."""
        happening = self.rng.choice((
            self.put_customers, self.put_orders, self.put_orders, self.import_customers, self.import_orders,
            self.import_orders, self.change_orders, self.erase, self.erase, self.count_others))
        happening()

    def put_customers(self) -> None:
        """A batch of customers, who say different things."""
        said = {key: {name: value for name, value in self._profile().items() if self.rng.random() < 0.6}
                for key in self._keys()}
        items = [{"external_id": key, **values} for key, values in said.items()]
        scope = operator_scope(self.store)
        batch = read_customers(items, "/customers", scope.settings.zone, "SA", {}, datetime.now(UTC).date())
        assert not batch.problems
        written = customers.write_customers(scope, batch)
        self.model.customers(said.items())
        assert written.version == self.model.version

    def put_orders(self) -> None:
        """A batch of whole orders, some of which may be as they are."""
        orders = dict(self._orders())
        self._write([{
            "external_id": key, "customer_id": order.owner, "ordered_at": moment(order), "status": order.status,
            "total": order.amount, "lines": [
                {"sku": sku, "quantity": quantity, "unit_price": price} for sku, quantity, price in order.lines]}
            for key, order in orders.items()])
        self.model.ordered(orders.items())

    def change_orders(self) -> None:
        """A batch that changes one thing of known orders."""
        orders = {}
        for key in self.rng.sample(sorted(self.model.orders), min(3, len(self.model.orders))):
            orders[key] = replace(self.model.orders[key], status=self.rng.choice(STATUSES))
        self._write([{"external_id": key, "status": order.status} for key, order in orders.items()])
        self.model.ordered(orders.items())

    def import_customers(self) -> None:
        """A file of customers, in two batches."""
        said = {key: self._profile() for key in self._keys()}
        rows = [(key, values["city"] or "", "|".join(sorted(values["tags"] or ()))) for key, values in said.items()]
        self._import("customers", ("external_id", "city", "tags"), rows)
        for part in halves(list(said.items())):
            self.model.customers(part)

    def import_orders(self) -> None:
        """A file of orders, a row for each line, in two batches."""
        orders = list(dict(self._orders()).items())
        rows = [(key, order.owner, moment(order), order.status, order.amount, *line) for key, order in orders
                for line in (order.lines or (("", "", ""),))]
        self._import("orders", ("order_id", "customer_id", "ordered_at", "status", "total", "sku", "quantity",
                                "unit_price"), rows)
        for part in halves(orders, weights=[len(order.lines) or 1 for _, order in orders]):
            self.model.ordered(part)

    def erase(self) -> None:
        """Somebody is erased."""
        if self.model.people:
            key = self.rng.choice(sorted(self.model.people))
            customers.erase(operator_scope(self.store), db.session.scalars(
                select(Customer.id).where(Customer.store_id == self.store, Customer.external_id == key)).one())
            self.model.erased(key)

    def count_others(self) -> None:
        """The owner says which statuses count."""
        statuses = tuple(self.rng.sample(STATUSES, self.rng.randrange(1, 4)))
        assert stores.change_store(operator_scope(self.store), {"counted_statuses": statuses}, None) is None
        self.model.counts(statuses)

    def check(self) -> None:
        """The store is as the model."""
        db.session.rollback()
        rows = db.session.scalars(select(Customer).where(Customer.store_id == self.store)).all()
        assert {row.external_id: (row.number, row.version, row.city) for row in rows} == {
            key: (each.number, each.version, each.city) for key, each in self.model.people.items()}
        assert {row.external_id: (row.orders_count, row.orders_amount, row.average_order_amount, row.first_order_at,
                                  row.last_order_at) for row in rows} == {
            key: self.model.statistics(key) for key in self.model.people}
        self._check_orders({row.number: row.external_id for row in rows})
        self._check_tags()
        self._check_versions()

    def _check_orders(self, names: dict[int, str]) -> None:
        lines: dict[int, list[Any]] = {}
        for line in db.session.scalars(select(OrderLine).order_by(OrderLine.order_number, OrderLine.line)):
            lines.setdefault(line.order_number, []).append((line.sku, line.quantity, line.unit_price))
        orders = db.session.scalars(select(Order)).all()
        assert {row.number for row in orders} >= lines.keys()
        assert {row.external_id: (names[row.customer_number], row.ordered_at, row.status, row.amount,
                                  lines.get(row.number, [])) for row in orders} == {
            key: (each.owner, START + timedelta(days=each.day), each.status, each.amount * 10_000,
                  [(sku, quantity, None if price is None else price * 10_000) for sku, quantity, price in each.lines])
            for key, each in self.model.orders.items()}

    def _check_tags(self) -> None:
        found: dict[int, set[str]] = {}
        for row in db.session.scalars(select(CustomerTag)):
            found.setdefault(row.customer_number, set()).add(row.tag)
        assert found == {each.number: set(each.tags) for each in self.model.people.values() if each.tags}

    def _check_versions(self) -> None:
        assert db.session.get_one(Store, self.store).data_version == self.model.version
        for version in range(self.model.version + 1):
            changed = set(db.session.scalars(select(Customer.number).where(Customer.version > version)))
            erased = set(db.session.scalars(select(Tombstone.customer_number).where(Tombstone.version > version)))
            assert (changed, erased) == self.model.changed_since(version)

    def _keys(self) -> list[str]:
        return self.rng.sample([f"c{number}" for number in range(7)], self.rng.randrange(1, 5))

    def _profile(self) -> dict[str, Any]:
        return {"city": self.rng.choice((None, "جدة", "Riyadh")),
                "tags": self.rng.sample(["a", "b", "c"], self.rng.randrange(3))}

    def _orders(self) -> Iterator[tuple[str, Bought]]:
        for _ in range(self.rng.randrange(1, 6)):
            key = f"o{self.rng.randrange(10)}"
            if key in self.model.orders and self.rng.random() < 0.4:
                yield key, self.model.orders[key]
                continue
            lines = tuple((f"s{self.rng.randrange(3)}", self.rng.randrange(4), self.rng.choice((None, 1, 5)))
                          for _ in range(self.rng.randrange(3)))
            yield key, Bought(f"c{self.rng.randrange(7)}", self.rng.randrange(9), self.rng.choice(STATUSES),
                              self.rng.randrange(-9, 99), lines)

    def _write(self, items: list[dict[str, Any]]) -> None:
        scope = operator_scope(self.store)
        batch = read_orders(items, "/orders", scope.settings.zone, "SAR")
        assert not batch.problems
        customers.write_orders(scope, batch)

    def _import(self, kind: Any, header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        with self.path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        assert import_file(self.store, kind, self.path, lambda _progress: None, NoFile()).rejected == 0


def moment(order: Bought) -> str:
    """When it was placed."""
    return (START + timedelta(days=order.day)).isoformat()


def halves(items: list[Any], weights: list[int] | None = None) -> Iterator[list[Any]]:
    """The batches in which an import commits: of BATCH_ROWS rows or a little more."""
    batch, rows = [], 0
    for item, weight in zip(items, weights or [1] * len(items), strict=True):
        batch.append(item)
        rows += weight
        if rows >= imports.BATCH_ROWS:
            yield batch
            batch, rows = [], 0
    yield batch


@pytest.mark.parametrize("seed", SEEDS)
def test_histories(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(imports, "BATCH_ROWS", 3)
    history = History(store, tmp_path, random.Random(seed))
    for _ in range(25):
        history.step()
        history.check()
    assert history.model.version > 10
    assert history.model.stones
