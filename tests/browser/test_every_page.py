"""What holds of every page: no barrier for anybody, no inline script or style, no heavy load, no broken layout."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from segmentation.auth import operator_scope
from segmentation.extensions import db
from segmentation.invites import create_invite
from segmentation.jobs import running
from segmentation.jobs.asking import ask_import, ask_refresh
from segmentation.models import Customer, Segment, Store
from segmentation.values.text import fold
from tests.browser.building import Builder
from tests.browser.conftest import Shop, Visitor

AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HEAVIEST = 250_000
# Of no store: as nobody, then signed in as somebody for whom the invite is not.
OUTSIDE = ("/sign-in", "/join/{invite}", "/account/", "/join/{invite}", "/stores/new")
PAGES = (*OUTSIDE, "/", "/segments/", "/segments/?archived", "/segments/new",
         "/segments/new?starter=never-bought",
         "/segments/{segment}/edit", "/segments/{segment}/", "/segments/{segment}/revisions",
         "/segments/{segment}/why/{customer}", "/customers/", "/customers/?search=nobody-of-this-name",
         "/customers/{customer}", "/settings/", "/imports/", "/jobs/{refreshed}/", "/jobs/{rejected}/",
         "/people/", "/tokens/", "/audit/", "/nothing-here")
HOSTILE = ('<img src=x onerror="alert(1)">', "{{7*7}}", "{number}", "\u202egpj.exe\u202d", "x" * 120, "ا" * 120,
           "</script><script>alert(1)</script>", "' \" ` & <!--")


def ids(shop: Shop) -> dict[str, str]:
    """A segment and a customer of the shop, and jobs that have ended: a refresh, an import of a row that is refused."""
    with shop.app.app_context():
        scope = operator_scope(shop.store_id)
        segment = db.session.scalars(select(Segment.id).where(Segment.name == "VIP Customers")).one()
        customer = db.session.scalars(select(Customer.id).where(Customer.orders_count > 6).limit(1)).one()
        jobs = {"refreshed": ask_refresh(scope, segment).id,
                "rejected": ask_import(scope, "customers", _refused, {}, "refused.csv").id}
        _invite, secret = create_invite(scope, f"{uuid.uuid4()}@shop.example", "viewer")
        for job in jobs.values():
            running.run(job)
        named = {"segment": segment, "customer": customer, "invite": secret, **jobs}
        return {name: str(each) for name, each in named.items()}


def _refused(path: Path) -> None:
    path.write_text("external_id,email\nsomebody,nowhere\n")


def addresses(shop: Shop) -> Iterator[str]:
    """The address of every page."""
    known = ids(shop)
    for path in PAGES:
        start = shop.address if path in OUTSIDE else shop.pages
        yield start + path.format(**known)


def walk(visitor: Visitor) -> Iterator[str]:
    """Open every page, one after the other; the address of each once it is there."""
    for address in addresses(visitor.shop):
        if address.endswith("/account/"):
            visitor.sign_in()
        visitor.go(address)
        yield address


def breaches(page: Any) -> list[str]:
    """What the content security policy stopped."""
    return list(page.evaluate("window.breaches"))


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ar", "dark")])
def test_no_barriers(visit: Callable[..., Visitor], shop: Shop, language: str, scheme: str) -> None:
    visitor = visit(language, scheme)
    visitor.allowed.add("404")
    page, found = visitor.page, {}
    page.emulate_media(reduced_motion="reduce")
    for place, address in enumerate(walk(visitor)):
        for menu in page.locator("details.menu").all()[place % 2:][:1]:  # the stores, or the account
            menu.evaluate("(each) => { each.open = true; }")
        assert breaches(page) == []
        page.evaluate(AXE)  # by the debugger, which the page's policy does not bind
        result = page.evaluate("(rules) => axe.run({runOnly: {type: 'tag', values: rules}})", RULES)
        for violation in result["violations"]:
            nodes = [node["html"][:160] for node in violation["nodes"][:3]]
            found[f"{address} {violation['id']}"] = nodes
    assert found == {}


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_screen(visit: Callable[..., Visitor], shop: Shop, language: str, width: int) -> None:
    visitor = visit(language, width=width, height=844)
    visitor.allowed.add("404")
    for address in walk(visitor):
        wide = visitor.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{address} is {wide} wide"


def test_every_menu_opens_within_a_phones_screen(visit: Callable[..., Visitor], shop: Shop, language: str) -> None:
    visitor, opened = visit(language, width=390, height=844), set()
    visitor.allowed.add("404")
    for address in walk(visitor):
        for menu in visitor.page.locator("details.menu:not(.choices)").all():
            menu.evaluate("(each) => { each.open = true; }")
            box = menu.locator("> .menu-body").bounding_box()
            assert box is not None
            assert 0 <= box["x"] <= 390 - box["width"], (address, box)
            opened.add(menu.get_attribute("id"))
            menu.evaluate("(each) => { each.open = false; }")
    assert {"stores", "account", "columns-menu", "export-menu", "erase-menu"} <= opened


def test_every_page_mirrors_with_the_language(visit: Callable[..., Visitor], shop: Shop) -> None:
    """What stands at the start stands at the start of the writing: on the left in English, on the right in Arabic."""
    places = {}
    for language in ("en", "ar"):
        visitor = visit(language).sign_in().open("/segments/new?starter=vip")
        page = visitor.page
        assert page.locator("html").get_attribute("dir") == {"en": "ltr", "ar": "rtl"}[language]
        shown = (".brand", "#n-c1-field", "#n-c1-remove", ".panel")
        boxes = [page.locator(each).first.bounding_box() for each in shown]
        places[language] = [box["x"] + box["width"] / 2 for box in boxes if box]
    for english, arabic in zip(places["en"], places["ar"], strict=True):
        assert abs(english + arabic - 1280) < 90


def test_the_first_load_is_light(visit: Callable[..., Visitor], shop: Shop, language: str) -> None:
    visitor = visit(language).sign_in()
    signed_in = visitor.page.context.storage_state()
    for address in addresses(shop):
        state = None if address.endswith("/sign-in") else signed_in
        fresh = visitor.page.context.browser.new_context(locale=language, storage_state=state)
        page, bodies = fresh.new_page(), []
        page.on("response", lambda response, bodies=bodies: bodies.append(response))
        Visitor(shop, page, language).go(address)
        weights = {each.url: weight(each) for each in bodies}
        fresh.close()
        assert sum(weights.values()) <= HEAVIEST, (address, weights)


def weight(response: Any) -> int:
    """The compressed size of an answer's body, in bytes."""
    if response.status in (301, 302, 303, 304):
        return 0
    body = response.body()
    return len(body) if response.url.endswith(".woff2") else len(gzip.compress(body, 6))


