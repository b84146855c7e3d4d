"""RFM scores, thresholds and labels, by hand and against their definition."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from segmentation.facts.rfm import Scale, label, local_days, scale
from segmentation.values.codes import RFM_LABELS


def scale_of(values: list[int]) -> Scale[int]:
    return scale(sorted(Counter(values).items()), len(values))


def scores(values: list[int]) -> list[int | None]:
    return [scale_of(values).score(value) for value in values]


@pytest.mark.parametrize(("values", "expected"), [
    ([10, 20, 30, 40, 50], [1, 2, 3, 4, 5]),
    ([50, 10, 40, 20, 30], [5, 1, 4, 2, 3]),
    ([1, 2, 3, 4, 5, 6, 7], [1, 1, 2, 3, 3, 4, 5]),  # w of 7: 0 0.7 1.4 2.1 2.9 3.6 4.3
    ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
    ([1, 1, 1, 1, 2, 2, 2, 3, 3, 4], [1, 1, 1, 1, 3, 3, 3, 4, 4, 5]),  # w of 10: 0, 4, 7, 9
    ([1, 9, 9, 9, 9], [1, 2, 2, 2, 2]),  # 1 of 5 is worse than the best
    ([-5, 0, 0, 5, 10], [1, 2, 2, 4, 5]),
])
def test_score_is_one_and_five_times_the_share_that_is_worse(
        values: list[int], expected: list[int]) -> None:
    assert scores(values) == expected


def test_one_time_buyers_sit_at_the_bottom() -> None:
    orders = [1] * 90 + [2] * 8 + [3, 7]
    assert Counter(scores(orders)) == {1: 90, 5: 10}
    assert scale_of(orders).thresholds == [1, None, None, None, 2]


@pytest.mark.parametrize("buyers", [5, 6, 1000])
def test_where_all_tie_all_score_three(buyers: int) -> None:
    assert scores([7] * buyers) == [3] * buyers
    assert scale_of([7] * buyers).thresholds == [None, None, 7, None, None]


@pytest.mark.parametrize("values", [[], [1], [1, 2, 3, 4], [7, 7, 7, 7]])
def test_fewer_than_five_buyers_have_no_scores(values: list[int]) -> None:
    assert scores(values) == [None] * len(values)
    assert scale_of(values).thresholds == [None] * 5


def test_thresholds_are_where_each_score_begins() -> None:
    assert scale_of([1, 2, 3, 4, 5, 6, 7]).thresholds == [1, 3, 4, 6, 7]
    assert scale_of([1, 1, 1, 1, 2, 2, 2, 3, 3, 4]).thresholds == [1, None, 2, 3, 4]


def test_later_days_score_higher() -> None:
    days = [date(2025, 1, day) for day in range(1, 6)]
    found = scale([(day, 1) for day in days], 5)
    assert [found.score(day) for day in days] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("seed", range(40))
def test_scores_agree_with_their_definition(seed: int) -> None:
    draw = random.Random(seed)
    values = [draw.randint(0, draw.choice([1, 5, 50])) for _ in range(draw.randint(5, 60))]
    for value, score in zip(values, scores(values), strict=True):
        worse = sum(other < value for other in values)
        assert score == (3 if len(set(values)) == 1 else 1 + 5 * worse // len(values))


@pytest.mark.parametrize(("recency", "labels"), [
    (5, ["New Customers", "Potential Loyalists", "Potential Loyalists", "Champions", "Champions"]),
    (4, ["Promising", "Potential Loyalists", "Potential Loyalists", "Loyal Customers",
         "Loyal Customers"]),
    (3, ["About To Sleep", "About To Sleep", "Need Attention", "Loyal Customers",
         "Loyal Customers"]),
    (2, ["Hibernating", "Hibernating", "At Risk", "At Risk", "Cannot Lose Them"]),
    (1, ["Lost", "Lost", "At Risk", "At Risk", "Cannot Lose Them"]),
])
def test_label_of_every_cell(recency: int, labels: list[str]) -> None:
    assert [label(recency, mean, mean) for mean in range(1, 6)] == labels


@pytest.mark.parametrize(("frequency", "monetary", "mean"), [
    (1, 2, 2), (2, 3, 3), (3, 4, 4), (4, 5, 5), (1, 4, 3), (2, 5, 4),  # halves, rounded up
    (1, 3, 2), (1, 5, 3), (2, 4, 3), (3, 5, 4),
])
def test_label_takes_the_mean_of_frequency_and_monetary(
        frequency: int, monetary: int, mean: int) -> None:
    for recency in range(1, 6):
        expected = label(recency, mean, mean)
        assert label(recency, frequency, monetary) == expected
        assert label(recency, monetary, frequency) == expected


def test_labels_are_those_that_can_be_asked_for() -> None:
    scores = range(1, 6)
    assert {label(r, f, m) for r in scores for f in scores for m in scores} == set(RFM_LABELS)


@pytest.mark.parametrize(("zone", "instant", "day"), [
    ("Asia/Riyadh", datetime(2025, 3, 1, 20, 59, 59, 999999), date(2025, 3, 1)),
    ("Asia/Riyadh", datetime(2025, 3, 1, 21), date(2025, 3, 2)),
    ("America/New_York", datetime(2025, 3, 9, 4, 59), date(2025, 3, 8)),
    ("America/New_York", datetime(2025, 3, 10, 4), date(2025, 3, 10)),  # summer time began
    ("Asia/Beirut", datetime(2025, 3, 29, 22), date(2025, 3, 30)),  # whose midnight was skipped
    ("Pacific/Apia", datetime(2011, 12, 30, 10), date(2011, 12, 31)),  # the 30th was skipped
    # 00:00 at 2:30Z; from 2:31Z clocks show 23:01 of the 27th once more.
    ("America/St_Johns", datetime(1990, 10, 28, 2, 29), date(1990, 10, 27)),
    ("America/St_Johns", datetime(1990, 10, 28, 2, 30), date(1990, 10, 28)),
    ("America/St_Johns", datetime(1990, 10, 28, 2, 45), date(1990, 10, 28)),
])
def test_local_day(zone: str, instant: datetime, day: date) -> None:
    assert local_days(ZoneInfo(zone))(instant.replace(tzinfo=UTC)) == day
