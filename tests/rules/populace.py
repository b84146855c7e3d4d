"""The oracle's people as rows of a store, and how to ask our compiler about them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from segmentation.audience.engines import Snapshot
from segmentation.audience.matching import Question
from segmentation.audience.scope import Scope
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.models import (
    Attribute,
    Customer,
    CustomerAttribute,
    CustomerTag,
    Order,
    OrderLine,
    Segment,
    Store,
)
from segmentation.models.accounts import DEFAULT_COUNTED_STATUSES
from segmentation.models.types import new_id, to_units, utc_now
from segmentation.references import StoredSegments
from segmentation.rules.reading import read_rules
from segmentation.rules.tree import Group
from segmentation.rules.wire import to_wire
from segmentation.values.text import fold
from tests.oracle.language import StoreSettings

FOLDED = ("first_name", "last_name", "email", "city", "region", "source", "external_id")
MONEY = ("orders_amount", "average_order_amount", "cltv")
ELSEWHERE = ("email_domain", "tags", "attributes", "orders")
Rules = dict[str, Any]


def settle(
    people: Sequence[dict[str, Any]], settings: StoreSettings, segments: Mapping[str, Rules] | None = None
) -> Scope:
    """Put the people into a new store; person n becomes customer number n. A missing external id is made up in both."""
    with writing() as session:
        store = Store(name="Oracle", timezone=settings.timezone, currency="SAR", week_start=settings.week_start,
                      country=settings.region, language="en", counted_statuses=list(DEFAULT_COUNTED_STATUSES),
                      seen_statuses=sorted({order["status"] for person in people for order in person["orders"]}))
        session.add(store)
        session.flush()
        session.add_all(Attribute(store_id=store.id, key=key, label=key, kind=kind)
                        for key, kind in settings.attributes.items())
        for number, person in enumerate(people):
            person["external_id"] = person["external_id"] or f"made-up-{number}"
            session.add(Customer(store_id=store.id, number=number, id=new_id(), version=1, **_columns(person)))
        session.flush()
        _insert(session, store.id, people, settings)
        for segment_id, rules in (segments or {}).items():
            session.add(_segment(store.id, segment_id, rules))
    db.session.refresh(store)
    return Scope.of(store, "owner", None)


def read(scope: Scope, rules: Rules) -> Group:
    """The tree, by our reader, there and back."""
    tree = StoredSegments(scope, db.session()).check(rules, None)
    again = read_rules(to_wire(tree), scope.catalogue, segments=StoredSegments(scope, db.session()))
    assert again == tree
    return tree


def asked(scope: Scope, rules: Rules, now: datetime, snapshot: Snapshot) -> set[int]:
    """The numbers of the people who match, by our reader and compiler."""
    question = Question(scope, now, snapshot.facts)
    written = question.text("customers.number", question.compiler.group(read(scope, rules)))
    return set(question.ask(snapshot, written).scalars())


def _columns(person: dict[str, Any]) -> dict[str, Any]:
    columns = {key: value for key, value in person.items() if key not in ELSEWHERE}
    columns |= {f"{key}_folded": fold(person[key]) if person[key] else None for key in FOLDED}
    columns |= {key: None if person[key] is None else to_units(person[key]) for key in MONEY}
    born = person["birthday"]
    columns["birthday_month_day"] = born and born.month * 100 + born.day
    return columns | {"email_domain": fold(person["email_domain"]) if person["email_domain"] else None}


def _insert(session: Session, store_id: uuid.UUID, people: Sequence[dict[str, Any]], settings: StoreSettings) -> None:
    orders = [(number, customer, order) for number, (customer, order) in enumerate(_orders(people), start=1)]
    for model, rows in (
        (CustomerTag, [{"store_id": store_id, "customer_number": number, "tag": tag, "tag_folded": fold(tag)}
                       for number, person in enumerate(people) for tag in person["tags"]]),
        (CustomerAttribute, [_attribute(store_id, number, key, settings.attributes[key], value)
                             for number, person in enumerate(people) for key, value in person["attributes"].items()]),
        (Order, [_order(store_id, *each) for each in orders]),
        (OrderLine, [_line(store_id, number, place, line)
                     for number, _, order in orders for place, line in enumerate(order["lines"], start=1)]),
    ):
        if rows:
            session.execute(insert(model), rows)


def _orders(people: Sequence[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    for customer, person in enumerate(people):
        for order in person["orders"]:
            yield customer, order


def _attribute(store_id: uuid.UUID, number: int, key: str, kind: str, value: Any) -> dict[str, Any]:
    row = dict.fromkeys(("text", "text_folded", "number", "boolean", "instant"))
    row |= {kind: to_units(value) if kind == "number" else value}
    if kind == "text":
        row["text_folded"] = fold(value)
    return {"store_id": store_id, "customer_number": number, "key": key, **row}


def _order(store_id: uuid.UUID, number: int, customer: int, order: dict[str, Any]) -> dict[str, Any]:
    texts = ("channel", "payment_method", "coupon", "city")
    return {"store_id": store_id, "number": number, "external_id": f"o{number}", "customer_number": customer,
            "ordered_at": order["ordered_at"], "amount": to_units(order["amount"]), "status": order["status"],
            "is_counted": order["counted"], "currency": "SAR", "written_by": None, **_texts(order, texts)}


def _line(store_id: uuid.UUID, number: int, place: int, line: dict[str, Any]) -> dict[str, Any]:
    money = {key: None if line[key] is None else to_units(line[key]) for key in ("unit_price", "amount")}
    return {"store_id": store_id, "order_number": number, "line": place, "quantity": line["quantity"], **money,
            **_texts(line, ("product", "sku", "category", "brand"))}


def _texts(row: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    texts = {key: row[key] for key in keys}
    return texts | {f"{key}_folded": fold(text) if text else None for key, text in texts.items()}


def _segment(store_id: uuid.UUID, segment_id: str, rules: Rules) -> Segment:
    now = utc_now()
    return Segment(store_id=store_id, id=uuid.UUID(segment_id), name=f"Segment {segment_id[:4]}", description="",
                   rules=rules, is_active=True, version=1, cached_count=0, created_at=now, updated_at=now)
