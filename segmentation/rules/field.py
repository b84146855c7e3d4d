"""What a field is: one thing that can be asked about a customer, an order or an order line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from segmentation.rules.kinds import Choice, Kind
from segmentation.rules.operators import of_kind
from segmentation.rules.places import Place
from segmentation.translations import LANGUAGES, in_every_language


@dataclass(frozen=True)
class Field:
    """One thing that can be asked. `lowest` and `highest`: no stored value lies beyond, in units as stored.

    `source` (aggregates only): which rows are aggregated, and so which fields `where` may use.
    """

    key: str
    label: str
    group: str
    kind: Kind
    place: Place
    lowest: int | None = None
    highest: int | None = None
    source: str | None = None


def described(field: Field, inside: Sequence[str]) -> dict[str, Any]:
    """The field as the API shows it; `inside` are the keys that its `where` may use."""
    shown: dict[str, Any] = {
        "key": field.key, **_named(field.label), "kind": field.kind.name, "widget": field.kind.widget,
        "can_be_empty": field.place.nullable,
        "operators": [
            {"key": name, **_named(label), "takes": operator.takes.value, "units": list(operator.units),
             "negative_of": operator.key if negative else None}
            for name, label, operator, negative in of_kind(field.kind.name)],
    }
    if isinstance(field.kind, Choice):
        shown["choices"] = [_choice(field.kind, value) for value in field.kind.choices]
    return {**shown, "where": list(inside)} if inside else shown


def _named(label: str) -> dict[str, Any]:
    return {"label": label, "labels": in_every_language(label)}


def _choice(kind: Choice, value: str) -> dict[str, Any]:
    labels = {language: kind.label(value, language) for language in LANGUAGES}
    return {"value": value, "label": kind.choices[value], "labels": labels}
