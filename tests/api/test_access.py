"""Whose store it is: every route refuses strangers, and foreign, unknown and malformed are one answer."""

from __future__ import annotations

import uuid
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from segmentation.accounts import add_user
from segmentation.api_tokens import create_token
from segmentation.audience.scope import Scope
from segmentation.auth import operator_scope
from segmentation.extensions import db
from segmentation.invites import create_invite
from segmentation.models import Membership, Store
from tests.api.conftest import A_CUSTOMER, CANARY, PASSWORD, Client, World, add_job, checked_error

RULES = {"logic": "AND", "conditions": [{"field": "last_name", "operator": "contains", "value": CANARY}]}
OPEN_TO_ALL = {"/api/auth/token", "/api/auth/join", "/api/openapi.json", "/api/docs"}
OF_NO_STORE = {"/api/auth/refresh", "/api/auth/logout", "/api/auth/me", "/api/auth/password", "/api/auth/sessions",
               "/api/auth/sessions/<uuid:session_id>", "/api/stores"}
SEGMENTS = "/api/segmentation"
FOR_VIEWERS = {
    ("GET", SEGMENTS),
    ("GET", f"{SEGMENTS}/fields"),
    ("POST", f"{SEGMENTS}/preview"),
    ("GET", f"{SEGMENTS}/<uuid:segment_id>"),
    ("GET", f"{SEGMENTS}/<uuid:segment_id>/revisions"),
    ("GET", f"{SEGMENTS}/<uuid:segment_id>/customers"),
    ("GET", f"{SEGMENTS}/<uuid:segment_id>/explain"),
    ("GET", "/api/attributes"),
    ("GET", "/api/jobs"),
    ("GET", "/api/jobs/<uuid:job_id>"),
    ("GET", "/api/customers"),
    ("GET", "/api/customers/<uuid:customer_id>"),
    ("GET", "/api/store"),
}
FOR_OWNERS = {
    ("PUT", "/api/attributes/<key>"),
    ("DELETE", "/api/attributes/<key>"),
    ("DELETE", "/api/customers/<uuid:customer_id>"),
    ("GET", "/api/members"),
    ("PUT", "/api/members/<uuid:user_id>"),
    ("DELETE", "/api/members/<uuid:user_id>"),  # everybody may remove themselves: see test_members
    ("GET", "/api/invites"),
    ("POST", "/api/invites"),
    ("DELETE", "/api/invites/<uuid:invite_id>"),
    ("GET", "/api/tokens"),
    ("GET", "/api/audit"),
    ("POST", "/api/tokens"),
    ("DELETE", "/api/tokens/<uuid:token_id>"),
    ("PUT", "/api/store"),
}
BODIES: dict[tuple[str, str], Any] = {
    ("POST", SEGMENTS): {"name": "n", "rules": RULES},
    ("POST", f"{SEGMENTS}/preview"): {"rules": RULES},
    ("PUT", "/api/attributes/<key>"): {"label": "Tier", "kind": "text"},
    ("PUT", "/api/members/<uuid:user_id>"): {"role": "editor"},
    ("POST", "/api/invites"): {"email": "new@elsewhere.example", "role": "viewer"},
    ("POST", "/api/tokens"): {"name": "A program", "role": "viewer"},
    ("PUT", "/api/store"): {"week_start": 0},
    ("PUT", "/api/customers"): {"customers": [{"external_id": "x"}]},
    ("PUT", "/api/orders"): {
        "orders": [{"external_id": "x", "customer_id": "x", "ordered_at": "2024-05-01", "total": 1}]},
}


