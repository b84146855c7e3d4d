"""Legal rule trees to test with: random ones, and one small tree for every field and operator.

Values come mostly from the people themselves, respelled or moved to just beside an edge, because
a random value seldom divides anyone from anyone. Deterministic in the arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from .known import known_of
from .language import (
    AGGREGATES,
    ATTRIBUTES,
    CHOICES,
    DURATIONS,
    FIELDS,
    ITEM_FIELDS,
    NEGATIVE_OF,
    OPERATORS,
    ORDER_FIELDS,
    OWN,
    PERIODS,
    POSITIVE_OF,
    StoreSettings,
    kind_of,
)
from .people import HOURS_BESIDE_NOW, Person
from .spellings import Spellings
from .windows import store_day

__all__ = ["FIELDS", "NEGATIVE_OF", "OPERATORS", "every_field_operator", "random_segments", "random_tree"]

Rule = dict[str, Any]

_KINDS = ("instant",) * 4 + ("text",) * 4 + ("integer", "money", "choice") * 2 + ("boolean",)
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
_LONGEST = 10**6
_DURATIONS = (1, 1, 2, 3, 4, 6, 7, 8, 12, 13, 14, 24, 29, 30, 31, 36, 90, 365, _LONGEST)
_HOURS_IN = dict(zip(DURATIONS, (1, 24, 168, 730, 2191, 8766), strict=True))  # roughly
_LARGEST = 10**15
_NUMBERS = (0, 1, -1, 5, 100, _LARGEST, -_LARGEST)
_NUDGES: dict[str, tuple[Any, ...]] = {
    "integer": (0, 0, 1, -1),
    "number": (0, 0, 1, -1, *map(Decimal, ("0.0001", "0.00005"))),
    # The last two are finer than money is stored.
    "money": (0, 0, 1, -1, *map(Decimal, ("0.0001", "-0.0001", "0.00005", "-1e-10"))),
}


def random_tree(
    rng: Random,
    people: Sequence[Person],
    now: datetime,
    store: StoreSettings,
    segments: Mapping[str, Rule] | None = None,
) -> Rule:
    """Return a legal tree of 1 to 12 conditions (seldom none), at most 8 groups deep, `where` included.

    Where there are segments, conditions may refer to them.
    """
    depth = rng.choice((1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 8))
    # Mostly small: the more conditions, the less each of them can change the answer. A deep tree
    # has six at most, as each may need a chain of groups, and 64 groups are allowed.
    sizes = (0, 1, 1, 1, 1, 1, 1, 2, 3, 8) if depth == 1 else (1, 2, 2, 3, 3, 4, 6, 8, 12)
    size = min(rng.choice(sizes), 6 if depth > 4 else 12)
    asking = Asking(rng, people, now, store, tuple(segments or ()), 2 if depth < 5 else 0)
    tree = _grow(rng, [asking.condition() for _ in range(size)], depth)
    if not size:
        tree["negate"] = False
    return numbered(tree)


def numbered(tree: Rule) -> Rule:
    """Give every node an id of its own, those inside `where` too."""
    for number, node in enumerate(_nodes(tree)):
        node["id"] = f"n{number}" if number else "root"
    return tree


def random_segments(
    rng: Random, people: Sequence[Person], now: datetime, store: StoreSettings
) -> dict[str, Rule]:
    """Return segments (id -> rules), later ones referring to earlier ones; at most three deep."""
    segments: dict[str, Rule] = {}
    for level in range(3):
        made = {
            str(UUID(int=rng.getrandbits(128), version=4)): random_tree(
                rng, people, now, store, segments if level else None
            )
            for _ in range(3)
        }
        segments |= made
    return segments


def _grow(rng: Random, conditions: list[Rule], depth: int) -> Rule:
    """Share conditions out over a group and groups below it, none of them empty."""
    here = len(conditions) if depth == 1 else rng.randint(0, len(conditions) - 1)
    logic, below = rng.choice(("AND", "OR")), conditions[here:]
    group: Rule = {"logic": logic, "conditions": conditions[:here], "groups": []}
    while below:
        size = rng.randint(1, len(below)) if len(group["groups"]) < 2 else len(below)
        part, below = below[:size], below[size:]
        group["groups"].append(_grow(rng, part, depth - 1))
    if rng.random() < 0.3:
        group["negate"] = rng.random() < 0.7
    return group


def _nodes(group: Rule) -> Iterator[Rule]:
    yield group
    for condition in group["conditions"]:
        yield condition
        if "where" in condition:
            yield from _nodes(condition["where"])
    for below in group["groups"]:
        yield from _nodes(below)


@dataclass(frozen=True)
class Asking:
    """Whom questions are about, and how deep a `where` may be."""

    rng: Random
    people: Sequence[Person]
    now: datetime
    store: StoreSettings
    segments: tuple[str, ...] = ()
    where_depth: int = 2

    def condition(self) -> Rule:
        """Return one random legal condition on a person."""
        if self.segments and self.rng.random() < 0.1:
            chosen = self.rng.sample(self.segments, self.rng.choice((1, 1, 2)))
            return {"field": "in_segment", "operator": self.rng.choice(("in", "not_in")), "value": chosen}
        drawn = self.rng.random()
        if drawn < 0.25 and self.where_depth:
            return self._of_aggregate(self.rng.choice(list(AGGREGATES)))
        if drawn < 0.32:
            return _Condition(self, "tags").written()
        if drawn < 0.39:
            return _Condition(self, "birthday").written()
        if drawn < 0.49:
            return _Condition(self, f"attributes.{self.rng.choice(list(self.store.attributes))}").written()
        # Kinds first, or the nine text fields would leave little room for the three instants.
        kind = self.rng.choice(_KINDS)
        same_kind = [field for field in FIELDS if FIELDS[field] == kind]
        field = "mobile" if kind == "text" and self.rng.random() < 0.2 else self.rng.choice(same_kind)
        return _Condition(self, field).written()

    def _of_aggregate(self, field: str) -> Rule:
        condition = _Condition(self, field).written()
        if self.rng.random() < 0.7:
            fields = ORDER_FIELDS | ITEM_FIELDS if field.startswith("items.") else ORDER_FIELDS
            inner = [
                _Condition(self, self.rng.choice(list(fields))).written()
                for _ in range(self.rng.choice((1, 1, 1, 2, 3)))
            ]
            condition["where"] = _grow(self.rng, inner, self.rng.randint(1, self.where_depth))
        return condition


class _Condition:
    """One random legal condition on a field, its values taken from those that people have."""

    def __init__(self, asking: Asking, field: str) -> None:
        self._rng, self._now, self._store = asking.rng, asking.now, asking.store
        self._known = known_of(asking.people)
        self._field = field

    def written(self) -> Rule:
        kind = kind_of(self._field, self._store)
        operator = self._rng.choice(OPERATORS[kind])
        positive = POSITIVE_OF.get(operator, operator)
        operands = self._birthday(positive) if kind == "birthday" else self._operands(kind, positive)
        if operator in POSITIVE_OF and positive != "is_empty" and self._rng.random() < 0.5:
            operands["include_empty"] = self._rng.random() < 0.3
        return {"field": self._field, "operator": operator} | operands

    def _birthday(self, positive: str) -> Rule:
        if positive == "in_next":
            return {"value": self._rng.choice((1, 2, 3, 7, 8, 30, 59, 365, 366, 1000)), "unit": "days"}
        return {"value": self._rng.randint(1, 12)} if positive == "in_month" else {}

    def _operands(self, kind: str, positive: str) -> Rule:
        if positive == "is_empty":
            return {}
        if positive in {"in_this", "in_previous"}:
            return {"unit": self._rng.choice(PERIODS)}
        if positive in {"in_last", "more_than_ago", "in_next"}:
            unit = self._rng.choice(DURATIONS)
            return {"value": max(1, self._duration(unit)), "unit": unit}
        if positive == "between_ago":
            unit = self._rng.choice(PERIODS)
            return self._pair(lambda: self._duration(unit)) | {"unit": unit}
        one = self._value_of_kind(kind, positive)
        if positive == "between":
            return self._pair(one)
        if positive in {"in", "has_all"}:
            return {"value": [one() for _ in range(self._rng.choice((1, 1, 2, 3, 12)))]}
        return {"value": one()}

    def _pair(self, one: Callable[[], Any]) -> Rule:
        low, high = sorted((one(), one()))
        return {"value": low, "value2": high}

    def _value_of_kind(self, kind: str, positive: str) -> Callable[[], Any]:
        """Return what draws a value that `positive` may be given."""
        if kind in {"text", "tags"}:
            return lambda: self._text(positive)
        if kind == "choice":
            return lambda: self._rng.choice(CHOICES[self._field])
        if kind == "boolean":
            return lambda: self._rng.random() < 0.5
        if kind == "instant":
            return self._day
        return lambda: self._number(kind)

    def _stored(self) -> Any:
        """Return the field's value of someone who has one, None if nobody has."""
        known = self._known.values(self._field)
        return self._rng.choice(known) if known else None

    def _text(self, positive: str) -> str:
        stored = self._stored() or "a"
        spellings = Spellings(self._rng)
        if self._field == "mobile":
            return spellings.phone(stored, positive)
        return spellings.text(stored, positive)

    def _number(self, kind: str) -> int | Decimal:
        stored = self._stored()
        if stored is None or self._rng.random() < 0.1:
            return self._rng.choice(_NUMBERS)
        number: int | Decimal = stored + self._rng.choice(_NUDGES[kind])
        return min(max(number, -_LARGEST), _LARGEST)

    def _day(self) -> str:
        day = store_day(self._stored() or self._now, self._store.timezone)
        if self._rng.random() < 0.2:
            day = store_day(self._now, self._store.timezone)
        nudged = day + timedelta(days=self._rng.choice((-1, 0, 0, 0, 1)))
        return min(max(nudged, _FIRST_DAY), _LAST_DAY).isoformat()

    def _duration(self, unit: str) -> int:
        """Return 0 or more units; often about as many as lie between someone's instant and now."""
        if self._rng.random() < 0.4:
            return self._rng.choice(HOURS_BESIDE_NOW if unit == "hours" else _DURATIONS)
        away = abs(self._now - (self._stored() or self._now)) / timedelta(hours=_HOURS_IN[unit])
        return min(_LONGEST, max(0, round(away) + self._rng.choice((-1, 0, 0, 1))))


