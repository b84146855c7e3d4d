"""Looking customers up by what people remember of them: as rules, so that whoever counts and pages finds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segmentation.audience.scope import Scope
from segmentation.rules.kinds import Fault
from segmentation.rules.reading import RulesError, read_rules
from segmentation.rules.tree import Group, Logic

SEARCHED = ("first_name", "last_name", "email", "mobile", "external_id")
MOST_WORDS = 6
NOBODY = Group("nobody", Logic.AND, negate=True)


def searching(scope: Scope, search: str = "", exactly: Mapping[str, str] | None = None) -> Group:
    """Rules for the customers in one of whose SEARCHED fields every word of the search is found, and whose fields equal
    `exactly` those texts. What no field can hold finds nobody.
    """
    words = [[_condition(field, "contains", word) for field in SEARCHED if _can_hold(scope, field, word)]
             for word in search.split()[:MOST_WORDS]]
    equal = [_condition(field, "equals", text) for field, text in (exactly or {}).items()]
    if not all(words):
        return NOBODY
    try:
        return read_rules({"logic": "AND", "conditions": equal, "groups": [
            {"logic": "OR", "conditions": conditions} for conditions in words]}, scope.catalogue)
    except RulesError:
        return NOBODY


def _condition(field: str, operator: str, value: str) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


def _can_hold(scope: Scope, field: str, word: str) -> bool:
    try:
        scope.catalogue.fields[field].kind.read(word)
    except Fault:
        return False
    return True
