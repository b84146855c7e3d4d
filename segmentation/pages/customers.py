"""Finding a customer, and one customer with their orders, scores and segments."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template, request

from segmentation import answers, segments
from segmentation.audience import matching
from segmentation.audience.engines import snapshot
from segmentation.audience.matching import PageRequest
from segmentation.audience.people import everything_of, find_person
from segmentation.audience.scope import Scope
from segmentation.errors import Invalid, NotFound, Unavailable
from segmentation.models import Segment
from segmentation.models.types import utc_now
from segmentation.pages.access import needs
from segmentation.rules.kinds import Fault
from segmentation.rules.reading import RulesError, read_rules
from segmentation.rules.tree import Group, Logic

blueprint = Blueprint("customer_pages", __name__, url_prefix="/stores/<uuid:store_id>/customers")
SEARCHED = ("first_name", "last_name", "email", "mobile", "external_id")
WORDS, LONGEST = 6, 200
PAGE = 25


@dataclass(frozen=True)
class Belonging:
    """A segment, and whether the customer is in it; None when that could not be told in time."""

    row: Segment
    is_in: bool | None


@blueprint.get("/")
@needs("viewer")
def show(scope: Scope) -> Any:
    """The customers in whose name, e-mail, number or mobile every word of the search is found."""
    search = request.args.get("search", "")[:LONGEST]
    number = int(page) if (page := request.args.get("page", "1")).isascii() and page.isdigit() and len(page) < 4 else 1
    rules, now = _searching(scope, search), utc_now()
    wanted = PageRequest(PAGE, "last_order_at", descending=True, offset=(max(number, 1) - 1) * PAGE)
    with snapshot(current_app.config["PAGE_SECONDS"]) as facts:
        total = matching.count(scope, rules, now, facts)
        rows = matching.page(scope, rules, now, facts, wanted)
    return render_template("customers/page.html", section="customer_pages", search=search, total=total, rows=rows,
                           number_of_page=max(number, 1), last=-(-total // PAGE))


@blueprint.get("/<uuid:customer_id>")
@needs("viewer")
def one(scope: Scope, customer_id: uuid.UUID) -> Any:
    """One customer."""
    customer = find_person(scope, customer_id)
    if customer is None:
        raise NotFound()
    return render_template("customers/one.html", section="customer_pages", person=everything_of(scope, customer))


@blueprint.get("/<uuid:customer_id>/segments")
@needs("viewer")
def belonging(scope: Scope, customer_id: uuid.UUID) -> Any:
    """The segments that a customer is in. They are asked one after another, as long as there is time."""
    if find_person(scope, customer_id) is None:
        raise NotFound()
    found = [Belonging(row, _is_in(scope, row, customer_id)) for row in segments.find_segments(scope, True)]
    return render_template("customers/_segments.html", belonging=found, customer_id=customer_id)


def _is_in(scope: Scope, row: Segment, customer_id: uuid.UUID) -> bool | None:
    try:
        rules = segments.rules_of(scope, row)
        _, _, found = answers.explanation(scope, rules, customer_id)
        return found.matches[rules.id]
    except (Invalid, Unavailable):
        return None


def _searching(scope: Scope, search: str) -> Group:
    """The search as rules: every word in one of the fields. What no field can hold finds nobody."""
    groups = [{"logic": "OR", "conditions": [{"field": field, "operator": "contains", "value": word}
                                              for field in SEARCHED if _can_hold(scope, field, word)]}
              for word in search.split()[:WORDS]]
    if not all(group["conditions"] for group in groups):
        return Group("nobody", Logic.AND, negate=True)
    try:
        return read_rules({"logic": "AND", "groups": groups}, scope.catalogue)
    except RulesError:
        return Group("nobody", Logic.AND, negate=True)


def _can_hold(scope: Scope, field: str, word: str) -> bool:
    try:
        scope.catalogue.fields[field].kind.read(word)
    except Fault:
        return False
    return True
