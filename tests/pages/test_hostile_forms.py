"""Whatever is sent to a page, it answers with a page: never a failure of ours, never a trace of one, always guarded.

`SEGMENTATION_TEST_FORMS` multiplies how many requests are made: some 600 by default, thousands with 10.
"""

from __future__ import annotations

import os
from random import Random
from urllib.parse import quote

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from segmentation import limits
from segmentation.pages.builder import form
from segmentation.pages.builder.draft import DraftCondition, DraftGroup
from segmentation.pages.builder.wire import from_wire
from tests.api.conftest import A_CUSTOMER
from tests.api.test_hostile import TREE
from tests.pages.conftest import LIVE, SQLITE, Visitor, World
from tests.pages.drafts import IDS, TEXTS, random_draft, random_drafts
from tests.pages.markup import Page
from tests.pages.test_access import PAGES, routes

WORDS = ("", "0", "-1", "1", "x", "\x00", "a\x00b", "\ud7ff", "\ufffd", "\u202e", "' OR 1=1 --", "%", "_", "\\", "{0}",
         "{{7*7}}", "%(x)s", "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "9" * 400, "1e999", "NaN",
         "²", "١٢", "٪", "\r\n\r\n", "Riyadh", "desc", "asc", "null", "x" * 5_000, "\ufeff", "🙂", "2024-02-30",
         "[]", "{}")
NAMES = ("search", "page", "sort", "order", "cursor", "column", "format", "which", "archived", "starter",
 "cell", "label",
         "field", "x.value", "y.adding", "next", "name", "description", "version", "history", "drawn", "do", "tried",
         "node", "is_active", "back", "key", "kind", "language", "theme", "email", "password", "store_id", "csrf_token",
         "", "x")
KNOWN = {"sort": ("email", "last_order_at", "id", "cltv", "password_hash"), "column": ("email", "id", "password_hash"),
         "field": ("city", "email", "mobile", "tags", "segment", "item.category", "order.city", "attributes.x", "gone"),
         "starter": ("vip", "never-bought", "gone"), "cell": ("5-1", "0-6", "5-", "-", "5-1-2"),
         "label": ("Lost", "Champions", "lost"), "format": ("xlsx", "csv", "pdf"), "which": ("shown", "all"),
         "language": ("ar", "en", "xx"), "theme": ("dark", "light", "system"), "kind": ("text", "number", "x")}
BUTTONS = ("undo", "redo", "save", "update", "mine", "theirs", "add-condition", "add-group", "remove",
 "duplicate", "up",
           "down", "into", "out", "wrap", "where", "switch", "add-value", "drop-value", "empty", "gone", ":", "=", "")
CURSORS = ("W10", "WyJlbWFpbCIsZmFsc2UsMSwyXQ", "%FF", "e30", "bnVsbA", "MQ", "=" * 9, "A" * 3_000)
Pairs = list[tuple[str, str]]
FORMS = int(os.environ.get("SEGMENTATION_TEST_FORMS", "1"))


def check(answer: TestResponse, *, may_be_a_file: bool = False) -> None:
    """An answer of ours: a page, or a part of one, with every header that guards it."""
    assert answer.status_code < 500, answer.text[:3_000]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    if may_be_a_file and answer.status_code == 200:
        return
    assert answer.mimetype == "text/html"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert not {"Traceback", "SELECT", "sqlalchemy", "werkzeug"} & set(answer.text.split())


def path_of(rule: str, store: str, segment: str, customer: str, rng: Random) -> str:
    """An address of a route, at times with ids and numbers that nobody has."""
    def drawn(usual: str) -> str:
        strange = ("1", "x", "%00", "..%2f", "0" * 32, "9" * 40, usual.upper(), f"{usual}%20", "01a00000", "-1")
        return rng.choice(strange) if rng.random() < 0.15 else usual

    return (rule.replace("<uuid:store_id>", drawn(store)).replace("<uuid:segment_id>", drawn(segment))
            .replace("<uuid:customer_id>", drawn(customer)).replace("<int:version>", drawn("1"))
            .replace("<key>", quote(rng.choice(WORDS), safe="") or "x"))


def random_pairs(rng: Random) -> Pairs:
    """Names that some page knows, with words that none expects."""
    pairs = []
    for _ in range(rng.randint(0, 6)):
        name = rng.choice(NAMES)
        pairs.append((name, rng.choice(KNOWN[name] if name in KNOWN and rng.random() < 0.6 else WORDS)))
    return pairs