def routes(world: World) -> list[tuple[str, str]]:
    """Method and path of every route of a store, read from the application."""
    return [
        (method, rule.rule)
        for rule in world.app.url_map.iter_rules()
        if rule.rule.startswith("/api") and rule.rule not in OPEN_TO_ALL | OF_NO_STORE
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def ask(client: Client, method: str, rule: str, segment: str, store: str | None = None) -> Any:
    """A request with a body that would be accepted."""
    url = rule.replace("<key>", "tier").replace("<uuid:segment_id>", segment)
    url = url.replace("<uuid:customer_id>", str(A_CUSTOMER))
    if rule.endswith("/explain"):
        url += f"?customer_id={A_CUSTOMER}"
    url = url.replace("<uuid:job_id>", str(a_job(client, method, rule)))
    for name, make in MADE.items():
        if name in url:
            url = url.replace(name, str(make(client)))
    return client.open(method, url, store=store, **sent(method, rule))


def sent(method: str, rule: str) -> dict[str, Any]:
    """What is sent with a request."""
    if rule == "/api/imports":
        return {"data": {"kind": "customers", "file": (BytesIO(b"external_id\n1\n"), "a.csv")}}
    return {"json": BODIES.get((method, rule), {})} if method in {"POST", "PUT"} else {}


def a_job(client: Client, method: str, rule: str) -> uuid.UUID | None:
    """A job of the client's store to which the request can be made."""
    if "<uuid:job_id>" not in rule:
        return None
    if method == "DELETE":
        return add_job(client, "refresh")
    kind = "import_orders" if rule.endswith("/rejected") else "export"
    return add_job(client, kind, finished=True)


def a_member(client: Client) -> uuid.UUID:
    """A new member of the client's store."""
    with client.http.application.app_context():
        return add_user(f"{uuid.uuid4()}@a.example", PASSWORD, uuid.UUID(client.store), "viewer")


def an_invite(client: Client) -> uuid.UUID:
    """An open invite to the client's store."""
    with client.http.application.app_context():
        return create_invite(operator_scope(uuid.UUID(client.store)), f"{uuid.uuid4()}@b.example", "viewer")[0].id


def a_token(client: Client) -> uuid.UUID:
    """An API token of the client's store."""
    with client.http.application.app_context():
        store = db.session.get_one(Store, uuid.UUID(client.store))
        maker = db.session.scalars(select(Membership.user_id).where(
            Membership.store_id == store.id, Membership.role == "owner")).first()
        return create_token(Scope.of(store, "owner", maker), str(uuid.uuid4()), "viewer", None)[0].id


MADE = {"<uuid:user_id>": a_member, "<uuid:invite_id>": an_invite, "<uuid:token_id>": a_token}


def told(answer: Any) -> Any:
    """What an error says, without the request's id."""
    return {**answer.json["error"], "request_id": None}


def test_no_route_answers_without_a_token(world: World) -> None:
    nobody = Client(world.app.test_client(), "", str(world.a))
    for method, rule in routes(world):
        checked_error(ask(nobody, method, rule, str(uuid.uuid4())), 401)


def test_no_route_answers_for_a_store_that_is_not_ones_own(world: World) -> None:
    mine, theirs = world.owner.create()["id"], world.as_user("owner@b.example", "b").create(RULES)["id"]
    stores = (str(world.b), str(uuid.uuid4()), "1", "x" * 36, str(world.b).upper(), "%00", f"{{{world.b}}}")
    for method, rule in routes(world):
        answers = [ask(world.owner, method, rule, segment, store) for segment in (mine, theirs) for store in stores]
        for answer in answers:
            checked_error(answer, 404, "not_found")
        assert len({str(told(answer)) for answer in answers}) == 1


def test_a_segment_of_another_store_is_as_unknown_as_any(world: World) -> None:
    theirs = world.as_user("owner@b.example", "b").create(RULES)["id"]
    deleted = world.owner.create()["id"]
    assert world.owner.delete(f"/{deleted}").status_code == 204
    for method, rule in routes(world):
        if "<uuid:segment_id>" in rule:
            seen = [theirs, str(uuid.uuid4()), *([] if rule.endswith("/restore") else [deleted])]
            answers = [ask(world.owner, method, rule, segment) for segment in seen]
            answers.append(
                world.owner.open(method, rule.replace("<uuid:segment_id>", "1"))
            )
            for answer in answers:
                checked_error(answer, 404, "not_found")
            assert len({str(told(answer)) for answer in answers}) == 1


def test_a_customer_of_another_store_is_as_unknown_as_any(world: World) -> None:
    listed = world.as_user("owner@b.example", "b").get("/api/customers?sort=id&order=desc").json["data"]
    theirs = next(row["id"] for row in listed if row["id"] != str(A_CUSTOMER))
    for method, rule in routes(world):
        if "<uuid:customer_id>" in rule:
            answers = [world.owner.open(method, rule.replace("<uuid:customer_id>", unknown))
                       for unknown in (theirs, str(uuid.uuid4()), "1")]
            for answer in answers:
                checked_error(answer, 404, "not_found")
            assert len({str(told(answer)) for answer in answers}) == 1


def test_writing_and_erasing_keep_to_ones_own_store(world: World) -> None:
    other, owner = world.as_user("owner@b.example", "b"), world.owner
    before = other.get(f"/api/customers/{A_CUSTOMER}").json
    batch = {"customers": [{"external_id": before["external_id"], "first_name": "taken"}]}
    assert owner.put("/api/customers", batch).json["created"] == 1
    order = {"external_id": "1", "customer_id": before["external_id"], "ordered_at": "2024-05-01", "total": 1}
    assert owner.put("/api/orders", {"orders": [order]}).json["created"] == 1
    assert owner.delete(f"/api/customers/{A_CUSTOMER}").status_code == 204
    assert other.get(f"/api/customers/{A_CUSTOMER}").json == before


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "required"),
        ("?store_id={a}&store_id={a}", "repeated"),
        ("?store_id={a}&store_id={b}", "repeated"),
        ("?Store_id={a}", "required"),
    ],
)
def test_the_store_is_named_exactly_once(world: World, query: str, code: str) -> None:
    url = query.format(a=world.a, b=world.b)
    for method, rule in routes(world):
        problems = checked_error(ask(world.owner, method, rule + url, str(uuid.uuid4()), store=""), 400)
        assert problems[0] == {"path": "/store_id", "code": code, "message": problems[0]["message"]}


