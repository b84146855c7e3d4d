"""Whose page it is: every route that is neither of the API nor a file, asked by everybody who should not get it.

The routes are read from the application; one not in `PAGES` fails the tests until somebody says who may have it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from sqlalchemy import delete, update
from werkzeug.test import TestResponse

from segmentation.accounts import add_user
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.models import Membership, Segment, Session, User
from segmentation.models.types import utc_now
from tests.api.conftest import A_CUSTOMER, CANARY, sign_in
from tests.api.test_access import RULES
from tests.pages.conftest import COOKIE, PASSWORD, SQLITE, Visitor, World

STORE = "/stores/<uuid:store_id>"
SEGMENTS = f"{STORE}/segments"
ONE = f"{SEGMENTS}/<uuid:segment_id>"
CUSTOMERS = f"{STORE}/customers"
PEOPLE = f"{STORE}/people"
UPLOAD, JOB = f"{STORE}/imports/<uuid:upload_id>", f"{STORE}/jobs/<uuid:job_id>"
ALL, MEMBERS = "all", "members"
Route = tuple[str, str]
# Who may have it (of a store: the least role), and how it answers then.
PAGES: dict[Route, tuple[str, int]] = {
    ("GET", "/sign-in"): (ALL, 200),
    ("POST", "/sign-in"): (ALL, 401),  # without a password
    ("POST", "/preferences"): (ALL, 303),
    ("GET", "/"): (MEMBERS, 302),
    ("POST", "/sign-out"): (MEMBERS, 303),
    ("GET", "/account/"): (MEMBERS, 200),
    ("POST", "/account/password"): (MEMBERS, 422),  # without a password
    ("POST", "/account/sign-ins/<uuid:session_id>/end"): (MEMBERS, 404),
    ("POST", "/account/sign-ins/end-others"): (MEMBERS, 303),
    ("GET", "/stores/new"): (MEMBERS, 200),
    ("POST", "/stores/new"): (MEMBERS, 422),  # without a name
    ("GET", f"{STORE}/"): ("viewer", 200),
    ("GET", f"{SEGMENTS}/"): ("viewer", 200),
    ("GET", f"{SEGMENTS}/new"): ("viewer", 200),
    ("POST", f"{SEGMENTS}/new"): ("viewer", 200),
    ("GET", f"{SEGMENTS}/suggestions"): ("viewer", 200),
    ("POST", f"{SEGMENTS}/people"): ("viewer", 200),
    ("GET", f"{ONE}/"): ("viewer", 200),
    ("GET", f"{ONE}/edit"): ("viewer", 200),
    ("POST", f"{ONE}/edit"): ("viewer", 200),
    ("POST", f"{ONE}/people"): ("viewer", 200),
    ("GET", f"{ONE}/people"): ("viewer", 200),
    ("GET", f"{ONE}/why/<uuid:customer_id>"): ("viewer", 200),
    ("GET", f"{ONE}/revisions"): ("viewer", 200),
    ("POST", f"{ONE}/export"): ("editor", 200),
    ("POST", f"{ONE}/active"): ("editor", 303),
    ("POST", f"{ONE}/count"): ("editor", 303),
    ("POST", f"{ONE}/duplicate"): ("editor", 303),
    ("POST", f"{ONE}/archive"): ("editor", 303),
    ("POST", f"{ONE}/restore"): ("editor", 303),
    ("POST", f"{ONE}/revisions/<int:version>/restore"): ("editor", 303),
    ("GET", f"{CUSTOMERS}/"): ("viewer", 200),
    ("GET", f"{CUSTOMERS}/<uuid:customer_id>"): ("viewer", 200),
    ("GET", f"{CUSTOMERS}/<uuid:customer_id>/segments"): ("viewer", 200),
    ("POST", f"{CUSTOMERS}/<uuid:customer_id>/erase"): ("owner", 303),
    ("GET", f"{STORE}/imports/"): ("viewer", 200),
    ("POST", f"{STORE}/imports/"): ("editor", 422),  # without a file
    ("GET", UPLOAD): ("editor", 404),  # there is none; see test_imports
    ("POST", UPLOAD): ("editor", 404),
    ("GET", f"{JOB}/"): ("viewer", 404),
    ("GET", f"{JOB}/file"): ("editor", 404),
    ("GET", f"{JOB}/rejected"): ("editor", 404),
    ("POST", f"{JOB}/cancel"): ("editor", 404),
    ("GET", f"{STORE}/settings/"): ("viewer", 200),
    ("POST", f"{STORE}/settings/store"): ("owner", 412),  # without the version that was read
    ("POST", f"{STORE}/settings/attributes"): ("owner", 303),
    ("POST", f"{STORE}/settings/attributes/<key>/forget"): ("owner", 303),
    ("GET", f"{PEOPLE}/"): ("owner", 200),
    ("POST", f"{PEOPLE}/<uuid:user_id>/role"): ("owner", 404),  # there is no such member; see tests/people
    ("POST", f"{PEOPLE}/<uuid:user_id>/remove"): ("owner", 404),
    ("POST", f"{PEOPLE}/leave"): ("viewer", 303),
    ("POST", f"{PEOPLE}/invites"): ("owner", 200),
    ("POST", f"{PEOPLE}/invites/<uuid:invite_id>/revoke"): ("owner", 404),
    ("GET", f"{STORE}/audit/"): ("owner", 200),
    ("GET", f"{STORE}/tokens/"): ("owner", 200),
    ("POST", f"{STORE}/tokens/"): ("owner", 422),  # without a name
    ("POST", f"{STORE}/tokens/<uuid:token_id>/revoke"): ("owner", 404),
    ("GET", "/join/<secret>"): (ALL, 404),  # there is none
    ("POST", "/join/<secret>"): (ALL, 404),
}
ROLES = ("viewer", "editor", "owner")
NOBODY = str(uuid.UUID(int=7))
OF_STORES = [route for route, (who, _) in PAGES.items() if who in ROLES]
LAST = "forget erase leave"  # what takes away comes last, in this order
INVITE = [("email", "new@elsewhere.example"), ("role", "viewer")]
ATTRIBUTE = [("key", "tier"), ("label", "Tier"), ("kind", "text")]
BUILDER = [("node", "g:root"), ("node", "/g")]
QUERIES = {f"{SEGMENTS}/suggestions": "?field=last_name&x.value="}
EVIL = ("//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
        "https:evil.example", "javascript:alert(1)", "evil.example", "/\t/evil.example", "/\n/evil.example",
        "\t//evil.example", " //evil.example", "/\x00/evil.example", "http:/evil.example", "//evil.example@localhost/",
        "/\u2028/evil", "?x", "", "https://localhost.evil.example/", "//localhost/", "/\r\nSet-Cookie: a=b")
UNREADABLE = ("//[", "//[::1", "http://[", "/[", "//]", "http://[x]/", "//\u2100", "http://a\u2100b", "//[v1.]")


def routes(world: World) -> set[Route]:
    """Method and path of every page, read from the application."""
    return {(method, rule.rule) for rule in world.app.url_map.iter_rules()
            if not rule.rule.startswith(("/api", "/static/", "/health/", "/metrics"))
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}


def address(rule: str, store: str, segment: str, customer: str) -> str:
    """The address of a page; what is not named here, such as a job, there is none of."""
    known = {"<uuid:store_id>": store, "<uuid:segment_id>": segment, "<uuid:customer_id>": customer,
             "<int:version>": "1", "<key>": "tier"}
    return re.sub(r"<[^>]+>", lambda found: known.get(found[0], NOBODY), rule)


def ask(visitor: Visitor, route: Route, segment: str, customer: str = str(A_CUSTOMER), store: str = "",
        **options: Any) -> TestResponse:
    """A request that would be taken from whoever may make it."""
    method, rule = route
    path = address(rule, store or visitor.store, segment, customer)
    if method == "GET":
        return visitor.get(at=path + QUERIES.get(rule, ""), **options)
    return visitor.post(at=path, fields=[*BUILDER, *ATTRIBUTE, *INVITE], **options)


def told(answer: TestResponse, *own: str) -> str:
    """A page without what differs between any two requests: ids that were asked for and what forms carry."""
    text = re.sub(r'(name="csrf_token" value=)"[^"]*"', r"\1", answer.text)
    for each in own:
        text = text.replace(each, "…")
    return text


def everything(world: World) -> Any:
    """What the two stores hold that a request could change."""
    with world.app.app_context():
        found = [(str(row.id), row.name, row.version, row.is_active, row.deleted_at, row.rules)
                 for row in db.session.query(Segment).order_by(Segment.id)]
        members = [(str(row.user_id), row.role) for row in db.session.query(Membership).order_by(Membership.user_id)]
        db.session.remove()
        return found, members


def change(world: World, statement: Any) -> None:
    """Change something behind everybody's back."""
    with world.app.app_context():
        with writing() as session:
            session.execute(statement)
        db.session.remove()


