"""The fixed choices: genders, countries, languages, RFM labels; and what people write for them."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.core import get_global

from segmentation.values.text import fold

GENDERS = ("female", "male", "other")
RFM_LABELS = (
    "Champions", "Loyal Customers", "Potential Loyalists", "New Customers", "Promising", "Need Attention",
    "About To Sleep", "At Risk", "Cannot Lose Them", "Hibernating", "Lost",
)
ORDER_STATUSES = (
    "completed", "delivered", "fulfilled", "paid", "shipped", "pending", "processing", "cancelled", "refunded",
    "returned",
)
_NOT_COUNTRIES = frozenset("AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ".split())
_COUNTRY_WORDS = {"uk": "GB", "usa": "US", "uae": "AE", "ksa": "SA", "السعودية": "SA", "الإمارات": "AE"}
_GENDER_WORDS = {
    "female": ("female", "f", "woman", "أنثى", "انثى", "امرأة"),
    "male": ("male", "m", "man", "ذكر", "رجل"),
    "other": ("other", "o", "آخر"),
}


@cache
def countries(spoken: str = "en") -> dict[str, str]:
    """ISO 3166 alpha-2 codes and names, in the language `spoken`."""
    names = Locale(spoken).territories
    return {code: name for code, name in sorted(names.items()) if len(code) == 2 and code.isalpha()
            and code not in _NOT_COUNTRIES}


@cache
def languages(spoken: str = "en") -> dict[str, str]:
    """ISO 639-1 codes and names, in the language `spoken`."""
    names = Locale(spoken).languages
    return {code: names.get(code, name) for code, name in sorted(Locale("en").languages.items()) if len(code) == 2}


@cache
def currencies() -> frozenset[str]:
    """ISO 4217 codes."""
    return frozenset(get_global("all_currencies").keys())


def gender(text: str) -> str | None:
    """The gender meant by a word in English or Arabic, or None."""
    return _genders().get(fold(text))


def country(text: str) -> str | None:
    """The country code meant by a code, or by an English or Arabic name, or None."""
    return _country_words().get(fold(text))


def language(text: str) -> str | None:
    """The language of a tag such as `ar` or `en-GB`, or None."""
    code = fold(text).replace("_", "-").split("-")[0]
    return code if code in languages() else None


@cache
def country_of_zone(zone: str) -> str | None:
    """The country whose clock a time zone is, or None where it belongs to several or none."""
    code = get_global("zone_territories").get(zone)
    return code if code in countries() else None


@cache
def first_week_day(country_code: str | None) -> int:
    """The day a week starts with there, Monday = 0; Monday where unknown."""
    return Locale.parse(f"und_{country_code}").first_week_day if country_code else 0


def is_zone(name: str) -> bool:
    """Whether that is an IANA time zone."""
    return name in _zones() and bool(ZoneInfo(name))


@cache
def _zones() -> set[str]:
    return available_timezones()  # which looks through files each time


@cache
def _genders() -> dict[str, str]:
    return {fold(word): key for key, words in _GENDER_WORDS.items() for word in words}


@cache
def _country_words() -> dict[str, str]:
    words = {fold(word): code for word, code in _COUNTRY_WORDS.items()}
    for locale in ("ar", "en"):
        words.update({fold(name): code for code, name in Locale(locale).territories.items() if code in countries()})
    return words | {fold(code): code for code in countries()}
