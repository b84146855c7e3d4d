"""The settings of a store on their page, and making a store."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from segmentation import customers, limits
from segmentation.auth import operator_scope
from segmentation.extensions import db
from segmentation.facts.order_objects import read_orders
from segmentation.jobs import running
from segmentation.models import Job, Store
from segmentation.models.accounts import DEFAULT_COUNTED_STATUSES
from tests.pages.conftest import SQLITE, Visitor, World
from tests.pages.markup import Page

pytestmark = SQLITE
Fields = list[tuple[str, str]]


def settings(version: str = "1", statuses: tuple[str, ...] = DEFAULT_COUNTED_STATUSES, **other: str) -> Fields:
    """What the form posts."""
    given = {"version": version, "name": "Souq", "timezone": "Asia/Riyadh", "currency": "SAR", "country": "SA",
             "week_start": "6", "language": "en", "other_status": "", **other}
    return [*given.items(), *(("status", each) for each in statuses)]


def store_of(world: World) -> Store:
    """Store A as it is."""
    with world.app.app_context():
        row = db.session.get_one(Store, world.a)
        db.session.expunge(row)
        return row


def form_of(page: Page, action: str) -> Fields:
    """What the form with that address would post as it stands."""
    form = next(each for each in page.of_tag("form") if each.get("action").endswith(action))
    form.attributes["id"] = "the-form"
    return page.posted("the-form")


def test_the_form_posts_what_the_store_is(owner: Visitor, world: World) -> None:
    posted = form_of(owner.page("/settings/"), "/settings/store")
    before = store_of(world)
    answer = owner.post("/settings/store", posted)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/stores/{owner.store}/settings/")
    after = store_of(world)
    assert after.settings_version == 1, "nothing was changed"
    assert (after.name, after.counted_statuses) == (before.name, before.counted_statuses)


def test_settings_are_saved(owner: Visitor, world: World) -> None:
    fields = settings(name="Bazaar", timezone="Africa/Cairo", country="", week_start="0", language="ar",
                      statuses=("paid",), other_status="Picked up، with the courier")
    assert owner.post("/settings/store", fields).status_code == 303
    row = store_of(world)
    assert (row.name, row.timezone, row.country, row.week_start, row.language) == (
        "Bazaar", "Africa/Cairo", None, 0, "ar")
    assert row.counted_statuses == ["paid", "picked up", "with the courier"]
    page = owner.page("/settings/")
    assert "The settings are saved." in page.markup
    assert {value for name, value in form_of(page, "/settings/store") if name == "status"} == set(row.counted_statuses)


def test_only_what_was_read_is_overwritten(owner: Visitor, world: World) -> None:
    assert owner.post("/settings/store", settings(name="Bazaar")).status_code == 303
    late = owner.post("/settings/store", settings(name="Market"))
    assert late.status_code == 412
    page = Page(late.text)
    assert page.one("name").get("value") == "Market"
    assert "changed by someone else" in late.text
    assert store_of(world).name == "Bazaar"
    assert owner.post("/settings/store", form_of(page, "/settings/store")).status_code == 303
    assert store_of(world).name == "Market"
    for version in ("", "0", "-1", "²", "9" * 30, "x"):
        assert owner.post("/settings/store", settings(version, name="Other")).status_code == 412


@pytest.mark.parametrize(("given", "field"), [
    ({"name": " "}, "name"), ({"name": "a\x00"}, "name"), ({"timezone": "Nowhere"}, "timezone"),
    ({"currency": "?"}, "currency"), ({"country": "zz"}, "country"), ({"week_start": "7"}, "week_start"),
    ({"language": "fr"}, "language"), ({"other_status": "x" * 41}, "counted_statuses"),
])
def test_what_is_wrong_is_said_at_its_field(visit: Callable[..., Visitor], world: World, given: dict[str, str],
                                            field: str) -> None:
    visitor = visit("owner@a.example", language="ar")
    answer = visitor.post("/settings/store", settings(**given))
    assert answer.status_code == 422
    said = Page(answer.text).one(f"{field}-fault").text
    assert said
    assert not any("a" <= letter <= "z" for letter in said.replace("Asia/Riyadh", "").replace("IANA", ""))
    assert store_of(world).settings_version == 1


def test_others_see_the_settings_and_change_none(visit: Callable[..., Visitor]) -> None:
    page = visit("editor@a.example").page("/settings/")
    assert page.find("timezone") is None
    assert "Riyadh – Asia/Riyadh" in page.markup
    assert "Saturday" not in page.markup
    assert "Sunday" in page.markup


def test_a_large_store_is_changed_by_a_job_which_the_page_leads_to(
    owner: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CHANGED_AT_ONCE", 0)
    with world.app.app_context():
        scope = operator_scope(world.a)
        order = {"external_id": "1", "customer_id": "C1", "ordered_at": "2024-05-01", "total": 1, "status": "shipped"}
        customers.write_orders(scope, read_orders([order], "/orders", scope.settings.zone, "SAR"))
    answer = owner.post("/settings/store", settings(statuses=("paid",)))
    assert answer.status_code == 303
    job = answer.headers["Location"]
    assert job in owner.page("/settings/").markup
    assert owner.post("/settings/store", settings(name="Bazaar")).status_code == 409
    with world.app.app_context():
        running.run(db.session.scalars(select(Job.id).where(Job.kind == "settings")).one())
    page = owner.page(at=job)
    assert "Changing the settings" in page.markup
    assert "1 orders count differently · 1 customers affected" in page.markup
    assert job not in owner.page("/settings/").markup
    assert store_of(world).counted_statuses == ["paid"]


def test_a_store_is_made(visit: Callable[..., Visitor], world: World) -> None:
    viewer = visit("viewer@a.example")
    assert "/stores/new" in viewer.page("/").markup
    posted = dict(form_of(viewer.page(at="/stores/new"), "/stores/new"))
    assert posted["week_start"] == ""
    cairo = {"name": "سوق", "timezone": "Africa/Cairo", "currency": "EGP", "country": "EG", "status": "paid"}
    answer = viewer.post(at="/stores/new", fields={**posted, **cairo})
    assert answer.status_code == 303
    made = viewer.get(at=answer.headers["Location"])
    assert made.status_code == 200
    assert "سوق" in made.text
    assert viewer.get(at=answer.headers["Location"].replace("imports", "people")).status_code == 200
    assert visit("owner@a.example").get(at=answer.headers["Location"]).status_code == 404


def test_a_store_that_makes_no_sense_is_not_made(owner: Visitor, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = owner.post(at="/stores/new", fields=settings(name="", timezone="Nowhere"))
    page = Page(answer.text)
    assert answer.status_code == 422
    assert page.one("name-fault").text
    assert page.one("timezone-fault").text
    monkeypatch.setattr(limits, "STORES", 1)
    answer = owner.post(at="/stores/new", fields=settings())
    assert (answer.status_code, "at most 1 stores" in answer.text) == (409, True)
    with world.app.app_context():
        assert len(db.session.scalars(select(Store.id)).all()) == 2


def test_whoever_has_no_store_can_make_one(world: World, visit: Callable[..., Visitor]) -> None:
    visitor = visit("viewer@a.example")
    assert visitor.post("/people/leave").status_code == 303
    page = visitor.page(at="/")
    assert any(link.get("href") == "/stores/new" for link in page.of_tag("a"))