def sent_to_sign_in(answer: TestResponse) -> bool:
    """Whether an answer is only the way to the sign-in page."""
    return answer.status_code == 303 and answer.headers["Location"].split("?")[0] == "/sign-in"


def test_every_page_is_known_here(world: World) -> None:
    """A new one needs a line above that says who may have it."""
    assert routes(world) == set(PAGES)


def signed_out(world: World, visitor: Visitor) -> Visitor:
    """Who signed out, with the cookie of before."""
    token = visitor.token
    assert visitor.post(at="/sign-out").status_code == 303
    assert not visitor.token
    return visitor.carrying(token)


def revoked(world: World, visitor: Visitor) -> Visitor:
    """Whose sign-in somebody ended."""
    change(world, update(Session).values(revoked_at=utc_now()))
    return visitor


def expired(world: World, visitor: Visitor) -> Visitor:
    """Whose sign-in is over, by the database."""
    change(world, update(Session).values(expires_at=utc_now()))
    return visitor


def deactivated(world: World, visitor: Visitor) -> Visitor:
    """Who may no longer come in at all."""
    change(world, update(User).where(User.email == "owner@a.example").values(is_active=False))
    return visitor


def with_an_access_token(world: World, visitor: Visitor) -> Visitor:
    """Who has a program's token for a cookie."""
    return visitor.carrying(sign_in(visitor.http, "owner@a.example")["access_token"])


