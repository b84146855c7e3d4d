"""The answers beyond a count: what every node of rules does, in numbers, dates and words; all from one snapshot."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import Row

from segmentation import metrics
from segmentation.audience import matching
from segmentation.audience.engines import Snapshot, snapshot
from segmentation.audience.explaining import Explanation, explain
from segmentation.audience.matching import PageRequest, Question
from segmentation.audience.scope import Scope
from segmentation.audience.tally import Tally, tally
from segmentation.errors import NotFound
from segmentation.models.types import utc_now
from segmentation.rules.lint import Notice, lint
from segmentation.rules.predicates import Span
from segmentation.rules.sentences import sentence, window_in_words
from segmentation.rules.sql import Compiler, meaning
from segmentation.rules.tree import Condition, Group, Logic, conditions_of, walk
from segmentation.rules.truths import truths, without_each
from segmentation.rules.windows import Clock
from segmentation.translations import Words

PARTS = ("nodes", "empty", "windows", "sentence", "lint", "sample", "difference", "sql")
SAMPLE = 5
Test = tuple[str, str]  # what is asked, and of which node
_ROOT, _OTHER = ("root", ""), ("other", "")


@dataclass(frozen=True)
class NodeCount:
    """Customers for whom a node holds; `without` (conditions only): for whom the root does when it is left out."""

    count: int
    without: int | None = None


@dataclass(frozen=True)
class Change:
    """Customers who enter or leave: how many, and a few of them."""

    count: int
    sample: Sequence[Row[Any]] = ()


@dataclass(frozen=True)
class DatedWindow:
    """The window of a date condition, half-open, and in words of each language."""

    span: Span
    text: Words


@dataclass(frozen=True)
class Sql:
    """The statement that counts the rules, and what is bound to it."""

    dialect: str
    text: str
    values: dict[str, Any]


@dataclass
class Answer:
    """What is known of some rules. Parts that were not asked for are None; `everyone` comes with counted ones."""

    count: int
    at: datetime
    data_version: int
    everyone: int | None = None
    nodes: dict[str, NodeCount] | None = None
    empty: dict[str, int] | None = None
    windows: dict[str, DatedWindow] | None = None
    sentence: Words | None = None
    lint: list[Notice] | None = None
    sample: Sequence[Row[Any]] | None = None
    difference: dict[str, Change] | None = None
    sql: Sql | None = None


@dataclass(frozen=True)
class Asking:
    """Some rules, asked about in one snapshot at one instant."""

    scope: Scope
    rules: Group
    facts: Snapshot
    now: datetime = field(default_factory=lambda: utc_now())  # looked up late, so that a test can set the clock

    @property
    def clock(self) -> Clock:
        """The instant, in the store."""
        return Clock(self.now, self.scope.settings.zone, self.scope.settings.week_start)

    def conditions(self) -> list[Condition]:
        """The conditions on customers, without those inside `where`."""
        return [node for node in walk(self.rules) if isinstance(node, Condition)]


def answer(scope: Scope, rules: Group, parts: Collection[str], other: Group | None = None) -> Answer:
    """The count of some rules and the asked parts of PARTS. Raises Unavailable.

    With `other` rules the difference against them is counted; `difference` among the parts adds a few of the people.
    """
    with metrics.preview(), snapshot(current_app.config["PREVIEW_SECONDS"]) as facts:
        asking = Asking(scope, rules, facts)
        found = counts(asking, parts, other)
        if "sample" in parts:
            found.sample = _some(asking, rules)
        if "difference" in parts and found.difference is not None and other is not None:
            found.difference = _with_samples(asking, found.difference, other)
    _add_words(asking, parts, found)
    return found


def explanation(scope: Scope, rules: Group, customer_id: uuid.UUID) -> tuple[Asking, int, Explanation]:
    """Why one customer matches or not, with the data version it is true of. Raises NotFound, Unavailable."""
    with snapshot(current_app.config["PREVIEW_SECONDS"]) as facts:
        asking = Asking(scope, rules, facts)
        found = explain(scope, rules, asking.now, facts, customer_id)
        if found is None:
            raise NotFound()
        return asking, _version(asking), found


def windows(asking: Asking) -> dict[str, DatedWindow]:
    """The windows of all date conditions by id, those inside `where` too."""
    found = {}
    for node in conditions_of(asking.rules):
        span = meaning(node, asking.clock) if node.field.kind.name == "instant" else None
        if isinstance(span, Span):
            found[node.id] = DatedWindow(span, window_in_words(span, asking.scope.settings.zone))
    return found


def counts(asking: Asking, parts: Collection[str], other: Group | None) -> Answer:
    """The answer as far as it is counted, from one statement."""
    found = Answer(0, asking.now, _version(asking))
    if other is None and "nodes" not in parts and "empty" not in parts:
        found.count = matching.count(asking.scope, asking.rules, asking.now, asking.facts)
        return found
    counted = tally(asking.scope, asking.now, asking.facts, lambda compiler: _tests(asking, parts, other, compiler))
    root = counted.holds[_ROOT] if _ROOT in counted.holds else _count_nodes(asking, counted, found)
    found.count, found.everyone = counted.count(root), counted.count(counted.every)
    if "empty" in parts:
        found.empty = {key: counted.count(cases) for (what, key), cases in counted.holds.items() if what == "missing"}
    if other is not None:
        before = counted.holds[_OTHER]
        found.difference = {"entering": Change(counted.count(root & ~before)),
                            "leaving": Change(counted.count(before & ~root))}
    return found


def _tests(asking: Asking, parts: Collection[str], other: Group | None, compiler: Compiler) -> dict[Test, str]:
    """What has to be asked of every customer: each condition if nodes are wanted, else only the root."""
    tests: dict[Test, str] = {}
    if "nodes" in parts:
        tests = {("node", node.id): compiler.condition(node) for node in asking.conditions()}
    else:
        tests[_ROOT] = compiler.group(asking.rules)
    if "empty" in parts:
        tests |= {("missing", node.id): compiler.missing(node) for node in asking.conditions()
                  if node.field.place.nullable}
    if other is not None:
        tests[_OTHER] = compiler.group(other)
    return tests


def _count_nodes(asking: Asking, counted: Tally[Test], found: Answer) -> int:
    """Fill in the counts of the nodes; the cases in which the root holds."""
    conditions = {key: cases for (what, key), cases in counted.holds.items() if what == "node"}
    holding = truths(asking.rules, conditions, counted.every)
    left_out = without_each(asking.rules, holding, counted.every)
    found.nodes = {
        node.id: NodeCount(counted.count(holding[node.id]),
                           counted.count(left_out[node.id]) if node.id in left_out else None)
        for node in walk(asking.rules)}
    return holding[asking.rules.id]


def _some(asking: Asking, rules: Group) -> Sequence[Row[Any]]:
    return matching.page(asking.scope, rules, asking.now, asking.facts, PageRequest(limit=SAMPLE))


def _with_samples(asking: Asking, changes: dict[str, Change], other: Group) -> dict[str, Change]:
    def only(one: Group, not_in: Group) -> Sequence[Row[Any]]:
        outside = replace(not_in, negate=not not_in.negate)
        return _some(asking, Group("only", Logic.AND, groups=(one, outside)))

    return {"entering": replace(changes["entering"], sample=only(asking.rules, other)),
            "leaving": replace(changes["leaving"], sample=only(other, asking.rules))}


def _version(asking: Asking) -> int:
    return asking.facts.version(asking.scope.store_id)


def _add_words(asking: Asking, parts: Collection[str], found: Answer) -> None:
    """What follows from the rules and the instant alone."""
    if "windows" in parts:
        found.windows = windows(asking)
    if "sentence" in parts:
        found.sentence = sentence(asking.rules, asking.scope.settings.currency)
    if "lint" in parts:
        found.lint = lint(asking.rules, asking.clock)
    if "sql" in parts:
        question = Question(asking.scope, asking.now, asking.facts.facts)
        found.sql = Sql(question.compiler.dialect.name, question.counting(asking.rules), question.compiler.values)
