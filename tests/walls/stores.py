"""Two whole stores for the matrix: everything that can be asked for, and everybody who might ask.

`things` makes one of each thing of a store that a path can name; in store B every text of them holds the canary.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, update

from segmentation import leases
from segmentation.accounts import add_user
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.jobs import files
from segmentation.models import (
    ApiToken,
    Attribute,
    AuditEvent,
    Customer,
    CustomerAttribute,
    CustomerTag,
    Invite,
    Membership,
    Order,
    OrderLine,
    Segment,
    SegmentRevision,
    Session,
    Store,
    User,
)
from segmentation.models.types import new_id, utc_now
from segmentation.values.text import fold
from tests.api.conftest import A_CUSTOMER, PASSWORD, World, sign_in
from tests.canary import CANARY
from tests.conftest import SECRET, make_store

KEY = "tier"
RULES = {"logic": "AND", "conditions": [{"field": "last_name", "operator": "contains", "value": "family"}]}
COOKIE, NOTICE = "segmentation", "notices"


@dataclass(frozen=True)
class Things:
    """The ids of what one store has; each stands for the converter of that name in a path."""

    store_id: str
    segment_id: str
    customer_id: str
    job_id: str
    upload_id: str
    user_id: str
    invite_id: str
    token_id: str
    session_id: str
    secret: str
    version: str = "1"
    key: str = KEY

    def path(self, rule: str) -> str:
        """The address of these things. Raises LookupError for a part that nobody has given a meaning here."""
        for part in parts(rule):
            value = getattr(self, part.rpartition(":")[2], None)
            if value is None:
                raise LookupError(f"<{part}> of {rule}: add a thing of that name to tests.walls.stores.Things, and "
                                  "make one of each store in `things`")
            rule = rule.replace(f"<{part}>", value)
        return rule


def parts(rule: str) -> list[str]:
    """What stands in angle brackets."""
    return [piece.split(">")[0] for piece in rule.split("<")[1:]]


def unknown(store_id: str | None = None) -> Things:
    """Ids of nothing at all, perhaps in a store that there is."""
    return Things(store_id or str(uuid.uuid4()), *(str(uuid.uuid4()) for _ in range(9)), version="77", key="no_such")


def plant(world: World) -> None:
    """Give both stores orders, tags, attributes and audit events; what store B has holds the canary."""
    with world.app.app_context():
        for store_id, mark in ((world.a, "plain"), (world.b, CANARY)):
            with writing() as session:
                session.execute(update(Store).where(Store.id == store_id).values(
                    name=f"Shop {mark}", seen_statuses=[f"status {mark}".lower()], last_order_number=1))
                session.execute(insert(Attribute).values(
                    store_id=store_id, key=KEY, label=f"Tier {mark}", kind="text"))
                key = {"store_id": store_id, "customer_number": 2}
                session.execute(insert(CustomerTag).values(**key, tag=f"tag {mark}", tag_folded=fold(f"tag {mark}")))
                session.execute(insert(CustomerAttribute).values(
                    **key, key=KEY, text=f"gold {mark}", text_folded=fold(f"gold {mark}")))
                order = {name: f"{name} {mark}" for name in ("channel", "payment_method", "coupon", "city")}
                session.execute(insert(Order).values(
                    **key, **order, **{f"{name}_folded": fold(text) for name, text in order.items()}, number=1,
                    external_id=f"O1 {mark}", ordered_at=utc_now(), amount=10_000, status="paid", is_counted=True,
                    currency="SAR"))
                line = {name: f"{name} {mark}" for name in ("sku", "product", "category", "brand")}
                session.execute(insert(OrderLine).values(
                    **line, **{f"{name}_folded": fold(text) for name, text in line.items()}, store_id=store_id,
                    order_number=1, line=1, quantity=1, unit_price=10_000, amount=10_000))
                session.execute(insert(AuditEvent).values(store_id=store_id, action="import", details={"name": mark}))
        db.session.remove()


def things(world: World, store: str, kind: str = "export", state: str = "done") -> Things:
    """New things of a store: a segment with a revision, a job of that kind and state with its files, an upload."""
    store_id: uuid.UUID = getattr(world, store)
    mark = CANARY if store == "b" else "plain"
    with world.app.app_context():
        now, made = utc_now(), new_id()
        with writing() as session:
            segment = {"name": f"Segment {mark}", "description": f"About {mark}", "rules": RULES, "is_active": True,
                       "version": 1}
            session.execute(insert(Segment).values(
                **segment, store_id=store_id, id=made, cached_count=0, created_at=now, updated_at=now))
            session.execute(insert(SegmentRevision).values(
                **segment, store_id=store_id, segment_id=made, changed_at=now))
            job_id = leases.add(session, store_id, kind, {"segment_id": str(made), "name": f"{mark}.csv"}).id
        if state == "done":
            _finish(job_id, kind, mark)
        upload_id = _upload(store_id, mark)
        people = _people(store_id, mark)
        customer = A_CUSTOMER if store == "a" else _second_customer(store_id)
        db.session.remove()
    return Things(str(store_id), str(made), str(customer), str(job_id), str(upload_id), **people)


def _people(store_id: uuid.UUID, mark: str) -> dict[str, str]:
    """A member who is signed in somewhere, an open invite and a token of theirs."""
    ids = {name: new_id() for name in ("user_id", "invite_id", "token_id", "session_id")}
    secret, soon = uuid.uuid4().hex, utc_now() + timedelta(hours=1)
    of_store = {"store_id": store_id, "user_id": ids["user_id"], "role": "viewer"}
    with writing() as session:
        session.execute(insert(User).values(
            id=ids["user_id"], email=f"{secret}.{mark}@members.example".lower(), password_hash="none"))
        session.execute(insert(Membership).values(**of_store))
        session.execute(insert(Session).values(
            id=ids["session_id"], user_id=ids["user_id"], refresh_id=new_id(), expires_at=soon))
        session.execute(insert(Invite).values(
            **of_store, id=ids["invite_id"], email=f"{secret}.{mark}@invited.example".lower(), expires_at=soon,
            digest=hashlib.sha256(secret.encode()).hexdigest()))
        session.execute(insert(ApiToken).values(
            **of_store, id=ids["token_id"], name=f"Token {mark}", hint="seg_",
            digest=hashlib.sha256(f"token {secret}".encode()).hexdigest()))
    return {name: str(made) for name, made in ids.items()} | {"secret": secret}


def _second_customer(store_id: uuid.UUID) -> uuid.UUID:
    # The first has the same id in both stores.
    return db.session.query(Customer.id).filter(Customer.store_id == store_id, Customer.number == 2).scalar()


def _finish(job_id: uuid.UUID, kind: str, mark: str) -> None:
    lease = leases.take(job_id)
    assert lease is not None
    content = f"id\r\n{mark}\r\n".encode()
    made = {"stored_as": "1.csv", "name": f"{mark}.csv", "mimetype": "text/csv", "size": len(content), "rows": 1,
            "sha256": hashlib.sha256(content).hexdigest()}
    (files.folder(job_id) / ("1.csv" if kind == "export" else files.REJECTED)).write_bytes(content)
    with writing() as session:
        leases.save(session, lease, {"rows": 5, "written": 3, "rejected": 1})
        leases.finish(session, lease, {"file": made} if kind == "export" else {}, 1)


def _upload(store_id: uuid.UUID, mark: str) -> uuid.UUID:
    made = new_id()
    (files.folder(made) / files.UPLOAD).write_text(f"external_id,first_name\n1,{mark}\n")
    (files.folder(made) / "about.json").write_text(
        json.dumps({"store": str(store_id), "kind": "customers", "name": f"{mark}.csv"}))
    return made


@dataclass
class Principal:
    """Somebody who asks: `role` is theirs in store A (None: a stranger there), `known` whether their sign-in counts."""

    name: str
    http: FlaskClient
    bearer: str
    cookie: str
    role: str | None = None
    known: bool = True

    def open(self, method: str, path: str, **options: Any) -> Any:
        """A request as this principal: with a token below /api, with a cookie elsewhere."""
        if path.startswith("/api"):
            headers = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
            return self.http.open(path, method=method, headers=headers, **options)
        self.http.delete_cookie(NOTICE)  # of what went before
        self.http.set_cookie(COOKIE, self.cookie) if self.cookie else self.http.delete_cookie(COOKIE)
        if method != "GET":
            options["data"] = {**options.get("data", {}), "csrf_token": self._csrf()}
        return self.http.open(path, method=method, **options)

    def _csrf(self) -> str:
        try:
            return str(jwt.decode(self.cookie, options={"verify_signature": False})["csrf"])
        except jwt.PyJWTError:
            return ""


def principals(world: World) -> list[Principal]:
    """Everybody: four members, two strangers, and six ways of not being signed in."""
    with world.app.app_context():
        for email in ("gone@a.example", "ended@a.example"):
            add_user(email, PASSWORD, world.a, "owner")
        elsewhere = make_store("elsewhere").id
        alone = add_user("alone@x.example", PASSWORD, elsewhere, "owner")
        with writing() as session:
            session.query(Membership).filter(Membership.user_id == alone).delete()
        db.session.remove()
    signed_in = {email: _sign_in(world.app, email) for email in (
        "viewer@a.example", "editor@a.example", "owner@a.example", "owner@b.example", "alone@x.example",
        "gone@a.example", "ended@a.example")}
    _end(world)
    owner, http = signed_in["owner@a.example"], world.app.test_client()
    refresh = sign_in(http, "owner@a.example")["refresh_token"]
    stranger: Callable[..., Principal] = lambda *given: Principal(*given, known=False)  # noqa: E731
    forged = jwt.encode(jwt.decode(owner[0], options={"verify_signature": False}), SECRET + "x")
    return [
        *(Principal(role, http, *signed_in[f"{role}@a.example"], role) for role in ("viewer", "editor", "owner")),
        Principal("owner of another store", http, *signed_in["owner@b.example"]),
        Principal("member of nothing", http, *signed_in["alone@x.example"]),
        stranger("nobody", http, "", ""),
        stranger("forged", http, forged, forged),
        stranger("ended", http, *signed_in["ended@a.example"]),
        stranger("deactivated", http, *signed_in["gone@a.example"]),
        stranger("refresh for access", http, refresh, refresh),
        stranger("each face with the other's", http, owner[1], owner[0]),
    ]


def _sign_in(app: Flask, email: str) -> tuple[str, str]:
    http = app.test_client()
    token = str(sign_in(http, email)["access_token"])
    assert http.post("/sign-in", data={"email": email, "password": PASSWORD}).status_code == 303
    cookie = http.get_cookie(COOKIE)
    assert cookie is not None
    return token, cookie.value


def _end(world: World) -> None:
    with world.app.app_context():
        user = db.session.query(User.id).filter(User.email == "ended@a.example").scalar()
        with writing() as session:
            session.execute(update(Session).where(Session.user_id == user).values(revoked_at=utc_now()))
            session.execute(update(User).where(User.email == "gone@a.example").values(is_active=False))
        db.session.remove()

