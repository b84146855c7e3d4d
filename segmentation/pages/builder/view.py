"""What the templates of the builder ask: which choices a row offers, which inputs it has, what was counted for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from babel.dates import get_month_names
from babel.numbers import get_currency_symbol

from segmentation.audience.scope import Scope
from segmentation.audience.values import choice_counts
from segmentation.errors import Problem, Unavailable
from segmentation.models import Segment
from segmentation.pages.builder.draft import DraftCondition, DraftGroup, every
from segmentation.pages.builder.judging import Figures, Judged
from segmentation.pages.words import language, number, say
from segmentation.rules import operators
from segmentation.rules.field import Field
from segmentation.rules.kinds import Choice
from segmentation.rules.lint import Notice
from segmentation.rules.operators import Operator, Takes
from segmentation.rules.sentences import UNITS, period
from segmentation.segments import find_segments
from segmentation.translations import translate, translate_count

# What is only not filled in yet; anything else that is wrong with a row is a mistake.
UNFINISHED = frozenset({"required", "blank", "not_a_list", "unknown_field", "empty_group", "not_an_id"})
_SAFE = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[0-9a-f]{8})?")
Fields = Mapping[str, Field]


@dataclass(frozen=True)
class Option:
    """One entry of a list to choose from; `count`: how many have it."""

    value: str
    label: str
    count: int | None = None


@dataclass(frozen=True)
class Hint:
    """What a node lacks or has wrong, and in which input (`slot`)."""

    text: str
    slot: str
    is_mistake: bool


@dataclass(frozen=True)
class Row:
    """A condition with its field and comparison, as far as they are known."""

    node: DraftCondition
    field: Field | None
    operator: Operator | None
    negated: bool
    inside: Fields

    @property
    def takes(self) -> str:
        """What the comparison takes."""
        return self.operator.takes.value if self.operator else ""

    @property
    def value(self) -> str:
        """The first value."""
        return self.node.value[0] if self.node.value else ""

    @property
    def widget(self) -> str:
        """The input for one value."""
        if self.operator is None or self.field is None:
            return ""
        if self.operator.takes in (Takes.DURATION, Takes.DURATION_PAIR):
            return "number"
        return self.field.kind.widget


@dataclass
class View:
    """The builder at one moment."""

    scope: Scope
    row: Segment | None
    draft: DraftGroup
    judged: Judged
    figures: Figures
    name: str
    description: str
    history: str
    can_undo: bool
    can_redo: bool
    version: int
    is_changed: bool
    focus: str = ""
    tried: bool = False
    faults: Mapping[str, str] = field(default_factory=dict)
    conflict: Any = None

    def dom_id(self, identifier: str, control: str = "") -> str:
        """The id of an element: the same for a node (and one of its controls) at every moment."""
        safe = identifier if _SAFE.fullmatch(identifier) else "x" + sha256(identifier.encode()).hexdigest()[:12]
        return f"n-{safe}-{control}" if control else f"n-{safe}"

    def rows(self, group: DraftGroup, fields: Fields) -> list[Row]:
        """The conditions of a group."""
        return [self._row(node, fields) for node in group.conditions]

    def _row(self, node: DraftCondition, fields: Fields) -> Row:
        found = fields.get(node.field)
        comparison = operators.find(found.kind.name, node.operator) if found else None
        operator, negated = comparison or (None, False)
        return Row(node, found, operator, negated, self.scope.catalogue.inside(found) if found else {})

    def fields(self, fields: Fields) -> dict[str, list[Option]]:
        """The fields to choose from, by group."""
        return self._grouped[id(fields)] if id(fields) in self._grouped else self._group(fields)

    @cached_property
    def _grouped(self) -> dict[int, dict[str, list[Option]]]:
        return {}

    def _group(self, fields: Fields) -> dict[str, list[Option]]:
        groups: dict[str, list[Option]] = {}
        for each in fields.values():
            label = translate(each.label, language())
            groups.setdefault(translate(each.group, language()), []).append(Option(each.key, label))
        self._grouped[id(fields)] = groups
        return groups

    def comparisons(self, found: Field) -> list[Option]:
        """The comparisons that a field offers."""
        return [Option(name, translate(label, language())) for name, label, _, _ in operators.of_kind(found.kind.name)]

    def units(self, row: Row) -> list[Option]:
        """The units of a duration, or the periods."""
        if row.operator is None:
            return []
        if row.operator.takes is Takes.PERIOD:
            label = (row.operator.negative_label if row.negated else None) or row.operator.label
            return [Option(unit, translate(period(label, unit), language())) for unit in row.operator.units]
        count = int(row.value) if row.value.isascii() and row.value.isdigit() and len(row.value) < 10 else 0
        return [Option(unit, self._unit(unit, count)) for unit in row.operator.units]

    def _unit(self, unit: str, count: int) -> str:
        return translate_count(*UNITS[unit], count or 3, language()).replace("{number}", "").strip()

    def months(self) -> list[Option]:
        """The months of the year."""
        names = get_month_names("wide", "stand-alone", language())
        return [Option(str(month), str(names[month])) for month in range(1, 13)]

    def choices(self, row: Row) -> list[Option]:
        """What a choice, or a list of segments, may be; the frequent first."""
        if row.field is None:
            return []
        if row.field.kind.name == "segment_reference":
            return [Option(str(each.id), each.name, each.cached_count) for each in self._segments()]
        kind = row.field.kind
        if not isinstance(kind, Choice):
            return []
        counts = self._counts(row.field)
        options = [Option(code, kind.label(code, language()), counts.get(code)) for code in kind.choices]
        return sorted(options, key=lambda option: -(option.count or 0)) if len(options) > 15 else options

    def chosen(self, row: Row) -> list[str]:
        """The labels of what is chosen."""
        labels = {option.value: option.label for option in self.choices(row)}
        return [labels.get(value, str(say("something that is gone"))) for value in row.node.value if value]

    def gone(self, row: Row) -> list[str]:
        """Chosen values that are no longer among the choices."""
        known = {option.value for option in self.choices(row)}
        return [value for value in row.node.value if value and value not in known]

    def _counts(self, found: Field) -> Mapping[str, int]:
        if found.key not in self._counted:
            try:
                self._counted[found.key] = choice_counts(self.scope, found)
            except Unavailable:
                self._counted[found.key] = {}
        return self._counted[found.key]

    @cached_property
    def _counted(self) -> dict[str, Mapping[str, int]]:
        return {}

    def _segments(self) -> Sequence[Segment]:
        return [each for each in self._all_segments if self.row is None or each.id != self.row.id]

    @cached_property
    def _all_segments(self) -> Sequence[Segment]:
        return sorted(find_segments(self.scope), key=lambda each: each.name)

    @cached_property
    def currency_sign(self) -> str:
        """How the store's money is marked."""
        return get_currency_symbol(self.scope.settings.currency, language())

    # What was counted

    def count(self, identifier: str) -> int | None:
        """How many customers a node matches; None where that is not known."""
        nodes = self.figures.answer.nodes if self.figures.answer else None
        if nodes is None or identifier not in self.figures.numbered:
            return None
        return nodes[identifier].count

    def without(self, identifier: str) -> int | None:
        """How many customers all rules match when that condition is left out."""
        if self.judged.whole is None or self.count(identifier) is None or self.figures.answer is None:
            return None
        nodes = self.figures.answer.nodes or {}
        return nodes[identifier].without if len(self.judged.whole.conditions) + len(self.judged.whole.groups) > 1 \
            or len(nodes) > 2 else None

    @property
    def total(self) -> int | None:
        """How many customers all rules match."""
        return self.figures.answer.count if self.judged.whole is not None and self.figures.answer else None

    @property
    def everyone(self) -> int | None:
        """How many customers there are."""
        return self.figures.answer.everyone if self.figures.answer else None

    def missing(self, identifier: str) -> int:
        """How many customers have no value for a condition's field."""
        answer = self.figures.answer
        return (answer.empty or {}).get(identifier, 0) if answer else 0

    def window(self, identifier: str) -> str:
        """The dates that a condition comes to."""
        answer = self.figures.answer
        found = (answer.windows or {}).get(identifier) if answer else None
        return found.text[language()] if found else ""

    @property
    def sentence(self) -> str:
        """The rules in words."""
        answer = self.figures.answer
        return answer.sentence[language()] if self.judged.whole and answer and answer.sentence else ""

    def notices(self, identifier: str) -> Iterator[Notice]:
        """The warnings at a node; about what is not finished there are none."""
        answer = self.figures.answer
        if self.judged.whole is not None and answer is not None:
            yield from (each for each in answer.lint or () if each.id == identifier)

    # What is missing or wrong

    @cached_property
    def _hints(self) -> dict[str, list[Hint]]:
        found: dict[str, list[Hint]] = {}
        for problem in self.judged.problems:
            if problem.id is not None:
                found.setdefault(problem.id, []).append(self._hint(problem))
        return found

    def _hint(self, problem: Problem) -> Hint:
        slots = ("field", "operator", "value", "value2", "unit", "where", "include_empty")
        slot = next((step for step in reversed(problem.path.split("/")) if step in slots), "")
        blank = problem.code not in ("unknown_field",) or self._is_blank(problem.id)
        return Hint(translate(problem.message, language()), slot, problem.code not in UNFINISHED or not blank)

    def _is_blank(self, identifier: str | None) -> bool:
        node = next((each for each in every(self.draft) if each.id == identifier), None)
        return isinstance(node, DraftCondition) and not node.field

    def hints(self, identifier: str) -> list[Hint]:
        """What a node lacks or has wrong."""
        return self._hints.get(identifier, [])

    @property
    def general(self) -> list[str]:
        """What is wrong with the rules as a whole."""
        return [translate(each.message, language()) for each in self.judged.problems if each.id is None]

    @property
    def switched_off(self) -> int:
        """How many conditions are left out for now."""
        return sum(1 for node in every(self.draft) if isinstance(node, DraftCondition) and node.is_off)

    @property
    def announcement(self) -> str:
        """What a screen reader says after a change."""
        if self.total is None:
            return str(say("The rules are not finished."))
        return str(say("{number} of {total} customers match.", number=number(self.total),
                       total=number(self.everyone or 0)))
