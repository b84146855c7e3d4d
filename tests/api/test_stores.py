"""Stores by the API: which are mine, their settings, and making one."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import delete, select

from segmentation import accounts, limits
from segmentation.accounts import StoreDraft
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.jobs import running
from segmentation.models import AuditEvent, Job, Membership, Store
from tests.api.conftest import Client, World, checked_error
from tests.people.conftest import at_once, id_of

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference
OWNER = "owner@a.example"
SOUQ = {"name": "سوق", "timezone": "Africa/Cairo", "currency": "EGP"}


def stores_of(client: Client) -> list[dict[str, Any]]:
    """The client's stores, as answered."""
    answer = client.get("/api/stores", store="")
    assert answer.status_code == 200, answer.text
    return list(answer.json["stores"])


def make(client: Client, body: Any = SOUQ, key: str = "") -> Any:
    """Make a store."""
    return client.post("/api/stores", body, store="", headers={"Idempotency-Key": key} if key else {})


@ON_SQLITE
def test_everybody_sees_their_stores_with_the_settings(world: World) -> None:
    for role in ("viewer", "editor", "owner"):
        client = world.as_user(f"{role}@a.example", "a")
        [mine] = stores_of(client)
        assert (mine["id"], mine["role"], mine["timezone"]) == (str(world.a), role, "Asia/Riyadh")
        answer = client.get("/api/store")
        assert (answer.json, answer.headers["ETag"]) == (mine, '"1"')


@ON_SQLITE
def test_an_api_token_sees_its_store_and_makes_none(world: World) -> None:
    token = world.owner.post("/api/tokens", {"name": "A program", "role": "editor"}).json["token"]
    program = Client(world.owner.http, token, world.owner.store)
    assert [(each["id"], each["role"]) for each in stores_of(program)] == [(str(world.a), "editor")]
    checked_error(make(program), 401)


