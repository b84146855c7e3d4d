"""Storing orders: new, replaced, moved to another customer, and put together from pieces of one file."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select, update

from segmentation.database import writing
from segmentation.errors import Invalid
from segmentation.extensions import db
from segmentation.facts.order_rows import Line, OrderHead, OrderRecord
from segmentation.facts.orders import upsert_orders
from segmentation.facts.readers import LARGEST_MONEY
from segmentation.facts.writing import Written
from segmentation.models import Customer, Order, OrderLine, Store
from tests.conftest import make_store

DAY = datetime(2024, 5, 1, 9, tzinfo=UTC)
JOB = 7


def order(order_id: str, customer_id: str = "c", *lines: Line, at: datetime = DAY, **head: Any) -> OrderRecord:
    """A record; without lines and a total its total is 1."""
    if not lines:
        head.setdefault("total", 10_000)
    return OrderRecord(OrderHead(order_id, customer_id, at, **head), list(lines))


def store_orders(store: Store, *records: OrderRecord, job: int | None = JOB) -> Written:
    """Store them and commit."""
    with writing() as session:
        return upsert_orders(session, store.id, records, job)


def stored(store: Store) -> dict[str, tuple[Any, ...]]:
    """Order id -> customer's external id, amount, status, counted, and its lines: (line, sku, quantity, amount)."""
    lines = defaultdict(list)
    for line in db.session.scalars(select(OrderLine).where(OrderLine.store_id == store.id).order_by(OrderLine.line)):
        lines[line.order_number].append((line.line, line.sku, line.quantity, line.amount))
    rows = db.session.execute(
        select(Order, Customer.external_id).join(
            Customer, (Customer.store_id == Order.store_id) & (Customer.number == Order.customer_number))
        .where(Order.store_id == store.id).order_by(Order.number))
    return {row.external_id: (owner, row.amount, row.status, row.is_counted, lines[row.number])
            for row, owner in rows}


def statistics(store: Store) -> dict[str, tuple[Any, ...]]:
    """External id -> count, amount, average, first, last, version."""
    rows = db.session.scalars(select(Customer).where(Customer.store_id == store.id))
    return {row.external_id: (row.orders_count, row.orders_amount, row.average_order_amount, row.first_order_at,
                              row.last_order_at, row.version) for row in rows}


def test_new_orders_and_customers(store: Store) -> None:
    written = store_orders(
        store, order("1", "سلمى", Line("S1", "Shoe", "Shoes", "Acme", 2, 50_000), Line("s2", quantity=0), channel="Web",
                     city="جدّة", coupon="MAY", payment_method="مدى"),
        order("2", "b", status="open", total=-5))
    assert (written.version, written.refused) == (1, {})
    assert stored(store) == {
        "1": ("سلمى", 100_000, "completed", True, [(1, "S1", 2, 100_000), (2, "s2", 0, None)]),
        "2": ("b", -5, "open", False, [])}
    row = db.session.scalars(select(Order).where(Order.external_id == "1")).one()
    assert (row.channel, row.channel_folded, row.city_folded, row.coupon_folded, row.payment_method_folded) == (
        "Web", "web", "جده", "may", "مدي")
    assert (row.currency, row.ordered_at, row.number) == ("SAR", DAY, 1)
    line = db.session.scalars(select(OrderLine).where(OrderLine.line == 1)).one()
    assert (line.product_folded, line.category_folded, line.brand_folded, line.unit_price) == (
        "shoe", "shoes", "acme", 50_000)
    owner = db.session.scalars(select(Customer).where(Customer.external_id == "سلمى")).one()
    assert (owner.external_id_folded, owner.created_at, owner.number, owner.version) == ("سلمي", None, 1, 1)
    assert statistics(store)["b"] == (0, 0, None, None, None, 1)


def test_the_total_given_wins_over_the_lines(store: Store) -> None:
    store_orders(store, order("1", "c", Line(unit_price=10, quantity=3), total=7),
                 order("2", "c", Line(unit_price=5), Line("x")))
    assert [row[1] for row in stored(store).values()] == [7, 5]


