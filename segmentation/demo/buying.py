"""How customers buy: how often, when, what, and how they pay, as rows of an orders CSV file.

Buying follows the usual model of a shop without contracts (BG/NBD): everybody buys at a rate of
their own (gamma distributed) and after each order is lost with a probability of their own (beta
distributed). So most people buy once or twice, and a few for years. The rest is weighted chance.
Amounts are whole halalas until they are written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from segmentation.demo.catalogue import CATEGORIES, Category, Product
from segmentation.demo.draws import Weighted, below, seeded
from segmentation.demo.people import Person
from segmentation.demo.places import PLACES
from segmentation.demo.seasons import History, moment, season

_NEVER_BUYS = 0.145  # beside those who joined so lately that their first order is still to come
_BUYS_AT_ONCE = 0.8
_FIRST_WAIT_DAYS = 12.0
_RATE_SHAPE, _RATE_SCALE = 1.4, 0.014  # orders per ordinary day
_LOSS_A, _LOSS_B = 0.75, 1.25

_PENDING_DAYS = 4
_STATUS = Weighted({"completed": 93, "cancelled": 4, "refunded": 3})
_LATE_STATUS = Weighted({"completed": 48, "pending": 48, "cancelled": 4})

_CHANNELS = Weighted({"web": 44, "app": 34, "whatsapp": 12, "store": 10})
_PAYMENT_AT_HOME = Weighted(
    {"mada": 38, "apple_pay": 24, "visa": 11, "cod": 11, "tabby": 9, "tamara": 7})
_PAYMENT_ABROAD = Weighted({"visa": 50, "apple_pay": 30, "mastercard": 20})
_COUNTER = Weighted({"mada": 50, "apple_pay": 30, "cash": 12, "visa": 8})
_HABIT = 0.7  # how often a customer uses their usual channel and means of payment

_BASKETS = Weighted({
    Weighted({1: 70, 2: 22, 3: 8}): 50,
    Weighted({1: 40, 2: 32, 3: 18, 4: 10}): 38,
    Weighted({2: 30, 3: 30, 4: 20, 5: 12, 6: 8}): 12,
})
_QUANTITY = Weighted({1: 84, 2: 11, 3: 4, 5: 1})
_FAVOURITES, _FAVOURITE_SHARE = 3, 0.75
_GIFT_SHARE = 0.05

_WELCOME, _WELCOME_SHARE = ("WELCOME10", 10), 0.25
_LOYAL, _LOYAL_SHARE, _LOYAL_FROM = ("VIP15", 15), 0.1, 5
_NO_COUPON = ("", 0)

_SHELVES = {True: Weighted({shelf: shelf.for_women for shelf in CATEGORIES}),
            False: Weighted({shelf: shelf.for_men for shelf in CATEGORIES})}


@dataclass(frozen=True, slots=True)
class _Buyer:
    person: Person
    basket: Weighted[int]
    favourites: tuple[Category, ...]
    channel: str
    payment: str


class _Visit(NamedTuple):
    """An order to be: sorted by time, then by customer."""

    at: datetime
    customer: str
    earlier: int  # how many orders the customer made before
    buyer: _Buyer


def order_rows(people: Iterable[Person], history: History, seed: int) -> Iterator[dict[str, str]]:
    """The order lines of `people`, orders by time, the lines of one order together."""
    visits = sorted((visit for person in people for visit in _visits(person, history, seed)),
                    key=lambda visit: visit[:3])
    rng = seeded(seed, "orders")
    for number, visit in enumerate(visits, 1):
        yield from _rows(rng, f"SO-{number:06d}", visit, history)


def _visits(person: Person, history: History, seed: int) -> Iterator[_Visit]:
    customer = person.row["external_id"]
    rng = seeded(seed, "buying", customer)
    if rng.random() < _NEVER_BUYS:
        return
    buyer = _buyer(rng, person)
    for earlier, at in enumerate(_instants(rng, person, history)):
        yield _Visit(at, customer, earlier, buyer)


def _buyer(rng: Random, person: Person) -> _Buyer:
    return _Buyer(person, _BASKETS.draw(rng),
                  tuple(_SHELVES[person.woman].draw(rng) for _ in range(_FAVOURITES)),
                  _channel(rng, person), _means(person).draw(rng))


def _channel(rng: Random, person: Person) -> str:
    """The shop has counters in Saudi Arabia only."""
    channel = _CHANNELS.draw(rng)
    return "web" if channel == "store" and person.place.country != "SA" else channel


def _means(person: Person) -> Weighted[str]:
    return _PAYMENT_AT_HOME if person.place.country == "SA" else _PAYMENT_ABROAD


def _instants(rng: Random, person: Person, history: History) -> Iterator[datetime]:
    rate = rng.gammavariate(_RATE_SHAPE, _RATE_SCALE)
    loss = rng.betavariate(_LOSS_A, _LOSS_B)
    at = _first_order(rng, person, history)
    while at is not None and at < history.end:
        yield at
        at = None if rng.random() < loss else _later(rng, at, history, 1 / rate)


def _first_order(rng: Random, person: Person, history: History) -> datetime | None:
    """Most open the account in order to buy; the others follow within weeks."""
    if rng.random() < _BUYS_AT_ONCE:
        return person.joined + timedelta(seconds=60 + below(rng, 1500))
    return _later(rng, person.joined, history, _FIRST_WAIT_DAYS)


def _later(rng: Random, at: datetime, history: History, mean_days: float) -> datetime | None:
    """An instant on a later day, after an exponential wait; None when that is still to come."""
    day = history.day_after(at.date(), -math.log(1 - rng.random()) * mean_days)
    return None if day is None else moment(rng, day)


def _rows(rng: Random, order_id: str, visit: _Visit, history: History) -> Iterator[dict[str, str]]:
    lines = _lines(rng, visit.buyer)
    subtotal = sum(product.price * quantity for product, quantity in lines.items())
    coupon, discount = _coupon(rng, visit)
    order = {
        "order_id": order_id,
        "customer_id": visit.customer,
        "ordered_at": visit.at.isoformat(),
        "status": _status(rng, visit.at, history),
        "currency": "SAR",
        "total": _riyals(subtotal - (subtotal * discount + 50) // 100),
        **_handling(rng, visit.buyer),
        "coupon": coupon,
        "city": _delivery_city(rng, visit.buyer.person),
    }
    for product, quantity in lines.items():
        yield order | _line(product, quantity)


def _lines(rng: Random, buyer: _Buyer) -> dict[Product, int]:
    lines: dict[Product, int] = {}
    wanted = buyer.basket.draw(rng)
    while len(lines) < wanted:
        if rng.random() < _FAVOURITE_SHARE:
            shelf = buyer.favourites[below(rng, _FAVOURITES)]
        else:
            shelf = _SHELVES[buyer.person.woman].draw(rng)
        lines[shelf.products.draw(rng)] = _QUANTITY.draw(rng)
    return lines


def _coupon(rng: Random, visit: _Visit) -> tuple[str, int]:
    """The code used and its discount in per cent."""
    now = season(visit.at.date())
    if visit.earlier == 0 and rng.random() < _WELCOME_SHARE:
        return _WELCOME
    if visit.earlier >= _LOYAL_FROM and rng.random() < _LOYAL_SHARE:
        return _LOYAL
    return (now.coupon, now.discount) if rng.random() < now.coupon_share else _NO_COUPON


def _status(rng: Random, at: datetime, history: History) -> str:
    recent = history.end - at < timedelta(days=_PENDING_DAYS)
    return (_LATE_STATUS if recent else _STATUS).draw(rng)


def _handling(rng: Random, buyer: _Buyer) -> dict[str, str]:
    usual = rng.random() < _HABIT
    channel = buyer.channel if usual else _channel(rng, buyer.person)
    payment = buyer.payment if usual else _means(buyer.person).draw(rng)
    return {"channel": channel,
            "payment_method": _COUNTER.draw(rng) if channel == "store" else payment}


def _delivery_city(rng: Random, person: Person) -> str:
    """Where the order goes: home, or now and then to someone else in the Kingdom."""
    if rng.random() >= _GIFT_SHARE:
        return person.city
    return PLACES["SA"].draw(rng).city.written(person.row["language"] == "ar")


def _line(product: Product, quantity: int) -> dict[str, str]:
    return {"sku": product.sku, "product": product.name, "category": product.category,
            "brand": product.brand, "quantity": str(quantity), "unit_price": _riyals(product.price)}


def _riyals(halalas: int) -> str:
    return f"{halalas // 100}.{halalas % 100:02d}"
