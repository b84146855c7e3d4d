"""Gaps, their median and lifetime values, by hand and against exact fractions."""

from __future__ import annotations

import random
from array import array
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from statistics import median

import pytest

from segmentation.facts.cltv import DAY, LARGEST, MONTH, YEAR, gaps, lifetime_value, twice_median

NOW = datetime(2025, 6, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
A_YEAR = timedelta(microseconds=YEAR)
PATIENCE = 60 * DAY


def test_month_is_a_twelfth_of_the_calendar_s_mean_year() -> None:
    assert Fraction(MONTH, DAY) == Fraction("365.2425") / 12


def test_gaps_are_between_orders_of_one_customer() -> None:
    days = [(1, 0), (1, 3), (2, 1), (3, 0), (3, 0), (3, 10)]
    orders = [(customer, NOW + timedelta(days=day)) for customer, day in days]
    assert list(gaps(orders)) == [3 * DAY, 0, 10 * DAY]
    assert list(gaps([])) == []


def test_gaps_keep_every_microsecond() -> None:
    assert list(gaps([(1, NOW - timedelta(days=9000)), (1, NOW + TICK)])) == [9000 * DAY + 1]


@pytest.mark.parametrize(("lengths", "expected"), [
    ([], None),
    ([4], 8),
    ([1, 4], 5),  # the mean of two
    ([9, 1, 4], 8),
    ([9, 1, 4, 6], 10),
    ([3 * DAY, 1, 3 * DAY + 1, 2 * DAY], 5 * DAY),
    ([0, 0, 0], 0),
])
def test_twice_the_median(lengths: list[int], expected: int | None) -> None:
    assert twice_median(array("q", lengths)) == expected


@pytest.mark.parametrize("seed", range(40))
def test_median_agrees_with_sorting(seed: int) -> None:
    draw = random.Random(seed)
    top = draw.choice([5, DAY, 5 * DAY, 900 * DAY])
    lengths = [draw.randint(0, top) for _ in range(draw.randint(1, 80))]
    assert twice_median(array("q", lengths)) == 2 * median(map(Fraction, lengths))


@pytest.mark.parametrize(("age", "spent", "expected"), [
    (A_YEAR, 120_0000, 240_0000),  # 12 months: 10 a month
    (A_YEAR / 2, 120_0000, 360_0000),  # 6 months: 20 a month
    (A_YEAR * 2, 120_0000, 180_0000),
    (A_YEAR / 12, 50_0000, 650_0000),  # a month exactly
    (timedelta(days=3), 50_0000, 650_0000),  # at least a month
    (timedelta(), 50_0000, 650_0000),
    (timedelta(days=-3), 50_0000, 650_0000),  # ordered after "now"
    (A_YEAR, 0, 0),
])
def test_active_customers_go_on_as_they_did(age: timedelta, spent: int, expected: int) -> None:
    assert lifetime_value(spent, NOW - age, NOW, NOW, PATIENCE) == expected


def test_patience_ends_after_twice_the_median_gap() -> None:
    first, last = NOW - A_YEAR, NOW - timedelta(days=60)
    assert lifetime_value(10, first, last, NOW, PATIENCE) == 20
    assert lifetime_value(10, first, last - TICK, NOW, PATIENCE) == 10
    assert lifetime_value(10, first, last, NOW + TICK, PATIENCE) == 10
    assert lifetime_value(10, first, NOW + timedelta(days=400), NOW, 0) == 20


def test_nothing_is_added_where_nobody_ordered_twice() -> None:
    assert lifetime_value(10, NOW, NOW, NOW, None) == 10


@pytest.mark.parametrize(("spent", "expected"), [
    (1, 2), (2, 3), (3, 5), (-1, -2), (-3, -5), (-4, -6)])
def test_halves_round_away_from_zero(spent: int, expected: int) -> None:
    assert lifetime_value(spent, NOW - 2 * A_YEAR, NOW, NOW, PATIENCE) == expected


def test_value_stays_within_its_column() -> None:
    assert lifetime_value(LARGEST, NOW, NOW, NOW, PATIENCE) == LARGEST
    assert lifetime_value(-LARGEST, NOW, NOW, NOW, PATIENCE) == -LARGEST


@pytest.mark.parametrize("seed", range(40))
def test_value_agrees_with_exact_fractions(seed: int) -> None:
    draw = random.Random(seed)
    orders, spent = draw.randint(1, 30), draw.randint(1, 10**draw.randint(1, 14))
    since = timedelta(microseconds=draw.randrange(1500 * DAY))
    months = max(Fraction(1), Fraction(since // TICK, DAY) / (Fraction("365.2425") / 12))
    expected = spent + Fraction(spent, orders) * (orders / months) * 12
    assert abs(lifetime_value(spent, NOW - since, NOW, NOW, PATIENCE) - expected) <= Fraction(1, 2)