_EXAMPLES: dict[str, tuple[Any, Any]] = {
    "text": ("أحمد", "a"),
    "tags": ("vip", "جديد"),
    "number": (Decimal(1), Decimal("2.50005")),
    "integer": (1, 3),
    "money": (Decimal("10"), Decimal("100.00005")),
    "boolean": (True, False),
    "instant": ("2024-04-26", "2024-05-15"),
}


_WHERE: dict[str, Rule] = {
    "order": {"field": "order.city", "operator": "not_equals", "value": "riyadh"},
    "item": {"field": "item.category", "operator": "equals", "value": "SHOES"},
}


def every_field_operator() -> Iterator[Rule]:
    """Yield trees of one condition for every field, operator and (if it takes one) unit.

    Aggregates come plain and with a `where`, and what a `where` may ask comes inside one.
    """
    attributes = {f"attributes.{key}": kind for key, kind in ATTRIBUTES.items()}
    for field, kind in (FIELDS | OWN | attributes | AGGREGATES).items():
        for condition in _every_condition(field, kind):
            yield _alone(condition)
            if field in AGGREGATES:
                inner = _WHERE["item" if field.startswith("items.") else "order"]
                yield _alone(condition | {"where": _alone(dict(inner))})
    for field, kind in (ORDER_FIELDS | ITEM_FIELDS).items():
        source = "items.orders_count" if field in ITEM_FIELDS else "all_orders.count"
        for condition in _every_condition(field, kind):
            counted: Rule = {"field": source, "operator": "greater_than", "value": 0}
            yield _alone(counted | {"where": _alone(condition)})


