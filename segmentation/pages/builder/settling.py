"""Making a draft fit what was just chosen: another field offers other comparisons, another comparison other inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from werkzeug.datastructures import MultiDict

from segmentation.pages.builder.draft import DraftCondition, DraftGroup
from segmentation.rules import operators
from segmentation.rules.arguments import TAKEN
from segmentation.rules.field import Field
from segmentation.rules.fields import Catalogue
from segmentation.rules.operators import Operator, Takes

Fields = Mapping[str, Field]
# The field that a row had when the page was made, so that it can be told when another was chosen.
WAS = "was"
USUAL_OPERATOR = {"integer": "greater_than_or_equals", "money": "greater_than_or_equals", "text": "contains",
                  "decimal": "greater_than_or_equals", "instant": "in_last", "birthday": "in_month", "tags": "in",
                  "choice": "in"}
USUAL_UNITS = ("days", "months")


def settled(draft: DraftGroup, catalogue: Catalogue, form: MultiDict[str, str]) -> DraftGroup:
    """The draft with every row fitting its field."""
    return _group(draft, catalogue, catalogue.fields, form)


def _group(draft: DraftGroup, catalogue: Catalogue, fields: Fields, form: MultiDict[str, str]) -> DraftGroup:
    return replace(
        draft,
        conditions=tuple(_condition(node, catalogue, fields, form) for node in draft.conditions),
        groups=tuple(_group(inner, catalogue, fields, form) for inner in draft.groups))


def _condition(node: DraftCondition, catalogue: Catalogue, fields: Fields,
               form: MultiDict[str, str]) -> DraftCondition:
    field, before = fields.get(node.field), fields.get(form.get(f"{node.id}.{WAS}", node.field))
    if field is None:
        return node
    if before is not field:
        node = _cleared(node, field, before)
    if operators.find(field.kind.name, node.operator) is None:
        node = replace(node, operator=first_operator(field))
    inside = catalogue.inside(field)
    if node.where is not None and inside:
        node = replace(node, where=_group(node.where, catalogue, inside, form))
    return _with_usual_values(node, field)


def first_operator(field: Field) -> str:
    """The comparison that a field starts with."""
    return USUAL_OPERATOR.get(field.kind.name) or next(operators.of_kind(field.kind.name))[0]


def _cleared(node: DraftCondition, field: Field, before: Field | None) -> DraftCondition:
    """The row without what was meant for another field: values of another kind, orders of another sort."""
    if before is None or before.kind != field.kind:
        node = replace(node, value=(), value2="", unit="", adding="", include_empty=True)
        node = replace(node, operator="")
    if before is None or before.source != field.source:
        node = replace(node, where=None)
    return node


def _without_untaken(node: DraftCondition, operator: Operator) -> DraftCondition:
    """The row without what the page has no input for, which the next post will not hold either."""
    taken = TAKEN[operator.takes]
    many = operator.takes is Takes.MANY
    return replace(node, value=node.value[:None if many else 1] if "value" in taken else (),
                   value2=node.value2 if "value2" in taken else "", unit=node.unit if "unit" in taken else "",
                   adding=node.adding if many else "")


def _with_usual_values(node: DraftCondition, field: Field) -> DraftCondition:
    """The row with those inputs filled in that only offer a few choices."""
    found = operators.find(field.kind.name, node.operator)
    operator = found[0] if found else None
    if operator is None:
        return node
    node = _without_untaken(node, operator)
    if operator.units and node.unit not in operator.units:
        unit = next((each for each in USUAL_UNITS if each in operator.units), operator.units[0])
        node = replace(node, unit="months" if operator.takes is Takes.PERIOD and "months" in operator.units else unit)
    if field.kind.name == "boolean" and operator.takes is Takes.ONE and not any(node.value):
        node = replace(node, value=("true",))
    return node