def mutated(rng: Random, pairs: Pairs) -> Pairs:
    """A form with some of its parts lost, doubled, swapped, or saying something else."""
    pairs = list(pairs)
    for _ in range(rng.randint(1, 5)):
        if not pairs:
            break
        at, how = rng.randrange(len(pairs)), rng.randrange(6)
        name, value = pairs[at]
        if how == 0:
            del pairs[at]
        elif how == 1:
            pairs.insert(rng.randrange(len(pairs)), (name, value))
        elif how == 2:
            pairs[at] = name, rng.choice((*WORDS, *TEXTS))
        elif how == 3:
            pairs[at] = rng.choice((*NAMES, "c1.value", "c1.field")), value
        elif how == 4:
            other = rng.randrange(len(pairs))
            pairs[at], pairs[other] = pairs[other], pairs[at]
        else:
            pairs.append((rng.choice(NAMES), rng.choice(WORDS)))
    return pairs


def segment_of(world: World) -> str:
    """A segment with everything in it."""
    return str(world.owner.create(TREE, '<b> & "x"')["id"])


def test_every_page_is_asked_here(world: World) -> None:
    assert routes(world) == set(PAGES)


def test_strange_addresses_and_queries_never_break_a_page(world: World, owner: Visitor) -> None:
    """On each engine: they differ in what they cannot take."""
    rng, segment = Random(31), segment_of(world)
    reading = [rule for method, rule in PAGES if method == "GET"]
    for round_ in range(6 * FORMS):
        for rule in reading:
            path = path_of(rule, owner.store, segment, str(A_CUSTOMER), rng)
            pairs = random_pairs(rng)
            if rule.endswith("/<uuid:segment_id>/"):
                pairs.append(("cursor", rng.choice(CURSORS)) if rng.random() < 0.3 else ("sort", "email"))
            with owner.http.get(path, query_string=MultiDict(pairs), headers=LIVE if round_ % 2 else {}) as answer:
                check(answer, may_be_a_file=rule.endswith("/export"))


@SQLITE
def test_strange_forms_never_break_a_page(world: World, owner: Visitor) -> None:
    rng, segment = Random(32), segment_of(world)
    posting = [rule for method, rule in PAGES if method == "POST" and "sign" not in rule]
    for round_ in range(12 * FORMS):
        for rule in posting:
            path = path_of(rule, owner.store, segment, str(A_CUSTOMER), rng)
            with owner.post(at=path, fields=random_pairs(rng), live=bool(round_ % 2)) as answer:
                check(answer, may_be_a_file=rule.endswith("/export"))
        world.owner.post(f"/{segment}/restore")
        assert owner.token


@SQLITE
def test_mutated_forms_of_the_builder_never_break_it(world: World, owner: Visitor) -> None:
    rng, segment = Random(33), segment_of(world)
    paths = ("/segments/new", f"/segments/{segment}/edit", "/segments/people", f"/segments/{segment}/people")
    whole = owner.page(f"/segments/{segment}/edit").posted()
    ids = [value[2:] for name, value in whole if name == "node" and ":" in value]
    answered = {200: 0, 303: 0, 400: 0, 412: 0, 422: 0}
    for step in range(120 * FORMS):
        pairs = mutated(rng, whole) if step % 3 else [*form.write(random_draft(rng)), *random_pairs(rng)]
        button = rng.choice(BUTTONS)
        pairs.append(("do", f"{button}:{rng.choice((*ids, *IDS))}={rng.choice(WORDS)}" if step % 5 else button))
        answer = owner.post(rng.choice(paths[:2] if step % 4 else paths), pairs, live=step % 2 == 0)
        check(answer)
        answered[answer.status_code] = answered.get(answer.status_code, 0) + 1
    assert answered[200] > 20
    assert answered[400] > 5


@SQLITE
def test_random_bytes_never_break_the_builder(owner: Visitor) -> None:
    rng = Random(34)
    plain = "&".join(f"{quote(name)}={quote(value)}" for name, value in form.write(from_wire(TREE))).encode()
    for _ in range(60 * FORMS):
        body = bytearray(plain)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(body))
            body[at:at + rng.randint(0, 3)] = rng.choice((b"", b"%", b"%00", b"&", b"=", b"%ff", b"\xff",
            b"%ed%a0%80", b";"))
        check(owner.http.post(f"/stores/{owner.store}/segments/new", data=bytes(body), headers={
            **LIVE, "X-CSRF-Token": owner.csrf, "Content-Type": "application/x-www-form-urlencoded"}))


