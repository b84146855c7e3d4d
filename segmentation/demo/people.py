"""Who shops: invented customers, as rows of a customers CSV file.

E-mail domains are the ones reserved for examples (RFC 2606); mobile numbers are random but well
formed. What a customer buys is drawn elsewhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from segmentation.demo.draws import Weighted, below, seeded
from segmentation.demo.names import ORIGINS, Origin
from segmentation.demo.places import PLACES, Place, mobile
from segmentation.demo.seasons import History, moment

_FIRST_ID = 100_001
_DOMAINS = Weighted({"example.com": 6, "example.net": 3, "example.org": 2})
_SOURCES = Weighted({"instagram": 24, "google": 20, "snapchat": 18, "tiktok": 14, "referral": 9,
                     "store": 8, "whatsapp": 7})
_TAGS = {"loyalty-card": 0.22, "whatsapp-list": 0.15, "gift-buyer": 0.12, "مناسبات": 0.08,
         "wholesale": 0.03, "staff": 0.01}

# How often a shop does not know a thing about a customer.
_UNKNOWN = {
    "last_name": 0.02, "email": 0.08, "mobile": 0.06, "gender": 0.05, "birthday": 0.35,
    "city": 0.08, "region": 0.04, "language": 0.03, "source": 0.1, "accepts_marketing": 0.04}

# Every fifth one leaves out hamzas and dots, as people do on a phone: احمد for أحمد, جده for جدة.
_HASTY_SHARE = 0.2
_HASTY = str.maketrans("أإآة", "اااه")


@dataclass(frozen=True, slots=True)
class Person:
    """One customer: `row` is what the shop knows of them, the rest is how they really are."""

    row: dict[str, str]
    woman: bool
    place: Place
    city: str
    joined: datetime


def draw_people(size: int, history: History, seed: int) -> Iterator[Person]:
    """The `size` customers of the shop, in the order in which they joined."""
    for number in range(size):
        yield _person(number, size, history, seeded(seed, "person", number))


def _person(number: int, size: int, history: History, rng: Random) -> Person:
    joined = moment(rng, history.joining_day((number + rng.random()) / size))
    origin = ORIGINS.draw(rng)
    arabic = rng.random() < origin.arabic_share
    place = PLACES[origin.countries.draw(rng)].draw(rng)
    woman = rng.random() < 0.47
    first, family = (origin.women if woman else origin.men).draw(rng), origin.families.draw(rng)
    row = {
        "external_id": f"C{_FIRST_ID + number}",
        "first_name": first.written(arabic),
        "last_name": family.written(arabic),
        "email": _email(rng, first.latin, family.latin, number),
        "mobile": _mobile(rng, origin, place, number),
        "gender": "female" if woman else "male",
        "birthday": _birthday(rng, joined.date()).isoformat(),
        "city": place.city.written(arabic),
        "region": place.region.written(arabic),
        "country": place.country,
        "language": "ar" if arabic or (origin.arabic_share > 0 and rng.random() < 0.3) else "en",
        "source": _SOURCES.draw(rng),
        "accepts_marketing": "true" if rng.random() < 0.58 else "false",
        "tags": "|".join(tag for tag, share in _TAGS.items() if rng.random() < share),
        "created_at": joined.isoformat(),
    }
    _write_hastily(rng, row)
    city = row["city"]
    _forget(rng, row)
    return Person(row, woman, place, city, joined)


def _email(rng: Random, first: str, family: str, number: int) -> str:
    form = ("{0}.{1}{2}", "{0}{2}", "{1}_{0}{2}", "{0}_{2}")[below(rng, 4)]
    return form.format(_letters(first), _letters(family), number + 1) + "@" + _DOMAINS.draw(rng)


def _letters(text: str) -> str:
    """Only the plain letters of a Latin name: `De Vries` is devries, `Müller` is muller."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(character for character in plain.lower() if character.isalpha())


def _mobile(rng: Random, origin: Origin, place: Place, number: int) -> str:
    keeps_home_number = rng.random() < 0.12
    return mobile(rng, origin.home_plan if keeps_home_number else place.country, number)


def _birthday(rng: Random, joined: date) -> date:
    """Customers are 18 to 66 years old when they join, most of them around 30."""
    years = 18 + 48 * min(rng.random(), (rng.random() + rng.random()) / 2)
    return joined - timedelta(days=int(years * 365.25) + 1)


def _write_hastily(rng: Random, row: dict[str, str]) -> None:
    if rng.random() < _HASTY_SHARE:
        row.update({key: row[key].translate(_HASTY) for key in ("first_name", "last_name", "city")})


def _forget(rng: Random, row: dict[str, str]) -> None:
    row.update({key: "" for key, share in _UNKNOWN.items() if rng.random() < share})
    if not row["city"]:
        row["region"] = ""
