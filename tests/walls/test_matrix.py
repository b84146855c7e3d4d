"""Every route × method × principal × own, foreign and unknown ids: who is answered, and that nobody hears of others.

Nothing here is listed by hand: a new route is asked as soon as the application has it, and fails until
`tests.walls.routes` knows what it needs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from difflib import unified_diff
from typing import Any

import pytest
from flask import Flask

from segmentation.headers import POLICY
from segmentation.models.accounts import ROLES
from tests.api.conftest import PASSWORD, World, checked_error, world
from tests.canary import CANARY, shows_canary
from tests.walls.role import bind_requests, bound_role
from tests.walls.routes import ENDS_THE_SIGN_IN, JOBS, SIGNED_IN, Asked, all_routes, role_of
from tests.walls.stores import Principal, Things, plant, principals, things, unknown

__all__ = ["world"]
NOT_FOR_THEM = {"/metrics", "/join/<secret>"}
REFRESH = "/api/auth/refresh"
SECRETS = re.compile(rb"owner@b\.example|Traceback|sqlalchemy", re.IGNORECASE)


@pytest.fixture
def walled(world: World) -> World:
    """The two stores with something of everything in each."""
    plant(world)
    return world


@pytest.fixture
def walls(walled: World, database_url: str) -> Iterator[None]:
    """On PostgreSQL, the second wall around every request."""
    if database_url.startswith("sqlite"):
        yield
        return
    with bound_role(database_url) as role:
        bind_requests(walled.app, role)
        yield


def cells(world: World, people: list[Principal]) -> Iterator[tuple[Asked, Principal]]:
    """Every route with every principal; only who is refused is asked to sign out, or for other tokens."""
    for asked in all_routes(world.app):
        for who in people:
            uses_up = asked.rule in ENDS_THE_SIGN_IN and who.known
            if not uses_up and (asked.rule, who.name) != (REFRESH, "refresh for access"):
                yield asked, who


def ask(who: Principal, asked: Asked, at: Things) -> Any:
    """The answer; whatever it is, it is no failure and tells nothing of store B to anybody else."""
    path, options = asked.request(at)
    answer = who.open(asked.method, path, **options)
    assert answer.status_code < 500, (who.name, asked, answer.text)
    check_headers(answer)
    if who.name != "owner of another store":
        assert not shows_canary(answer), (who.name, asked)
        assert not SECRETS.search(answer.data), (who.name, asked)
    return answer


def check_headers(answer: Any) -> None:
    """Whatever is answered: nobody keeps it, nobody guesses what it is, and a page shows nothing from elsewhere."""
    found = answer.headers
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["Referrer-Policy"] == "same-origin"
    assert found["Cross-Origin-Opener-Policy"] == "same-origin"
    assert found["Cache-Control"] == "no-store" or answer.request.path.startswith("/static/")
    assert answer.mimetype not in ("text/html", "image/svg+xml") or found["Content-Security-Policy"] == POLICY
    assert "Server" not in found
    assert "Access-Control-Allow-Origin" not in found


def told(answer: Any, *asked_for: Things) -> tuple[int, bytes]:
    """An answer without the request's id, what forms carry, and the ids that were asked for."""
    text = re.sub(rb'("request_id":|name="csrf_token" value=)"[^"]*"', rb"\1", answer.data)
    for each in asked_for:
        for name in (each.store_id, each.segment_id, each.customer_id, each.job_id, each.upload_id, each.user_id,
                     each.invite_id, each.token_id):
            text = text.replace(name.encode(), b"\xe2\x80\xa6") if answer.mimetype == "text/html" else text
    return answer.status_code, text


def difference(seen: tuple[int, bytes], never: tuple[int, bytes]) -> list[str]:
    """The lines in which two answers differ."""
    if seen == never:
        return []
    lines = ([str(status), *repr(text).split("\\n")] for status, text in (seen, never))
    return [line for line in unified_diff(*lines, n=0, lineterm="") if not line.startswith("@@")] or ["order"]


def check_own(who: Principal, asked: Asked, answer: Any) -> None:
    """Who is not signed in is sent away, who has no part in the store finds nothing, a role gets what is for it."""
    role = role_of(asked.method, asked.rule)
    if role not in (*ROLES, SIGNED_IN):
        return
    if not who.known or asked.rule == REFRESH:  # no access token will do there
        if asked.is_page:
            assert answer.status_code == 303, (who.name, asked)
            assert answer.headers["Location"].startswith("/sign-in"), (who.name, asked)
        else:
            checked_error(answer, 401)
    elif role in ROLES and who.role is None:
        assert answer.status_code == 404, (who.name, asked)
    elif role in ROLES and ROLES.index(str(who.role)) < ROLES.index(role):
        assert answer.status_code == 403, (who.name, asked)
    elif "session_id" in asked.rule:  # a sign-in is of a person, and this one is of somebody else
        assert answer.status_code == 404, (who.name, asked)
    else:
        assert answer.status_code not in (401, 403, 404, 405), (who.name, asked, answer.text)


def own_of(world: World, asked: Asked, who: Principal, kept: Things) -> Things:
    """What a request names; new things for one that may use them up."""
    kind, state = JOBS.get(asked.rule, ("export", "done"))
    if asked.method == "DELETE" and "job_id" in asked.rule:
        kind, state = "refresh", "queued"
    uses_up = who.role is not None and asked.method != "GET"
    needed = asked.names_a_thing and (uses_up or (kind, state) != ("export", "done"))
    return replace(things(world, "a", kind, state), customer_id=kept.customer_id) if needed else kept


