"""Imagined rows on which conditions are tried: enough of them that whatever holds in all, holds for every real row.

Conditions on one thing (a field under one `where`) are tried together on values around every bound they mention; values
that answer all of them alike are one. Different things are taken to vary freely, and texts to hold any pieces that do
not exclude one another: more is imagined than can be, never less, so what is concluded is always true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

from segmentation.models.types import EPOCH, MICROSECOND
from segmentation.rules.field import Field
from segmentation.rules.kinds import Choice
from segmentation.rules.predicates import AllOf, Equal, OneOf, Piece, Predicate, Span
from segmentation.rules.sql import meaning
from segmentation.rules.tree import Condition
from segmentation.rules.windows import Clock
from segmentation.rules.wire import to_wire

MOST_CASES = 4_096
MOST_TOGETHER = 6  # tags, segments or pieces of text that are combined in all ways
Tried = tuple[Condition, Predicate | None]
Accepts = Callable[[Predicate], bool]


class _TooMany(Exception):
    """More would have to be imagined than is worth it."""


def thing(node: Condition) -> str:
    """What a condition asks about: equal for two that look at the very same value."""
    return f"{node.field.key} {_without_ids(to_wire(node.where)) if node.where else ''}"


def try_out(conditions: Sequence[Condition], clock: Clock) -> tuple[dict[str, int], int] | None:
    """The cases in which each condition holds, by id, and all cases (see `truths`); None when they are too many."""
    things: dict[str, list[Tried]] = {}
    for node in conditions:
        things.setdefault(thing(node), []).append((node, meaning(node, clock)))
    found: dict[str, int] = {}
    size = 1
    for tried in things.values():
        try:
            answers = list(dict.fromkeys(_answers(tried)))
        except _TooMany:
            return None
        if size * len(answers) > MOST_CASES:
            return None
        _spread(found, size, len(answers))
        for place, (node, _) in enumerate(tried):
            found[node.id] = _blocks([answer[place] for answer in answers], size)
        size *= len(answers)
    return found, (1 << size) - 1


def _spread(found: dict[str, int], size: int, times: int) -> None:
    """Repeat the cases so far once for each answer of a further thing."""
    repeat = sum(1 << (size * number) for number in range(times))
    for key in found:
        found[key] *= repeat


def _blocks(answers: Sequence[bool], size: int) -> int:
    block = (1 << size) - 1
    return sum(block << (size * place) for place, holds in enumerate(answers) if holds)


def _answers(tried: Sequence[Tried]) -> Iterator[tuple[bool, ...]]:
    """What the conditions on one thing answer together, for each imagined value of it, and for none."""
    field = tried[0][0].field
    predicates = list(dict.fromkeys(predicate for _, predicate in tried if predicate is not None))
    if field.place.nullable:
        yield tuple(_holds(node, predicate, None) for node, predicate in tried)
    for accepts in _values(field, predicates):
        yield tuple(_holds(node, predicate, accepts) for node, predicate in tried)


def _holds(node: Condition, predicate: Predicate | None, accepts: Accepts | None) -> bool:
    if predicate is None:
        return (accepts is None) != node.negated
    if accepts is None:
        return node.negated and node.include_empty
    return accepts(predicate) != node.negated


def _values(field: Field, predicates: Sequence[Predicate]) -> Iterable[Accepts]:
    """Imagined values, each as what it answers to a predicate."""
    match field.kind.name:
        case "tags" | "segment_reference":
            return _sets(predicates)
        case "text":
            return _texts(predicates)
        case "boolean":
            return [_of(value) for value in (True, False)]
    if isinstance(field.kind, Choice):
        return [_of(value) for value in field.kind.choices]
    return [_of(value) for value in _around_bounds(field, predicates)]


def _of(value: Any) -> Accepts:
    return lambda predicate: not isinstance(predicate, AllOf) and predicate.accepts(value)


def _around_bounds(field: Field, predicates: Sequence[Predicate]) -> set[Any]:
    """Each bound and the value just below it: one value at least of every stretch between two bounds."""
    is_instant = field.kind.name == "instant"
    tick: Any = MICROSECOND if is_instant else 1
    bounds = {bound for predicate in predicates for bound in _bounds(predicate, tick)}
    bounds |= {bound for bound in (field.lowest, field.highest) if bound is not None} or {EPOCH if is_instant else 0}
    around = bounds | {bound - tick for bound in bounds}
    return {value for value in around if (field.lowest is None or value >= field.lowest)
            and (field.highest is None or value <= field.highest)}


def _bounds(predicate: Predicate, tick: Any) -> Iterator[Any]:
    match predicate:
        case Span(start, end):
            yield from (bound for bound in (start, end) if bound is not None)
        case Equal(value):
            yield from (value, value + tick)
        case OneOf(values):
            for value in values:
                yield from (value, value + tick)


def _sets(predicates: Sequence[Predicate]) -> Iterable[Accepts]:
    """Sets of tags or of segments: every combination of those mentioned."""
    members = list(dict.fromkeys(member for predicate in predicates for member in _members(predicate)))
    if len(members) > MOST_TOGETHER:
        return _freely(predicates)
    return [_of_set(frozenset(chosen)) for chosen in _subsets(members)]


def _members(predicate: Predicate) -> tuple[Any, ...]:
    return predicate.values if isinstance(predicate, OneOf | AllOf) else (getattr(predicate, "value", None),)


def _of_set(chosen: frozenset[Any]) -> Accepts:
    def accepts(predicate: Predicate) -> bool:
        members = _members(predicate)
        return chosen.issuperset(members) if isinstance(predicate, AllOf) else not chosen.isdisjoint(members)

    return accepts


def _texts(predicates: Sequence[Predicate]) -> Iterable[Accepts]:
    """The texts mentioned whole, and others that hold every combination of pieces that a text can hold."""
    pieces = [predicate for predicate in predicates if isinstance(predicate, Piece)]
    if len(pieces) > MOST_TOGETHER:
        return _freely(predicates)
    whole = {text for predicate in predicates if not isinstance(predicate, Piece) for text in _members(predicate)}
    others = [frozenset(held) for held in _subsets(pieces) if _can_be_held(held, pieces)]
    return [*(_of(text) for text in whole), *(held.__contains__ for held in others)]


def _can_be_held(held: Sequence[Piece], pieces: Sequence[Piece]) -> bool:
    """Whether a text may hold just those of the pieces."""
    absent = [piece for piece in pieces if piece not in held]
    if any(_implies(one, other) for one in held for other in absent):
        return False
    return not any(_exclude(one, other) for one, other in combinations(held, 2))


def _implies(one: Piece, other: Piece) -> bool:
    """Whether every text that holds the one holds the other."""
    if other.where == "anywhere":
        return other.text in one.text
    return one.where == other.where and other.accepts(one.text)


def _exclude(one: Piece, other: Piece) -> bool:
    """Whether no text begins, or ends, with both."""
    if one.where != other.where or one.where == "anywhere":
        return False
    return not one.accepts(other.text) and not other.accepts(one.text)


def _freely(predicates: Sequence[Predicate]) -> Iterable[Accepts]:
    """Too much to combine: as if each comparison could hold or not whatever the others do."""
    if 1 << len(predicates) > MOST_CASES:
        raise _TooMany
    return [frozenset(held).__contains__ for held in _subsets(predicates)]


def _subsets(items: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    for size in range(len(items) + 1):
        yield from combinations(items, size)


def _without_ids(wire: Any) -> Any:
    if isinstance(wire, dict):
        return {key: _without_ids(value) for key, value in sorted(wire.items()) if key != "id"}
    return [_without_ids(value) for value in wire] if isinstance(wire, list) else wire


