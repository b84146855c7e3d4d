"""Reading rules: JSON to a typed tree, collecting every problem with its address. `wire` goes the other way.

The same reader serves requests and rules read back from the database. Nothing is coerced, dropped or guessed: a rule
that cannot be read whole is not read at all. Only a missing `id` is filled in, and a null where nothing is expected
is nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from secrets import token_hex
from typing import Any

from segmentation import limits
from segmentation.errors import Problem
from segmentation.rules import operators
from segmentation.rules.arguments import read_arguments
from segmentation.rules.field import Field
from segmentation.rules.fields import Catalogue
from segmentation.rules.kinds import Fault, Kind, SegmentReference, read_text
from segmentation.rules.operators import Operator
from segmentation.rules.references import NO_SEGMENTS, Segments, check_references
from segmentation.rules.tree import Condition, Group, Logic
from segmentation.translations import Filled

TOO_MANY = {"conditions": "At most {limit} conditions are allowed.", "groups": "At most {limit} groups are allowed."}
GROUP_KEYS = frozenset({"id", "logic", "conditions", "groups", "negate"})
CONDITION_KEYS = frozenset({"id", "field", "operator", "value", "value2", "unit", "include_empty", "where"})

Fields = Mapping[str, Field]


class RulesError(Exception):
    """The rules cannot be read; `problems` lists every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problem(s) in the rules")
        self.problems = problems


def read_rules(raw: Any, catalogue: Catalogue, path: str = "/rules", segments: Segments = NO_SEGMENTS) -> Group:
    """The tree that `raw` (parsed JSON) describes. `path` is its JSON Pointer; `segments` finds those it refers to.

    Raises RulesError with every problem.
    """
    reader = _Reader(catalogue, segments)
    tree = reader.group(raw, path, 1, catalogue.fields)
    if reader.problems or tree is None:
        raise RulesError(reader.problems)
    if problem := check_references(tree, path):
        raise RulesError([problem])
    return tree


