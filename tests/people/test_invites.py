"""Invites: a link that works once, for one address, and tells nobody who may not have it anything."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from segmentation import accounts, auth, invites, limits
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.models import AuditEvent, Invite, Membership, User
from segmentation.models.types import utc_now
from tests.api.conftest import PASSWORD, Client, World, checked_error, sign_in
from tests.pages.conftest import SQLITE, Visitor
from tests.people.conftest import at_once, events, id_of

NEW = "salma@elsewhere.example"
OTHER = "owner@b.example"


def invite(world: World, email: str = NEW, role: str = "editor") -> tuple[Any, str]:
    """An invite into store A as answered, and the secret of its link."""
    answer = world.owner.post("/api/invites", {"email": email, "role": role})
    assert answer.status_code == 201, answer.text
    return answer.json, answer.json["link"].rsplit("/", 1)[1]


def join(world: World, secret: str, token: str = "", **body: Any) -> Any:
    """Join by the API."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return world.app.test_client().post("/api/auth/join", json={"invite": secret, **body}, headers=headers)


def test_somebody_new_signs_up_and_belongs(world: World) -> None:
    made, secret = invite(world)
    assert made.keys() == {"id", "email", "role", "created_by", "created_at", "expires_at", "link"}
    assert (made["email"], made["role"], made["created_by"]) == (NEW, "editor", id_of(world, "owner@a.example"))
    answer = join(world, secret, password=PASSWORD)
    assert answer.status_code == 200, answer.text
    assert (answer.json["store_id"], answer.json["store_name"]) == (str(world.a), "a")
    client = Client(world.app.test_client(), answer.json["tokens"]["access_token"], str(world.a))
    client.create()
    checked_error(client.get("/api/members"), 403)
    assert sign_in(world.app.test_client(), NEW)["token_type"] == "Bearer"
    assert world.owner.get("/api/invites").json == {"invites": []}


def test_somebody_with_an_account_joins_with_their_password(world: World) -> None:
    _, secret = invite(world, OTHER, "viewer")
    checked_error(join(world, secret, password="another password of ours"), 401, "wrong_credentials")
    assert join(world, secret, password=PASSWORD).status_code == 200
    both = world.as_user(OTHER, "a").get("/api/auth/me", store="").json["stores"]
    assert {(store["name"], store["role"]) for store in both} == {("a", "viewer"), ("b", "owner")}


def test_somebody_signed_in_joins_at_once(world: World) -> None:
    _, secret = invite(world, OTHER, "owner")
    token = world.as_user(OTHER, "b").token
    answer = join(world, secret, token)
    assert (answer.status_code, answer.json) == (200, {"store_id": str(world.a), "store_name": "a"})
    assert world.as_user(OTHER, "a").get("/api/members").status_code == 200


def test_an_invite_of_another_is_refused_clearly_and_stays_open(world: World) -> None:
    _, secret = invite(world)
    checked_error(join(world, secret, world.as_user(OTHER, "b").token), 403, "other_email")
    checked_error(join(world, secret), 401)
    assert join(world, secret, password=PASSWORD).status_code == 200


def test_links_that_are_not_open_are_all_alike(world: World) -> None:
    secrets = {"unknown": "x" * 43, "odd": "é", "long": "y" * 900}
    made, secrets["revoked"] = invite(world)
    assert world.owner.delete(f"/api/invites/{made['id']}").status_code == 204
    _, secrets["used"] = invite(world, OTHER)
    assert join(world, secrets["used"], password=PASSWORD).status_code == 200
    made, secrets["expired"] = invite(world, "late@elsewhere.example")
    with world.app.app_context(), writing() as session:
        session.execute(update(Invite).where(Invite.id == uuid.UUID(made["id"])).values(expires_at=utc_now()))
    told, shown = set(), set()
    for name, secret in secrets.items():
        for token in ("", world.as_user(OTHER, "b").token):
            answer = join(world, secret, token, **({} if token else {"password": PASSWORD}))
            checked_error(answer, 404, "invite_gone")
            told.add(json.dumps({**answer.json["error"], "request_id": None}))
        page = world.app.test_client().get(f"/join/{secret}")
        assert page.status_code == 404, name
        shown.add(page.text.replace(secret, ""))
    assert (len(told), len(shown)) == (1, 1)


