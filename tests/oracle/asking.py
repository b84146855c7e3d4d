"""Short ways for the oracle's own tests to write a rule and ask it about one person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .evaluator import StoreSettings, matches
from .language import FIELDS

RIYADH = StoreSettings("Asia/Riyadh", week_start=6, region="SA")
NOON = datetime(2024, 5, 15, 9, tzinfo=UTC)  # a Wednesday, 12:00 in Riyadh


def rule(field: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    operands = more if value is None else {"value": value} | more
    return {"field": field, "operator": operator} | operands


def group(logic: str, *nodes: dict[str, Any], negate: bool = False) -> dict[str, Any]:
    conditions = [node for node in nodes if "field" in node]
    groups = [node for node in nodes if "logic" in node]
    return {"logic": logic, "conditions": conditions, "groups": groups, "negate": negate}


def holds(
    node: dict[str, Any], store: StoreSettings = RIYADH, now: datetime = NOON, **values: Any
) -> bool:
    """Does someone with these values, and no other, match the condition or group?"""
    tree = node if "logic" in node else group("AND", node)
    return matches(tree, person(**values), now=now, store=store)


def person(**values: Any) -> dict[str, Any]:
    """Someone with these values and no other."""
    return dict.fromkeys((*FIELDS, "birthday")) | {"tags": (), "attributes": {}, "orders": []} | values
