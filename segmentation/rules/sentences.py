"""Rules in words: "Number of orders is at least 5 and (RFM segment is Champions or RFM segment is Loyal Customers)"."""

from __future__ import annotations

from datetime import date
from typing import Any

from segmentation.rules.operators import Takes
from segmentation.rules.tree import Condition, Group


def sentence(tree: Group) -> str:
    """The whole tree as one English sentence."""
    if not tree.conditions and not tree.groups:
        return "No one" if tree.negate else "Everyone"
    return _group(tree, outermost=True)


def _group(group: Group, outermost: bool = False) -> str:
    parts = [_condition(node) for node in group.conditions] + [_group(inner) for inner in group.groups]
    text = f" {group.logic.value.lower()} ".join(parts)
    if group.negate:
        return f"not ({text})"
    return text if outermost or len(parts) == 1 else f"({text})"


def _condition(node: Condition) -> str:
    label = (node.operator.negative_label if node.negated else None) or node.operator.label
    text = f"{node.field.label} {_filled(label, node)}"
    return text if node.include_empty else f"{text} (and has a value)"


def _filled(label: str, node: Condition) -> str:
    value = node.value
    match node.operator.takes:
        case Takes.NOTHING:
            return label
        case Takes.PAIR:
            return f"{label} {_shown(value[0])} and {_shown(value[1])}"
        case Takes.MANY:
            return f"{label} {', '.join(_shown(each) for each in value)}"
        case Takes.DURATION if "…" in label:
            return label.replace("…", f"{value.amount} {value.unit}")
        case Takes.DURATION:
            return f"{label} {value.amount} {value.unit}"
        case Takes.DURATION_PAIR:
            return label.replace("…", str(value.low), 1).replace("…", f"{value.high} {value.unit}", 1)
        case Takes.PERIOD:
            return f"{label} {value.removesuffix('s')}"
    return f"{label} {_shown(value)}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)
