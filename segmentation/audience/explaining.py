"""Why one customer is in a segment, or is not: each node's truth, and the value that each condition looked at.

It asks the very conditions that counting asks, of one customer, and looks at nobody else's facts.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from segmentation import json
from segmentation.audience.engines import Snapshot
from segmentation.audience.matching import Question
from segmentation.audience.scope import Scope
from segmentation.models import Customer
from segmentation.models.types import from_units
from segmentation.rules.dialects import Dialect, Numbers
from segmentation.rules.kinds import Kind
from segmentation.rules.tree import Condition, Group, references_of, walk
from segmentation.rules.truths import truths


@dataclass(frozen=True)
class Explanation:
    """Truths of all nodes, by id; and by each condition's id the customer's value, None where there is none."""

    matches: dict[str, bool]
    values: dict[str, Any]


def explain(scope: Scope, tree: Group, now: datetime, snapshot: Snapshot, customer_id: uuid.UUID) -> Explanation | None:
    """Why the customer matches or does not; None when the scope has no such customer."""
    number = snapshot.connection.execute(select(Customer.number).where(
        Customer.store_id == scope.store_id, Customer.id == customer_id)).scalar()
    if number is None:
        return None
    question = Question(scope, now, replace(snapshot.facts, only=Numbers((number,))))
    compiler = question.compiler
    conditions = [node for node in walk(tree) if isinstance(node, Condition)]
    references = references_of(tree)
    tests = [compiler.condition(node) for node in conditions]
    tests += [compiler.is_in(each) for each in references.values()]
    columns = [f"CASE WHEN {test} THEN 1 ELSE 0 END" for test in tests]
    columns += [compiler.value(node) for node in conditions]
    row = question.ask(snapshot, question.text(", ".join(columns) or "1")).one()
    holds = {node.id: int(answer) for node, answer in zip(conditions, row, strict=False)}
    inside = [each for each, answer in zip(references, row[len(conditions):], strict=False) if answer]
    values = zip(conditions, row[len(tests):], strict=False)
    return Explanation(
        {key: bool(bit) for key, bit in truths(tree, holds, 1).items()},
        {node.id: _value(node, value, inside, compiler.dialect) for node, value in values})


def _value(node: Condition, raw: Any, inside: Sequence[uuid.UUID], dialect: Dialect) -> Any:
    if node.field.kind.name == "segment_reference":
        return [str(each.id) for each in node.value if each.id in inside]
    return None if raw is None else _read(node.field.kind, raw, dialect)


def _read(kind: Kind, raw: Any, dialect: Dialect) -> Any:
    match kind.name:
        case "money" | "decimal":
            return from_units(int(raw))
        case "integer":
            return int(raw)
        case "boolean":
            return bool(raw)
        case "instant":
            return dialect.instant(raw)
        case "tags":
            return sorted(json.loads_stored(raw)) or None
    return str(raw)


