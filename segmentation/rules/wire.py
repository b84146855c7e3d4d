"""The tree as JSON again: what `reading` reads."""

from __future__ import annotations

from datetime import date
from typing import Any

from segmentation.rules.fields import IN_SEGMENT
from segmentation.rules.operators import Takes
from segmentation.rules.tree import Condition, Group, Reference


def to_wire(tree: Group) -> dict[str, Any]:
    """The tree as JSON; reading it again yields the same tree."""
    wire: dict[str, Any] = {
        "id": tree.id, "logic": tree.logic.value,
        "conditions": [_condition_to_wire(node) for node in tree.conditions],
        "groups": [to_wire(group) for group in tree.groups],
    }
    return {**wire, "negate": True} if tree.negate else wire


def _condition_to_wire(node: Condition) -> dict[str, Any]:
    name = node.operator.negative if node.negated else node.operator.key
    wire = {"id": node.id, "field": node.field.key, "operator": name, **arguments_to_wire(node)}
    if not node.include_empty:
        wire["include_empty"] = False
    return {**wire, "where": to_wire(node.where)} if node.where else wire


def arguments_to_wire(node: Condition) -> dict[str, Any]:
    """What the condition's operator was given: `value`, `value2` and `unit`, as far as it takes them."""
    value = node.value
    match node.operator.takes:
        case Takes.NOTHING:
            return {}
        case Takes.ONE:
            return {"value": _scalar(value)}
        case Takes.MANY:
            return {"value": [_scalar(each) for each in value]}
        case Takes.PAIR:
            return {"value": _scalar(value[0]), "value2": _scalar(value[1])}
        case Takes.DURATION:
            return {"value": value.amount, "unit": value.unit}
        case Takes.DURATION_PAIR:
            return {"value": value.low, "value2": value.high, "unit": value.unit}
        case Takes.PERIOD:
            return {"unit": value}


def _scalar(value: Any) -> Any:
    if isinstance(value, Reference):
        return str(value.id)
    return value.isoformat() if isinstance(value, date) else value


def referred_ids(wire: Any) -> set[str]:
    """The ids of the segments that rules speak of, whether or not the rules can be read."""
    if isinstance(wire, list):
        return set().union(*map(referred_ids, wire))
    if not isinstance(wire, dict):
        return set()
    value = wire.get("value") if wire.get("field") == IN_SEGMENT else None
    own = {each for each in value if isinstance(each, str)} if isinstance(value, list) else set()
    return own.union(*(referred_ids(inner) for key, inner in wire.items() if key != "value"))