def test_settings_are_changed_by_whoever_read_them(world: World) -> None:
    owner = world.owner
    answer = owner.put("/api/store", {"name": "Bazaar", "country": None}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert (answer.json["name"], answer.json["country"], answer.json["currency"]) == ("Bazaar", None, "SAR")
    late = owner.put("/api/store", {"name": "Market"}, headers={"If-Match": '"1"'})
    checked = late.json["error"]
    assert (late.status_code, checked["code"], late.json["store"]) == (412, "precondition_failed", answer.json)
    assert owner.put("/api/store", {"name": "Market"}).json["name"] == "Market"
    told = [(each["action"], each["details"]) for each in owner.get("/api/audit?action=store_change").json["data"]]
    assert told == [("store_change", {"keys": ["name"]}), ("store_change", {"keys": ["country", "name"]})]


def test_other_statuses_count_at_once(world: World) -> None:
    owner = world.owner
    order = {"external_id": "1", "customer_id": "C0", "ordered_at": "2024-05-01", "total": 12.5, "status": "picked up"}
    assert owner.put("/api/orders", {"orders": [order]}).status_code == 200
    rules = {"logic": "AND", "conditions": [{"field": "orders_amount", "operator": "equals", "value": 12.5}]}
    segment = owner.create(rules)
    assert segment["cached_count"] == 0
    answer = owner.put("/api/store", {"counted_statuses": ["Picked up", "paid"]})
    assert answer.json["counted_statuses"] == ["paid", "picked up"]
    assert owner.post("/preview", {"rules": rules}).json == {"count": 1}
    assert owner.post(f"/{segment['id']}/refresh").json["cached_count"] == 1


def test_a_large_store_is_changed_by_a_job(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHANGED_AT_ONCE", 0)
    answer = world.owner.put("/api/store", {"counted_statuses": ["paid"]})
    assert (answer.status_code, answer.json["kind"], answer.json["state"]) == (202, "settings", "queued")
    assert world.owner.get("/api/store").json["counted_statuses"] != "paid"
    checked_error(world.owner.put("/api/store", {"name": "Bazaar"}), 409, "already_changing")
    with world.app.app_context():
        running.run(db.session.scalars(select(Job.id).where(Job.kind == "settings")).one())
    done = world.owner.get(answer.headers["Location"].partition("?")[0]).json
    assert (done["state"], done["progress"]["unit"]) == ("done", "customers")
    assert world.owner.get("/api/store").json["counted_statuses"] == ["paid"]
    assert world.owner.get("/api/audit?action=store_change").json["data"][0]["email"] == OWNER


@ON_SQLITE
@pytest.mark.parametrize(("body", "path"), [
    ({"timezone": "Nowhere"}, "/timezone"), ({"timezone": 3}, "/timezone"), ({"currency": "XXQ"}, "/currency"),
    ({"country": "Saudi"}, "/country"), ({"country": 1}, "/country"), ({"week_start": 7}, "/week_start"),
    ({"week_start": True}, "/week_start"), ({"week_start": None}, "/week_start"), ({"language": "fr"}, "/language"),
    ({"language": []}, "/language"), ({"counted_statuses": "paid"}, "/counted_statuses"),
    ({"counted_statuses": []}, "/counted_statuses"), ({"counted_statuses": [1]}, "/counted_statuses"),
    ({"name": ""}, "/name"), ({"name": None}, "/name"), ({"owner": "me"}, "/owner"),
    ({"data_version": 1}, "/data_version"),
])
def test_settings_that_make_no_sense_are_refused_with_their_address(world: World, body: Any, path: str) -> None:
    assert [problem["path"] for problem in checked_error(world.owner.put("/api/store", body), 422)] == [path]
    assert [problem["path"] for problem in checked_error(make(world.owner, {**SOUQ, **body}), 422)] == [path]
    assert (world.owner.get("/api/store").headers["ETag"], len(stores_of(world.owner))) == ('"1"', 1)


def test_whoever_makes_a_store_owns_it(world: World) -> None:
    viewer = world.as_user("viewer@a.example", "a")
    answer = make(viewer)
    assert answer.status_code == 201
    made = answer.json
    assert (made["name"], made["role"], made["country"], made["week_start"]) == ("سوق", "owner", "EG", 5)
    assert answer.headers["Location"] == f"/api/store?store_id={made['id']}"
    own = Client(viewer.http, viewer.token, made["id"])
    assert own.get("/api/store").json == made
    assert [each["role"] for each in stores_of(viewer)] == ["viewer", "owner"]
    assert own.get("/api/customers").json["meta"]["total"] == 0
    assert [each["role"] for each in own.get("/api/members").json["members"]] == ["owner"]
    [told] = own.get("/api/audit?action=store_create").json["data"]
    assert told["email"] == "viewer@a.example"
    checked_error(Client(viewer.http, world.owner.token, made["id"]).get("/api/store"), 404)


def test_a_store_is_made_once_however_often_it_is_asked_for(world: World) -> None:
    first = make(world.owner, key="k")
    for _ in range(2):
        again = make(world.owner, key="k")
        assert (again.status_code, again.data, again.headers["Location"], again.headers["ETag"]) == (
            201, first.data, first.headers["Location"], first.headers["ETag"])
    checked_error(make(world.owner, {**SOUQ, "name": "other"}, key="k"), 422, "idempotency_mismatch")
    others = make(world.as_user("editor@a.example", "a"), key="k")
    assert (others.status_code, others.json["id"] != first.json["id"]) == (201, True), "the key is of one person"
    assert make(world.owner, key="k2").json["id"] != first.json["id"]
    assert len(stores_of(world.owner)) == 3


def test_whoever_has_left_the_store_they_made_is_not_told_of_it(world: World) -> None:
    viewer = world.as_user("viewer@a.example", "a")
    first = make(viewer, key="k").json["id"]
    with world.app.app_context(), writing() as session:
        session.execute(delete(Membership).where(Membership.store_id == uuid.UUID(first)))
    again = make(viewer, key="k")
    assert (again.status_code, again.json["id"] != first) == (201, True)
    assert [each["id"] for each in stores_of(viewer)] == [str(world.a), again.json["id"]]


def test_nobody_owns_more_than_their_share_whatever_the_race(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STORES", 3)
    me, client = id_of(world, OWNER), world.owner
    draft = StoreDraft("x", "UTC", "SAR", None, None, "en", ["paid"])
    ended = at_once(world.app, [lambda: accounts.create_store(draft, db.session.scalars(
        select(Membership.user_id).where(Membership.store_id == world.a, Membership.role == "owner")).one())] * 6)
    assert sum(not isinstance(each, Exception) for each in ended) == 2, ended
    assert {each.code for each in ended if isinstance(each, Exception)} == {"too_many_stores"}
    checked_error(make(client), 409, "too_many_stores")
    with world.app.app_context():
        assert len(db.session.scalars(select(Store.id)).all()) == 4
        made = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "store_create")).all()
        assert {str(event.user_id) for event in made} == {me}