def test_every_cell(walled: World, database_url: str, walls: None) -> None:
    """All principals on SQLite; on PostgreSQL one whom the database answers, and one who finds nothing, both as a role
    that row-level security binds.
    """
    people, mine, theirs = principals(walled), things(walled, "a"), things(walled, "b")
    count: Counter[str] = Counter()
    asking = people if database_url.startswith("sqlite") else [people[2], people[4]]
    for asked, who in cells(walled, asking):
        own = own_of(walled, asked, who, mine)
        with ask(who, asked, own) as answer:
            check_own(who, asked, answer)
            count["cells"] += 1
        if not asked.is_of_store or who.name == "owner of another store":
            continue
        check_foreign(who, asked, own, theirs, count)
        if asked.rule.endswith("/forget") or (asked.method == "DELETE" and "<key>" in asked.rule):
            again = Asked("POST", "/stores/<uuid:store_id>/settings/attributes")
            ask(next(each for each in people if each.role == "owner"), again, mine)
        if "customer_id" in asked.rule and asked.method != "GET":
            mine = replace(mine, customer_id=another_customer(people, mine))
    assert count["cells"] > 200 * len(asking)


def check_foreign(who: Principal, asked: Asked, own: Things, theirs: Things, count: Counter[str]) -> None:
    """Another store, and another store's thing in one's own, are answered as what there never was."""
    pairs = [(theirs, unknown())]
    if asked.names_a_thing and who.known:
        pairs.append((replace(own, store_id=theirs.store_id), replace(own, store_id=unknown().store_id)))
        pairs.append((replace(theirs, store_id=own.store_id), unknown(own.store_id)))
    for foreign, nothing in pairs:
        nothing = replace(nothing, version=foreign.version, key=foreign.key)
        with ask(who, asked, foreign) as seen, ask(who, asked, nothing) as never:
            assert not difference(told(seen, foreign, nothing), told(never, foreign, nothing)), (who.name, asked)
            assert seen.status_code in (303, 401, 403, 404), (who.name, asked)
            if asked.is_page and seen.status_code == 303:
                assert seen.headers["Location"].startswith("/sign-in"), (who.name, asked)
        count["cells"] += 2


def another_customer(people: list[Principal], at: Things) -> str:
    """A customer of store A who has not been erased."""
    owner = next(each for each in people if each.role == "owner")
    rows = owner.open("GET", f"/api/customers?store_id={at.store_id}").json["data"]
    return str(rows[-1]["id"])


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/no/such/page", 404), ("GET", "/api/no/such", 404), ("DELETE", "/health/live", 405),
    ("OPTIONS", "/api/segmentation", 200), ("HEAD", "/sign-in", 200), ("GET", "/static/js/app.js?v=1", 200),
    ("GET", "/static/no.js", 404), ("POST", "/api/auth/token", 415), ("GET", "/", 303),
])
def test_answers_of_no_route_have_the_headers_too(application: Flask, method: str, path: str, status: int) -> None:
    with application.test_client().open(path, method=method) as answer:
        assert answer.status_code == status
        check_headers(answer)


def test_the_other_store_does_see_the_canary(walled: World) -> None:
    """The matrix would find nothing if nothing were there: B's owner is shown it by what shows texts at all."""
    people, theirs = principals(walled), things(walled, "b")
    insider = next(each for each in people if each.name == "owner of another store")
    showing = set()
    for asked in all_routes(walled.app):
        if asked.method == "GET" and asked.rule not in ENDS_THE_SIGN_IN:
            with ask(insider, asked, theirs) as answer:
                assert answer.status_code < 400 or "rejected" in asked.rule or asked.rule in NOT_FOR_THEM, asked
                if shows_canary(answer):
                    showing.add(asked.rule)
    assert len(showing) >= 20, showing


def test_a_route_that_nobody_declared_fails(walled: World) -> None:
    walled.app.add_url_rule("/api/secrets/<uuid:secret_id>", "secrets", lambda secret_id: "")
    asked = Asked("GET", "/api/secrets/<uuid:secret_id>")
    assert asked in all_routes(walled.app)
    with pytest.raises(LookupError, match="FOR_VIEWERS"):
        role_of(asked.method, asked.rule)
    with pytest.raises(LookupError, match="Things"):
        unknown().path(asked.rule)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_another_store_archived_is_not_listed(walled: World) -> None:
    for name in ("a", "b"):
        owner, http = walled.as_user(f"owner@{name}.example", name), walled.app.test_client()
        made = owner.create(name=f"Archived by {name}" if name == "a" else f"Archived {CANARY}")["id"]
        assert owner.delete(f"/{made}").status_code == 204
        assert http.post("/sign-in", data={"email": f"owner@{name}.example", "password": PASSWORD}).status_code == 303
        page = http.get(f"/stores/{owner.store}/segments/?archived")
        assert page.status_code == 200
        assert ("Archived by a" in page.text, CANARY in page.text) == (name == "a", name == "b")
    mine = walled.app.test_client()
    mine.post("/sign-in", data={"email": "owner@a.example", "password": PASSWORD})
    assert CANARY not in mine.get(f"/stores/{walled.a}/segments/?archived").text
