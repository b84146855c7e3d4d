"""One's own sign-ins and password: seen, ended, changed, and what that means for everything else that is open."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient

from segmentation import accounts, auth, members
from segmentation.database import noting
from segmentation.values.devices import coarse
from tests.api.conftest import PASSWORD, World, checked_error, sign_in
from tests.pages.conftest import SQLITE, Visitor
from tests.people.conftest import at_once, events, id_of

OWNER = "owner@a.example"
NEW = "quite another password"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


def bearer(tokens: Any) -> dict[str, str]:
    """The header of an access token."""
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def listed(http: FlaskClient, tokens: Any) -> Any:
    """The sign-ins, as answered."""
    return http.get("/api/auth/sessions", headers=bearer(tokens)).json["sign_ins"]


def test_sign_ins_are_listed_with_the_current_one_first(world: World) -> None:
    http = world.app.test_client()
    http.post("/api/auth/token", json={"email": OWNER, "password": PASSWORD}, headers={"User-Agent": FIREFOX})
    mine = sign_in(http, OWNER)
    sign_in(http, "editor@a.example")
    found = listed(http, mine)
    assert [(each["is_current"], each["device"]) for each in found] == [(True, ""), (False, "Firefox, Windows")]
    assert found[0].keys() == {"id", "device", "created_at", "last_seen_at", "expires_at", "is_current"}


def test_one_sign_in_is_ended_at_once_and_nobody_elses(world: World) -> None:
    http = world.app.test_client()
    mine, other, editor = sign_in(http, OWNER), sign_in(http, OWNER), sign_in(http, "editor@a.example")
    ids = {each["is_current"]: each["id"] for each in listed(http, mine)}
    theirs = listed(http, editor)[0]["id"]
    for unknown in (theirs, uuid.uuid4(), "1"):
        checked_error(http.delete(f"/api/auth/sessions/{unknown}", headers=bearer(mine)), 404, "not_found")
    assert http.delete(f"/api/auth/sessions/{ids[False]}", headers=bearer(mine)).status_code == 204
    checked_error(http.get("/api/auth/me", headers=bearer(other)), 401)
    refreshing = {"Authorization": f"Bearer {other['refresh_token']}"}
    checked_error(http.post("/api/auth/refresh", headers=refreshing), 401)
    assert http.get("/api/auth/me", headers=bearer(editor)).status_code == 200
    checked_error(http.delete(f"/api/auth/sessions/{ids[False]}", headers=bearer(mine)), 404)
    assert http.delete(f"/api/auth/sessions/{ids[True]}", headers=bearer(mine)).status_code == 204
    checked_error(http.get("/api/auth/me", headers=bearer(mine)), 401)


def test_all_others_are_ended(world: World) -> None:
    http = world.app.test_client()
    others, mine = [sign_in(http, OWNER) for _ in range(3)], sign_in(http, OWNER)
    assert http.delete("/api/auth/sessions", headers=bearer(mine)).status_code == 204
    assert [http.get("/api/auth/me", headers=bearer(each)).status_code for each in (*others, mine)] == [
        401, 401, 401, 200]
    assert events(world, "sign_ins_end")[-1].details["sign_ins_ended"] >= 3


def change(http: FlaskClient, tokens: Any, current: str, new: str) -> Any:
    """Ask for another password."""
    return http.put("/api/auth/password", json={"current_password": current, "new_password": new},
                    headers=bearer(tokens))


def test_another_password_ends_every_other_sign_in_in_every_worker(world: World, visit: Callable[..., Visitor]) -> None:
    http, visitor = world.app.test_client(), visit(OWNER)
    other, mine = sign_in(http, OWNER), sign_in(http, OWNER)
    assert change(http, mine, PASSWORD, NEW).status_code == 204
    assert http.get("/api/auth/me", headers=bearer(mine)).status_code == 200
    checked_error(http.get("/api/auth/me", headers=bearer(other)), 401)
    assert visitor.get("/").status_code == 303
    checked_error(http.post("/api/auth/token", json={"email": OWNER, "password": PASSWORD}), 401)
    sign_in(http, OWNER, NEW)
    assert len(events(world, "password_change")) == 1


def test_a_password_is_changed_only_by_whoever_knows_it(world: World) -> None:
    http = world.app.test_client()
    mine = sign_in(http, OWNER)
    [problem] = checked_error(change(http, mine, "not this one", NEW), 422, "wrong_password")
    assert problem["path"] == "/current_password"
    for weak in ("short", OWNER, "aaaaaaaaaaaa", "password123"):
        [problem] = checked_error(change(http, mine, PASSWORD, weak), 422, "weak_password")
        assert problem["path"] == "/new_password"
    checked_error(http.put("/api/auth/password", json={"new_password": NEW}, headers=bearer(mine)), 422)
    for _ in range(auth.FAILURES + 1):
        answer = change(http, mine, "not this one", NEW)
    checked_error(answer, 429)
    assert http.get("/api/auth/me", headers=bearer(mine)).status_code == 200
    checked_error(http.put("/api/auth/password", json={"current_password": PASSWORD, "new_password": NEW}), 401)


def test_accents_are_the_same_however_they_are_typed(world: World) -> None:
    http = world.app.test_client()
    assert change(http, sign_in(http, OWNER), PASSWORD, "café au lait déjà").status_code == 204
    sign_in(http, OWNER, "cafe\u0301 au lait de\u0301ja\u0300")


def test_a_sign_in_is_seen_about_once_a_minute(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    http = world.app.test_client()
    mine, noted, now = sign_in(http, OWNER), [], auth.utc_now()
    monkeypatch.setattr(auth, "noting", lambda statement: (noted.append(1), noting(statement)))
    for second in (1, 30, 61, 62, 120):
        monkeypatch.setattr(auth, "utc_now", lambda second=second: now + timedelta(seconds=second))
        assert http.get("/api/auth/me", headers=bearer(mine)).status_code == 200
    assert len(noted) == 1
    assert listed(http, mine)[0]["last_seen_at"] > listed(http, mine)[0]["created_at"]


def test_many_attempts_at_once_are_no_way_around_the_limit(world: World) -> None:
    def attempt() -> int:
        answer = world.app.test_client().post("/api/auth/token", json={"email": OWNER, "password": "not this one"})
        return int(answer.status_code)

    assert sorted(at_once(world.app, [attempt] * 16)) == [401] * auth.FAILURES + [429] * 6
    checked_error(world.app.test_client().post("/api/auth/token", json={"email": OWNER, "password": PASSWORD}), 429)


@SQLITE
@pytest.mark.parametrize("email", [OWNER, "nobody@a.example", "not an address"])
def test_a_hash_is_compared_for_whoever_it_is(world: World, monkeypatch: pytest.MonkeyPatch, email: str) -> None:
    compared = []
    hasher = auth.passwords._hasher
    auth.passwords.matches(None, "x")  # the hash of nobody is made once

    class Watched:
        def verify(self, *given: str) -> bool:
            compared.append(given)
            return hasher.verify(*given)

    monkeypatch.setattr(auth.passwords, "_hasher", Watched())
    checked_error(world.app.test_client().post("/api/auth/token", json={"email": email, "password": "wrong"}), 401)
    assert len(compared) == 1


@pytest.mark.parametrize(("user_agent", "word"), [
    (FIREFOX, "Firefox, Windows"), ("curl/8.5.0", ""), ("", ""), ("x" * 5_000, ""),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
     "Mobile/15E148 Safari/604.1", "Safari, iPhone"),
    ("Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 "
     "Chrome/121.0.0.0 Mobile Safari/537.36", "Samsung Internet, Android"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
     "Safari/537.36 Edg/126.0.0.0", "Edge, Mac")])
def test_devices_are_told_coarsely(user_agent: str, word: str) -> None:
    assert coarse(user_agent) == word
    assert len(word) <= 40


@SQLITE
@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_account_page(visit: Callable[..., Visitor], language: str) -> None:
    here, there = visit(OWNER, language=language), visit(OWNER)
    page = here.get(at="/account/")
    assert page.status_code == 200
    assert {"en": "Where you are signed in", "ar": "أين دخلت"}[language] in page.text
    wrong = here.post(at="/account/password", fields={"current_password": "x", "new_password": NEW})
    assert wrong.status_code == 422
    assert here.post(at="/account/sign-ins/end-others").status_code == 303
    assert there.get(at="/account/").status_code == 303
    changed = here.post(at="/account/password", fields={"current_password": PASSWORD, "new_password": NEW})
    assert changed.status_code == 303
    assert here.get(at="/account/").status_code == 200
    own = here.get(at="/account/").text.split("/account/sign-ins/")[1].split("/end")[0]
    assert here.post(at=f"/account/sign-ins/{own}/end").status_code == 303
    assert not here.token
    assert here.get(at="/account/").status_code == 303


@SQLITE
def test_the_store_that_was_looked_at_last_is_opened_again(world: World, visit: Callable[..., Visitor]) -> None:
    with world.app.app_context():
        accounts.add_user(OWNER, PASSWORD, world.b, "viewer")
    visitor = visit(OWNER)
    assert visitor.get(at="/").headers["Location"] == f"/stores/{world.a}/"
    page = visitor.page("/")
    assert page.one("stores").text.startswith("a")
    assert visitor.get(at=f"/stores/{world.b}/segments/").status_code == 200
    assert visitor.get(at="/").headers["Location"] == f"/stores/{world.b}/"
    assert f"/stores/{world.b}/" in visitor.get(at="/account/").text
    with world.app.app_context():
        members.remove_member(auth.operator_scope(world.b), uuid.UUID(id_of(world, OWNER)))
    assert visitor.get(at="/").headers["Location"] == f"/stores/{world.a}/"
    visitor.http.set_cookie("store", "rubbish")
    assert visitor.get(at="/").headers["Location"] == f"/stores/{world.a}/"
    assert visitor.get(at=f"/stores/{uuid.uuid4()}/").status_code == 404
    assert visitor.http.get_cookie("store").value == "rubbish"  # type: ignore[union-attr]


def test_many_who_refresh_at_once_get_one_successor_and_stay_signed_in(world: World) -> None:
    """A page with several requests under way, or a client that tries again: all have the same refresh token."""
    tokens = sign_in(world.app.test_client(), OWNER)
    for _ in range(3):
        header = {"Authorization": f"Bearer {tokens['refresh_token']}"}
        answers = at_once(world.app, [
            lambda: world.app.test_client().post("/api/auth/refresh", headers=header)] * 8)  # noqa: B023
        assert [each.status_code for each in answers] == [200] * 8, [each.text for each in answers]
        successors = {claims(each.json["refresh_token"])["jti"] for each in answers}
        assert len(successors) == 1
        assert successors != {claims(tokens["refresh_token"])["jti"]}
        http = world.app.test_client()
        assert all(http.get("/api/auth/me", headers=bearer(each.json)).status_code == 200 for each in answers)
        tokens = answers[-1].json
    assert events(world, "token_reuse") == []
    assert len(events(world, "token_refresh")) == 3


def claims(token: str) -> dict[str, Any]:
    """What a token says."""
    return dict(jwt.decode(token, options={"verify_signature": False}))
