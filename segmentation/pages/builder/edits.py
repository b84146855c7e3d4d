"""What the buttons of the builder do to a draft: each turns a draft into another one and says what to focus then.

An edit that cannot be done (its node is gone, there is nowhere to go) leaves the draft as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from werkzeug.datastructures import MultiDict

from segmentation.errors import Malformed
from segmentation.pages.builder import form
from segmentation.pages.builder.draft import (
    AND,
    OR,
    DraftCondition,
    DraftGroup,
    DraftNode,
    changed,
    every,
    new_condition,
    new_group,
    with_new_ids,
)


class Edited(NamedTuple):
    """A draft after an edit, and which control should have the focus: a node's id and the name of the control."""

    draft: DraftGroup
    focus: tuple[str, str] | None = None


Edit = Callable[[DraftGroup, str, str], Edited]


def apply(draft: DraftGroup, verb: str, identifier: str, argument: str) -> Edited:
    """The draft after the edit that a button names; unless the form could not be read again: it would be too deep."""
    edit = EDITS.get(verb)
    known = any(node.id == identifier for node in every(draft))
    edited = edit(draft, identifier, argument) if edit and known else Edited(draft)
    try:
        form.read(MultiDict(form.write(edited.draft)))
    except Malformed:
        return Edited(draft)
    return edited


def _add_condition(draft: DraftGroup, identifier: str, _: str) -> Edited:
    added = new_condition()
    return Edited(_in_group(draft, identifier, lambda group: replace(group, conditions=(*group.conditions, added))),
                  (added.id, "field"))


def _add_group(draft: DraftGroup, identifier: str, _: str) -> Edited:
    group = _find(draft, identifier)
    if not isinstance(group, DraftGroup):
        return Edited(draft)
    added = new_group(OR if group.logic == AND else AND)
    return Edited(_put(draft, identifier, added, len(group.groups)), (added.conditions[0].id, "field"))


def _remove(draft: DraftGroup, identifier: str, _: str) -> Edited:
    parent = _parent(draft, identifier)
    if parent is None:
        return Edited(_without(draft, identifier), (_holder(draft, identifier), "where"))
    return Edited(_without(draft, identifier), (parent.id, "add-condition"))


def _duplicate(draft: DraftGroup, identifier: str, _: str) -> Edited:
    node, parent = _find(draft, identifier), _parent(draft, identifier)
    if parent is None or node is None:
        return Edited(draft)
    copy = with_new_ids(node)
    focus = (copy.id, "field" if isinstance(copy, DraftCondition) else "and")
    return Edited(_put(draft, parent.id, copy, _place(parent, identifier) + 1), focus)


def _up(draft: DraftGroup, identifier: str, _: str) -> Edited:
    parent = _parent(draft, identifier)
    if parent is None:
        return Edited(draft)
    place = _place(parent, identifier)
    if place == 0:
        return _out(draft, identifier, "up")
    return _moved(draft, identifier, parent.id, place - 1, "up")


def _down(draft: DraftGroup, identifier: str, _: str) -> Edited:
    node, parent = _find(draft, identifier), _parent(draft, identifier)
    if parent is None or node is None:
        return Edited(draft)
    place, siblings = _place(parent, identifier), _siblings(parent, node)
    if place < len(siblings) - 1:
        return _moved(draft, identifier, parent.id, place + 1, "down")
    if isinstance(node, DraftCondition) and parent.groups:
        return _moved(draft, identifier, parent.groups[0].id, 0, "down")
    return Edited(draft, (identifier, "down"))


def _into(draft: DraftGroup, identifier: str, _: str) -> Edited:
    """Into the neighbouring group: for a condition the first one below, for a group the one above, else below."""
    node, parent = _find(draft, identifier), _parent(draft, identifier)
    if parent is None or node is None:
        return Edited(draft)
    others = [group for group in parent.groups if group.id != identifier]
    if not others:
        return Edited(draft, (identifier, "into"))
    place = _place(parent, identifier)
    target = others[0] if isinstance(node, DraftCondition) else others[max(0, place - 1)]
    return _moved(draft, identifier, target.id, len(_siblings(target, node)), "into")


def _out(draft: DraftGroup, identifier: str, control: str) -> Edited:
    """Out of the group: a condition to the end of those above the group, a group to behind it."""
    node, parent = _find(draft, identifier), _parent(draft, identifier)
    outer = _parent(draft, parent.id) if parent else None
    if node is None or parent is None or outer is None:
        return Edited(draft, (identifier, control or "out"))
    behind = 0 if control == "up" else 1
    place = len(outer.conditions) if isinstance(node, DraftCondition) else _place(outer, parent.id) + behind
    return _moved(draft, identifier, outer.id, place, control or "out")


def _wrap(draft: DraftGroup, identifier: str, _: str) -> Edited:
    """Put a condition into a new group of its own, to which others can be added."""
    node, parent = _find(draft, identifier), _parent(draft, identifier)
    if not isinstance(node, DraftCondition) or parent is None:
        return Edited(draft)
    group = new_group(OR if parent.logic == AND else AND, node)
    return Edited(_put(_without(draft, identifier), parent.id, group, len(parent.groups)), (node.id, "field"))


