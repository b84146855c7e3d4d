"""What is true of single nodes of a tree, for one person: the answers beside "does this person match"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from .evaluator import Person, Rule, Setting, StoreSettings, holds, value_of
from .language import NEVER_MISSING


def node_truths(
    rules: Rule,
    person: Person,
    *,
    now: datetime,
    store: StoreSettings,
    segments: Mapping[str, Rule] | None = None,
) -> dict[str, bool]:
    """Return whether each group and condition holds, by id; not those inside `where`."""
    setting = Setting(now, store, segments or {})
    return {node["id"]: holds(node, person, setting) for node in _nodes(rules)}


def _nodes(group: Rule) -> Iterator[Rule]:
    yield group
    yield from group["conditions"]
    for inner in group["groups"]:
        yield from _nodes(inner)


def without(rules: Rule, condition_id: str) -> Rule:
    """Return the rules with a condition left out, and every group that is empty then.

    Rules of which nothing is left match everyone.
    """
    everyone: Rule = {"id": rules["id"], "logic": "AND", "conditions": [], "groups": []}
    return _pruned(rules, condition_id) or everyone


def _pruned(group: Rule, condition_id: str) -> Rule | None:
    conditions = [node for node in group["conditions"] if node["id"] != condition_id]
    groups = [inner for inner in (_pruned(each, condition_id) for each in group["groups"]) if inner]
    return group | {"conditions": conditions, "groups": groups} if conditions or groups else None


def can_be_missing(field: str) -> bool:
    """Return whether there may be no value of a field."""
    return field not in NEVER_MISSING


def has_no_value(condition: Rule, person: Person, **setting: Any) -> bool:
    """Return whether the condition's field has no value for the person (with the same `where`)."""
    return actual_value(condition, person, **setting) is None


def actual_value(
    condition: Rule,
    person: Person,
    *,
    now: datetime,
    store: StoreSettings,
    segments: Mapping[str, Rule] | None = None,
) -> Any:
    """Return the value of the condition's field; of `in_segment` the asked segments one is in."""
    return value_of(condition, person, Setting(now, store, segments or {}))