def test_roles(world: World) -> None:
    segment = world.owner.create()["id"]
    viewer, editor = world.as_user("viewer@a.example", "a"), world.as_user("editor@a.example", "a")
    for method, rule in routes(world):
        allowed = (method, rule) in FOR_VIEWERS
        with ask(viewer, method, rule, segment) as answer:
            assert answer.status_code == (200 if allowed else 403), (method, rule)
    for method, rule in sorted(routes(world), key=lambda route: route[0] == "DELETE"):
        with ask(editor, method, rule, segment) as answer:
            allowed = (method, rule) not in FOR_OWNERS
            assert answer.status_code < 300 if allowed else answer.status_code == 403, (method, rule, answer.text)
    for method, rule in sorted(FOR_OWNERS, key=lambda route: route[0] == "DELETE"):
        assert ask(world.owner, method, rule, segment).status_code < 300


def test_nothing_of_another_store_is_ever_shown(world: World) -> None:
    other = world.as_user("owner@b.example", "b")
    other.create(RULES, name=CANARY)
    assert other.post("/preview", {"rules": RULES}).json == {"count": 7}
    assert world.owner.post("/preview", {"rules": RULES}).json == {"count": 0}
    everyone = world.owner.create()["id"]
    for url in ("", "/fields", f"/{everyone}", f"/{everyone}/customers?limit=100", f"/{everyone}/export",
                f"/api/customers?search={CANARY}", f"/api/customers/{A_CUSTOMER}"):
        with world.owner.get(url) as answer:
            assert answer.status_code == 200
            assert CANARY.encode() not in answer.data