class _Reader:
    """One reading: gathers problems, hands out ids, counts nodes. `fields` are those that a group may ask about."""

    def __init__(self, catalogue: Catalogue, segments: Segments) -> None:
        self.catalogue = catalogue
        self.segments = segments
        self.problems: list[Problem] = []
        self.ids: set[str] = set()
        self.conditions = 0
        self.groups = 0

    def problem(self, path: str, code: str, message: str, node: str | None) -> None:
        self.problems.append(Problem(path, code, message, node))

    def group(self, raw: Any, path: str, depth: int, fields: Fields) -> Group | None:
        if not isinstance(raw, dict):
            self.problem(path, "not_an_object", "A group must be an object.", None)
            return None
        self.groups += 1
        if self._past(self.groups, limits.RULE_GROUPS, path, "groups"):
            return None
        if depth > limits.RULE_DEPTH:
            self.problem(path, "too_deep", Filled("Groups may nest {depth} deep.", depth=limits.RULE_DEPTH), None)
            return None
        node = self._id(raw, path, "g")
        self._unknown_keys(raw, GROUP_KEYS, path, node)
        logic = self._logic(raw, path, node)
        negate = self._flag(raw, "negate", False, path, node)
        conditions = self._members(raw, "conditions", path, node, partial(self.condition, depth=depth, fields=fields))
        groups = self._members(raw, "groups", path, node, partial(self.group, depth=depth + 1, fields=fields))
        if depth > 1 and not raw.get("conditions") and not raw.get("groups"):
            self.problem(path, "empty_group", "A group needs a condition; remove it or fill it.", node)
        return Group(node, logic, tuple(conditions), tuple(groups), negate)

    def condition(self, raw: Any, path: str, depth: int, fields: Fields) -> Condition | None:
        if not isinstance(raw, dict):
            self.problem(path, "not_an_object", "A condition must be an object.", None)
            return None
        self.conditions += 1
        if self._past(self.conditions, limits.RULE_CONDITIONS, path, "conditions"):
            return None
        node = self._id(raw, path, "c")
        self._unknown_keys(raw, CONDITION_KEYS, path, node)
        field = self._field(raw, fields, path, node)
        found = self._operator(raw, field, path, node) if field else None
        where = self._where(raw, field, path, depth, node) if field else None
        if field is None or found is None:
            return None
        operator, negated = found
        include_empty = self._include_empty(raw, negated, path, node)
        value = read_arguments(raw, self._read(field.kind), operator, lambda key, fault: self.problem(
            f"{path}/{key}", fault.code, fault.message, node))
        return Condition(node, field, operator, negated, value, include_empty, where)

    def _where(self, raw: dict[str, Any], field: Field, path: str, depth: int, node: str) -> Group | None:
        if raw.get("where") is None:
            return None
        inside = self.catalogue.inside(field)
        if not inside:
            self.problem(f"{path}/where", "not_expected", "Only what is added up over orders takes this.", node)
            return None
        return self.group(raw["where"], f"{path}/where", depth + 1, inside)

    def _read(self, kind: Kind) -> Callable[[Any], Any]:
        if isinstance(kind, SegmentReference):
            return lambda raw: self.segments.find(kind.read(raw))
        return kind.read

    def _members(self, raw: dict[str, Any], key: str, path: str, node: str,
                 read: Callable[[Any, str], Any]) -> list[Any]:
        members = raw.get(key, [])
        if not isinstance(members, list):
            self.problem(f"{path}/{key}", "not_a_list", Filled("'{key}' must be a list.", key=key), node)
            return []
        # One past a limit is enough to say so; the rest of an endless list is not worth reading.
        longest = limits.RULE_CONDITIONS + 1
        found = [read(member, f"{path}/{key}/{index}") for index, member in enumerate(members[:longest])]
        return [member for member in found if member is not None]

    def _past(self, number: int, limit: int, path: str, what: str) -> bool:
        if number == limit + 1:
            self.problem(path, f"too_many_{what}", Filled(TOO_MANY[what], limit=limit), None)
        return number > limit

    def _id(self, raw: dict[str, Any], path: str, prefix: str) -> str:
        given = raw.get("id")
        if given is None:
            return f"{prefix}-{token_hex(4)}"
        try:
            identifier = read_text(given, limits.ID_LENGTH)
        except Fault as fault:
            self.problem(f"{path}/id", fault.code, fault.message, None)
            return ""
        if identifier in self.ids:
            self.problem(f"{path}/id", "duplicate_id", "Two rules have the same id.", identifier)
        self.ids.add(identifier)
        return identifier

    def _unknown_keys(self, raw: dict[str, Any], known: frozenset[str], path: str, node: str) -> None:
        for key in raw.keys() - known:
            pointer = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            self.problem(pointer[:limits.TEXT_LENGTH], "unknown_key", "There is no such key in a rule.", node)

    def _logic(self, raw: dict[str, Any], path: str, node: str) -> Logic:
        given = raw.get("logic")
        if not isinstance(given, str) or given not in ("AND", "OR"):
            self.problem(f"{path}/logic", "unknown_logic", "Choose AND or OR.", node)
            return Logic.AND
        return Logic(given)

    def _flag(self, raw: dict[str, Any], key: str, default: bool, path: str, node: str) -> bool:
        given = raw.get(key, default)
        if not isinstance(given, bool):
            self.problem(f"{path}/{key}", "not_a_boolean", "Choose yes or no.", node)
            return default
        return given

    def _field(self, raw: dict[str, Any], fields: Fields, path: str, node: str) -> Field | None:
        key = raw.get("field")
        field = fields.get(key) if isinstance(key, str) else None
        if field is None:
            self.problem(f"{path}/field", "unknown_field", "Choose a field.", node)
        return field

    def _operator(self, raw: dict[str, Any], field: Field, path: str, node: str) -> tuple[Operator, bool] | None:
        name = raw.get("operator")
        found = operators.find(field.kind.name, name) if isinstance(name, str) else None
        if found is None:
            self.problem(f"{path}/operator", "unknown_operator", "Choose a comparison that suits the field.", node)
        return found

    def _include_empty(self, raw: dict[str, Any], negated: bool, path: str, node: str) -> bool:
        if "include_empty" in raw and not negated:
            self.problem(f"{path}/include_empty", "not_expected", "Only a negative comparison takes this.", node)
            return True
        return self._flag(raw, "include_empty", True, path, node)
