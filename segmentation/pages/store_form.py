"""The form of a store's settings: what it offers, and what it says. One form makes stores and changes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from segmentation import limits
from segmentation.errors import DomainError, Stale
from segmentation.models import Store
from segmentation.models.accounts import DEFAULT_COUNTED_STATUSES
from segmentation.pages.words import language
from segmentation.translations import LANGUAGES, translate
from segmentation.values import codes, named

_BETWEEN = re.compile(r"[,،;؛\n]")


def read_form(form: MultiDict[str, str]) -> dict[str, Any]:
    """The settings that a form gives, unchecked: `accounts.check` says what is wrong with them."""
    given = {key: form.get(key, "")[:limits.TEXT_LENGTH] for key in
             ("name", "timezone", "currency", "country", "week_start", "language", "other_status")}
    statuses = [each[:limits.TEXT_LENGTH] for each in form.getlist("status")]
    return {
        "name": given["name"], "timezone": given["timezone"], "currency": given["currency"],
        "country": given["country"] or None, "week_start": _day(given["week_start"]), "language": given["language"],
        "counted_statuses": [*statuses, *_BETWEEN.split(given["other_status"])][:limits.COUNTED_STATUSES + 1]}


def settings_of(store: Store) -> dict[str, Any]:
    """What a store's form begins with."""
    return {key: getattr(store, key) for key in (
        "name", "timezone", "currency", "country", "week_start", "language", "counted_statuses")}


def usual_settings() -> dict[str, Any]:
    """What the form of a new store begins with."""
    return {"name": "", "timezone": "Asia/Riyadh", "currency": "SAR", "country": "SA", "week_start": None,
            "language": language(), "counted_statuses": list(DEFAULT_COUNTED_STATUSES)}


def offered(given: Mapping[str, Any], seen: list[str]) -> dict[str, Any]:
    """What the form lets one choose among; what is chosen already is there in any case. `seen`: statuses of orders."""
    spoken = language()
    zones, currencies = named.zones(spoken), named.currencies(spoken)
    zone, currency = given["timezone"], given["currency"]
    return {
        "zones": zones if zone in zones else {zone: zone, **zones},
        "currencies": currencies if currency in currencies else {currency: currency, **currencies},
        "countries": named.countries(spoken), "days": named.days(spoken), "languages": LANGUAGES,
        "statuses": sorted({*codes.ORDER_STATUSES, *seen, *filter(None, given["counted_statuses"])})}


def faults(error: DomainError) -> dict[str, str]:
    """What is wrong, by the name of the field; under no name what is wrong with the whole."""
    if not error.problems:
        further = [translate("Save again, and what you entered takes its place.", language())]
        return {"": " ".join([translate(error.message, language()), *(further if isinstance(error, Stale) else ())])}
    return {problem.path.strip("/"): translate(problem.message, language()) for problem in error.problems}


def _day(written: str) -> int | None:
    """The day that is chosen; none for the country's own, and no day at all for what is none."""
    if not written:
        return None
    return int(written) if written in ("0", "1", "2", "3", "4", "5", "6") else -1
