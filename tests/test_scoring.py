"""Scoring a store on each engine: against a plain computation, what it writes, what it leaves."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, update

from segmentation import scoring
from segmentation.commands.scoring import score_command
from segmentation.database import writing
from segmentation.errors import NotFound
from segmentation.extensions import db
from segmentation.models import Customer, Order, Store
from segmentation.models.types import new_id
from segmentation.scoring import score_store
from tests.conftest import make_store

NOW = datetime(2025, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = timedelta(days=365, hours=5, minutes=49, seconds=12)  # 365.2425 days
UNITS = 10_000
NOTHING = (None,) * 5


class Bought(NamedTuple):
    """An order: when, for how much (units of 1/10000), and whether its status counts."""

    at: datetime
    amount: int
    counted: bool = True


def ago(days: float, amount: int = 100, counted: bool = True) -> Bought:
    return Bought(NOW - timedelta(days=days), amount * UNITS, counted)


def fill(store: Store, people: list[list[Bought]]) -> None:
    """Customers numbered from 1, with their orders, and the statistics that go with them."""
    with writing() as session:
        session.add_all(_customer(store, number, orders) for number, orders in enumerate(people, 1))
        session.flush()
        rows = [(number, order) for number, orders in enumerate(people, 1) for order in orders]
        session.add_all(_order(store, number, *row) for number, row in enumerate(rows, 1))


def _customer(store: Store, number: int, orders: list[Bought]) -> Customer:
    return Customer(
        store_id=store.id, number=number, id=new_id(), version=0, external_id=str(number),
        external_id_folded=str(number), **statistics(orders))


def statistics(orders: list[Bought]) -> dict[str, Any]:
    counted = [order for order in orders if order.counted]
    instants = [order.at for order in counted]
    return {"orders_count": len(counted), "orders_amount": sum(order.amount for order in counted),
            "first_order_at": min(instants, default=None),
            "last_order_at": max(instants, default=None)}


def _order(store: Store, number: int, customer: int, order: Bought) -> Order:
    return Order(
        store_id=store.id, number=number, external_id=str(number), customer_number=customer,
        ordered_at=order.at, amount=order.amount, is_counted=order.counted, currency="SAR",
        status="paid" if order.counted else "cancelled")


def marks(store: Store) -> list[tuple[Any, ...]]:
    """Of each customer: label, recency, frequency and monetary score, lifetime value."""
    columns = (Customer.segment, Customer.recency_score, Customer.frequency_score,
               Customer.monetary_score, Customer.cltv)
    rows = db.session.execute(
        select(*columns).where(Customer.store_id == store.id).order_by(Customer.number))
    return [tuple(row) for row in rows]


def versions(store: Store) -> list[int]:
    return list(db.session.scalars(
        select(Customer.version).where(Customer.store_id == store.id).order_by(Customer.number)))


def five(days_apart: int = 20) -> list[list[Bought]]:
    """Five buyers, each better than the one before by every measure."""
    return [[ago(100 - 20 * i + days_apart * k, 50 + i) for k in range(i + 1)] for i in range(5)]


# A plain computation, from the orders alone.

LABELS = [
    ("Champions", {5}, {4, 5}), ("Loyal Customers", {3, 4}, {4, 5}),
    ("Potential Loyalists", {4, 5}, {2, 3}), ("New Customers", {5}, {1}), ("Promising", {4}, {1}),
    ("Need Attention", {3}, {3}), ("About To Sleep", {3}, {1, 2}), ("At Risk", {1, 2}, {3, 4}),
    ("Cannot Lose Them", {1, 2}, {5}), ("Hibernating", {2}, {1, 2}), ("Lost", {1}, {1, 2}),
]


def plainly(people: list[list[Bought]], now: datetime, ahead: int = 3) -> list[tuple[Any, ...]]:
    """Everybody's marks; `ahead`: the hours by which the clocks of the store are ahead of UTC, all year."""
    counted = [sorted(order for order in orders if order.counted) for orders in people]
    measured = [((orders[-1].at + timedelta(hours=ahead)).date(), len(orders),
                 sum(order.amount for order in orders)) for orders in counted if orders]
    gaps = [later.at - earlier.at for orders in counted for earlier, later in pairwise(orders)]
    return [plain_marks(orders, measured, gaps, now, ahead) if orders else NOTHING for orders in counted]


def plain_marks(orders: list[Bought], measured: list[tuple[Any, ...]], gaps: list[timedelta],
                now: datetime, ahead: int) -> tuple[Any, ...]:
    own = ((orders[-1].at + timedelta(hours=ahead)).date(), len(orders), sum(o.amount for o in orders))
    value = plain_value(orders, own[2], gaps, now)
    if len(measured) < 5:
        return (None, None, None, None, value)
    r, f, m = (plain_score(own[i], [others[i] for others in measured]) for i in range(3))
    mean = int((Decimal(f + m) / 2).to_integral_value(ROUND_HALF_UP))
    (label,) = (name for name, recency, means in LABELS if r in recency and mean in means)
    return (label, r, f, m, value)


