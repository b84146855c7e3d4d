"""Finding a customer, one customer with their orders, scores and segments, and erasing one."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from segmentation import customers
from segmentation.audience import matching
from segmentation.audience.engines import snapshot
from segmentation.audience.matching import PageRequest
from segmentation.audience.people import everything_of, find_person
from segmentation.audience.scope import Scope
from segmentation.audience.searching import searching
from segmentation.errors import NotFound
from segmentation.models import Customer
from segmentation.models.types import utc_now
from segmentation.pages.access import needs
from segmentation.pages.notices import tell

blueprint = Blueprint("customer_pages", __name__, url_prefix="/stores/<uuid:store_id>/customers")
LONGEST = 200
PAGE = 25


@blueprint.get("/")
@needs("viewer")
def show(scope: Scope) -> Any:
    """The customers in whose name, e-mail, number or mobile every word of the search is found."""
    search = request.args.get("search", "")[:LONGEST]
    number = int(page) if (page := request.args.get("page", "1")).isascii() and page.isdigit() and len(page) < 4 else 1
    rules, now = searching(scope, search), utc_now()
    wanted = PageRequest(PAGE, "last_order_at", descending=True, offset=(max(number, 1) - 1) * PAGE)
    with snapshot(current_app.config["PAGE_SECONDS"]) as facts:
        rows, total = matching.page_and_total(scope, rules, now, facts, wanted)
    return render_template("customers/page.html", section="customer_pages", search=search, total=total, rows=rows,
                           number_of_page=max(number, 1), last=-(-total // PAGE))


@blueprint.get("/<uuid:customer_id>")
@needs("viewer")
def one(scope: Scope, customer_id: uuid.UUID) -> Any:
    """One customer."""
    person = everything_of(scope, _customer(scope, customer_id))
    return render_template("customers/one.html", section="customer_pages", person=person)


@blueprint.get("/<uuid:customer_id>/segments")
@needs("viewer")
def belonging(scope: Scope, customer_id: uuid.UUID) -> Any:
    """The segments that a customer is in."""
    found = customers.belonging(scope, _customer(scope, customer_id))
    return render_template("customers/_segments.html", belonging=found, customer_id=customer_id)


@blueprint.post("/<uuid:customer_id>/erase")
@needs("owner")
def erase(scope: Scope, customer_id: uuid.UUID) -> Any:
    """Erase a customer with everything of theirs."""
    customers.erase(scope, customer_id)
    tell("The customer and their orders are erased.")
    return redirect(url_for("customer_pages.show", store_id=scope.store_id), 303)


def _customer(scope: Scope, customer_id: uuid.UUID) -> Customer:
    customer = find_person(scope, customer_id)
    if customer is None:
        raise NotFound()
    return customer