def _where(draft: DraftGroup, identifier: str, _: str) -> Edited:
    inner = new_group()

    def with_where(node: DraftNode) -> DraftNode:
        return replace(node, where=inner) if isinstance(node, DraftCondition) and node.where is None else node

    return Edited(changed(draft, identifier, with_where), (inner.conditions[0].id, "field"))


def _switch(draft: DraftGroup, identifier: str, _: str) -> Edited:
    def switched(node: DraftNode) -> DraftNode:
        return replace(node, is_off=not node.is_off) if isinstance(node, DraftCondition) else node

    return Edited(changed(draft, identifier, switched), (identifier, "switch"))


def _add_value(draft: DraftGroup, identifier: str, _: str) -> Edited:
    return Edited(changed(draft, identifier, take_typed), (identifier, "adding"))


def take_typed(node: DraftNode) -> DraftNode:
    """The node with the text that was being typed into its list made a value of it; several lines are several."""
    if not isinstance(node, DraftCondition) or not node.adding.strip():
        return node
    typed = (line.strip() for line in node.adding.splitlines())
    return replace(node, adding="", value=tuple(dict.fromkeys((*node.value, *filter(None, typed)))))


def _drop_value(draft: DraftGroup, identifier: str, argument: str) -> Edited:
    def without(node: DraftNode) -> DraftNode:
        if not isinstance(node, DraftCondition):
            return node
        return replace(node, value=tuple(each for each in node.value if each != argument))

    return Edited(changed(draft, identifier, without), (identifier, "adding"))


def _show_empty(draft: DraftGroup, identifier: str, argument: str) -> Edited:
    def switched(node: DraftNode) -> DraftNode:
        return replace(node, include_empty=argument == "include") if isinstance(node, DraftCondition) else node

    return Edited(changed(draft, identifier, switched), (identifier, "empty"))


EDITS: dict[str, Edit] = {
    "add-condition": _add_condition, "add-group": _add_group, "remove": _remove, "duplicate": _duplicate, "up": _up,
    "down": _down, "into": _into, "out": lambda draft, identifier, _: _out(draft, identifier, ""), "wrap": _wrap,
    "where": _where, "switch": _switch, "add-value": _add_value, "drop-value": _drop_value, "empty": _show_empty,
}


def _groups(group: DraftGroup) -> Iterator[DraftGroup]:
    return (node for node in every(group) if isinstance(node, DraftGroup))


def _find(draft: DraftGroup, identifier: str) -> DraftNode | None:
    return next((node for node in every(draft) if node.id == identifier), None)


def _parent(draft: DraftGroup, identifier: str) -> DraftGroup | None:
    """The group that a node is a member of; None for the root and for a `where`."""
    return next((group for group in _groups(draft)
                 if identifier in {each.id for each in group.conditions} | {each.id for each in group.groups}), None)


def _holder(draft: DraftGroup, identifier: str) -> str:
    """The condition whose `where` that group is."""
    return next((node.id for node in every(draft)
                 if isinstance(node, DraftCondition) and node.where and node.where.id == identifier), "")


def _siblings(parent: DraftGroup, node: DraftNode) -> tuple[DraftNode, ...]:
    return parent.conditions if isinstance(node, DraftCondition) else parent.groups


def _place(parent: DraftGroup, identifier: str) -> int:
    """The place of a member among those of its sort."""
    conditions, groups = [each.id for each in parent.conditions], [each.id for each in parent.groups]
    return (conditions if identifier in conditions else groups).index(identifier)


def _in_group(draft: DraftGroup, identifier: str, change: Callable[[DraftGroup], DraftGroup]) -> DraftGroup:
    return changed(draft, identifier, lambda node: change(node) if isinstance(node, DraftGroup) else node)


def _put(draft: DraftGroup, parent: str, node: DraftNode, place: int) -> DraftGroup:
    def inserted(group: DraftGroup) -> DraftGroup:
        if isinstance(node, DraftCondition):
            return replace(group, conditions=(*group.conditions[:place], node, *group.conditions[place:]))
        return replace(group, groups=(*group.groups[:place], node, *group.groups[place:]))

    return _in_group(draft, parent, inserted)


def _without(draft: DraftGroup, identifier: str) -> DraftGroup:
    conditions = tuple(
        replace(node, where=None if node.where.id == identifier else _without(node.where, identifier))
        if node.where else node
        for node in draft.conditions if node.id != identifier)
    groups = tuple(_without(group, identifier) for group in draft.groups if group.id != identifier)
    return replace(draft, conditions=conditions, groups=groups)


def _moved(draft: DraftGroup, identifier: str, parent: str, place: int, control: str) -> Edited:
    node = _find(draft, identifier)
    if node is None:
        return Edited(draft)
    return Edited(_put(_without(draft, identifier), parent, node, place), (identifier, control))
