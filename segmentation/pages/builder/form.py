"""The form and the draft: the same thing in two spellings. The form is the only state that the builder has.

The inputs named `node` say how the tree is built, in the order of the page: `g:ID … /g` around a group, `c:ID … /c`
around a condition; a group directly inside a condition is its `where`. What a node says is in inputs named `ID.slot`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from werkzeug.datastructures import MultiDict

from segmentation import limits
from segmentation.errors import Malformed
from segmentation.pages.builder.draft import AND, OR, DraftCondition, DraftGroup, DraftNode

# Far beyond what rules may hold, so that what is too much is said by the rules' own limits.
MOST_NODES = 4 * (limits.RULE_CONDITIONS + limits.RULE_GROUPS)
DEEPEST = 4 * limits.RULE_DEPTH
NODE = "node"
Pairs = list[tuple[str, str]]


def read(form: MultiDict[str, str]) -> DraftGroup:
    """The draft in a form. Raises Malformed for a form that no page of ours has made."""
    tokens = form.getlist(NODE)
    if len(tokens) > 2 * MOST_NODES:
        raise Malformed("The form has too many parts.")
    root: DraftGroup | None = None
    seen: set[str] = set()
    stack: list[DraftNode] = []
    for token in tokens:
        kind, _, identifier = token.partition(":")
        if kind in ("g", "c"):
            if not 0 < len(identifier) <= limits.ID_LENGTH or identifier in seen or len(stack) > DEEPEST:
                raise _not_ours()
            seen.add(identifier)
            stack.append(_group(form, identifier) if kind == "g" else _condition(form, identifier))
            continue
        node = stack.pop() if stack else None
        if kind not in ("/g", "/c") or isinstance(node, DraftGroup) != (kind == "/g") or node is None or root:
            raise _not_ours()
        if stack:
            stack[-1] = _within(stack[-1], node)
        elif isinstance(node, DraftGroup):
            root = node
    if root is None or stack:
        raise _not_ours()
    return root


def write(root: DraftGroup) -> Pairs:
    """The inputs of the form that hold the draft."""
    return list(_of_group(root))


def _not_ours() -> Malformed:
    return Malformed("The form cannot be read. Load the page again.")


def _within(outer: DraftNode, inner: DraftNode) -> DraftNode:
    match outer, inner:
        case DraftGroup(), DraftCondition():
            return replace(outer, conditions=(*outer.conditions, inner))
        case DraftGroup(), DraftGroup():
            return replace(outer, groups=(*outer.groups, inner))
        case DraftCondition(where=None), DraftGroup():
            return replace(outer, where=inner)
    raise _not_ours()


def _group(form: MultiDict[str, str], identifier: str) -> DraftGroup:
    logic = form.get(f"{identifier}.logic", AND)
    return DraftGroup(identifier, OR if logic == OR else AND, f"{identifier}.negate" in form)


def _condition(form: MultiDict[str, str], identifier: str) -> DraftCondition:
    def one(slot: str) -> str:
        return form.get(f"{identifier}.{slot}", "")

    # An empty input is the same as none, which is how the draft was written that the form was drawn from.
    values = tuple(filter(None, form.getlist(f"{identifier}.value")))
    return DraftCondition(
        identifier, one("field"), one("operator"), values, one("value2"), one("unit"), one("adding"),
        one("empty") != "exclude", one("off") == "on")


def _of_group(node: DraftGroup) -> Iterator[tuple[str, str]]:
    yield NODE, f"g:{node.id}"
    yield f"{node.id}.logic", node.logic
    if node.negate:
        yield f"{node.id}.negate", "on"
    for condition in node.conditions:
        yield from _of_condition(condition)
    for inner in node.groups:
        yield from _of_group(inner)
    yield NODE, "/g"


def _of_condition(node: DraftCondition) -> Iterator[tuple[str, str]]:
    yield NODE, f"c:{node.id}"
    slots = [("field", node.field), ("operator", node.operator), *(("value", each) for each in node.value),
             ("value2", node.value2), ("unit", node.unit), ("adding", node.adding),
             ("empty", "" if node.include_empty else "exclude"), ("off", "on" if node.is_off else "")]
    yield from ((f"{node.id}.{slot}", text) for slot, text in slots if text)
    if node.where is not None:
        yield from _of_group(node.where)
    yield NODE, "/c"
