"""The oracle's people as rows of a store, and how to ask our compiler about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from segmentation.audience.engines import Snapshot
from segmentation.audience.matching import Question
from segmentation.audience.scope import Scope
from segmentation.database import writing
from segmentation.models import Customer, Store
from segmentation.models.accounts import DEFAULT_COUNTED_STATUSES
from segmentation.models.types import new_id, to_units
from segmentation.rules.reading import read_rules
from segmentation.rules.wire import to_wire
from segmentation.values.text import fold
from tests.oracle.language import StoreSettings

FOLDED = ("first_name", "last_name", "email", "city", "region", "source", "external_id")
MONEY = ("orders_amount", "average_order_amount", "cltv")


def settle(people: Sequence[dict[str, Any]], settings: StoreSettings) -> Scope:
    """Put the people into a new store; person n becomes customer number n. A missing external id is made up in both."""
    with writing() as session:
        store = Store(name="Oracle", timezone=settings.timezone, currency="SAR", week_start=settings.week_start,
                      country=settings.region, language="en", counted_statuses=list(DEFAULT_COUNTED_STATUSES))
        session.add(store)
        session.flush()
        for number, person in enumerate(people):
            person["external_id"] = person["external_id"] or f"made-up-{number}"
            session.add(Customer(store_id=store.id, number=number, id=new_id(), version=1, **_columns(person)))
        session.flush()
        return Scope.of(store, "owner", None)


def _columns(person: dict[str, Any]) -> dict[str, Any]:
    columns = {key: value for key, value in person.items() if key != "email_domain"}
    columns |= {f"{key}_folded": fold(person[key]) if person[key] else None for key in FOLDED}
    columns |= {key: None if person[key] is None else to_units(person[key]) for key in MONEY}
    return columns | {"email_domain": fold(person["email_domain"]) if person["email_domain"] else None}


def asked(scope: Scope, rules: dict[str, Any], now: datetime, snapshot: Snapshot) -> set[int]:
    """The numbers of the people who match, by our reader (there and back) and compiler."""
    tree = read_rules(rules, scope.catalogue)
    assert read_rules(to_wire(tree), scope.catalogue) == tree
    question = Question(scope, now, snapshot.facts)
    written = question.text("customers.number", question.compiler.group(tree))
    return set(question.ask(snapshot, written).scalars())