def with_a_refresh_token(world: World, visitor: Visitor) -> Visitor:
    """Who has the longer one."""
    return visitor.carrying(sign_in(visitor.http, "owner@a.example")["refresh_token"])


def with_another_signature(world: World, visitor: Visitor) -> Visitor:
    """Whose cookie is changed at its end."""
    head, body, signature = visitor.token.split(".")
    return visitor.carrying(f"{head}.{body}.{signature[:10]}{'A' if signature[10] != 'A' else 'B'}{signature[11:]}")


def without_a_signature(world: World, visitor: Visitor) -> Visitor:
    """Whose cookie says that it needs none."""
    return visitor.carrying("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + visitor.token.split(".")[1] + ".")


def with_rubbish(world: World, visitor: Visitor) -> Visitor:
    """Whose cookie is no token."""
    return visitor.carrying("rubbish")


STRANGERS = (signed_out, revoked, expired, deactivated, with_an_access_token, with_a_refresh_token,
             with_another_signature, without_a_signature, with_rubbish)


def refused(world: World, visitor: Visitor, segment: str) -> Iterator[tuple[Route, TestResponse, TestResponse]]:
    """Every page of a member or a store, asked plainly and by htmx."""
    for route, (who, _) in PAGES.items():
        if who != ALL:
            yield route, ask(visitor, route, segment), ask(visitor, route, segment, live=True)


def check_all_refused(world: World, visitor: Visitor, segment: str) -> None:
    """Nothing but the way to the sign-in page, and nothing has changed."""
    before = everything(world)
    for route, plain, live in refused(world, visitor, segment):
        assert sent_to_sign_in(plain), (route, plain.status_code)
        assert (live.status_code, live.headers["HX-Redirect"], live.text) == (401, "/sign-in", ""), route
    assert everything(world) == before


def test_no_page_answers_somebody_who_is_not_signed_in(world: World, visit: Callable[..., Visitor]) -> None:
    check_all_refused(world, visit(), world.owner.create()["id"])


@SQLITE
@pytest.mark.parametrize("become", STRANGERS, ids=lambda each: each.__name__)
def test_no_page_answers_a_cookie_that_is_not_a_living_sign_in(
        world: World, owner: Visitor, become: Callable[[World, Visitor], Visitor]) -> None:
    segment = world.owner.create()["id"]
    check_all_refused(world, become(world, owner), segment)


@SQLITE
def test_a_page_token_is_nothing_to_the_api(world: World, owner: Visitor) -> None:
    for headers in ({"Authorization": f"Bearer {owner.token}"}, {}):
        assert owner.http.get(f"/api/segmentation?store_id={world.a}", headers=headers).status_code == 401
        assert owner.http.post("/api/auth/refresh", headers=headers).status_code == 401


@SQLITE
def test_a_token_in_the_address_or_the_header_opens_no_page(world: World, owner: Visitor,
                                                            visit: Callable[..., Visitor]) -> None:
    nobody, token = visit(), world.owner.token
    assert sent_to_sign_in(nobody.get(f"/?jwt={token}&access_token={token}&{COOKIE}={owner.token}"))
    for each in (token, owner.token):
        assert sent_to_sign_in(nobody.http.get(f"/stores/{world.a}/", headers={"Authorization": f"Bearer {each}"}))


@SQLITE
@pytest.mark.parametrize("role", ROLES)
def test_roles(world: World, visit: Callable[..., Visitor], role: str) -> None:
    """Each page answers exactly those roles that it is for."""
    visitor = visit(f"{role}@a.example")
    with world.app.app_context():  # any but the last owner may leave
        add_user("second@a.example", PASSWORD, world.a, "owner")
        db.session.remove()
    for route in sorted(OF_STORES, key=lambda route: (LAST.find(route[1][-5:]), route)):
        least, expected = PAGES[route]
        segment = world.owner.create()["id"]
        if "/forget" in route[1]:
            ask(visit("owner@a.example"), ("POST", f"{STORE}/settings/attributes"), segment)
        with ask(visitor, route, segment) as answer:
            allowed = ROLES.index(role) >= ROLES.index(least)
            assert answer.status_code == (expected if allowed else 403), (route, answer.text)


@SQLITE
def test_a_viewer_sees_no_button_that_would_be_refused(world: World, visit: Callable[..., Visitor]) -> None:
    segment, viewer = world.owner.create()["id"], visit("viewer@a.example")
    refused_paths = ("/role", "/remove", "/invites", "/tokens", "/revoke", "/archive", "/duplicate", "/active",
                     "/count", "/restore", "/export", "/attributes")
    for route in OF_STORES:
        if route[0] == "GET" and PAGES[route][0] == "viewer":
            text = ask(viewer, route, segment).text
            assert not [path for path in refused_paths if re.search(rf'action="[^"]*{path}[^"]*"', text)], route
            assert 'value="save"' not in text


@SQLITE
def test_a_viewer_cannot_save_from_the_builder(world: World, visit: Callable[..., Visitor]) -> None:
    segment, viewer = world.owner.create()["id"], visit("viewer@a.example")
    before = everything(world)
    for path in ("/segments/new", f"/segments/{segment}/edit"):
        for live in (True, False):
            assert viewer.post(path, [*BUILDER, ("name", "mine"), ("do", "save")], live=live).status_code == 403
    assert everything(world) == before


def test_a_store_that_is_not_ones_own_is_as_unknown_as_any(world: World, owner: Visitor) -> None:
    mine, theirs = world.owner.create()["id"], world.as_user("owner@b.example", "b").create(RULES)["id"]
    before, unknown = everything(world), str(uuid.uuid4())
    for route in OF_STORES:
        for live in (False, True):
            answers = {told(ask(owner, route, segment, store=store, live=live), store, segment): store
                       for segment in (mine, theirs, unknown) for store in (str(world.b), unknown)}
            assert len(answers) == 1, route
        for store in (str(world.b), unknown):
            answer = ask(owner, route, mine, store=store)
            assert (answer.status_code, answer.mimetype) == (404, "text/html"), route
    assert everything(world) == before


def test_a_segment_of_another_store_is_as_unknown_as_any(world: World, owner: Visitor) -> None:
    theirs, deleted = world.as_user("owner@b.example", "b").create(RULES)["id"], world.owner.create()["id"]
    assert world.owner.delete(f"/{deleted}").status_code == 204
    before = everything(world)
    for route in OF_STORES:
        if "<uuid:segment_id>" in route[1]:
            asked = [theirs, str(uuid.uuid4()), *([] if route[1] == f"{ONE}/restore" else [deleted])]
            answers = [ask(owner, route, segment) for segment in asked]
            assert {answer.status_code for answer in answers} == {404}, route
            assert len({told(answer, *asked) for answer in answers}) == 1, route
    assert everything(world) == before


def test_a_customer_of_another_store_is_as_unknown_as_any(world: World, owner: Visitor,
                                                          visit: Callable[..., Visitor]) -> None:
    """The first customer of each store has the same id here; one of theirs is found on a page of theirs."""
    other, mine = visit("owner@b.example", "b"), world.owner.create()["id"]
    links = re.findall(r"/customers/([0-9a-f-]{36})", other.get("/customers/").text)
    theirs = next(each for each in links if each != str(A_CUSTOMER))
    for route in OF_STORES:
        if "<uuid:customer_id>" in route[1]:
            answers = [ask(owner, route, mine, customer) for customer in (theirs, str(uuid.uuid4()))]
            assert {answer.status_code for answer in answers} == {404}, route
            assert len({told(answer) for answer in answers}) == 1, route
            assert CANARY not in answers[0].text
            assert CANARY not in ask(owner, route, mine).text


@SQLITE
def test_an_id_that_is_none_is_nothing_at_all(world: World, owner: Visitor) -> None:
    for identifier, route in product(("1", "x" * 36, "%00", "{}", "%2e%2e%2f", "01a00000-0000-7000-8000"), OF_STORES):
        for options in ({"store": identifier}, {"segment": identifier}, {"customer": identifier}):
            word = next(iter(options))
            if f"<uuid:{word}_id>" in route[1]:
                answer = ask(owner, route, **{"segment": str(uuid.uuid4()), **options})
                assert answer.status_code in (404, 405), (route, options)


def test_nothing_of_another_store_is_ever_shown(world: World, owner: Visitor) -> None:
    other = world.as_user("owner@b.example", "b")
    other.create(RULES, name=CANARY)
    other.put("/api/attributes/zz_b", {"label": f"{CANARY} tier", "kind": "text"})
    everyone = world.owner.create()["id"]
    for route in OF_STORES:
        if route[0] == "GET":
            with ask(owner, route, everyone) as answer:
                assert answer.status_code == PAGES[route][1], route
                assert CANARY.encode() not in answer.data, route
    rules = [("node", "g:root"), ("node", "c:1"), ("1.field", "last_name"), ("1.operator", "contains"),
             ("1.value", CANARY.lower()), ("node", "/c"), ("node", "/g")]
    for path in ("/segments/new", "/segments/people", f"/segments/{everyone}/people"):
        assert CANARY not in owner.post(path, rules).text
    for query in ("last_name", "email", "external_id"):
        assert "<option" not in owner.get(f"/segments/suggestions?field={query}&x.value={CANARY}").text


def test_their_own_people_do_see_it(visit: Callable[..., Visitor]) -> None:
    """Else the test above would prove nothing."""
    other = visit("owner@b.example", "b")
    assert CANARY in other.get("/customers/").text
    assert CANARY in other.get(f"/segments/suggestions?field=last_name&x.value={CANARY}").text


def test_a_segment_of_another_store_cannot_be_referred_to(world: World, owner: Visitor) -> None:
    theirs = world.as_user("owner@b.example", "b").create(RULES, name=CANARY)["id"]
    rules = [("node", "g:root"), ("node", "c:1"), ("1.field", "in_segment"), ("1.operator", "in"), ("1.value", theirs),
             ("node", "/c"), ("node", "/g")]
    answer = owner.post("/segments/new", [*rules, ("name", "mine"), ("do", "save")])
    assert answer.status_code == 422
    assert CANARY not in answer.text


def test_whoever_belongs_to_no_store_is_told_so(world: World, visit: Callable[..., Visitor]) -> None:
    viewer = visit("viewer@a.example")
    with world.app.app_context():
        user = db.session.query(User).filter_by(email="viewer@a.example").one().id
        db.session.remove()
    change(world, delete(Membership).where(Membership.user_id == user))
    assert "No store yet" in viewer.get(at="/").text
    assert viewer.get("/").status_code == 404


def test_a_role_that_was_taken_away_is_gone_at_the_next_request(world: World, owner: Visitor) -> None:
    segment = world.owner.create()["id"]
    change(world, update(Membership).values(role="viewer"))
    assert owner.post(f"/segments/{segment}/archive").status_code == 403
    assert owner.get("/").status_code == 200


def csrf_cases(owner: Visitor, again: Visitor, other: Visitor) -> dict[str, str]:
    """What a form may carry that is not its own."""
    return {"none": "", "wrong": "x" * 36, "of another sign-in": again.csrf, "of somebody else": other.csrf,
            "the whole token": owner.token, "in capitals": owner.csrf.upper(), "twice as long": owner.csrf * 2}


@SQLITE
def test_no_post_is_taken_without_what_its_own_page_carries(world: World, visit: Callable[..., Visitor]) -> None:
    owner, again, other = visit("owner@a.example"), visit("owner@a.example"), visit("owner@b.example", "b")
    segment = world.owner.create()["id"]
    ask(owner, ("POST", f"{STORE}/settings/attributes"), segment)
    assert owner.get("/settings/").status_code == 200  # which says what was done, once
    before = everything(world), owner.get("/settings/").text
    for route, (who, _) in PAGES.items():
        if route[0] == "POST" and who != ALL:
            for name, csrf in csrf_cases(owner, again, other).items():
                if csrf == owner.csrf:
                    continue
                for live in (False, True):
                    answer = ask(owner, route, segment, csrf=csrf, live=live)
                    assert (answer.status_code, answer.mimetype) == (403, "text/html"), (route, name)
    assert (everything(world), owner.get("/settings/").text) == before
    assert owner.get("/").status_code == 200  # nobody was signed out


@SQLITE
def test_what_a_form_carries_counts_neither_in_the_address_nor_beside_a_wrong_header(world: World,
                                                                                   owner: Visitor) -> None:
    segment = world.owner.create()["id"]
    path = f"/segments/{segment}/archive"
    assert owner.post(f"{path}?csrf_token={owner.csrf}", csrf="").status_code == 403
    assert owner.post(path, headers={"X-CSRF-Token": "wrong"}).status_code == 403
    assert owner.http.post(f"/stores/{owner.store}{path}", json={"csrf_token": owner.csrf}).status_code == 403
    text = f"csrf_token={owner.csrf}"
    assert owner.http.post(f"/stores/{owner.store}{path}", data=text, content_type="text/plain").status_code == 403
    assert owner.post(path, csrf="", headers={"X-CSRF-Token": owner.csrf}).status_code == 303


@SQLITE
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_no_get_changes_anything(world: World, owner: Visitor, method: str) -> None:
    segment = world.owner.create()["id"]
    before = everything(world)
    for _, rule in PAGES:
        path = address(rule, owner.store, segment, str(A_CUSTOMER))
        with owner.http.open(path + QUERIES.get(rule, ""), method=method) as answer:
            assert answer.status_code in (200, 302, 405) or (answer.status_code == 404 and NOBODY in path), path
    assert everything(world) == before
    assert owner.get("/").status_code == 200


@SQLITE
def test_other_methods_are_not_taken(world: World, owner: Visitor) -> None:
    paths = ("/", "/sign-in", f"/stores/{owner.store}/", f"/stores/{owner.store}/segments/new")
    for method, path in product(("PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"), paths):
        answer = owner.http.open(path, method=method)
        assert (answer.status_code, answer.mimetype) == (405, "text/html")


CROSS = ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "http://localhost.evil"},
         {"Origin": "http://localhost:8080"}, {"Origin": "localhost"}, {"Origin": "http://localhost@evil.example"},
         {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "x"},
         {"Sec-Fetch-Site": ""}, {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
         {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"})
OWN = ({}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"},
       {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"})


@SQLITE
def test_another_site_can_neither_sign_anybody_in_nor_choose_a_language(visit: Callable[..., Visitor]) -> None:
    nobody = visit()
    fields = {"email": "owner@a.example", "password": "a long enough password", "language": "ar", "theme": "dark"}
    for headers, path in product(CROSS, ("/sign-in", "/preferences")):
        answer = nobody.http.post(path, data=fields, headers=headers)
        assert (answer.status_code, answer.mimetype) == (403, "text/html"), (path, headers)
        assert "Set-Cookie" not in answer.headers


@SQLITE
def test_our_own_pages_can(visit: Callable[..., Visitor]) -> None:
    nobody = visit()
    fields = {"email": "owner@a.example", "password": "a long enough password", "language": "ar", "theme": "dark"}
    for headers, path in product(OWN, ("/sign-in", "/preferences")):
        answer = nobody.http.post(path, data=fields, headers=headers)
        assert answer.status_code == 303
        assert "HttpOnly" in answer.headers["Set-Cookie"]
        assert "SameSite=Lax" in answer.headers["Set-Cookie"]


@SQLITE
def test_signing_in_never_leads_to_another_site(visit: Callable[..., Visitor]) -> None:
    nobody = visit()
    for address in EVIL:
        assert 'name="next" value=""' in nobody.http.get("/sign-in", query_string={"next": address}).text, address
        answer = nobody.sign_in("owner@a.example", next=address)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/"), address


@SQLITE
def test_an_address_that_cannot_be_read_leads_nowhere_and_breaks_nothing(visit: Callable[..., Visitor]) -> None:
    nobody = visit()
    for address in UNREADABLE:
        raw = address.encode().decode("latin-1")
        answers = (nobody.http.get("/sign-in", query_string={"next": address}),
                   nobody.http.post("/sign-in", data={"email": address, "next": address}),
                   nobody.http.post("/preferences", headers={"Referer": raw}),
                   nobody.http.post("/preferences", headers={"Origin": raw}))
        assert [answer.status_code for answer in answers] == [200, 401, 303, 403], address


@SQLITE
def test_signing_in_leads_back_to_where_one_was_going(visit: Callable[..., Visitor]) -> None:
    for address in ("/", "/stores/1/", "/stores/1/segments/?search=%2F%2Fevil", "/a?b=//c", "/x#y"):
        assert visit().sign_in("owner@a.example", next=address).headers["Location"] == address


@SQLITE
def test_whoever_is_sent_to_sign_in_comes_back_to_the_page(world: World, visit: Callable[..., Visitor]) -> None:
    nobody = visit()
    sent = nobody.get("/segments/?search=%D8%A3%26b")
    page = nobody.http.get(sent.headers["Location"])
    onwards = re.search(r'name="next" value="([^"]*)"', page.text)
    assert onwards is not None
    back = nobody.sign_in("owner@a.example", next=onwards[1].replace("&amp;", "&"))
    assert back.headers["Location"] == f"/stores/{world.a}/segments/?search=%D8%A3%26b"


@SQLITE
def test_choosing_a_language_never_leads_to_another_site(visit: Callable[..., Visitor]) -> None:
    nobody = visit()
    for referrer in ("https://evil.example/x", "//evil.example", "http://localhost//evil.example", "", "http://localhost",
                     "http://localhost/\\evil.example", "javascript:alert(1)"):
        answer = nobody.http.post("/preferences", data={"language": "ar"}, headers={"Referer": referrer})
        assert answer.headers["Location"].startswith("/")
        assert not answer.headers["Location"].startswith(("//", "/\\")), referrer


@SQLITE
def test_one_address_gets_one_answer_whatever_the_account(world: World, visit: Callable[..., Visitor]) -> None:
    """Unknown, known with a wrong password, and deactivated with the right one look the same."""
    change(world, update(User).where(User.email == "editor@a.example").values(is_active=False))
    nobody, cases = visit(), (("nobody@a.example", "a wrong password!"), ("owner@a.example", "a wrong password!"),
                              ("editor@a.example", "a long enough password"), ("x", ""), ("\x00", "\x00"))
    answers = [nobody.http.post("/sign-in", data={"email": email, "password": word}) for email, word in cases]
    assert {answer.status_code for answer in answers} == {401}
    shown = {told(answer, f'value="{email}"').replace("\x00", "") for answer, (email, _) in
             zip(answers[:3], cases[:3], strict=True)}
    assert len(shown) == 1


def test_too_many_failures_are_answered_with_429_and_when_to_come_back(visit: Callable[..., Visitor]) -> None:
    nobody = visit()
    for _ in range(10):
        assert nobody.http.post("/sign-in", data={"email": "owner@a.example", "password": "x"}).status_code == 401
    answer = nobody.sign_in("owner@a.example")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


@SQLITE
def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(visit: Callable[..., Visitor]) -> None:
    plain = visit().sign_in("owner@a.example").headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(plain.split("; "))
    nobody = visit()
    safe = nobody.http.post("/sign-in", data={"email": "owner@a.example", "password": "a long enough password"},
                            base_url="https://localhost").headers["Set-Cookie"]
    assert safe.startswith("__Host-segmentation=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(safe.split("; "))
    assert "Domain" not in safe