def test_a_character_that_an_engine_cannot_hold_finds_nobody(owner: Visitor) -> None:
    paths = ("/segments/suggestions?field=city&x.value=a%00b", "/segments/suggestions?field=item.category&x.value=%00",
             "/segments/suggestions?field=mobile&x.value=%00%00", "/customers/?search=a%00b", "/segments/?search=%00",
             "/customers/?search=%ED%A0%80")
    found = {path: owner.get(path).status_code for path in paths}
    assert set(found.values()) <= {200, 400, 422}, found


def test_a_cursor_with_such_a_character_is_no_cursor(world: World, owner: Visitor) -> None:
    from segmentation.audience.cursors import urlsafe_b64encode

    segment = world.owner.create()["id"]
    for text in ('["city",false,"a\\u0000b","{}"]', '["email",false,"\\u0000","{}"]'):
        cursor = urlsafe_b64encode(text.replace("{}", str(A_CUSTOMER)).encode()).decode().rstrip("=")
        sort = "city" if "city" in text else "email"
        answer = owner.get(f"/segments/{segment}/?sort={sort}&order=asc&cursor={cursor}")
        check(answer)
        assert answer.status_code in (200, 400)
        assert world.owner.get(f"/{segment}/customers?sort={sort}&cursor={cursor}").status_code in (200, 400)


def test_a_version_that_never_was_is_nothing(world: World, owner: Visitor) -> None:
    segment = world.owner.create()["id"]
    versions = ("0", "2", "9" * 9, str(2**31), str(2**63), "9" * 60, "9" * 5_000, "-1", "1.0", "x")
    found = {each[:20]: owner.post(f"/segments/{segment}/revisions/{each}/restore").status_code for each in versions}
    assert set(found.values()) == {404}, found


def test_an_attribute_that_never_was_is_nothing(owner: Visitor) -> None:
    keys = ("%00", "a%00b", "x" * 300, "%ED%A0%80", "gone", "'", "%F0%9F%99%82")
    found = {key[:20]: owner.post(f"/settings/attributes/{key}/forget").status_code for key in keys}
    assert set(found.values()) == {404}, found


def test_signing_in_takes_any_text_for_a_wrong_one(world: World, owner: Visitor) -> None:
    nobody = Visitor(world.app.test_client(), owner.store)
    emails = ("", "x", "\x00", "a@b.example\x00", "a\x00@b.example", "@", "a@" + "b" * 300, "\ufffd@b.example", "'; --")
    found = {email: nobody.http.post("/sign-in", data={"email": email, "password": email}).status_code
             for email in emails}
    assert set(found.values()) == {401}, found


@SQLITE
@pytest.mark.parametrize("live", [True, False])
def test_a_page_of_a_hostile_draft_is_whole_and_its_ids_are_unique(owner: Visitor, live: bool) -> None:
    """Nothing that was typed closes an element, opens one, or takes the id of another."""
    for draft in random_drafts(35, 8):
        answer = owner.post("/segments/new", [*form.write(draft), ("name", TEXTS[8]), ("do", "save")], live=live)
        check(answer)
        if answer.status_code == 303:
            continue
        page = Page(answer.text)
        assert page.is_closed
        assert not [each for each in page.elements if any(name.startswith("on") for name in each.attributes)]
        assert not list(page.of_tag("img"))
        assert {each.get("src").split("/")[1] for each in page.of_tag("script")} <= {"static"}
        twice = {each for each in page.ids if page.ids.count(each) > 1}
        assert not twice, draft


@SQLITE
def test_ids_that_look_like_those_of_inputs_do_not_collide_with_them(owner: Visitor) -> None:
    """`c1-field` may be the id of a condition, and is what the list of fields of `c1` is called by."""
    draft = DraftGroup("root", conditions=tuple(
        DraftCondition(key, "city", "equals", ("x",)) for key in ("c1", "c1-field", "c1-count", "root-and",
        "c1-remove")))
    page = Page(owner.post("/segments/new", form.write(draft)).text)
    assert len(set(page.ids)) == len(page.ids)