def test_hostile_names_are_inert_and_break_nothing(visit: Callable[..., Visitor], shop: Shop, language: str) -> None:
    """Half of the names in each language: a page shows them in the same places in both."""
    visitor = visit(language, width=390, height=844).sign_in()
    visitor.allowed.add("404")
    page = visitor.page
    page.on("request", lambda request: visitor.complaints.append(f"asked for {request.url}")
            if request.url.endswith("/x") else None)
    found = ids(shop)
    for name in HOSTILE[language == "ar"::2]:
        spoil(shop, found["customer"], name)
        for path in PAGES[len(OUTSIDE):]:
            visitor.open(path.format(**found))
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, (name, path)
        shown = page.goto(shop.pages + f"/customers/{found['customer']}")
        assert shown is not None
        assert name.strip() in page.locator("h1").first.inner_text() or "\u202e" in name
        assert page.locator("h1 img, h1 script").count() == 0
        assert breaches(page) == []


def spoil(shop: Shop, customer: str, name: str) -> None:
    """Call the store, a customer, their city and every segment by a hostile name."""
    with shop.app.app_context(), db.engine.begin() as connection:
        connection.execute(update(Store).values(name=name))
        connection.execute(update(Segment).values(name=name, description=name * 3))
        row = connection.execute(select(Customer.number).where(Customer.orders_count > 6).limit(1)).scalar_one()
        connection.execute(update(Customer).where(Customer.number == row).values(
            first_name=name, first_name_folded=fold(name), last_name=None, city=name, city_folded=fold(name),
            email=name, email_folded=fold(name)))
        assert customer


def test_hostile_text_in_the_builder_stays_text(visit: Callable[..., Visitor], shop: Shop) -> None:
    visitor = visit().sign_in().open("/segments/new")
    builder, page = Builder(visitor), visitor.page
    row = builder.row(0)
    builder.choose(row, "Field", "City").choose(row, "Comparison", "is any of")
    for name in HOSTILE:
        adding = row.get_by_label("Add a value", exact=True)
        adding.fill(name)
        adding.press("Enter")
        builder.settle()
    assert row.locator(".chip").count() == len(HOSTILE)
    assert builder.total == 0
    assert "{{7*7}}" in builder.sentence
    for _ in range(len(HOSTILE)):
        row.locator(".chip-drop").first.click()
        builder.settle()
    assert row.locator(".chip").count() == 0
    assert breaches(page) == []
