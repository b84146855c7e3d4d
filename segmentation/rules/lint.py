"""Warnings about rules that are legal but hardly meant: what always or never holds, and what changes nothing.

They follow from the rules alone, without a look at the data; a warning is given only when it is certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from segmentation.rules.cases import thing, try_out
from segmentation.rules.tree import Condition, Group, Logic, conditions_of, walk
from segmentation.rules.truths import truths
from segmentation.rules.windows import Clock
from segmentation.translations import Words, in_every_language

MESSAGES = {
    "always_true": "This is always true, so it leaves nobody out.",
    "always_false": "This is never true.",
    "implied": "Another condition already says this, so it changes nothing.",
    "contradicts": "This and another condition of the group cannot both be true.",
    "or_of_negatives": "Nearly everyone matches “is not this or is not that”. Did you mean “and”?",
    "matches_everyone": "These rules match everyone.",
    "matches_no_one": "These rules match no one.",
}
Node = Condition | Group


@dataclass(frozen=True)
class Notice:
    """Something odd at a node. `related`: the ids of the nodes that it is odd together with."""

    id: str
    code: str
    related: tuple[str, ...] = ()

    @property
    def text(self) -> Words:
        """What to tell people, in every language."""
        return in_every_language(MESSAGES[self.code])


def lint(tree: Group, clock: Clock) -> list[Notice]:
    """All warnings about a tree, in the order of its nodes."""
    found = list(_of_whole(tree, clock))
    for node in conditions_of(tree):
        if node.where is not None:
            found += _of_parts(node.where, clock)
    places = {node.id: place for place, node in enumerate(_every(tree))}
    return sorted(dict.fromkeys(found), key=lambda warning: places[warning.id])


def _every(tree: Group) -> Iterator[Node]:
    for node in walk(tree):
        yield node
        if isinstance(node, Condition) and node.where is not None:
            yield from _every(node.where)


def _of_whole(tree: Group, clock: Clock) -> Iterator[Notice]:
    names = {"always_true": "matches_everyone", "always_false": "matches_no_one"}
    if not tree.conditions and not tree.groups:
        yield Notice(tree.id, "matches_no_one" if tree.negate else "matches_everyone")
        return
    for warning in _of_parts(tree, clock):
        yield Notice(warning.id, names[warning.code]) if warning.id == tree.id and warning.code in names else warning


def _of_parts(group: Group, clock: Clock) -> Iterator[Notice]:
    """Warnings about a group and what is in it, tried out together where that is not too much, else part by part."""
    conditions = [node for node in walk(group) if isinstance(node, Condition)]
    tried = try_out(conditions, clock)
    if tried is not None:
        found, every = tried
        yield from _of_group(group, truths(group, found, every), every)
        return
    for inner in group.groups:
        yield from _of_parts(inner, clock)
    yield from _or_of_negatives(group)
    for same in _by_thing(group.conditions):
        tried = try_out(same, clock)
        if tried is not None:
            found, every = tried
            yield from (warning for node in same for warning in _constant(node, found, every))
            yield from _among(group, same, found, every)


def _of_group(group: Group, found: dict[str, int], every: int) -> Iterator[Notice]:
    members: list[Node] = [*group.conditions, *group.groups]
    for inner in group.groups:
        yield from _of_group(inner, found, every)
    for node in group.conditions:
        yield from _constant(node, found, every)
    yield from _or_of_negatives(group)
    yield from _among(group, members, found, every)
    yield from _constant(group, found, every)


def _constant(node: Node, found: dict[str, int], every: int) -> Iterator[Notice]:
    if found[node.id] in (0, every):
        yield Notice(node.id, "always_true" if found[node.id] else "always_false")


def _among(group: Group, members: Sequence[Node], found: dict[str, int], every: int) -> Iterator[Notice]:
    """What two members of a group say of each other."""
    for one, other in combinations(members, 2):
        first, second = found[one.id], found[other.id]
        if {first, second} & {0, every}:
            continue  # said of that member alone
        if group.logic is Logic.AND and not first & second:
            yield Notice(other.id, "contradicts", (one.id,))
        elif redundant := _redundant(group.logic, first, second):
            yield Notice((one, other)[redundant - 1].id, "implied", ((one, other)[2 - redundant].id,))


def _redundant(logic: Logic, first: int, second: int) -> int:
    """Which of two members (1 or 2) the other makes superfluous; 0 for neither."""
    joined = first & second if logic is Logic.AND else first | second
    return 2 if joined == first else 1 if joined == second else 0


def _or_of_negatives(group: Group) -> Iterator[Notice]:
    """“Not this or not that” of one thing, which is true of whatever is not both at once."""
    if group.logic is Logic.OR:
        negatives = [node for node in group.conditions if node.negated and node.operator.meaning is not None]
        for same in _by_thing(negatives):
            if len(same) > 1:
                yield Notice(group.id, "or_of_negatives", tuple(node.id for node in same))


def _by_thing(conditions: Sequence[Condition]) -> list[list[Condition]]:
    groups: dict[str, list[Condition]] = {}
    for node in conditions:
        groups.setdefault(thing(node), []).append(node)
    return list(groups.values())


