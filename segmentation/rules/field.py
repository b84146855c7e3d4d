"""What a field is: one thing that can be asked about a customer, an order or an order line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from segmentation.rules.kinds import Choice, Kind
from segmentation.rules.operators import of_kind
from segmentation.rules.places import Place


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
        "key": field.key, "label": field.label, "kind": field.kind.name, "widget": field.kind.widget,
        "can_be_empty": field.place.nullable,
        "operators": [
            {"key": name, "label": label, "takes": operator.takes.value, "units": list(operator.units),
             "negative_of": operator.key if negative else None}
            for name, label, operator, negative in of_kind(field.kind.name)],
    }
    if isinstance(field.kind, Choice):
        shown["choices"] = [{"value": value, "label": label} for value, label in field.kind.choices.items()]
    return {**shown, "where": list(inside)} if inside else shown