def _alone(condition: Rule) -> Rule:
    return numbered({"logic": "AND", "conditions": [condition], "groups": []})


def _every_condition(field: str, kind: str) -> Iterator[Rule]:
    for operator in OPERATORS[kind]:
        for operands in _example_operands(field, kind, POSITIVE_OF.get(operator, operator)):
            yield {"field": field, "operator": operator} | operands


def _example_operands(field: str, kind: str, positive: str) -> list[Rule]:
    if positive in {"is_empty", "is_today"}:
        return [{}]
    if kind == "birthday":
        return [{"value": 2}] if positive == "in_month" else [{"value": n, "unit": "days"} for n in (1, 8, 400)]
    if positive in {"in_this", "in_previous"}:
        return [{"unit": unit} for unit in PERIODS]
    if positive == "between_ago":
        pairs = ((0, 0), (1, 3))
        return [{"value": m, "value2": n, "unit": unit} for unit in PERIODS for m, n in pairs]
    if positive in {"in_last", "more_than_ago", "in_next"}:
        return [{"value": n, "unit": unit} for unit in DURATIONS for n in (1, 3, 24)]
    low, high = CHOICES[field][:2] if field in CHOICES else _EXAMPLES[kind]
    if field == "mobile":
        low, high = "+966501234001", "+201001234002"
    if positive == "between":
        return [{"value": low, "value2": high}]
    return [{"value": [low, high] if positive in {"in", "has_all"} else low}]
