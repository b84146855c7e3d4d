"""The tree: groups of conditions and groups, frozen and typed. What `reading` yields and everything else works on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from segmentation.rules.fields import Field
from segmentation.rules.operators import Operator


class Logic(StrEnum):
    """How a group joins its members."""

    AND = "AND"
    OR = "OR"


@dataclass(frozen=True)
class Condition:
    """One comparison. `value` is what the operator takes, typed; `negated` says that the operator's negative was asked.

    `include_empty` (negatives only): whether customers without a value match.
    """

    id: str
    field: Field
    operator: Operator
    negated: bool
    value: Any
    include_empty: bool = True


@dataclass(frozen=True)
class Group:
    """Conditions and groups joined by AND or OR, and then flipped if `negate`. Empty only at the root: everyone."""

    id: str
    logic: Logic
    conditions: tuple[Condition, ...] = ()
    groups: tuple[Group, ...] = ()
    negate: bool = False


def walk(group: Group) -> Iterator[Group | Condition]:
    """Every node: a group, its conditions, then its groups likewise."""
    yield group
    yield from group.conditions
    for inner in group.groups:
        yield from walk(inner)
