"""What a draft comes to: its rules, or what they lack; and every number that can be told while they lack something.

No number is shown for what is not valid: a condition that is unfinished has none, nor has any group it is in. The
others are counted as they stand.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from segmentation import answers
from segmentation.answers import Answer
from segmentation.audience.scope import Scope
from segmentation.errors import DomainError, Problem, Unavailable
from segmentation.extensions import db
from segmentation.models import Segment
from segmentation.pages.builder.draft import DraftGroup
from segmentation.pages.builder.wire import to_wire
from segmentation.references import StoredSegments
from segmentation.rules.reading import RulesError
from segmentation.rules.tree import Group

PARTS = ("nodes", "empty", "windows", "lint")
PARTS_OF_WHOLE = (*PARTS, "sentence")
ROOT = "/rules"


@dataclass(frozen=True)
class Judged:
    """A draft, judged. `whole`: its rules, if they are valid; `part`: what of them is; `unsure`: the ids of the groups
    that hold something invalid.
    """

    whole: Group | None
    part: Group | None
    problems: Sequence[Problem] = ()
    unsure: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Figures:
    """What was counted; `error` when that could not be done, or only the total could."""

    answer: Answer | None = None
    error: DomainError | None = None
    numbered: frozenset[str] = field(default_factory=frozenset)


def judge(draft: DraftGroup, scope: Scope, row: Segment | None) -> Judged:
    """Read a draft as the rules of `row` (None: of a new segment)."""
    stored, wire = StoredSegments(scope, db.session()), to_wire(draft, scope.catalogue)
    try:
        tree = stored.check(wire, row)
        return Judged(tree, tree)
    except RulesError as error:
        problems = error.problems
    rest, unsure = _without_invalid(wire, problems)
    try:
        part = stored.check(rest, row) if rest is not None else None
    except RulesError:
        part = None
    return Judged(None, part if part and (part.conditions or part.groups) else None, problems, frozenset(unsure))


def count(scope: Scope, judged: Judged, saved: Group | None) -> Figures:
    """The numbers of what is valid; with the difference against `saved` rules, if there are any."""
    tree = judged.whole or judged.part
    if tree is None:
        return Figures()
    parts = PARTS_OF_WHOLE if judged.whole else PARTS
    try:
        answer = answers.answer(scope, tree, parts, saved if judged.whole else None)
    except Unavailable as error:
        return _only_total(scope, judged, error)
    numbered = frozenset(answer.nodes or ()) - judged.unsure
    return Figures(answer, None, numbered)


def _only_total(scope: Scope, judged: Judged, error: Unavailable) -> Figures:
    """The total, when it was too much to count every part as well."""
    if judged.whole is None or error.code != "query_timeout":
        return Figures(error=error)
    try:
        found = answers.answer(scope, judged.whole, ("windows", "sentence", "lint"))
    except Unavailable as again:
        return Figures(error=again)
    return Figures(found, error)


def _without_invalid(wire: dict[str, Any], problems: Sequence[Problem]) -> tuple[dict[str, Any] | None, set[str]]:
    """What is left of the rules when whatever has a problem is taken out, and the ids of the groups it was in."""
    rest = copy.deepcopy(wire)
    unsure = {str(wire["id"])}
    invalid: list[tuple[list[Any], dict[str, Any]]] = []
    for problem in problems:
        members, member, above = _located(rest, problem.path)
        unsure |= above
        if members is None or member is None:
            return None, unsure
        if not any(member is other for _, other in invalid):
            invalid.append((members, member))
    for members, member in invalid:
        members[:] = [each for each in members if each is not member]
    return _without_empty(rest), unsure


def _located(wire: dict[str, Any], path: str) -> tuple[list[Any] | None, dict[str, Any] | None, set[str]]:
    """The condition (else the group) that a path leads to, the list it is in, and the ids of the groups above it."""
    node, members, above = wire, None, {str(wire["id"])}
    steps = iter(path.removeprefix(ROOT).split("/")[1:])
    for step in steps:
        if step not in ("conditions", "groups") or node.get(step) is None:
            break
        index = next(steps, "")
        if not index.isdigit() or int(index) >= len(node[step]):
            break
        members = node[step]
        node = members[int(index)]
        if step == "conditions":
            break
        above.add(str(node["id"]))
    return members, node if members is not None else None, above


def _without_empty(group: dict[str, Any]) -> dict[str, Any]:
    inner = [_without_empty(each) for each in group["groups"]]
    return {**group, "groups": [each for each in inner if each["conditions"] or each["groups"]]}
