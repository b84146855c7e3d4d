"""A draft: rules as they stand in the form, every value still the text that was typed. It may be unfinished or wrong.

Nothing here judges; `drafting.wire` turns a draft into the JSON that `rules.reading` judges, for whatever face it comes
from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from secrets import token_hex

AND, OR = "AND", "OR"


@dataclass(frozen=True)
class DraftCondition:
    """One row of the form. `adding`: a value that is being typed into a list; `is_off`: left out for now."""

    id: str
    field: str = ""
    operator: str = ""
    value: tuple[str, ...] = ()
    value2: str = ""
    unit: str = ""
    adding: str = ""
    include_empty: bool = True
    is_off: bool = False
    where: DraftGroup | None = None


@dataclass(frozen=True)
class DraftGroup:
    """A group of the form."""

    id: str
    logic: str = AND
    negate: bool = False
    conditions: tuple[DraftCondition, ...] = ()
    groups: tuple[DraftGroup, ...] = ()


DraftNode = DraftCondition | DraftGroup


def new_condition() -> DraftCondition:
    """An empty row with a new id."""
    return DraftCondition(f"c-{token_hex(4)}")


def new_group(logic: str = AND, *conditions: DraftCondition) -> DraftGroup:
    """A group with a new id; with one empty row unless it is given others."""
    return DraftGroup(f"g-{token_hex(4)}", logic, conditions=conditions or (new_condition(),))


def every(group: DraftGroup) -> Iterator[DraftNode]:
    """Every node, those inside `where` too, in the order of the form."""
    yield group
    for condition in group.conditions:
        yield condition
        if condition.where is not None:
            yield from every(condition.where)
    for inner in group.groups:
        yield from every(inner)


def changed(group: DraftGroup, identifier: str, change: Callable[[DraftNode], DraftNode]) -> DraftGroup:
    """The draft with the node of that id changed."""

    def of_group(node: DraftGroup) -> DraftGroup:
        if node.id == identifier:
            new = change(node)
            return new if isinstance(new, DraftGroup) else node
        return replace(node, conditions=tuple(map(of_condition, node.conditions)),
                       groups=tuple(map(of_group, node.groups)))

    def of_condition(node: DraftCondition) -> DraftCondition:
        if node.id == identifier:
            new = change(node)
            return new if isinstance(new, DraftCondition) else node
        return node if node.where is None else replace(node, where=of_group(node.where))

    return of_group(group)


def with_new_ids(node: DraftNode) -> DraftNode:
    """A copy that can stand beside the node."""
    if isinstance(node, DraftCondition):
        where = None if node.where is None else _group_with_new_ids(node.where)
        return replace(node, id=f"c-{token_hex(4)}", where=where)
    return _group_with_new_ids(node)


def _group_with_new_ids(node: DraftGroup) -> DraftGroup:
    conditions = tuple(each for each in map(with_new_ids, node.conditions) if isinstance(each, DraftCondition))
    return replace(node, id=f"g-{token_hex(4)}", conditions=conditions,
                   groups=tuple(map(_group_with_new_ids, node.groups)))