def test_an_invite_lives_for_seven_days(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = invite(world)
    now = utc_now()
    for days, status in ((6.99, 200), (7.01, 404)):
        monkeypatch.setattr(invites, "utc_now", lambda days=days: now + timedelta(days=days))
        assert world.app.test_client().get(f"/join/{secret}").status_code == status
    assert world.owner.get("/api/invites").json == {"invites": []}


def test_nothing_but_a_digest_of_the_link_is_stored(world: World) -> None:
    _, secret = invite(world)
    with world.app.app_context():
        [row] = db.session.scalars(select(Invite)).all()
        assert secret not in str({column.name: getattr(row, column.name) for column in Invite.__table__.columns})
        assert not any(secret in json.dumps(event.details) or NEW in json.dumps(event.details)
                       for event in db.session.scalars(select(AuditEvent)))
    assert secret not in world.owner.get("/api/invites").text


def test_a_new_invite_to_the_same_address_ends_the_one_before(world: World) -> None:
    (first, old), (_, new) = invite(world), invite(world, f" {NEW.upper()} ", "viewer")
    checked_error(join(world, old, password=PASSWORD), 404, "invite_gone")
    [listed] = world.owner.get("/api/invites").json["invites"]
    assert (listed["role"], "link" in listed, listed["id"] != first["id"]) == ("viewer", False, True)
    assert join(world, new, password=PASSWORD).status_code == 200


def test_invites_end_with_the_ownership_of_who_made_them(world: World) -> None:
    editor = id_of(world, "editor@a.example")
    for take_away in (lambda: world.owner.put(f"/api/members/{editor}", {"role": "editor"}),
                      lambda: world.owner.delete(f"/api/members/{editor}")):
        with world.app.app_context():
            accounts.add_user("editor@a.example", PASSWORD, world.a, "owner")
            db.session.remove()
        answer = world.as_user("editor@a.example", "a").post("/api/invites", {"email": NEW, "role": "owner"})
        assert answer.status_code == 201
        assert take_away().status_code in (200, 204)
        checked_error(join(world, answer.json["link"].rsplit("/", 1)[1], password=PASSWORD), 404, "invite_gone")
        ended = events(world, "role_set", "member_remove")[-1].details["invites_ended"]
        assert ended == 1


def test_a_member_is_not_invited_and_one_who_became_one_keeps_their_role(world: World) -> None:
    answer = world.owner.post("/api/invites", {"email": "Editor@A.example", "role": "owner"})
    checked_error(answer, 409, "already_member")
    _, secret = invite(world, OTHER, "viewer")
    with world.app.app_context():
        accounts.add_user(OTHER, PASSWORD, world.a, "editor")
        db.session.remove()
    assert join(world, secret, world.as_user(OTHER, "b").token).status_code == 200
    roles = {each["email"]: each["role"] for each in world.owner.get("/api/members").json["members"]}
    assert roles[OTHER] == "editor"


@pytest.mark.parametrize("body", [
    {}, {"email": NEW}, {"role": "editor"}, {"email": "x", "role": "editor"}, {"email": "a@b", "role": "editor"},
    {"email": NEW, "role": "king"}, {"email": 1, "role": "editor"}, {"email": "a" * 250 + "@b.co", "role": "editor"},
    {"email": "a b@c.co", "role": "viewer"}, {"email": NEW, "role": "viewer", "x": 1}])
def test_bad_invites(world: World, body: Any) -> None:
    checked_error(world.owner.post("/api/invites", body), 422)


@SQLITE
@pytest.mark.parametrize("password", ["short", NEW, NEW.partition("@")[0] + "", "aaaaaaaaaaaaaaa", "1234567890",
                                      "qwertyuiop", "password123", "x" * 1_001, "a tab\there and more"])
def test_a_weak_password_makes_no_account(world: World, password: str) -> None:
    _, secret = invite(world)
    checked_error(join(world, secret, password=password), 422)
    with world.app.app_context():
        assert db.session.scalar(select(User).where(User.email == NEW)) is None
    assert join(world, secret, password=PASSWORD).status_code == 200


def test_invites_at_the_limit_and_past_it(world: World) -> None:
    with world.app.app_context():
        scope = auth.operator_scope(world.a)
        for n in range(limits.INVITES):
            invites.create_invite(scope, f"{n}@elsewhere.example", "viewer")
        db.session.remove()
    checked_error(world.owner.post("/api/invites", {"email": NEW, "role": "viewer"}), 409, "too_many_invites")
    assert invite(world, "1@elsewhere.example")[0]["role"] == "editor"


def test_a_link_that_many_open_at_once_is_used_once(world: World) -> None:
    for email in (NEW, OTHER):
        _, secret = invite(world, email)
        results = at_once(world.app, [lambda secret=secret: join(world, secret, password=PASSWORD).status_code] * 5)
        assert sorted(results).count(200) == 1, results
        assert set(results) <= {200, 404, 409}
    with world.app.app_context():
        joined = db.session.scalars(select(Membership).where(Membership.store_id == world.a)).all()
        assert len(joined) == 5
        assert len(db.session.scalars(select(User).where(User.email == NEW)).all()) == 1
    assert len(events(world, "invite_accept")) == 2


def test_wrong_passwords_at_a_link_are_limited_like_any(world: World) -> None:
    _, secret = invite(world, OTHER)
    for _ in range(auth.FAILURES):
        checked_error(join(world, secret, password="not the password"), 401)
    checked_error(join(world, secret, password=PASSWORD), 429)


def test_every_step_is_an_event(world: World) -> None:
    made, secret = invite(world)
    join(world, secret, password=PASSWORD)
    revoked, _ = invite(world, "late@elsewhere.example")
    world.owner.delete(f"/api/invites/{revoked['id']}")
    found = [(each.action, each.details["invite_id"]) for each in events(
        world, "invite_create", "invite_accept", "invite_revoke")]
    assert found == [("invite_create", made["id"]), ("invite_accept", made["id"]),
                     ("invite_create", revoked["id"]), ("invite_revoke", revoked["id"])]


def test_the_page_shows_a_link_once_and_lists_the_invite(owner: Visitor) -> None:
    answer = owner.post("/people/invites", {"email": NEW, "role": "editor"})
    assert answer.status_code == 200
    assert "http://localhost/join/" in answer.text
    page = owner.page("/people/")
    assert "/join/" not in page.markup
    assert NEW in page.markup
    refused = owner.post("/people/invites", {"email": "nobody", "role": "editor"})
    assert refused.status_code == 422
    assert 'value="nobody"' in refused.text
    assert "This is not" in refused.text or "Enter an e-mail address." in refused.text


def link_of(owner: Visitor, email: str = NEW, role: str = "viewer") -> str:
    """The path of a new link, from the page."""
    text = owner.post("/people/invites", {"email": email, "role": role}).text
    return "/join/" + text.split("http://localhost/join/")[1].split('"')[0]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_signing_up_by_the_page(owner: Visitor, visit: Callable[..., Visitor], language: str) -> None:
    link, guest = link_of(owner), visit(language=language)
    page = guest.get(at=link)
    assert page.status_code == 200
    assert {"en": "Choose a password", "ar": "اختر كلمة مرور"}[language] in page.text
    weak = guest.post(at=link, fields={"password": "short"})
    assert weak.status_code == 422
    assert {"en": "10 characters or more", "ar": "10 محارف أو أكثر"}[language] in weak.text
    assert guest.post(at=link, fields={"password": PASSWORD}).status_code == 303
    assert guest.get("/").status_code == 200
    assert guest.get("/people/").status_code == 403
    assert visit().get(at=link).status_code == 404


def test_joining_by_the_page_signed_in_or_not(owner: Visitor, visit: Callable[..., Visitor]) -> None:
    link, guest = link_of(owner, OTHER), visit()
    assert "Your password" in guest.get(at=link).text
    assert guest.post(at=link, fields={"password": "wrong password"}).status_code == 401
    stranger = visit("editor@a.example")
    assert "another e-mail address" in stranger.get(at=link).text
    assert stranger.post(at=link).status_code == 403
    known = visit(OTHER)
    assert "Your password" not in known.get(at=link).text
    assert known.post(at=link, csrf="").status_code == 403
    assert known.post(at=link).status_code == 303
    assert known.get("/").status_code == 200


def test_another_site_cannot_have_somebody_join(owner: Visitor, visit: Callable[..., Visitor]) -> None:
    link = link_of(owner)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert visit().post(at=link, fields={"password": PASSWORD}, headers=headers).status_code == 403
