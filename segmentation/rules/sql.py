"""The compiler: a rule tree becomes one SQL condition over the customers.

AND, OR, NOT and nothing else: which values a comparison accepts is the operator's, how it reaches a value is the
place's. Negation is pushed down to the leaves, so the SQL stays shallow and unknown counts as no everywhere. What a
customer's orders, tags and other segments say is asked of named sets beside the statement, so that nothing nests.
"""

from __future__ import annotations

from typing import Any

from segmentation.rules.places import Column, Where
from segmentation.rules.predicates import Predicate
from segmentation.rules.tree import Condition, Group, Logic, Reference, conditions_of
from segmentation.rules.windows import Clock
from segmentation.rules.writing import Facts, Writer


class Compiler(Writer):
    """Writes conditions on the customers of one store, as of the clock's instant.

    `sets` are to be put before the statement (name -> select), `values` to be bound to it.
    """

    def __init__(self, facts: Facts, store_id: Any, clock: Clock) -> None:
        super().__init__(facts, store_id)
        self.clock = clock
        self._segments: dict[Any, str] = {}

    def group(self, group: Group, flip: bool = False) -> str:
        """The condition that a row matches the group (or does not, if `flip`)."""
        flip ^= group.negate
        parts = [self.condition(member, flip) for member in group.conditions]
        parts += [self.group(member, flip) for member in group.groups]
        if not parts:
            return "FALSE" if flip else "TRUE"
        if len(parts) == 1:
            return parts[0]
        # De Morgan: a flipped AND is an OR of flipped members.
        joint = " AND " if (group.logic is Logic.AND) != flip else " OR "
        return f"({joint.join(parts)})"

    def condition(self, node: Condition, flip: bool = False) -> str:
        """The condition that a row passes the comparison (or does not, if `flip`)."""
        wanted, place, where = node.negated == flip, node.field.place, self._where(node)
        predicate = self.predicate(node)
        if predicate is None:
            return place.missing(self, where, wanted)
        when_missing = (node.negated and node.include_empty) != flip
        return place.holds(self, where, predicate, wanted, when_missing)

    def missing(self, node: Condition) -> str:
        """The condition that the field of the comparison has no value."""
        return node.field.place.missing(self, self._where(node), True)

    def value(self, node: Condition) -> str:
        """The value of the comparison's field."""
        return node.field.place.value(self, self._where(node))

    def is_in(self, reference: Reference) -> str:
        """The condition that the customer is in that one segment."""
        return self.member_of(self.segment(reference))

    def segment(self, reference: Reference) -> str:
        """The name of the set of a segment's members, which is computed once however often it is asked for."""
        if reference.id not in self._segments:
            self._segments[reference.id] = self.add_set(
                "SELECT customers.number AS number FROM customers"
                f" WHERE customers.store_id = {self.store}{self.of_customer('customers.number')}"
                f" AND {self.group(reference.tree)}")
        return self._segments[reference.id]

    def predicate(self, node: Condition) -> Predicate | None:
        """What the positive of the comparison accepts; None when it only asks whether there is a value."""
        return meaning(node, self.clock)

    def _where(self, node: Condition) -> Where | None:
        inner = node.where
        if inner is None:
            return None
        places = (each.field.place for each in conditions_of(inner))
        columns = frozenset(place.column for place in places if isinstance(place, Column))
        return Where(lambda: self.group(inner), columns)


def meaning(node: Condition, clock: Clock) -> Predicate | None:
    """What the positive of a comparison accepts at the clock's instant; None for `is_empty`."""
    if node.operator.meaning is None:
        return None
    return node.operator.meaning(node.value, node.field.kind, clock)


