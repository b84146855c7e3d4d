"""People as a store keeps them, chosen to be awkward for a compiler: spellings, edges, gaps.

Deterministic in `rng`, `now` and the store. A person is a dict with every key of `FIELDS`, and what `belongings`
have.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from .belongings import belongings, nothing
from .language import CHOICES, FIELDS, StoreSettings
from .windows import TICK, first_instant, store_day

Person = dict[str, Any]

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2199, 12, 31, 23, 59, 59, 999_999, UTC)
HOURS_BESIDE_NOW = (1, 24, 1000)
LARGEST_COUNT = 2**31 - 1
LARGEST_AMOUNT = Decimal("899999999999999.9999")
ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
WIDE_DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")

_ARABIC = (
    "أحمد", "احمد", "إحمد", "آحمد", "\u0627\u0654\u062d\u0645\u062f", "أَحْمَد", "أحـــمد", "حمد",
    "منى", "مني", "منی", "فاطمة", "فاطمه", "كريم", "کریم", "علا", "ﻋﻼ", "مؤمن", "مومن", "ءادم",
    "شارع ١٢", "شارع 12", "شارع ۱۲", "شارع １２", "شارع 1２3", "عبد الله", "عبدالله", "ﷲ",
    "ـ", "َ",
)  # fmt: skip
_LATIN = (
    "Émile", "émile", "E\u0301mile", "EMILE", "emil", "İstanbul", "istanbul", "ISTANBUL",
    "ıstanbul", "Straße", "STRASSE", "strasse", "STRAẞE", "straß", "Ωmega", "\u2126mega", "ΟΔΟΣ",
    "οδος", "ᾳ", "Kelvin", "\u212aelvin", "ﬁn", "fin", "fi", "Ångström", "New York", "new  york",
    "new\u00a0york", "NewYork", "m²", "m2", "½", "a", "A", "´",
)  # fmt: skip
_OTHER = (
    "100%", "100", "1%0", "a_b", "axb", "a%b", "a\\b", "a\\\\b", "%", "_", "\\", "'", '"', "';--",
    "O'Brien", "O\u2019Brien", 'say "hi"', "[a-z]", "a*b?", "{x}", ":name", "$1", "NULL", "null",
    "None", "true", "0", "1.0", "-1", "😀", "👨\u200d👩\u200d👧", "❤\ufe0f", "❤", "सीता", "सत",
    "가", "각", "東京", "ไทย", "\u200fשלום", "x" * 1000, ("أحمد É " * 140).strip(),
)  # fmt: skip
TEXTS = (*_ARABIC, *_LATIN, *_OTHER)

_MAILBOXES = ("ahmed", "o'brien", "a_b", "axb", "100%", "émile", "emile", "أحمد", "x+y", "straße")
_DOMAINS = ("example.com", "mail.example.com", "example.org", "exämple.de", "مثال.السعودية")
_MOBILES = ("+966501234{:03}", "+201001234{:03}", "+16502530{:03}", "+447400123{:03}")
MONEY = tuple(map(Decimal, (
    "0", "0.0001", "-0.0001", "0.01", "0.1", "10", "33.3333", "99.99", "99.9999", "100",
    "100.0001", "150.5", "-20", "-99.99", "1000000", "922337203685.4775",
    str(LARGEST_AMOUNT), str(-LARGEST_AMOUNT),
)))  # fmt: skip
_COUNTS = (1, 1, 1, 2, 2, 3, 4, 5, 5, 6, 10, 100, 1000, LARGEST_COUNT)

# Rows by recency score, columns by the mean of the two other scores, 1 to 5.
_LABELS = {
    5: "New Customers|Potential Loyalists|Potential Loyalists|Champions|Champions",
    4: "Promising|Potential Loyalists|Potential Loyalists|Loyal Customers|Loyal Customers",
    3: "About To Sleep|About To Sleep|Need Attention|Loyal Customers|Loyal Customers",
    2: "Hibernating|Hibernating|At Risk|At Risk|Cannot Lose Them",
    1: "Lost|Lost|At Risk|At Risk|Cannot Lose Them",
}


def _moment(
    timezone: str, week_start: int, region: str | None, now: str
) -> tuple[StoreSettings, datetime]:
    return StoreSettings(timezone, week_start, region), datetime.fromisoformat(now)


AWKWARD_MOMENTS: tuple[tuple[StoreSettings, datetime], ...] = (
    _moment("Asia/Riyadh", 6, "SA", "2024-05-15T09:34:56.789012Z"),
    _moment("Asia/Riyadh", 5, "SA", "2024-02-29T21:00:00Z"),  # midnight, 1 March
    _moment("UTC", 0, None, "2023-05-31T23:59:59.999999Z"),  # months to clip
    _moment("Africa/Cairo", 5, "EG", "2024-04-25T21:59:59.999999Z"),  # just before the gap
    _moment("Africa/Cairo", 5, "EG", "2024-04-26T10:00:00Z"),  # a day without 00:00
    _moment("Africa/Cairo", 6, "EG", "2024-10-31T21:30:00Z"),  # the second 23:30
    _moment("America/Havana", 0, "US", "2024-11-03T05:15:00Z"),  # the second 00:15
    _moment("Atlantic/Azores", 0, "GB", "2024-10-27T00:15:00Z"),  # the first 00:15
    _moment("Pacific/Apia", 0, None, "2011-12-30T20:00:00Z"),  # 30 December was skipped
    _moment("Australia/Lord_Howe", 0, None, "2024-04-07T12:00:00Z"),  # half an hour back
    _moment("America/St_Johns", 6, "US", "2006-10-30T12:00:00Z"),  # 00:01 was set back to 23:01
    _moment("Africa/Casablanca", 0, None, "2024-03-31T12:00:00Z"),  # Ramadan
    _moment("Asia/Kathmandu", 6, "US", "2024-12-31T18:15:00Z"),  # midnight, 1 January
    _moment("Pacific/Kiritimati", 3, None, "2025-01-05T11:00:00Z"),
    _moment("America/Sao_Paulo", 6, "US", "2018-11-04T12:00:00Z"),  # a day without 00:00
    _moment("Asia/Beirut", 0, None, "2023-03-30T09:00:00Z"),  # clocks changed days late
    _moment("Europe/Berlin", 0, "DE", "2024-03-31T00:59:59.999999Z"),  # just before the gap
)


def awkward_people(rng: Random, *, now: datetime, store: StoreSettings) -> list[Person]:
    """Return 240 people; the first has no value at all. Emails, mobiles and ids are unique."""
    texts = {field: _deck(rng, TEXTS) for field in FIELDS}
    instants = _deck(rng, awkward_instants(rng, now, store))
    nobody = dict.fromkeys(FIELDS) | _orders(rng, 0, instants) | nothing()
    people = [_person(rng, n, texts, instants) for n in range(1, 240)]
    return [nobody, *(person | belongings(rng, now, store, instants) for person in people)]


def _deck(rng: Random, pool: Sequence[Any]) -> Iterator[Any]:
    """Draw from the pool for ever, each value once before any comes again."""
    while True:
        yield from rng.sample(pool, len(pool))


def _person(
    rng: Random, number: int, texts: dict[str, Iterator[str]], instants: Iterator[datetime]
) -> Person:
    free = ("first_name", "last_name", "city", "region", "source")
    person: Person = {field: next(texts[field]) for field in free}
    person |= {field: rng.choice(CHOICES[field]) for field in ("gender", "country", "language")}
    domain = rng.choice(_DOMAINS)
    person["email"] = f"{rng.choice(_MAILBOXES)}{number}@{domain}"
    person["mobile"] = rng.choice(_MOBILES).format(number)
    person["external_id"] = _external_id(number)
    person["accepts_marketing"] = rng.random() < 0.5
    person["created_at"] = next(instants)
    person = {field: None if rng.random() < 0.15 else value for field, value in person.items()}
    person["email_domain"] = domain if person["email"] else None
    return person | _orders(rng, rng.choice((0, *_COUNTS[:4], *_COUNTS)), instants)


def _external_id(number: int) -> str:
    """Return unique ids of which neighbours differ only in spelling."""
    text = f"C_{number // 4}"
    spellings = (text, text.lower(), text.translate(ARABIC_DIGITS), text.translate(WIDE_DIGITS))
    return spellings[number % 4]


def _orders(rng: Random, count: int, instants: Iterator[datetime]) -> Person:
    if not count:
        empty = ("average_order_amount", "first_order_at", "last_order_at", "cltv")
        none = {"orders_count": 0, "orders_amount": Decimal(0)}
        return none | dict.fromkeys(empty) | _scores(None)
    average = rng.choice([money for money in MONEY if abs(money * count) <= LARGEST_AMOUNT])
    first, last = sorted((next(instants), next(instants)))
    return {
        "orders_count": count,
        "orders_amount": average * count,
        "average_order_amount": average,
        "first_order_at": last if count == 1 else first,
        "last_order_at": last,
        "cltv": rng.choice((None, average * count, *MONEY)),
    } | _scores(rng if rng.random() < 0.85 else None)


def _scores(rng: Random | None) -> Person:
    fields = ("recency_score", "frequency_score", "monetary_score")
    if rng is None:
        return dict.fromkeys((*fields, "segment"))
    recency, frequency, monetary = (rng.randint(1, 5) for _ in fields)
    mean = (frequency + monetary + 1) // 2
    label = _LABELS[recency].split("|")[mean - 1]
    return dict(zip(fields, (recency, frequency, monetary), strict=True)) | {"segment": label}


def awkward_instants(rng: Random, now: datetime, store: StoreSettings) -> list[datetime]:
    """Return instants on and one microsecond beside every edge a window could have."""
    edges = [first_instant(day, store.timezone) for day in _days_with_edges(now, store)]
    edges += _clock_changes(now, store)
    anywhere = {now + timedelta(seconds=rng.uniform(-4e7, 4e6)) for _ in range(40)}
    known = sorted({EARLIEST, LATEST, *_beside(edges), *anywhere})
    # Windows that end at or are counted from `now` have few edges: more people there.
    often = [now + timedelta(hours=n * hours) for hours in HOURS_BESIDE_NOW for n in (-1, 1)]
    known += 2 * _beside([now, *often])
    return [instant for instant in known if EARLIEST <= instant <= LATEST]


def _beside(edges: list[datetime]) -> list[datetime]:
    return [edge + n * TICK for edge in edges for n in (-1, 0, 1)]


def _days_with_edges(now: datetime, store: StoreSettings) -> list[date]:
    today = store_day(now, store.timezone)
    days = {today + timedelta(days=n) for n in (-365, -90, -30, -29, *range(-14, 9), 30, 31)}
    for months in (-36, -24, -12, -6, -4, -3, -2, -1, 0, 1, 3, 12):
        index = today.year * 12 + today.month - 1 + months
        first = date(index // 12, index % 12 + 1, 1)
        length = monthrange(first.year, first.month)[1]
        same_day = first + timedelta(days=min(today.day, length) - 1)
        days |= {first, same_day, same_day + timedelta(days=1)}
    years = {date(today.year + n, 1, 1) for n in (-1, 0, 1)}
    return sorted(days | years | {date(2024, 2, 29), date(1900, 1, 1), date(2199, 12, 31)})


def _clock_changes(now: datetime, store: StoreSettings) -> list[datetime]:
    """Return the hours at which clocks change within a year of `now`, and those days' edges."""
    zone = ZoneInfo(store.timezone)
    hour = now.replace(minute=0, second=0, microsecond=0)
    hours = [hour + timedelta(hours=n) for n in range(-8784, 8784)]
    offsets = [each.astimezone(zone).utcoffset() for each in hours]
    changes = [hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]]
    days = sorted({store_day(change, store.timezone) for change in changes})
    days += [day + timedelta(days=1) for day in days]
    starts = [first_instant(day, store.timezone) for day in days]
    beside = [change + timedelta(minutes=n) for change in changes for n in (-60, -30, 0, 30, 60)]
    return beside + starts
