"""The compiler: a rule tree becomes one SQL condition over the customers.

AND, OR, NOT and nothing else: what a comparison means is the operator's, how it reaches its value is the place's.
Negation is pushed down to the leaves, so the SQL stays shallow and every part of it is true or false, never unknown.
Values are always bound; the text of the SQL depends on the shape of the tree alone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true

from segmentation.rules.operators import Operator, Takes
from segmentation.rules.places import Facts
from segmentation.rules.tree import Condition, Group, Logic
from segmentation.rules.windows import Clock


def condition(tree: Group, clock: Clock, facts: Facts) -> ColumnElement[bool]:
    """The condition that a customer in `facts` matches `tree` at the clock's instant."""
    return _group(tree, False, clock, facts)


def _group(group: Group, flip: bool, clock: Clock, facts: Facts) -> ColumnElement[bool]:
    flip ^= group.negate
    parts = [_condition(member, flip, clock, facts) for member in group.conditions]
    parts += [_group(member, flip, clock, facts) for member in group.groups]
    if not parts:
        return false() if flip else true()
    # De Morgan: a flipped AND is an OR of flipped members.
    return and_(*parts) if (group.logic is Logic.AND) != flip else or_(*parts)


def _condition(node: Condition, flip: bool, clock: Clock, facts: Facts) -> ColumnElement[bool]:
    wanted = node.negated == flip
    test = node.operator.test
    if test is None:
        return node.field.place.missing(facts, wanted)
    operand = _operand(node, clock)
    when_missing = (node.negated and node.include_empty) != flip
    return node.field.place.holds(facts, lambda column: test(column, operand), wanted, when_missing)


def _operand(node: Condition, clock: Clock) -> Any:
    operator, value = node.operator, node.value
    if operator.window is not None:
        return operator.window(value, clock)
    if operator.takes is Takes.ONE:
        return _stored(node, operator, value)
    return tuple(_stored(node, operator, each) for each in value)


def _stored(node: Condition, operator: Operator, value: Any) -> Any:
    return node.field.kind.stored(value, part=operator.part)
