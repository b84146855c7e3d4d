"""Which nodes of a tree hold, for many cases at once, from which of its conditions hold.

A case is anything that answers every condition: a group of customers with the same answers, one customer, or an
imagined one. Truth is a whole number whose bit n stands for case n, so that a group of any width costs one operation
per member, however many the cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from segmentation.rules.tree import Condition, Group, Logic


def truths(tree: Group, conditions: Mapping[str, int], every: int) -> dict[str, int]:
    """The cases in which each node holds, by its id. `conditions`: those of each condition; `every`: all cases."""
    found = dict(conditions)
    _fill(tree, found, every)
    return found


def without_each(tree: Group, found: Mapping[str, int], every: int) -> dict[str, int]:
    """By each condition's id, the cases in which the tree holds when that condition is left out.

    A group left with no member goes too; a tree left with none holds always. `found` is what `truths` gave.
    """
    left_out: dict[str, int] = {}
    _leave_out(tree, found, every, found[tree.id], every, every, left_out)
    return left_out


def _fill(group: Group, found: dict[str, int], every: int) -> None:
    for inner in group.groups:
        _fill(inner, found, every)
    members = [found[member.id] for member in _members(group)]
    holds = _joined(members, group.logic, every) if members else every
    found[group.id] = holds ^ every if group.negate else holds


def _members(group: Group) -> tuple[Condition | Group, ...]:
    return (*group.conditions, *group.groups)


def _joined(members: Sequence[int], logic: Logic, every: int) -> int:
    result = every if logic is Logic.AND else 0
    for bits in members:
        result = result & bits if logic is Logic.AND else result | bits
    return result


def _leave_out(
    group: Group, found: Mapping[str, int], every: int, root: int, decides: int, gone: int, left_out: dict[str, int]
) -> None:
    """`decides`: the cases in which the group's truth decides the root's; `gone`: the root without the whole group."""
    members = _members(group)
    bits = [found[member.id] for member in members]
    for member, rest in zip(members, _others(bits, group.logic, every), strict=True):
        without = gone
        if len(members) > 1:
            changed = found[group.id] ^ rest ^ (every if group.negate else 0)
            without = root ^ (decides & changed)
        if isinstance(member, Condition):
            left_out[member.id] = without
        else:
            matters = rest if group.logic is Logic.AND else rest ^ every
            _leave_out(member, found, every, root, decides & matters, without, left_out)


def _others(bits: Sequence[int], logic: Logic, every: int) -> list[int]:
    """For each member, all the others joined."""
    neutral = every if logic is Logic.AND else 0
    before, after = [neutral], [neutral]
    for one, other in zip(bits, reversed(bits), strict=True):
        before.append(_joined((before[-1], one), logic, every))
        after.append(_joined((after[-1], other), logic, every))
    after.reverse()
    return [_joined((before[place], after[place + 1]), logic, every) for place in range(len(bits))]
