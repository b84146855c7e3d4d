"""A shop with the few people that a test names, and short ways to ask who matches."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from segmentation.accounts import add_user
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.facts.customer_rows import CustomerRecord
from segmentation.facts.customers import upsert_customers
from segmentation.facts.order_rows import Line, OrderHead, OrderRecord
from segmentation.facts.orders import upsert_orders
from segmentation.models.types import to_units
from tests.api.conftest import PASSWORD, Client, sign_in
from tests.conftest import make_store

LONG_AGO = datetime(2020, 1, 1, 12, tzinfo=UTC)


@dataclass
class Shop:
    """A store in Riyadh and its owner's client."""

    app: Flask
    store: uuid.UUID
    client: Client

    def person(self, name: str, tags: Any = None, attributes: Any = None, **values: Any) -> None:
        """A customer of that external id."""
        with self.app.app_context(), writing() as session:
            upsert_customers(session, self.store, [CustomerRecord(name, values, tags, attributes or {})])

    def order(self, name: str, *categories: str, total: str = "100", at: datetime = LONG_AGO, **head: Any) -> None:
        """An order of that customer, with one line for each category."""
        with self.app.app_context(), writing() as session:
            lines = [Line(category=each, product=each, quantity=1, unit_price=10_000) for each in categories]
            upsert_orders(session, self.store, [OrderRecord(OrderHead(
                uuid.uuid4().hex, name, at, total=to_units(Decimal(total)), **head), lines)], None)

    def who(self, *conditions: dict[str, Any], **group: Any) -> set[str]:
        """The external ids of those who match; the preview must say as many."""
        rules = {"logic": "AND", **group, "conditions": [*conditions, *group.get("conditions", ())]}
        segment = self.client.create(rules)
        page = self.client.get(f"/{segment['id']}/customers?limit=100").json
        found = {row["external_id"] for row in page["data"]}
        counts = {segment["cached_count"], page["meta"]["total"], len(page["data"]), self.preview(rules)["count"]}
        assert counts == {len(found)}, "preview, count, total and page differ"
        return found

    def preview(self, rules: dict[str, Any], include: str = "", status: int = 200) -> Any:
        """The answer to a preview."""
        response = self.client.post(f"/preview?include={include}" if include else "/preview", {"rules": rules})
        assert response.status_code == status, response.text
        return response.json

    def refused(self, *conditions: dict[str, Any], **group: Any) -> list[str]:
        """The addresses of what is wrong with the rules."""
        rules = {"logic": "AND", **group, "conditions": list(conditions)}
        return [problem["path"] for problem in self.preview(rules, status=422)["error"]["problems"]]


@pytest.fixture
def shop(application: Flask) -> Shop:
    """An empty shop on a fresh database."""
    with application.app_context():
        store = make_store().id
        add_user("owner@example.com", PASSWORD, store, "owner")
        db.session.remove()
    http = application.test_client()
    return Shop(application, store, Client(http, sign_in(http, "owner@example.com")["access_token"], str(store)))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the clock that rules are evaluated by."""

    def set_clock(instant: str) -> None:
        now = datetime.fromisoformat(instant)
        for module in ("segmentation.segments", "segmentation.counting", "segmentation.answers",
                       "segmentation.api.paging"):
            monkeypatch.setattr(f"{module}.utc_now", lambda: now)

    return set_clock


def is_(field: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    """A condition."""
    return {"field": field, "operator": operator, **({} if value is None else {"value": value}), **more}


def where(logic: str = "AND", *conditions: dict[str, Any]) -> dict[str, Any]:
    """A group, for `where` and elsewhere."""
    return {"logic": logic, "conditions": list(conditions)}
