"""Where customers live, and what a mobile number looks like there."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from segmentation.demo.draws import Weighted, below
from segmentation.demo.names import Name, name


class Place(NamedTuple):
    """A city. `country` is an ISO 3166 code; `region` is empty where the city is all there is."""

    country: str
    city: Name
    region: Name


class Plan(NamedTuple):
    """A country's mobile numbers: calling code, prefixes in use, how many digits follow."""

    code: str
    prefixes: tuple[str, ...]
    digits: int


def _places(country: str, text: str) -> Weighted[Place]:
    weights: dict[Place, float] = {}
    for line in text.strip().splitlines():
        city, region, weight = (part.strip() for part in line.split(","))
        weights[Place(country, name(city), name(region))] = float(weight)
    return Weighted(weights)


PLACES = {
    "SA": _places("SA", """
        الرياض=Riyadh,           منطقة الرياض=Riyadh Region,                     30
        جدة=Jeddah,              منطقة مكة المكرمة=Makkah Region,                 18
        مكة المكرمة=Makkah,      منطقة مكة المكرمة=Makkah Region,                 8
        المدينة المنورة=Madinah, منطقة المدينة المنورة=Madinah Region,             7
        الدمام=Dammam,           المنطقة الشرقية=Eastern Province,                7
        الخبر=Khobar,            المنطقة الشرقية=Eastern Province,                5
        الأحساء=Al Ahsa,         المنطقة الشرقية=Eastern Province,                4
        الطائف=Taif,             منطقة مكة المكرمة=Makkah Region,                 4
        بريدة=Buraydah,          منطقة القصيم=Qassim Region,                     4
        تبوك=Tabuk,              منطقة تبوك=Tabuk Region,                        3
        أبها=Abha,               منطقة عسير=Asir Region,                         3
        خميس مشيط=Khamis Mushait, منطقة عسير=Asir Region,                        3
        حائل=Hail,               منطقة حائل=Hail Region,                         2
        الجبيل=Jubail,           المنطقة الشرقية=Eastern Province,                2
        جازان=Jazan,             منطقة جازان=Jazan Region,                       2
        نجران=Najran,            منطقة نجران=Najran Region,                      1.5
        ينبع=Yanbu,              منطقة المدينة المنورة=Madinah Region,             1.5
        عرعر=Arar,               منطقة الحدود الشمالية=Northern Borders Region,   0.8
        سكاكا=Sakaka,            منطقة الجوف=Al Jouf Region,                     0.8
        الباحة=Al Bahah,         منطقة الباحة=Al Bahah Region,                   0.8"""),
    "AE": _places("AE", """
        دبي=Dubai,      إمارة دبي=Dubai,         6
        أبوظبي=Abu Dhabi, إمارة أبوظبي=Abu Dhabi, 4
        الشارقة=Sharjah, إمارة الشارقة=Sharjah,   2"""),
    "KW": _places("KW", """
        مدينة الكويت=Kuwait City, محافظة العاصمة=Capital Governorate, 3
        حولي=Hawalli,            محافظة حولي=Hawalli Governorate,    2"""),
    "BH": _places("BH", """
        المنامة=Manama,  محافظة العاصمة=Capital Governorate,   3
        المحرق=Muharraq, محافظة المحرق=Muharraq Governorate,   1"""),
    "QA": _places("QA", "الدوحة=Doha, , 1"),
    "EG": _places("EG", """
        القاهرة=Cairo,        محافظة القاهرة=Cairo Governorate,           5
        الجيزة=Giza,          محافظة الجيزة=Giza Governorate,             3
        الإسكندرية=Alexandria, محافظة الإسكندرية=Alexandria Governorate,   2"""),
    "JO": _places("JO", """
        عمّان=Amman, محافظة العاصمة=Amman Governorate, 4
        إربد=Irbid, محافظة إربد=Irbid Governorate,    1"""),
}

PLANS = {
    "SA": Plan("966", ("50", "53", "54", "55", "56", "58", "59"), 7),
    "AE": Plan("971", ("50", "52", "54", "55", "56"), 7),
    "KW": Plan("965", ("50", "55", "66", "97", "99"), 6),
    "BH": Plan("973", ("36", "39"), 6),
    "QA": Plan("974", ("33", "55", "66", "77"), 6),
    "EG": Plan("20", ("10", "11", "12"), 8),
    "JO": Plan("962", ("79",), 7),
    "IN": Plan("91", ("98", "99"), 8),
    "GB": Plan("44", ("740", "742", "773"), 7),
}

# Multiplying by a number without the factors 2 and 5 is one to one modulo a power of ten, so that
# no two customers are given the same digits.
_SCRAMBLE = 7_368_787


def mobile(rng: Random, country: str, number: int) -> str:
    """Customer `number`'s mobile in E.164 form, theirs alone (up to a million customers)."""
    plan = PLANS[country]
    prefix = plan.prefixes[below(rng, len(plan.prefixes))]
    subscriber = (number + 1) * _SCRAMBLE % 10**plan.digits
    return f"+{plan.code}{prefix}{subscriber:0{plan.digits}d}"