def plain_score(own: Any, values: list[Any]) -> int:
    if len(set(values)) == 1:
        return 3
    worse = [value for value in values if value < own]
    return 1 + 5 * len(worse) // len(values)


def plain_value(orders: list[Bought], spent: int, gaps: list[timedelta], now: datetime) -> int:
    tick = timedelta.resolution
    lengths = [Fraction(gap // tick) for gap in gaps]
    if not gaps or (now - orders[-1].at) // tick > 2 * median(lengths):
        return spent
    months = max(Fraction(1), Fraction((now - orders[0].at) // tick, YEAR // tick) * 12)
    expected = Fraction(spent, len(orders)) * (len(orders) / months) * 12
    return spent + int(expected + Fraction(1, 2))


def random_people(draw: random.Random) -> list[list[Bought]]:
    amounts = [draw.randrange(1, 9_000_000) for _ in range(draw.choice([1, 3, 40]))]
    most = draw.choice([1, 2, 6])
    midnight = datetime(2025, 5, 30, 21, tzinfo=UTC)  # in Riyadh

    def bought() -> Bought:
        day = midnight - DAY * draw.randrange(draw.choice([3, 400]))
        at = day + timedelta(seconds=draw.randrange(-1, 2))
        return Bought(at, draw.choice(amounts), draw.random() < 0.8)

    return [[bought() for _ in range(draw.randint(0, most))] for _ in range(draw.randint(0, 40))]


def test_random_stores_agree_with_the_plain_computation(
        app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "ROWS", 7)  # so that there are several pages
    labelled = 0
    for seed in range(25):
        people = random_people(random.Random(seed))
        store = make_store(f"Shop {seed}")
        fill(store, people)
        result = score_store(store.id, NOW)
        expected = plainly(people, NOW)
        assert marks(store) == expected, f"seed {seed}"
        assert result.labels == {
            name: sum(row[0] == name for row in expected) for name, *_ in LABELS}
        assert result.changed == result.buyers == sum(row != NOTHING for row in expected)
        labelled += sum(result.labels.values())
    assert labelled > 200


def test_second_run_changes_nothing_and_uses_no_version(store: Store) -> None:
    fill(store, five())
    assert score_store(store.id, NOW).changed == 5
    first = marks(store)
    again = score_store(store.id, NOW)
    assert (again.buyers, again.changed, marks(store)) == (5, 0, first)
    assert (store.data_version, versions(store)) == (1, [1] * 5)


def test_only_customers_who_change_get_the_new_version(store: Store) -> None:
    fill(store, [*five(), []])
    score_store(store.id, NOW)
    with writing() as session:
        session.execute(update(Customer).where(Customer.number.in_([2, 4])).values(cltv=7))
    assert score_store(store.id, NOW).changed == 2
    assert (store.data_version, versions(store)) == (2, [1, 2, 1, 2, 1, 0])


def test_customer_without_counted_orders_is_cleared(store: Store) -> None:
    fill(store, five())
    score_store(store.id, NOW)
    with writing() as session:
        session.execute(update(Order).where(Order.customer_number == 1).values(is_counted=False))
        session.execute(update(Customer).where(Customer.number == 1).values(statistics([])))
    result = score_store(store.id, NOW)
    assert result.buyers == 4
    assert (marks(store)[0], versions(store)[0], store.data_version) == (NOTHING, 2, 2)
    assert [row[:4] for row in marks(store)[1:]] == [(None,) * 4] * 4  # now too few to compare
    assert None not in [row[4] for row in marks(store)[1:]]
    assert sum(result.labels.values()) == 0
    assert score_store(store.id, NOW).changed == 0


def test_store_without_buyers(store: Store) -> None:
    fill(store, [[], [ago(3, counted=False)]])
    result = score_store(store.id, NOW)
    assert (result.buyers, result.changed, marks(store)) == (0, 0, [NOTHING] * 2)
    assert store.rfm == {
        "as_of": "2025-06-01T00:00:00Z", "buyers": 0, "median_gap_days": None,
        "thresholds": {name: [None] * 5 for name in ("recency", "frequency", "monetary")}}


def test_what_the_store_keeps(store: Store) -> None:
    fill(store, [[ago(days, 10)] for days in (100, 80, 60, 40)] + [[ago(30.5, 5), ago(20, 7)]])
    assert score_store(store.id, NOW).rfm == store.rfm
    assert store.rfm == {
        "as_of": "2025-06-01T00:00:00Z", "buyers": 5, "median_gap_days": Decimal("10.5000"),
        "thresholds": {
            "recency": ["2025-02-21", "2025-03-13", "2025-04-02", "2025-04-22", "2025-05-12"],
            "frequency": [1, None, None, None, 2],
            "monetary": ["10.0000", None, None, None, "12.0000"]}}


def test_recency_is_the_local_day(store: Store) -> None:
    start = datetime(2025, 3, 1, 21, tzinfo=UTC)  # 2 March begins in Riyadh
    tick = timedelta(microseconds=1)
    instants = [start - tick, start - DAY / 4, start, start + DAY / 2, start + DAY - tick]
    fill(store, [[Bought(at, 100)] for at in instants])
    score_store(store.id, NOW)
    assert [row[1] for row in marks(store)] == [1, 1, 3, 3, 3]
    assert store.rfm is not None
    assert store.rfm["thresholds"]["recency"] == ["2025-03-01", None, "2025-03-02", None, None]


def test_shop_where_nobody_returns(store: Store) -> None:
    fill(store, [[ago(day, 10 + day)] for day in range(10)])
    result = score_store(store.id, NOW)
    assert {row[2] for row in marks(store)} == {3}
    assert [row[4] for row in marks(store)] == [(10 + day) * UNITS for day in range(10)]
    assert result.rfm["median_gap_days"] is None


def test_uncounted_orders_make_no_gap(store: Store) -> None:
    fill(store, [[ago(40), ago(39, counted=False), ago(20)], [ago(41)], [ago(40)]])
    assert score_store(store.id, NOW).rfm["median_gap_days"] == 20
    # 40 days is twice the median; 365.2425 / 40 = 9.1310625, of which the last digit is a half.
    assert [row[4] for row in marks(store)] == [2026_2125, 100_0000, 1013_1063]


def test_as_of_is_now_for_values_but_orders_after_it_count(store: Store) -> None:
    fill(store, [[ago(50), ago(40), ago(-5)], [ago(30)]])
    score_store(store.id, NOW - 300 * DAY)  # before every order: none is old, none over a month
    assert [row[4] for row in marks(store)] == [13 * 300 * UNITS, 13 * 100 * UNITS]
    score_store(store.id, NOW + 300 * DAY)
    assert [row[4] for row in marks(store)] == [300 * UNITS, 100 * UNITS]


def test_other_stores_are_left_alone(store: Store) -> None:
    other = make_store("Other")
    fill(store, [*five(), []])
    fill(other, five(days_apart=3))
    with writing() as session:  # marks that are due to be cleared, but not by this scoring
        session.execute(update(Customer).where(Customer.number == 6).values(cltv=7))
    score_store(other.id, NOW)
    assert marks(store) == [*[NOTHING] * 5, (None, None, None, None, 7)]
    assert (store.data_version, store.rfm, versions(store)) == (0, None, [0] * 6)
    assert marks(other) == plainly(five(days_apart=3), NOW)


def test_unknown_store_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        score_store(new_id(), NOW)


def run(app: Flask, *arguments: object) -> Result:
    return app.test_cli_runner().invoke(score_command, [str(argument) for argument in arguments])


def test_command_prints_the_figures(app: Flask, store: Store) -> None:
    fill(store, five())
    result = run(app, "--store", store.id, "--as-of", "2025-05-31")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["As", "of", "2025-05-31", "21:00", "UTC"] in lines  # the end of that day in Riyadh
    assert ["Buyers", "5"] in lines
    assert ["Changed", "5"] in lines
    assert ["Median", "gap", "20.0", "days"] in lines
    assert ["Frequency", "(orders)", "1", "2", "3", "4", "5"] in lines
    assert ["Monetary", "(SAR)", "50.0000", "102.0000", "156.0000", "212.0000", "270.0000"] in lines
    assert ["Champions", "1", "20.0%"] in lines
    assert ["Promising", "0", "0.0%"] in lines
    assert marks(store) == plainly(five(), datetime(2025, 5, 31, 21, tzinfo=UTC))


def test_command_says_why_there_are_no_scores(app: Flask, store: Store) -> None:
    fill(store, five()[:1])
    result = run(app, "--store", store.id)
    assert result.exit_code == 0
    assert "No scores: they need at least 5 buyers." in result.output
    assert "none: nobody ordered twice" in result.output


@pytest.mark.parametrize(("given", "date", "words"), [
    ("shop", "2025-06-01", "'shop' is not a valid UUID"),
    (uuid.UUID(int=7), "2025-06-01", "there is no store 00000000-0000-0000-0000-000000000007"),
    (None, "2025-02-30", "'2025-02-30' does not match the format '%Y-%m-%d'"),
    (None, "yesterday", "'yesterday' does not match the format"),
    (None, "9999-12-31", "the year must be from 1900 to 2199"),
])
def test_command_refuses_a_bad_store_or_date(
        app: Flask, store: Store, given: object, date: str, words: str) -> None:
    fill(store, five())
    result = run(app, "--store", given or store.id, "--as-of", date)
    assert result.exit_code == 2
    assert words in result.output
    assert store.data_version == 0
