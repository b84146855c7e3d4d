"""JSON Schema of rule trees, made from the registries: the same ones that read the rules."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

from segmentation import limits
from segmentation.rules.fields import ATTRIBUTE, StoreSettings, catalogue
from segmentation.rules.kinds import Kind
from segmentation.rules.operators import of_kind
from segmentation.rules.tree import Logic
from segmentation.rules.windows import UNITS


def rule_schemas() -> dict[str, dict[str, Any]]:
    """The components `RuleGroup` (which refers to itself) and `RuleCondition`."""
    return {"RuleCondition": _condition(), "RuleGroup": _group()}


def _group() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Conditions and groups joined by AND or OR. Empty only at the root: everyone.",
        "required": ["logic"],
        "additionalProperties": False,
        "properties": {
            "id": _identifier(),
            "logic": {"type": "string", "enum": [logic.value for logic in Logic]},
            "conditions": {
                "type": "array",
                "maxItems": limits.RULE_CONDITIONS,
                "items": {"$ref": "#/components/schemas/RuleCondition"},
            },
            "groups": {
                "type": "array",
                "maxItems": limits.RULE_GROUPS,
                "items": {"$ref": "#/components/schemas/RuleGroup"},
            },
            "negate": {"type": "boolean", "default": False, "description": "flip the whole group"},
        },
    }


def _condition() -> dict[str, Any]:
    found = catalogue(StoreSettings(ZoneInfo("UTC"), 0, "USD", None))
    fields = dict(found.fields) | {key: field for rows in found.rows.values() for key, field in rows.items()}
    kinds = {field.kind.name: field.kind for field in fields.values()}
    names = sorted({name for kind in kinds for name, *_ in of_kind(kind)})
    value = {
        "description": "what the operator takes: nothing, a value, a list, or a number of units",
        "anyOf": [
            *_scalars(kinds.values()),
            {
                "type": "array",
                "minItems": 1,
                "maxItems": limits.LIST_VALUES,
                "items": {"anyOf": _scalars(kinds.values())},
            },
            {"type": "null"},
        ],
    }
    return {
        "type": "object",
        "description": "One comparison. Which operators suit a field, and what they take, is at "
        "GET /api/segmentation/fields.",
        "required": ["field", "operator"],
        "additionalProperties": False,
        "properties": {
            "id": _identifier(),
            "field": {"anyOf": [{"type": "string", "enum": list(fields)},
                                {"type": "string", "pattern": f"^{re.escape(ATTRIBUTE)}[a-z][a-z0-9_]*$"}]},
            "operator": {"type": "string", "enum": names},
            "value": value,
            "value2": {"description": "the second bound", "anyOf": [*_scalars(kinds.values()), {"type": "null"}]},
            "unit": {"type": ["string", "null"], "enum": [*UNITS, None]},
            "include_empty": {
                "type": "boolean",
                "default": True,
                "description": "negatives only: do those with no value match?",
            },
            "where": {
                "description": "aggregates over orders and lines only: which of them count",
                "anyOf": [{"$ref": "#/components/schemas/RuleGroup"}, {"type": "null"}],
            },
        },
    }


def _identifier() -> dict[str, Any]:
    return {
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": limits.ID_LENGTH,
        "description": "unique in the tree; filled in when missing",
    }


def _scalars(kinds: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for kind in kinds:
        schema = _plain(kind)
        if schema not in found:
            found.append(schema)
    return found


def _plain(kind: Kind) -> dict[str, Any]:
    # Choices differ by field; here it is enough that they are texts.
    schema = kind.schema()
    return {"type": schema["type"]} if schema["type"] == "string" else schema