@SQLITE
@pytest.mark.parametrize("text", ['<img src=x onerror=alert(1)>', '" hx-on::load="alert(1)', "{{7*7}}", "</script>",
                                  "\u202egpj.exe", "O'Neil & Sons", "%s {0} {name}", "\u2066x"])
def test_a_name_is_shown_as_it_is_wherever_it_stands(world: World, owner: Visitor, text: str) -> None:
    """In lists, titles, notices and buttons: inert, and not escaped twice."""
    made = world.owner.create({"logic": "AND"}, text, description=text)
    refers = {"logic": "AND", "conditions": [
        {"id": "c", "field": "in_segment", "operator": "in", "value": [made["id"]]}]}
    user = world.owner.create(refers, f"uses {text}")
    for path in ("/segments/", f"/segments/{made['id']}/", f"/segments/{made['id']}/edit", "/",
                 f"/segments/{user['id']}/", f"/segments/{user['id']}/edit", f"/segments/{made['id']}/revisions",
                 f"/customers/{A_CUSTOMER}", f"/segments/{made['id']}/why/{A_CUSTOMER}"):
        page = owner.page(path)
        assert page.is_closed
        assert not page.of_tag("img")
        assert not [each for each in page.elements if "hx-on::load" in each.attributes]
        shown = [each.text for each in page.of_tag("bdi")] + [each.get("value") for each in page.of_tag("input")]
        if path.startswith("/segments/"):
            assert any(" ".join(text.split()) in each for each in shown), path


@SQLITE
@pytest.mark.parametrize("text", ["O'Neil & Sons", "<b>", "{name}", '"x"'])
def test_a_notice_says_the_name_as_it_is(world: World, owner: Visitor, text: str) -> None:
    made = world.owner.create({"logic": "AND"}, text)
    owner.post(f"/segments/{made['id']}/archive")
    page = owner.page("/segments/")
    assert page.one("notices").text.startswith(f"“{text}” is archived.")


@SQLITE
def test_a_form_as_large_as_it_may_be_is_taken_and_one_past_it_is_not(owner: Visitor) -> None:
    """Rules that the API takes in one body fit into a form, which says the same with more words."""
    words = [f"{'ك' * 60} {n}" for n in range(limits.LIST_VALUES)]
    draft = DraftGroup("root", conditions=tuple(
        DraftCondition(f"c{n}", "city", "in", tuple(words[:900])) for n in range(2)))
    size = sum(len(word.encode()) for word in words[:900]) * 2
    assert size < limits.BODY_BYTES
    answer = owner.post("/segments/new", form.write(draft), live=True)
    assert answer.status_code == 200
    past = owner.post("/segments/new", [*form.write(draft), ("x", "x" * 4 * limits.BODY_BYTES)], live=True)
    check(past)
    assert past.status_code == 413


@SQLITE
def test_a_form_of_another_page_may_not_be_that_large(owner: Visitor) -> None:
    answer = owner.post("/settings/attributes", {"key": "x", "label": "x" * (limits.BODY_BYTES + 1)})
    check(answer)
    assert answer.status_code == 413


@SQLITE
def test_a_body_of_another_sort_is_no_form(owner: Visitor) -> None:
    for kind, body in (("application/json", b"{}"), ("text/plain", b"node=g:root&node=/g"), ("", b""),
                       ("multipart/form-data", b"--x"), ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n--x--")):
        answer = owner.http.post(f"/stores/{owner.store}/segments/new", data=body, content_type=kind,
                                 headers={"X-CSRF-Token": owner.csrf})
        check(answer)
        assert answer.status_code in (400, 413, 415)


@SQLITE
def test_a_multipart_form_is_read_like_any_other(owner: Visitor) -> None:
    fields = MultiDict([*form.write(DraftGroup("root")), ("csrf_token", owner.csrf)])
    answer = owner.http.post(f"/stores/{owner.store}/segments/new", data=fields, content_type="multipart/form-data")
    check(answer)
    assert answer.status_code == 200


@SQLITE
def test_where_there_is_no_page_there_is_a_page_that_says_so(owner: Visitor) -> None:
    for path in ("/nothing", "/stores/", "/stores/x/", "/%00", "/..", "/a" * 2_000, "/%ff", "/robots.txt", "/API/docs"):
        for headers in ({}, LIVE):
            answer = owner.http.get(path, headers=headers)
            check(answer)
            assert answer.status_code == 404, path
