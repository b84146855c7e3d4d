"""The demo store's data: repeatable, importable, and shaped like a shop's."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from segmentation.demo import SEED, SEGMENTS, ReadySegment, customers, orders
from segmentation.rules.fields import StoreSettings, catalogue
from segmentation.rules.reading import read_rules
from segmentation.rules.tree import Condition, walk
from segmentation.values import codes

Rows = list[dict[str, str]]

TODAY = date(2026, 3, 10)
SIZE = 5000
ZONE = ZoneInfo("Asia/Riyadh")
CUSTOMER_COLUMNS = (
    "external_id", "first_name", "last_name", "email", "mobile", "gender", "birthday", "city",
    "region", "country", "language", "source", "accepts_marketing", "tags", "created_at")
ORDER_KEYS = ("order_id", "customer_id", "ordered_at", "status", "currency", "total", "channel",
              "payment_method", "coupon", "city")
LINE_KEYS = ("sku", "product", "category", "brand", "quantity", "unit_price")
# As announced in Saudi Arabia.
RAMADAN = {2023: date(2023, 3, 23), 2024: date(2024, 3, 11), 2025: date(2025, 3, 1)}
DISCOUNTS = {"WELCOME10": 10, "VIP15": 15, "HALA5": 5, "RAMADAN10": 10, "EID15": 15, "ADHA10": 10,
             "WATAN15": 15, "WHITE20": 20, "": 0}


@pytest.fixture(scope="module")
def people() -> Rows:
    return list(customers(SIZE, TODAY))


@pytest.fixture(scope="module")
def lines() -> Rows:
    return list(orders(SIZE, TODAY))


@pytest.fixture(scope="module")
def heads(lines: Rows) -> Rows:
    """The first line of every order."""
    return [next(rows) for _, rows in groupby(lines, key=lambda row: row["order_id"])]


def share(rows: Rows, key: str, *values: str) -> float:
    return sum(row[key] in values for row in rows) / len(rows)


def instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    assert moment.utcoffset() == timedelta(hours=3)
    return moment


def digest(size: int, today: date, seed: int = SEED) -> str:
    rows = [*customers(size, today, seed), *orders(size, today, seed)]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_same_arguments_give_the_same_rows() -> None:
    assert digest(200, TODAY) == digest(200, TODAY)
    tomorrow = TODAY + timedelta(days=1)
    assert digest(200, TODAY) not in {digest(200, TODAY, seed=2), digest(200, tomorrow)}


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_rows_do_not_depend_on_the_process(hash_seed: str) -> None:
    code = ("from datetime import date; from tests.demo.test_generator import digest;"
            f"print(digest(200, date({TODAY.year}, {TODAY.month}, {TODAY.day})))")
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path})
    assert done.stdout.strip() == digest(200, TODAY)


def test_rows_are_lines_of_the_import_files(people: Rows, lines: Rows) -> None:
    assert {tuple(row) for row in people} == {CUSTOMER_COLUMNS}
    assert {tuple(row) for row in lines} == {ORDER_KEYS + LINE_KEYS}
    for row in [*people, *lines]:
        assert all(isinstance(value, str) and value == value.strip() for value in row.values())
        assert not any("\n" in value for value in row.values())


def test_customers_have_their_own_number_email_and_mobile(people: Rows) -> None:
    assert len(people) == SIZE
    for key in ("external_id", "email", "mobile"):
        values = [row[key] for row in people if row[key]]
        assert len(values) == len(set(values)), key
    assert all(row["external_id"] and row["first_name"] for row in people)


def test_every_mobile_is_valid_and_already_in_its_stored_form(people: Rows) -> None:
    for text in filter(None, (row["mobile"] for row in people)):
        number = phonenumbers.parse(text, None)
        assert phonenumbers.is_valid_number(number), text
        assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE, text
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == text
    assert 0.65 < sum(row["mobile"].startswith("+9665") for row in people) / SIZE < 0.85


def test_emails_are_on_domains_reserved_for_examples(people: Rows) -> None:
    for email in filter(None, (row["email"] for row in people)):
        local, _, domain = email.partition("@")
        assert domain in {"example.com", "example.org", "example.net"}
        assert local.isascii()
        assert local[0].isalpha()
        assert set(local) <= set("abcdefghijklmnopqrstuvwxyz0123456789._")


def test_choices_are_ones_the_store_knows(people: Rows) -> None:
    for row in people:
        assert row["gender"] in {*codes.GENDERS, ""}
        assert row["country"] in codes.countries()
        assert row["language"] in {"ar", "en", ""}
        assert row["accepts_marketing"] in {"true", "false", ""}


def test_customers_are_who_shops_in_saudi_arabia(people: Rows) -> None:
    arabic = sum("\u0600" <= row["first_name"][0] <= "\u06ff" for row in people) / SIZE
    assert 0.55 < arabic < 0.65
    assert 0.75 < share(people, "country", "SA") < 0.9
    assert 0.17 < share(people, "city", "Riyadh", "الرياض") < 0.35
    assert 0.4 < share(people, "gender", "female") < 0.5
    assert 0.45 < share(people, "gender", "male") < 0.55
    for key, low, high in (("email", 0.04, 0.12), ("mobile", 0.03, 0.1), ("city", 0.04, 0.12),
                           ("birthday", 0.25, 0.45), ("tags", 0.3, 0.7)):
        assert low < share(people, key, "") < high, key


def test_birthdays_are_of_adults(people: Rows) -> None:
    ages = [(instant(row["created_at"]).date() - date.fromisoformat(row["birthday"])).days / 365.25
            for row in people if row["birthday"]]
    assert min(ages) >= 18
    assert max(ages) < 68


@pytest.mark.parametrize("today", [TODAY, date(2024, 2, 29), date(2030, 1, 1)])
def test_nothing_happens_before_the_shop_or_after_the_eve_of_today(today: date) -> None:
    end = datetime(today.year, today.month, today.day, tzinfo=ZONE)
    start = end - timedelta(days=3 * 366)
    joined = {row["external_id"]: instant(row["created_at"]) for row in customers(400, today)}
    days = [moment.date() for moment in joined.values()]
    assert days == sorted(days)
    assert all(start <= moment < end for moment in joined.values())
    moments = []
    for row in orders(400, today):
        moments.append(instant(row["ordered_at"]))
        assert joined[row["customer_id"]] <= moments[-1] < end
    assert moments[-1] > end - timedelta(days=7)


def test_orders_come_by_time_with_their_lines_together(lines: Rows, heads: Rows) -> None:
    assert len({row["order_id"] for row in heads}) == len(heads)
    assert all(instant(a["ordered_at"]) <= instant(b["ordered_at"]) for a, b in pairwise(heads))
    for _, rows in groupby(lines, key=lambda row: row["order_id"]):
        order = list(rows)
        assert all(len({row[key] for row in order}) == 1 for key in ORDER_KEYS)
        assert len({row["sku"] for row in order}) == len(order)


def test_total_is_the_sum_of_the_lines_less_the_discount(lines: Rows) -> None:
    for _, rows in groupby(lines, key=lambda row: row["order_id"]):
        order = list(rows)
        subtotal = sum((Decimal(row["unit_price"]) * int(row["quantity"]) for row in order),
                       Decimal())
        discount = (subtotal * DISCOUNTS[order[0]["coupon"]] / 100).quantize(
            Decimal("0.01"), ROUND_HALF_UP)
        assert order[0]["total"] == f"{subtotal - discount:.2f}"
        assert Decimal(order[0]["total"]) > 0


def test_catalogue_is_consistent_and_varied(lines: Rows) -> None:
    products = {(row["sku"], row["product"], row["category"], row["brand"], row["unit_price"])
                for row in lines}
    assert len({product[0] for product in products}) == len(products) == 80
    assert len({product[2] for product in products}) == 10
    arabic = sum(not product[1].isascii() for product in products)
    assert 30 <= arabic <= 60


def test_most_buy_once_or_twice_and_a_few_for_years(heads: Rows) -> None:
    assert 14_000 <= len(heads) <= 20_000
    bought = Counter(row["customer_id"] for row in heads)
    assert 0.12 < 1 - len(bought) / SIZE < 0.18
    assert 0.40 < sum(count == 1 for count in bought.values()) / len(bought) < 0.50
    assert 0.15 < sum(count >= 5 for count in bought.values()) / len(bought) < 0.30
    assert 30 < max(bought.values()) < 150


def test_statuses_and_only_recent_orders_are_pending(heads: Rows) -> None:
    assert 0.90 < share(heads, "status", "completed") < 0.94
    assert set(Counter(row["status"] for row in heads)) == {
        "completed", "cancelled", "refunded", "pending"}
    oldest = min(row["ordered_at"] for row in heads if row["status"] == "pending")
    assert instant(oldest).date() >= TODAY - timedelta(days=4)


def test_channels_and_payment_fit_together(heads: Rows) -> None:
    assert set(Counter(row["channel"] for row in heads)) == {"web", "app", "store", "whatsapp"}
    at_counter = [row for row in heads if row["channel"] == "store"]
    assert share(at_counter, "payment_method", "mada", "apple_pay", "visa", "cash") == 1
    assert share([row for row in heads if row["channel"] != "store"], "payment_method", "cash") == 0
    assert {row["currency"] for row in heads} == {"SAR"}


def orders_a_day(heads: Rows, first: date, days: int) -> float:
    dates = [instant(row["ordered_at"]).date() for row in heads]
    return sum(first <= day < first + timedelta(days=days) for day in dates) / days


@pytest.mark.parametrize("year", [2024, 2025])
def test_feasts_and_white_friday_are_busy(heads: Rows, year: int) -> None:
    before = orders_a_day(heads, RAMADAN[year] - timedelta(days=30), 30)
    assert orders_a_day(heads, RAMADAN[year] + timedelta(days=15), 13) > 1.4 * before
    october = orders_a_day(heads, date(year, 10, 1), 31)
    assert orders_a_day(heads, date(year, 11, 20), 11) > 1.8 * october


def test_week_and_day_have_a_rhythm(heads: Rows) -> None:
    moments = [instant(row["ordered_at"]) for row in heads]
    weekdays = Counter(moment.weekday() for moment in moments)
    assert weekdays[3] + weekdays[4] > 1.1 * (weekdays[0] + weekdays[1])
    hours = Counter(moment.hour for moment in moments)
    evening, early = ([hours[hour] for hour in range(first, first + 4)] for first in (20, 4))
    assert sum(evening) > 5 * sum(early) > 0


def test_few_customers_take_little_time_and_none_takes_none() -> None:
    start = time.process_time()
    assert len(list(customers(100, TODAY))) == 100
    assert len({row["order_id"] for row in orders(100, TODAY)}) > 100
    assert time.process_time() - start < 1
    assert list(customers(0, TODAY)) == list(orders(0, TODAY)) == []


@pytest.mark.parametrize("generate", [customers, orders])
def test_a_negative_size_is_refused_at_once(generate: Callable[[int, date], object]) -> None:
    with pytest.raises(ValueError, match="size must be 0 or more"):
        generate(-1, TODAY)


@pytest.mark.parametrize("segment", SEGMENTS, ids=lambda segment: segment["name"])
def test_ready_segments_can_be_read(segment: ReadySegment) -> None:
    fields = catalogue(StoreSettings(zone=ZONE, week_start=6, currency="SAR", country="SA"))
    tree = read_rules(segment["rules"], fields)
    groups = {node.field.group for node in walk(tree) if isinstance(node, Condition)}
    assert groups <= {"Profile", "Order stats", "RFM", "Orders", "Order lines"}
    assert groups


def test_ready_segments_have_names_of_their_own_in_both_scripts() -> None:
    names = [segment["name"] for segment in SEGMENTS]
    assert len(set(names)) == len(names) == 9
    assert names[0] == "VIP Customers"
    assert any(name.isascii() for name in names)
    assert any("\u0600" <= name[0] <= "\u06ff" for name in names)