def test_an_order_without_total_and_price_is_refused(store: Store) -> None:
    written = store_orders(store, order("1", "c", Line("x")), order("2"), order("3", "d", Line(quantity=5)))
    assert {index: fault.column for index, fault in written.refused.items()} == {0: "total", 2: "total"}
    assert stored(store).keys() == {"2"}
    assert statistics(store).keys() == {"c"}


def test_lines_that_add_up_to_too_much_are_refused(store: Store) -> None:
    half = Line(unit_price=LARGEST_MONEY // 2)
    written = store_orders(store, order("1", "c", half, half), order("2", "c", half, half, Line(unit_price=1)))
    assert written.refused.keys() == {1}
    assert stored(store)["1"][1] == LARGEST_MONEY


def test_an_order_of_another_import_is_replaced_whole(store: Store) -> None:
    for job in (JOB + 1, None):
        store_orders(store, order("1", "c", Line("a", unit_price=1), Line("b"), city="X"), order("2"))
        before = db.session.scalars(select(Order.number).where(Order.external_id == "1")).one()
        store_orders(store, order("1", "c", Line("z", unit_price=9)), job=job)
        assert stored(store)["1"] == ("c", 9, "completed", True, [(1, "z", 1, 9)])
        row = db.session.scalars(select(Order).where(Order.external_id == "1")).one()
        assert (row.number, row.city) == (before, None)
        assert statistics(store)["c"][:2] == (2, 10_009)


def test_an_order_that_moves_touches_both_customers(store: Store) -> None:
    store_orders(store, order("1", "a", total=5), order("2", "b", total=6), order("3", "x"))
    store_orders(store, order("1", "b", total=7), job=JOB + 1)
    assert statistics(store)["a"] == (0, 0, None, None, None, 2)
    assert statistics(store)["b"] == (2, 13, 7, DAY, DAY, 2)
    assert statistics(store)["x"][-1] == 1


def test_without_an_import_the_last_record_holds(store: Store) -> None:
    store_orders(store, order("1", "a", total=1), order("1", "b", total=2), job=None)
    store_orders(store, order("1", "b", total=3), job=None)
    assert stored(store) == {"1": ("b", 3, "completed", True, [])}
    assert statistics(store).keys() == {"b"}


PIECES = [
    order("1", "c", Line("a", unit_price=10)), order("2", "c", total=4), order("1", "c", Line("b"), city="X"),
    order("1", "c", Line("c", unit_price=5, quantity=2), status="completed"), order("2", "c", Line("d", unit_price=99)),
]


@pytest.mark.usefixtures("app")
def test_pieces_of_one_file_add_up_however_they_are_batched() -> None:
    for cuts in ([], [1], [2], [1, 2, 3, 4], [3, 4]):
        store = make_store()
        for start, end in zip([0, *cuts], [*cuts, len(PIECES)], strict=True):
            assert not store_orders(store, *PIECES[start:end]).refused
        assert stored(store) == {
            "1": ("c", 20, "completed", True, [(1, "a", 1, 10), (2, "b", 1, None), (3, "c", 2, 10)]),
            "2": ("c", 4, "completed", True, [(1, "d", 1, 99)])}
        city = select(Order.city).where(Order.store_id == store.id, Order.external_id == "1")
        assert db.session.scalars(city).one() == "X"
        assert statistics(store)["c"][:3] == (2, 24, 12)


@pytest.mark.usefixtures("app")
def test_a_piece_that_contradicts_is_refused() -> None:
    first = order("1", city="X")
    for piece, column in (
        (order("1", "d"), "customer_id"), (order("1", at=DAY + timedelta(1)), "ordered_at"),
        (order("1", total=2), "total"), (order("1", "c", Line("x"), status="open"), "status"),
        (order("1", "c", Line("x"), city="Y"), "city"),
    ):
        for batches in ([[first, piece]], [[first], [piece]]):
            store = make_store()
            refused = [fault.column for batch in batches for fault in store_orders(store, *batch).refused.values()]
            assert refused == [column]
            assert stored(store) == {"1": ("c", 10_000, "completed", True, [])}


@pytest.mark.usefixtures("app")
def test_a_total_that_comes_later_takes_the_place_of_the_sum() -> None:
    pieces = [order("1", "c", Line(unit_price=10)), order("1", "c", Line(unit_price=5), total=12),
              order("1", "c", Line(unit_price=1))]
    for batches in ([pieces], [[piece] for piece in pieces]):
        store = make_store()
        for batch in batches:
            assert not store_orders(store, *batch).refused
        assert stored(store)["1"][1] == 12


def test_which_statuses_count_is_the_stores_affair(store: Store) -> None:
    with writing() as session:
        session.get_one(Store, store.id).counted_statuses = ["مدفوع"]
    store_orders(store, order("1", status="مدفوع"), order("2", status="completed"))
    assert statistics(store)["c"][:2] == (1, 10_000)


def test_the_same_order_id_in_two_stores(store: Store) -> None:
    other = make_store("Other")
    store_orders(store, order("1", "a", total=1))
    store_orders(other, order("1", "b", total=2))
    assert (stored(store), stored(other)) == (
        {"1": ("a", 1, "completed", True, [])}, {"1": ("b", 2, "completed", True, [])})


def test_sums_that_no_column_holds_are_an_error_not_a_wrong_number(store: Store) -> None:
    with writing() as session:
        upsert_orders(session, store.id, [order("1")], JOB)
        session.add_all(Order(
            store_id=store.id, number=number, external_id=f"x{number}", customer_number=1, ordered_at=DAY,
            amount=2**62, status="completed", is_counted=True, currency="SAR") for number in (102, 103))
    with pytest.raises(Invalid, match="more than can be stored"):
        store_orders(store, order("1", total=3), job=JOB + 1)  # which has them counted again
    assert stored(store).keys() == {"1", "x102", "x103"}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_new_order_that_no_sum_can_take_is_an_error_too(store: Store, sign: int) -> None:
    with writing() as session:
        upsert_orders(session, store.id, [order("1")], JOB)
        session.execute(update(Customer).values(orders_amount=sign * (2**63 - 1)))
    with pytest.raises(Invalid, match="more than can be stored"):
        store_orders(store, order("2", total=sign))
    assert stored(store).keys() == {"1"}


def expected(orders: Iterable[OrderRecord]) -> dict[str, tuple[Any, ...]]:
    """The statistics by plain arithmetic on exact fractions."""
    of: dict[str, list[OrderHead]] = defaultdict(list)
    for record in orders:
        of[record.head.customer_id] += [record.head] if record.head.status != "open" else []
    found = {}
    for key, heads in of.items():
        total = sum(head.total or 0 for head in heads)
        times = [head.ordered_at for head in heads]
        mean = Fraction(abs(total), max(1, len(heads)))
        rounded = int(mean + Fraction(1, 2)) * (1 if total >= 0 else -1)
        found[key] = (len(heads), total, rounded if heads else None, min(times, default=None), max(times, default=None))
    return found


def test_statistics_are_those_of_plain_arithmetic(store: Store) -> None:
    rng = random.Random(11)
    latest: dict[str, OrderRecord] = {}
    owners = set()
    for job in range(1, 9):
        batch = [
            order(str(rng.randrange(80)), f"c{rng.randrange(12)}", at=DAY + timedelta(seconds=rng.randrange(10**8)),
                  status=rng.choice(["completed", "paid", "open"]),
                  total=rng.choice([rng.randrange(-9, 9), rng.randrange(-10**15, 10**15)]))
            for _ in range(40)]
        batch = list({record.head.order_id: record for record in batch}.values())
        assert not store_orders(store, *batch, job=job).refused
        before = {record.head.customer_id for record in batch} | {
            latest[record.head.order_id].head.customer_id for record in batch if record.head.order_id in latest}
        latest |= {record.head.order_id: record for record in batch}
        owners |= {record.head.customer_id for record in latest.values()}
        found = statistics(store)
        assert {key: row[:5] for key, row in found.items()} == {
            key: expected(latest.values()).get(key, (0, 0, None, None, None)) for key in owners}
        assert {key for key, row in found.items() if row[5] == job} == before
