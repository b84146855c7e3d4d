"""The audit log: everything that is done is there, for owners alone, page by page, and without personal data."""

from __future__ import annotations

import ast
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from segmentation import accounts
from segmentation.audit import ACTIONS
from segmentation.extensions import db
from tests.api.conftest import A_CUSTOMER, PASSWORD, World, checked_error, sign_in
from tests.pages.conftest import SQLITE, Visitor
from tests.people.conftest import id_of
from tests.test_house import MODULES

OWNER, EDITOR = "owner@a.example", "editor@a.example"


def log(world: World, query: str = "") -> Any:
    """The events of store A."""
    answer = world.owner.get(f"/api/audit?limit=100{query}")
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def recorded() -> set[str]:
    """Every action that the code records by name."""
    found: set[str] = set()
    for path in MODULES.values():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record" and len(node.args) > 1:
                found |= {each.value for each in ast.walk(node.args[1])
                          if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return found


def test_every_action_of_the_code_has_words_and_no_other() -> None:
    put_together = {"customers_write", "orders_write"}  # of what was written and the word
    assert recorded() | put_together == ACTIONS.keys()
    assert len(recorded()) > 20


def test_what_was_done_is_told_with_who_and_how_many(world: World) -> None:
    segment = world.owner.create()["id"]
    with world.owner.get(f"/{segment}/export") as answer:
        assert answer.status_code == 200
    world.owner.put("/api/customers", {"customers": [{"external_id": "new"}]})
    world.owner.delete(f"/api/customers/{A_CUSTOMER}")
    editor = id_of(world, EDITOR)
    world.owner.put(f"/api/members/{editor}", {"role": "viewer"})
    found = log(world)
    assert [each["action"] for each in found][:5] == [
        "role_set", "customer_erase", "customers_write", "segment_export", "segment_create"]
    assert {each["email"] for each in found[:5]} == {OWNER}
    assert found[0]["details"] == {"member_id": editor, "role": "viewer", "invites_ended": 0, "tokens_ended": 0}
    assert (found[3]["details"]["rows"], found[2]["details"]["created"]) == (60, 1)
    assert [each["at"] for each in found] == sorted((each["at"] for each in found), reverse=True)


def test_sign_ins_of_members_are_there_and_nobody_elses(world: World) -> None:
    http = world.app.test_client()
    for email in (EDITOR, "owner@b.example"):
        sign_in(http, email)
        http.post("/api/auth/token", json={"email": email, "password": "wrong"})
    assert [(each["action"], each["email"]) for each in log(world, f"&user_id={id_of(world, EDITOR)}")] == [
        ("sign_in_failed", EDITOR), ("sign_in", EDITOR)]
    assert "owner@b.example" not in json.dumps(log(world))
    with world.app.app_context():
        accounts.add_user("owner@b.example", PASSWORD, world.a, "viewer")
        db.session.remove()
    assert [each["action"] for each in log(world, f"&user_id={id_of(world, 'owner@b.example')}")] == []
    sign_in(http, "owner@b.example")
    assert [each["action"] for each in log(world, f"&user_id={id_of(world, 'owner@b.example')}")] == ["sign_in"]


def test_pages_follow_each_other_without_gap_or_double(world: World) -> None:
    for n in range(7):
        world.owner.create(name=str(n))
        sign_in(world.app.test_client(), EDITOR)
    whole = [each["id"] for each in log(world)]
    for size in (1, 3, len(whole), 100):
        seen, cursor = [], ""
        while True:
            page = world.owner.get(f"/api/audit?limit={size}{cursor}").json
            seen += [each["id"] for each in page["data"]]
            if page["meta"]["next_cursor"] is None:
                break
            cursor = f"&cursor={page['meta']['next_cursor']}"
        assert seen == whole


def test_it_is_narrowed_by_action_and_person(world: World) -> None:
    world.owner.create()
    world.as_user(EDITOR, "a").create()
    created = log(world, "&action=segment_create")
    assert [each["email"] for each in created] == [EDITOR, OWNER]
    assert [each["email"] for each in log(world, f"&action=segment_create&user_id={id_of(world, OWNER)}")] == [OWNER]
    assert log(world, f"&user_id={uuid.uuid4()}") == []


@SQLITE
@pytest.mark.parametrize("query", ["action=x", "user_id=1", "limit=0", "limit=101", "cursor=1", "x=1",
                                   f"cursor={uuid.UUID(int=7)}", "limit=1&limit=2"])
def test_bad_queries(world: World, query: str) -> None:
    checked_error(world.owner.get(f"/api/audit?{query}"), 400)


def test_an_event_of_another_store_is_no_cursor(world: World) -> None:
    other = world.as_user("owner@b.example", "b")
    other.create()
    theirs = other.get("/api/audit?action=segment_create").json["data"][0]["id"]
    checked_error(world.owner.get(f"/api/audit?cursor={theirs}"), 400)


def test_it_holds_no_personal_data(world: World) -> None:
    world.owner.post("/api/invites", {"email": "salma@elsewhere.example", "role": "viewer"})
    world.owner.post("/api/tokens", {"name": "Nightly", "role": "viewer"})
    details = json.dumps([each["details"] for each in log(world)])
    assert "@" not in details
    assert "Nightly" not in details


@SQLITE
@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_page(world: World, visit: Callable[..., Visitor], language: str) -> None:
    owner = visit(OWNER, language=language)
    world.owner.create(name="<b>bold</b>")
    world.owner.put(f"/api/members/{id_of(world, EDITOR)}", {"role": "viewer"})
    text = owner.get("/audit/").text
    assert {"en": "Created a segment", "ar": "أنشأ شريحة"}[language] in text
    assert "&lt;b&gt;bold" in text
    assert EDITOR in text
    body = owner.get("/audit/?action=role_set").text.split("<tbody>")[1]
    assert {"en": "Created a segment", "ar": "أنشأ شريحة"}[language] not in body
    for query in ("?action=x&person=x&before=x", f"?person={uuid.uuid4()}"):
        assert owner.get(f"/audit/{query}").status_code == 200
    assert owner.get(f"/audit/?before={uuid.uuid4()}").status_code == 404
