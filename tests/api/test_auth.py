"""Signing in and out, and which tokens are ours."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy import delete, select, update

from segmentation import auth
from segmentation.database import writing
from segmentation.models import AuditEvent, Membership, Session, User
from tests.api.conftest import PASSWORD, World, checked_error, sign_in
from tests.conftest import SECRET

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def me(world: World, token: str) -> Any:
    """Who the holder of a token is."""
    return world.app.test_client().get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})


def test_sign_in_and_who_am_i(world: World) -> None:
    tokens = sign_in(world.app.test_client(), "Owner@A.example ")
    assert tokens.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    answer = me(world, tokens["access_token"]).json
    assert answer["email"] == "owner@a.example"
    assert [(store["id"], store["role"]) for store in answer["stores"]] == [(str(world.a), "owner")]


def test_every_wrong_sign_in_is_answered_alike(world: World) -> None:
    with world.app.app_context(), writing() as session:
        session.execute(update(User).where(User.email == "viewer@a.example").values(is_active=False))
    bodies = []
    for email, password in (
        ("owner@a.example", "wrong"),
        ("nobody@a.example", PASSWORD),
        ("viewer@a.example", PASSWORD),
    ):
        answer = world.app.test_client().post("/api/auth/token", json={"email": email, "password": password})
        checked_error(answer, 401, "wrong_credentials")
        bodies.append({**answer.json["error"], "request_id": None})
    assert bodies[0] == bodies[1] == bodies[2]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@b.co"},
        {"email": 1, "password": "x"},
        {"email": "a@b.co", "password": ""},
        {"email": "a@b.co", "password": "x" * 1_001},
        {"email": "a" * 255, "password": "x"},
        {"email": "a@b.co", "password": "x", "remember": True},
    ],
)
def test_a_sign_in_without_sense_is_refused(world: World, body: Any) -> None:
    checked_error(world.app.test_client().post("/api/auth/token", json=body), 422)


def test_after_ten_failures_one_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    http = world.app.test_client()
    wrong = {"email": "owner@a.example", "password": "wrong"}
    for _ in range(10):
        checked_error(http.post("/api/auth/token", json=wrong), 401)
    for password in ("wrong", PASSWORD):
        answer = http.post("/api/auth/token", json={**wrong, "password": password})
        checked_error(answer, 429, "too_many_requests")
        assert 0 < int(answer.headers["Retry-After"]) <= 900
    sign_in(http, "viewer@a.example")
    later = auth.utc_now() + auth.FAILURE_WINDOW
    monkeypatch.setattr(auth, "utc_now", lambda: later)
    sign_in(http, "owner@a.example")


def test_nine_failures_and_a_success_start_the_count_anew(world: World) -> None:
    http = world.app.test_client()
    for _ in range(2):
        for _ in range(9):
            checked_error(http.post("/api/auth/token", json={"email": "owner@a.example", "password": "wrong"}), 401)
        sign_in(http, "owner@a.example")


def refresh(world: World, token: str) -> Any:
    """What a refresh token gets."""
    return world.app.test_client().post("/api/auth/refresh", headers={"Authorization": f"Bearer {token}"})


def test_a_refresh_token_works_once_and_its_reuse_ends_the_sign_in(world: World) -> None:
    first = sign_in(world.app.test_client(), "owner@a.example")
    second = refresh(world, first["refresh_token"]).json
    assert me(world, second["access_token"]).status_code == 200
    third = refresh(world, second["refresh_token"]).json
    checked_error(refresh(world, first["refresh_token"]), 401)
    for token in (first["access_token"], second["access_token"], third["access_token"]):
        checked_error(me(world, token), 401)
    checked_error(refresh(world, third["refresh_token"]), 401)


def test_a_lost_answer_is_given_again_for_half_a_minute(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now, first = auth.utc_now(), sign_in(world.app.test_client(), "owner@a.example")

    def successor() -> str:
        token = refresh(world, first["refresh_token"]).json["refresh_token"]
        return str(jwt.decode(token, options={"verify_signature": False})["jti"])

    assert successor() == successor()
    monkeypatch.setattr(auth, "utc_now", lambda: now + timedelta(seconds=29))
    successor()
    monkeypatch.setattr(auth, "utc_now", lambda: now + timedelta(seconds=40))
    checked_error(refresh(world, first["refresh_token"]), 401)
    checked_error(me(world, first["access_token"]), 401)


def test_signing_out_ends_both_tokens(world: World) -> None:
    tokens = sign_in(world.app.test_client(), "owner@a.example")
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert world.app.test_client().post("/api/auth/logout", headers=header).status_code == 204
    checked_error(me(world, tokens["access_token"]), 401)
    checked_error(refresh(world, tokens["refresh_token"]), 401)


def test_what_is_taken_away_is_gone_at_the_next_request(world: World) -> None:
    editor = world.as_user("editor@a.example", "a")
    body = {"name": "x", "rules": {"logic": "AND"}}
    assert editor.post("", body).status_code == 201
    with world.app.app_context():
        with writing() as session:
            session.execute(update(Membership).where(Membership.role == "editor").values(role="viewer"))
        checked_error(editor.post("", body), 403, "forbidden")
        with writing() as session:
            session.execute(delete(Membership).where(Membership.role == "viewer"))
        checked_error(editor.get(), 404, "not_found")
        with writing() as session:
            session.execute(update(User).where(User.email == "editor@a.example").values(is_active=False))
        checked_error(editor.get(), 401, "unauthorized")


def test_an_expired_sign_in_is_over(world: World) -> None:
    tokens = sign_in(world.app.test_client(), "owner@a.example")
    with world.app.app_context(), writing() as session:
        session.execute(update(Session).values(expires_at=auth.utc_now() - timedelta(seconds=1)))
    checked_error(me(world, tokens["access_token"]), 401)
    checked_error(refresh(world, tokens["refresh_token"]), 401)


def test_sign_ins_are_audited_without_personal_data(world: World) -> None:
    http = world.app.test_client()
    sign_in(http, "owner@a.example")
    http.post("/api/auth/token", json={"email": "owner@a.example", "password": "wrong"})
    with world.app.app_context(), writing() as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.number)).all()
        assert [event.action for event in events][-2:] == ["sign_in", "sign_in_failed"]
        assert not any("owner@" in json.dumps(event.details) for event in events)


Claims = dict[str, Any]
FORGERIES: dict[str, Callable[[Claims], tuple[Claims, dict[str, Any]]]] = {
    **{
        f"no {claim}": lambda claims, claim=claim: ({k: v for k, v in claims.items() if k != claim}, {})  # type: ignore[misc]
        for claim in ("exp", "iat", "nbf", "jti", "sub", "sid", "type", "use", "iss", "aud")
    },
    **{
        f"{claim} is {value!r:.20}": lambda claims, claim=claim, value=value: ({**claims, claim: value}, {})  # type: ignore[misc]
        for claim, value in (
            ("exp", 10**10),
            ("exp", 1),
            ("exp", "soon"),
            ("exp", None),
            ("iat", 10**10),
            ("iat", "x"),
            ("iat", None),
            ("nbf", 10**10),
            ("nbf", []),
            ("type", "refresh"),
            ("type", None),
            ("type", ["access"]),
            ("use", "refresh"),
            ("use", None),
            ("iss", "somebody"),
            ("iss", None),
            ("aud", "elsewhere"),
            ("aud", None),
            ("sub", 1),
            ("sub", None),
            ("sub", "x"),
            ("jti", None),
            ("jti", 1),
            ("jti", "x"),
            ("sid", None),
            ("sid", 1),
            ("sid", "x"),
            ("sid", "01890000-0000-7000-8000-000000000000"),
            ("exp", 4 * 10**9),
        )
    },
    "HS512": lambda claims: (claims, {"algorithm": "HS512"}),
    "HS384": lambda claims: (claims, {"algorithm": "HS384"}),
    "another key": lambda claims: (claims, {"key": SECRET + "x"}),
    "none": lambda claims: (claims, {"algorithm": "none", "key": ""}),
    "a kid": lambda claims: (claims, {"headers": {"kid": "../../dev/null"}}),
    "crit": lambda claims: (claims, {"headers": {"crit": ["exp"]}}),
    "a jku": lambda claims: (claims, {"headers": {"jku": "http://127.0.0.1/keys"}}),
    "another typ": lambda claims: (claims, {"headers": {"typ": "at+jwt"}}),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_token_that_is_not_exactly_ours_is_refused(world: World, name: str) -> None:
    good = sign_in(world.app.test_client(), "owner@a.example")["access_token"]
    claims = jwt.decode(good, options={"verify_signature": False})
    changed, how = FORGERIES[name](dict(claims))
    try:
        forged = jwt.encode(changed, **{"key": SECRET, "algorithm": "HS256", **how})
    except TypeError:  # the library will not write it; written by hand it must be refused as well
        forged = by_hand(changed)
    checked_error(me(world, forged), 401, "unauthorized")
    assert me(world, good).status_code == 200


def by_hand(claims: Claims) -> str:
    """A token signed rightly whose claims no library checked."""
    return jwt.api_jws.encode(json.dumps(claims).encode(), SECRET, algorithm="HS256", headers={"typ": "JWT"})


def test_a_token_that_was_taken_before_ends_when_it_says(world: World) -> None:
    long = sign_in(world.app.test_client(), "owner@a.example")["access_token"]
    end = int(time.time()) + 2
    claims = {**jwt.decode(long, options={"verify_signature": False}), "exp": end}
    short = jwt.encode(claims, SECRET, algorithm="HS256")
    assert [me(world, short).status_code for _ in range(2)] == [200, 200]
    time.sleep(max(0.0, end - time.time()) + 0.01)
    checked_error(me(world, short), 401)


def test_a_token_is_good_for_its_own_use_only_however_often(world: World) -> None:
    made = sign_in(world.app.test_client(), "owner@a.example")
    assert me(world, made["access_token"]).status_code == 200
    assert refresh(world, made["access_token"]).status_code == 401
    assert me(world, made["refresh_token"]).status_code == 401
    assert refresh(world, made["refresh_token"]).status_code == 200


def test_headers_that_hold_no_token_are_refused(world: World) -> None:
    tokens = sign_in(world.app.test_client(), "owner@a.example")
    good = tokens["access_token"]
    head, body, mark = good.split(".")
    deep = base64.urlsafe_b64encode(b'{"a":' * 5_000 + b"1" + b"}" * 5_000).decode().rstrip("=")
    for header in (
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b.c",
        f"Basic {good}",
        f"Bearer {good} x",
        f"{good}",
        f"Bearer {good[:-2]}",
        f"Bearer {head}.{body}.",
        f"Bearer {head}..{mark}",
        f"Bearer .{body}.{mark}",
        f"Bearer {deep}.{body}.{mark}",
        f"Bearer {head}.{deep}.{mark}",
        "Bearer " + "a" * 20_000,
        "Bearer \xff.\xfe.\xfd",
        f"Bearer {tokens['refresh_token']}",
    ):
        answer = world.app.test_client().get("/api/auth/me", headers={"Authorization": header})
        checked_error(answer, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    checked_error(world.app.test_client().get(f"/api/auth/me?jwt={good}&access_token={good}"), 401)
    checked_error(refresh(world, good), 401)
