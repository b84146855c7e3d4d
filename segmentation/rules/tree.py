"""The tree: groups of conditions and groups, frozen and typed. What `reading` yields and everything else works on."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from segmentation.rules.field import Field
from segmentation.rules.operators import Operator


class Logic(StrEnum):
    """How a group joins its members."""

    AND = "AND"
    OR = "OR"


@dataclass(frozen=True)
class Condition:
    """One comparison. `value` is what the operator takes, typed; `negated` says that the operator's negative was asked.

    `include_empty` (negatives only): whether those without a value match. `where` (aggregates only): which orders or
    lines count.
    """

    id: str
    field: Field
    operator: Operator
    negated: bool
    value: Any
    include_empty: bool = True
    where: Group | None = None


@dataclass(frozen=True)
class Group:
    """Conditions and groups joined by AND or OR, and then flipped if `negate`. Empty only at the root: everyone."""

    id: str
    logic: Logic
    conditions: tuple[Condition, ...] = ()
    groups: tuple[Group, ...] = ()
    negate: bool = False


@dataclass(frozen=True)
class Reference:
    """Another segment that a condition asks about, with its rules as they are now; `depth`: how far these refer on."""

    id: uuid.UUID
    name: str = field(compare=False)
    tree: Group = field(compare=False)
    depth: int = field(compare=False)


def walk(group: Group) -> Iterator[Group | Condition]:
    """Every node: a group, its conditions, then its groups likewise. Without what is inside `where`."""
    yield group
    yield from group.conditions
    for inner in group.groups:
        yield from walk(inner)


def conditions_of(group: Group) -> Iterator[Condition]:
    """Every condition, each followed by those inside its `where`."""
    for node in walk(group):
        if isinstance(node, Condition):
            yield node
            if node.where is not None:
                yield from conditions_of(node.where)


def references_of(group: Group) -> dict[uuid.UUID, Reference]:
    """The segments that the tree itself refers to."""
    return {each.id: each for node in conditions_of(group) if node.field.kind.name == "segment_reference"
            for each in node.value}


def reference_depth(group: Group) -> int:
    """How many segments deep the references go; 0 without any."""
    return max((1 + each.depth for each in references_of(group).values()), default=0)
