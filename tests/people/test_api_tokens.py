"""API tokens: good in one store with one role, as long as their maker has it, and never for saying who belongs."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from segmentation import accounts, api_tokens, limits
from segmentation.audience.scope import Scope
from segmentation.database import noting, writing
from segmentation.extensions import db
from segmentation.models import ApiToken, AuditEvent, Store, User
from tests.api.conftest import PASSWORD, Client, World, checked_error
from tests.api.test_access import FOR_OWNERS, FOR_VIEWERS, ask, routes
from tests.pages.conftest import SQLITE, Visitor
from tests.people.conftest import at_once, events, id_of

PEOPLE_ONLY = ("/api/members", "/api/invites", "/api/tokens")


def make(client: Client, role: str = "editor", name: str = "Nightly import", **more: Any) -> tuple[Any, Client]:
    """A token as answered, and a client that has it."""
    answer = client.post("/api/tokens", {"name": name, "role": role, **more})
    assert answer.status_code == 201, answer.text
    return answer.json, Client(client.http, answer.json["token"], client.store)


def test_a_token_is_shown_once_and_kept_as_a_digest(world: World) -> None:
    made, program = make(world.owner, days=30)
    secret = made["token"]
    assert secret.startswith("seg_")
    assert len(secret) == 47
    [listed] = world.owner.get("/api/tokens").json["tokens"]
    assert listed == {key: value for key, value in made.items() if key != "token"}
    assert (listed["hint"], listed["created_by"]) == (secret[:9], id_of(world, "owner@a.example"))
    assert program.get().status_code == 200
    with world.app.app_context():
        [row] = db.session.scalars(select(ApiToken)).all()
        assert secret not in str({column.name: getattr(row, column.name) for column in ApiToken.__table__.columns})
        assert not any(secret in str(event.details) for event in db.session.scalars(select(AuditEvent)))


@pytest.mark.parametrize("role", ["viewer", "editor", "owner"])
def test_a_token_may_what_its_role_may_but_nothing_about_people(world: World, role: str) -> None:
    segment, (_, program) = world.owner.create()["id"], make(world.owner, role)
    for method, rule in sorted(routes(world), key=lambda route: (route[0] == "DELETE", route)):
        allowed = ((method, rule) in FOR_VIEWERS or role == "owner"
                   or (role == "editor" and (method, rule) not in FOR_OWNERS))
        with ask(program, method, rule, segment) as answer:
            if rule.startswith(PEOPLE_ONLY):
                checked_error(answer, 403, "person_needed" if role == "owner" else None)
            else:
                assert answer.status_code < 300 if allowed else answer.status_code == 403, (method, rule, answer.text)


def test_a_token_is_good_in_its_own_store_alone(world: World) -> None:
    with world.app.app_context():
        accounts.add_user("owner@a.example", PASSWORD, world.b, "owner")
        db.session.remove()
    _, program = make(world.owner, "owner")
    for store in (str(world.b), str(uuid.uuid4()), "1", "x" * 36):
        checked_error(program.get(store=store), 404, "not_found")
    checked_error(program.open("GET", "", store=""), 400)
    checked_error(program.get("/api/auth/me", store=""), 401)
    checked_error(program.post("/api/auth/logout", store=""), 401)
    checked_error(program.post("/api/auth/refresh", store=""), 401)


def test_what_is_not_exactly_a_token_is_nothing(world: World) -> None:
    made, _ = make(world.owner)
    secret = made["token"]
    for wrong in (secret[:-1], secret + "x", secret.upper(), "seg_", "seg_" + "x" * 43, secret + " ", "seg_é"):
        answer = world.app.test_client().get(
            f"/api/segmentation?store_id={world.a}", headers={"Authorization": f"Bearer {wrong}".encode("latin-1")})
        if wrong != secret + " ":
            checked_error(answer, 401, "unauthorized")
    visitor = world.app.test_client()
    visitor.set_cookie("segmentation", secret)
    assert visitor.get(f"/stores/{world.a}/").status_code == 303


def test_it_ends_when_it_is_revoked_or_expires(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made, program = make(world.owner)
    assert world.owner.delete(f"/api/tokens/{made['id']}").status_code == 204
    checked_error(program.get(), 401)
    checked_error(world.owner.delete(f"/api/tokens/{made['id']}"), 404)
    _, program = make(world.owner, days=1)
    now = api_tokens.utc_now()
    monkeypatch.setattr(api_tokens, "utc_now", lambda: now + timedelta(hours=23, minutes=59))
    assert program.get().status_code == 200
    monkeypatch.setattr(api_tokens, "utc_now", lambda: now + timedelta(days=1, seconds=1))
    checked_error(program.get(), 401)
    assert world.owner.get("/api/tokens").json["tokens"] == []


def test_it_ends_for_good_with_its_makers_role(world: World) -> None:
    with world.app.app_context():
        accounts.add_user("editor@a.example", PASSWORD, world.a, "owner")
        db.session.remove()
    maker, url = world.as_user("editor@a.example", "a"), f"/api/members/{id_of(world, 'editor@a.example')}"
    (_, strong), (_, middle), (_, weak) = (make(maker, role, role) for role in ("owner", "editor", "viewer"))
    assert world.owner.put(url, {"role": "editor"}).status_code == 200
    assert events(world, "role_set")[-1].details["tokens_ended"] == 1
    checked_error(strong.get(), 401)
    assert (middle.get().status_code, weak.get().status_code) == (200, 200)
    assert world.owner.put(url, {"role": "owner"}).status_code == 200
    checked_error(strong.get(), 401)
    assert world.owner.delete(url).status_code == 204
    for program in (middle, weak):
        checked_error(program.get(), 401)
    with world.app.app_context():
        accounts.add_user("editor@a.example", PASSWORD, world.a, "owner")
        db.session.remove()
    checked_error(weak.get(), 401)


def test_it_rests_while_its_maker_cannot_sign_in(world: World) -> None:
    _, program = make(world.owner)
    for is_active, status in ((False, 401), (True, 200)):
        with world.app.app_context(), writing() as session:
            session.execute(update(User).where(User.email == "owner@a.example").values(is_active=is_active))
        assert program.get().status_code == status


def test_its_use_is_noted_about_once_a_minute(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made, program = make(world.owner)
    assert made["last_used_at"] is None
    noted, now = [], api_tokens.utc_now()
    monkeypatch.setattr(api_tokens, "noting", lambda statement: (noted.append(1), noting(statement)))
    for second in (0, 1, 59, 61, 100):
        monkeypatch.setattr(api_tokens, "utc_now", lambda second=second: now + timedelta(seconds=second))
        assert program.get().status_code == 200
    assert len(noted) == 2
    [listed] = world.owner.get("/api/tokens").json["tokens"]
    assert listed["last_used_at"] is not None


def test_a_busy_database_keeps_no_request_from_its_answer(world: World) -> None:
    made, program = make(world.owner)
    with world.app.app_context(), writing() as session:
        session.execute(update(ApiToken).values(name="held"))
        session.flush()
        assert program.get().status_code == 200
    [listed] = world.owner.get("/api/tokens").json["tokens"]
    assert (listed["id"], listed["name"], listed["last_used_at"]) == (made["id"], "held", None)
    assert program.get().status_code == 200
    assert world.owner.get("/api/tokens").json["tokens"][0]["last_used_at"] is not None


def test_what_it_does_is_its_makers_doing_with_its_id_beside(world: World) -> None:
    made, program = make(world.owner)
    program.create()
    event = events(world, "segment_create")[-1]
    assert (str(event.user_id), event.details["token_id"]) == (id_of(world, "owner@a.example"), made["id"])
    world.owner.create()
    assert "token_id" not in events(world, "segment_create")[-1].details
    world.owner.delete(f"/api/tokens/{made['id']}")
    assert [(event.action, event.details["api_token_id"]) for event in events(world, "token_create", "token_revoke")
            ] == [("token_create", made["id"]), ("token_revoke", made["id"])]


@SQLITE
@pytest.mark.parametrize("body", [
    {}, {"name": "x"}, {"role": "viewer"}, {"name": "", "role": "viewer"}, {"name": "x" * 121, "role": "viewer"},
    {"name": "x", "role": "king"}, {"name": "x", "role": "viewer", "days": 0}, {"name": "x", "role": "viewer", "x": 1},
    {"name": "x", "role": "viewer", "days": limits.TOKEN_DAYS + 1}, {"name": "x", "role": "viewer", "days": True},
    {"name": "x", "role": "viewer", "days": 1.5}, {"name": "x", "role": "viewer", "days": "1"}])
def test_bad_tokens(world: World, body: Any) -> None:
    checked_error(world.owner.post("/api/tokens", body), 422)


def test_names_are_unique_even_at_once(world: World) -> None:
    with world.app.app_context():
        store = db.session.get_one(Store, world.a)
        scope = Scope.of(store, "owner", uuid.UUID(id_of(world, "owner@a.example")))
        db.session.remove()
    results = at_once(world.app, [lambda: api_tokens.create_token(scope, "one", "viewer", None)] * 4)
    assert len([each for each in results if not isinstance(each, Exception)]) == 1
    checked_error(world.owner.post("/api/tokens", {"name": "one", "role": "viewer"}), 409, "name_taken")


@SQLITE
def test_tokens_at_the_limit_and_past_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "API_TOKENS", 2)
    for name in ("1", "2"):
        make(world.owner, name=name)
    checked_error(world.owner.post("/api/tokens", {"name": "3", "role": "viewer"}), 409, "too_many_tokens")


def test_a_token_of_another_store_is_as_unknown_as_any(world: World) -> None:
    theirs, program = make(world.as_user("owner@b.example", "b"))
    for unknown in (theirs["id"], uuid.uuid4(), "1"):
        checked_error(world.owner.delete(f"/api/tokens/{unknown}"), 404, "not_found")
    assert program.get().status_code == 200


@SQLITE
def test_the_page_shows_a_token_once_lists_and_revokes_it(world: World, owner: Visitor) -> None:
    answer = owner.post("/tokens/", {"name": "لوحة", "role": "viewer", "days": "never"})
    assert answer.status_code == 200
    secret = "seg_" + answer.text.split('value="seg_')[1].split('"')[0]
    page = owner.page("/tokens/")
    assert secret not in page.markup
    assert secret[:9] in page.markup
    assert "لوحة" in page.markup
    assert "without end" in page.markup
    assert Client(owner.http, secret, owner.store).get().status_code == 200
    [row] = world.owner.get("/api/tokens").json["tokens"]
    assert owner.post("/tokens/", {"name": "لوحة", "role": "viewer"}).status_code == 409
    assert owner.post("/tokens/", {"name": " ", "role": "viewer"}).status_code == 422
    assert owner.post(f"/tokens/{row['id']}/revoke").status_code == 303
    assert "There is none yet." in owner.page("/tokens/").markup
