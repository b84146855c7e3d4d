"""Drafts and JSON: what was typed becomes the JSON that `rules.reading` reads, and saved rules become a draft.

A text that is no number stays a text, so that the reader says what is wrong with it; what is blank is left out, so that
the reader says what is missing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from segmentation.pages.builder.draft import DraftCondition, DraftGroup
from segmentation.rules import operators
from segmentation.rules.arguments import TAKEN
from segmentation.rules.field import Field
from segmentation.rules.fields import Catalogue
from segmentation.rules.operators import Operator, Takes

Wire = dict[str, Any]
Fields = Mapping[str, Field]
COUNTED = frozenset({Takes.DURATION, Takes.DURATION_PAIR})
NUMERIC = frozenset({"integer", "decimal", "money", "birthday"})
LONGEST_NUMBER = 400
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_BOOLEANS = {"true": True, "false": False}
_SIGNS = str.maketrans({"٫": ".", "٬": ",", "\u2212": "-", "\u00a0": "", "\u202f": "", " ": ""})


def to_wire(draft: DraftGroup, catalogue: Catalogue) -> Wire:
    """The draft as JSON, without what is switched off."""
    return _group(draft, catalogue, catalogue.fields)


def _group(draft: DraftGroup, catalogue: Catalogue, fields: Fields) -> Wire:
    groups = [_group(inner, catalogue, fields) for inner in draft.groups if not _is_all_off(inner)]
    wire: Wire = {"id": draft.id, "logic": draft.logic,
                  "conditions": [_condition(node, catalogue, fields) for node in draft.conditions if not node.is_off],
                  "groups": groups}
    return {**wire, "negate": True} if draft.negate else wire


def _is_all_off(draft: DraftGroup) -> bool:
    """Whether nothing is left of a group because all that it holds is switched off."""
    members = [*(node.is_off for node in draft.conditions), *map(_is_all_off, draft.groups)]
    return bool(members) and all(members)


def _condition(node: DraftCondition, catalogue: Catalogue, fields: Fields) -> Wire:
    wire: Wire = {"id": node.id, "field": node.field, "operator": node.operator}
    field = fields.get(node.field)
    found = operators.find(field.kind.name, node.operator) if field else None
    if field is None or found is None:
        return wire
    operator, is_negative = found
    wire |= _arguments(node, field, operator)
    if is_negative and not node.include_empty:
        wire["include_empty"] = False
    inside = catalogue.inside(field)
    if inside and node.where is not None:
        wire["where"] = _group(node.where, catalogue, inside)
    return wire


def _arguments(node: DraftCondition, field: Field, operator: Operator) -> Wire:
    kind = "integer" if operator.takes in COUNTED else field.kind.name
    taken = TAKEN[operator.takes]
    values = [typed(each, kind) for each in node.value if each.strip()]
    found: Wire = {"unit": node.unit} if "unit" in taken and node.unit else {}
    if operator.takes is Takes.MANY:
        found["value"] = values
    elif "value" in taken and values:
        found["value"] = values[0]
    if "value2" in taken and node.value2.strip():
        found["value2"] = typed(node.value2, kind)
    return found


def typed(text: str, kind: str) -> Any:
    """What a text means as a value of that kind: a number, yes or no, or the text itself."""
    if kind == "boolean":
        return _BOOLEANS.get(text, text)
    if kind not in NUMERIC or len(text) > LONGEST_NUMBER:
        return text
    plain = "".join(str(unicodedata.decimal(sign, sign)) for sign in text).translate(_SIGNS)
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    if not _NUMBER.fullmatch(plain):
        return text
    return Decimal(plain) if "." in plain else int(plain)


def from_wire(wire: Any) -> DraftGroup:
    """The draft of stored rules, which may no longer fit; whatever it cannot hold is left out."""
    wire = wire if isinstance(wire, dict) else {}
    return DraftGroup(
        str(wire.get("id", "root")), "OR" if wire.get("logic") == "OR" else "AND", wire.get("negate") is True,
        tuple(_from_condition(each) for each in wire.get("conditions") or ()),
        tuple(from_wire(each) for each in wire.get("groups") or ()))


def _from_condition(wire: Wire) -> DraftCondition:
    value = wire.get("value")
    values = value if isinstance(value, list) else [] if value is None else [value]
    where = wire.get("where")
    return DraftCondition(
        str(wire.get("id")), str(wire.get("field", "")), str(wire.get("operator", "")), tuple(map(_text, values)),
        _text(wire.get("value2")), str(wire.get("unit") or ""),
        include_empty=wire.get("include_empty") is not False, where=from_wire(where) if where else None)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value).lower() if isinstance(value, bool) else str(value)
