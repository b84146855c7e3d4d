"""What awkward people have beside single values: birthdays, tags, custom attributes, orders with lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from .language import CHOICES, COUNTED, StoreSettings
from .text import fold
from .windows import store_day

LARGEST = Decimal(10**11)
AMOUNTS = tuple(map(Decimal, (
    "0", "0.0001", "-0.0001", "0.01", "10", "10", "33.3333", "33.3334", "99.99", "100", "100.0001", "-20", "-99.99",
    "150.5", str(LARGEST), str(-LARGEST),
)))  # fmt: skip
NUMBERS = tuple(map(Decimal, ("0", "1", "-1", "2.5", "2.4999", "1000000", "0.0001", "90000000000000")))
_TAGS = ("VIP", "vip", "Vip ", "جديد", "جَديد", "new", "أحمد", "احمد", "a", "b", "c", "100%", "a_b", "x y")
_COUPONS = ("WELCOME10", "welcome10", "EID", "عيد", "%", None, None)
_CHANNELS = ("App", "Web", "متجر", None)
_CATEGORIES = ("Shoes", "shoes", "حذاء", "Bags", "Straße", "strasse", None)
_SKUS = ("S-1", "s-1", "S-2", "S-٣", "S-3", None, None)
_PRODUCTS = ("Red shoe", "red  shoe", "S-1", "عباية", "عبايه", "Bag", None)
_QUANTITIES = (0, 1, 1, 1, 2, 2, 3, 5, 1000, 10**9 - 1)


def belongings(
    rng: Random, now: datetime, store: StoreSettings, instants: Iterator[datetime]
) -> dict[str, Any]:
    """Return a random person's birthday, tags, attributes and orders."""
    return {
        "birthday": rng.choice((None, *_birthdays(now, store))),
        "tags": _tags(rng),
        "attributes": _attributes(rng, instants),
        "orders": [_order(rng, instants) for _ in range(rng.choice((0, 0, 1, 1, 2, 2, 3, 6)))],
    }


def nothing() -> dict[str, Any]:
    """Return what someone has who has nothing."""
    return {"birthday": None, "tags": (), "attributes": {}, "orders": []}


def _birthdays(now: datetime, store: StoreSettings) -> list[date]:
    """Return days of birth around today and around the days that calendars differ in."""
    today = store_day(now, store.timezone)
    near = [today + timedelta(days=n) for n in (-2, -1, 0, 0, 1, 2, 6, 7, 8, 29, 30, 31)]
    born = [date(1988, day.month, day.day) for day in near]
    return [*born, date(1992, 2, 29), date(1992, 2, 29), date(1991, 2, 28), date(1990, 3, 1),
            date(1985, 12, 31), date(1985, 1, 1)]


def _tags(rng: Random) -> tuple[str, ...]:
    drawn = [tag.strip() for tag in rng.sample(_TAGS, rng.choice((0, 0, 1, 1, 2, 3, 5)))]
    return tuple({fold(tag): tag for tag in drawn}.values())


def _attributes(rng: Random, instants: Iterator[datetime]) -> dict[str, Any]:
    values = {
        "loyalty_tier": rng.choice(("Gold", "gold", "ذهبي", "ذَهَبي", "Iron", "a%b")),
        "points": rng.choice(NUMBERS), "wholesale": rng.random() < 0.5, "renewed_at": next(instants),
    }
    return {key: value for key, value in values.items() if rng.random() < 0.6}


def _order(rng: Random, instants: Iterator[datetime]) -> dict[str, Any]:
    status = rng.choice((*COUNTED[:2], "completed", "completed", *CHOICES["order.status"]))
    return {
        "status": status, "counted": status in COUNTED, "amount": rng.choice(AMOUNTS), "ordered_at": next(instants),
        "channel": rng.choice(_CHANNELS), "payment_method": rng.choice(("mada", "Visa", None)),
        "coupon": rng.choice(_COUPONS), "city": rng.choice(("Riyadh", "رياض", "رِياض", "Jeddah", None)),
        "lines": [_line(rng) for _ in range(rng.choice((0, 1, 1, 2, 4)))],
    }


def _line(rng: Random) -> dict[str, Any]:
    quantity, price = rng.choice(_QUANTITIES), rng.choice((None, *AMOUNTS[:12]))
    amount = None if price is None else quantity * price
    if amount is not None and abs(amount) > LARGEST:
        quantity, amount = 1, price
    return {
        "sku": rng.choice(_SKUS), "product": rng.choice(_PRODUCTS), "category": rng.choice(_CATEGORIES),
        "brand": rng.choice(("Najd", "نجد", None)), "quantity": quantity, "unit_price": price, "amount": amount,
    }
