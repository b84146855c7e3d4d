"""Two stores, their people and customers, and clients that are signed in: the world of the HTTP tests."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from segmentation import leases
from segmentation.accounts import add_user
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.jobs import files
from segmentation.models import Customer, Store
from segmentation.models.types import new_id, to_units
from segmentation.values.codes import RFM_LABELS
from segmentation.values.text import fold
from segmentation.walls import keep_to
from tests.canary import CANARY, watch
from tests.conftest import make_store

PASSWORD = "a long enough password"
A_CUSTOMER = uuid.UUID("01a00000-0000-7000-8000-000000000001")  # the first of each store
NAMES = ("أحمد", "احمد", "Ahmed", None, "=1+1", "@SUM(A1)", "Zoë", "<img src=x>", "+966501234567", "عبد الله", "O'Neil")


@dataclass
class Client:
    """Requests of one signed-in user to one store; `url` is below /api/segmentation, or begins with /api/."""

    http: FlaskClient
    token: str
    store: str

    def open(self, method: str, url: str = "", store: str | None = None, **options: Any) -> TestResponse:
        """Any request; the store's id is added unless it is empty."""
        store = self.store if store is None else store
        joint = "&" if "?" in url else "?"
        path = url if url.startswith("/api/") else f"/api/segmentation{url}"
        full = path + (f"{joint}store_id={store}" if store else "")
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.http.open(full, method=method, headers=headers, **options)

    def get(self, url: str = "", **options: Any) -> TestResponse:
        return self.open("GET", url, **options)

    def post(self, url: str = "", body: Any = None, **options: Any) -> TestResponse:
        return self.open("POST", url, data=json.dumps(body, default=float), content_type="application/json", **options)

    def put(self, url: str, body: Any, **options: Any) -> TestResponse:
        return self.open("PUT", url, data=json.dumps(body, default=float), content_type="application/json", **options)

    def delete(self, url: str, **options: Any) -> TestResponse:
        return self.open("DELETE", url, **options)

    def create(self, rules: Any = None, name: str = "A segment", **more: Any) -> Any:
        """A new segment, as answered."""
        response = self.post("", {"name": name, "rules": rules or {"logic": "AND"}, **more})
        assert response.status_code == 201, response.text
        return response.json


@dataclass
class World:
    """Store A with an owner, an editor and a viewer; store B with an owner, whose texts all hold the canary, which no
    answer to anybody else may show (see `tests.canary`).
    """

    app: Flask
    a: uuid.UUID
    b: uuid.UUID
    as_user: Callable[[str, str], Client]

    @property
    def owner(self) -> Client:
        return self.as_user("owner@a.example", "a")


@pytest.fixture
def world(application: Flask) -> World:
    """A world on a fresh database."""
    return make_world(application)


def make_world(application: Flask) -> World:
    """Both stores with their people and customers, in an empty database."""
    with application.app_context():
        ids = {name: make_store(name).id for name in ("a", "b")}
        for role in ("owner", "editor", "viewer"):
            add_user(f"{role}@a.example", PASSWORD, ids["a"], role)
        watch(application, add_user("owner@b.example", PASSWORD, ids["b"], "owner"))
        _customers(ids["a"], 60)
        _customers(ids["b"], 7, CANARY)
        db.session.remove()
    http = application.test_client()
    tokens: dict[str, str] = {}

    def as_user(email: str, store: str) -> Client:
        if email not in tokens:
            tokens[email] = sign_in(http, email)["access_token"]
        return Client(http, tokens[email], str(ids[store]))

    return World(application, ids["a"], ids["b"], as_user)


def sign_in(http: FlaskClient, email: str, password: str = PASSWORD) -> Any:
    """The tokens of a sign-in."""
    response = http.post("/api/auth/token", json={"email": email, "password": password})
    assert response.status_code == 200, response.text
    return response.json


def checked_error(response: TestResponse, status: int, code: str | None = None) -> list[dict[str, str]]:
    """Check that an answer is an error of the one shape; its problems."""
    assert response.status_code == status, response.text
    assert response.mimetype == "application/json"
    error = response.json["error"]
    assert error.keys() == {"code", "message", "request_id", "problems"}
    assert error["request_id"] == response.headers["X-Request-ID"]
    assert all({"path", "code", "message"} <= problem.keys() for problem in error["problems"])
    assert not {"SELECT", "Traceback", "sqlalchemy"} & set(response.text.split())
    if code:
        assert error["code"] == code
    return list(error["problems"])


def add_job(client: Client, kind: str, finished: bool = False, **params: Any) -> uuid.UUID:
    """A job of the client's store; a finished one has an export's file, or the rejected rows of an import."""
    with client.http.application.app_context():
        keep_to(uuid.UUID(client.store))
        with writing() as session:
            job_id = leases.add(session, uuid.UUID(client.store), kind, params).id
        if finished:
            _finish(job_id, kind)
        db.session.remove()
    return job_id


def _finish(job_id: uuid.UUID, kind: str) -> None:
    lease = leases.take(job_id)
    assert lease is not None
    content = b"id\r\n1\r\n2\r\n"
    made = {"stored_as": "1.csv", "name": "عملاء.csv", "mimetype": "text/csv", "size": len(content), "rows": 2,
            "sha256": hashlib.sha256(content).hexdigest()}
    (files.folder(job_id) / ("1.csv" if kind == "export" else files.REJECTED)).write_bytes(content)
    with writing() as session:
        leases.save(session, lease, {"rows": 5, "written": 3, "rejected": 2})
        leases.finish(session, lease, {"file": made} if kind == "export" else {}, 2)


def _customers(store: uuid.UUID, size: int, canary: str = "") -> None:
    now = datetime(2026, 5, 15, 12, tzinfo=UTC)
    keep_to(store)
    with writing() as session:
        session.get_one(Store, store).last_customer_number = size
        for n in range(size):
            first, last = NAMES[n % len(NAMES)], f"Family {n % 5}{canary}"
            orders = n % 9
            session.add(
                Customer(
                    store_id=store,
                    number=n + 1,
                    id=new_id() if n else A_CUSTOMER,
                    version=1,
                    external_id=f"{canary}C{n}",
                    external_id_folded=fold(f"{canary}C{n}"),
                    first_name=first,
                    first_name_folded=fold(first) if first else None,
                    last_name=last,
                    last_name_folded=fold(last),
                    email=f"c{n}{canary}@example.com".lower() if n % 3 else None,
                    email_folded=f"c{n}{canary}@example.com".lower() if n % 3 else None,
                    email_domain="example.com" if n % 3 else None,
                    mobile=f"+9665{n:08}" if n % 4 else None,
                    city=("Riyadh", "جدة", None)[n % 3],
                    city_folded=("riyadh", "جده", None)[n % 3],
                    orders_count=orders,
                    orders_amount=to_units(Decimal(orders * 99) / 2),
                    average_order_amount=495_000 if orders else None,
                    last_order_at=now - timedelta(days=n * 3) if orders else None,
                    first_order_at=now - timedelta(days=n * 5) if orders else None,
                    segment=RFM_LABELS[n % 11] if orders else None,
                    recency_score=n % 5 + 1 if orders else None,
                    frequency_score=min(orders, 5) or None,
                    monetary_score=n % 4 + 1 if orders else None,
                    cltv=to_units(Decimal(orders * 123) / 7) if orders else None,
                    created_at=now - timedelta(days=n % 20),
                )
            )
