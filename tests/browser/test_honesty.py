"""What the builder says of what it does not know: missing values, dates, unfinished and odd rules, other people."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import func, select

from segmentation.extensions import db
from segmentation.models import Customer, Segment
from tests.browser.building import Builder, as_number
from tests.browser.conftest import EDITOR, VIEWER, Shop, Visitor


def without_city(shop: Shop) -> int:
    """How many customers have no city."""
    with shop.app.app_context():
        return db.session.execute(select(func.count()).select_from(Customer).where(
            Customer.store_id == shop.store_id, Customer.city.is_(None))).scalar_one()


def test_those_without_a_value_are_seen_and_can_be_left_out(visit: Callable[..., Visitor], shop: Shop) -> None:
    visitor = visit().sign_in().open("/segments/new")
    builder, page = Builder(visitor), visitor.page
    row = builder.row(0)
    builder.choose(row, "Field", "City").choose(row, "Comparison", "is not").enter(row, "Riyadh")
    missing = without_city(shop)
    assert f"{missing} customers have no City – included" in row.locator(".facts").inner_text()
    total = builder.total or 0
    builder.press(row, "Leave them out")
    assert builder.total == total - missing
    assert "left out" in row.locator(".facts").inner_text()
    assert "(and has a value)" in builder.sentence
    builder.press(row, "Include them")
    assert builder.total == total
    assert page.locator("#announcement").inner_text() == f"{total} of 600 customers match."


def test_dates_show_their_window_in_the_store_s_time(visit: Callable[..., Visitor], language: str) -> None:
    visitor = visit(language).sign_in().open("/segments/new")
    builder = Builder(visitor)
    row = builder.row(0)
    builder.choose(row, "Field", "Last order")
    assert row.get_by_label(visitor.says("Unit"), exact=True).input_value() == "days"
    builder.enter(row, "30", "How many")
    facts = row.locator(".facts").inner_text()
    assert visitor.says("{zone} time", zone="Riyadh") in facts
    assert visitor.says("from {start} until {end}", start="", end="").split()[0] in facts


def test_nothing_is_counted_for_what_is_not_valid_and_nobody_is_scolded(visit: Callable[..., Visitor]) -> None:
    visitor = visit().sign_in().open("/segments/new?starter=vip")
    builder, page = Builder(visitor), visitor.page
    added = builder.add_condition(builder.group(0))
    assert builder.total is None
    assert builder.count(builder.group(0)) is None
    assert builder.count(builder.row(0))
    assert builder.count(builder.group(1))
    assert page.locator(".mistake").count() == 0
    row = page.locator("fieldset.condition", has=added.locator("select")).last
    row = builder.row(1)
    builder.choose(row, "Field", "Total spent").enter(row, "many")
    assert row.locator(".mistake").inner_text().strip() == "Enter a number."
    typing = row.locator(".mistake").evaluate("(each) => getComputedStyle(each).color")
    page.locator("#name").focus()
    left = row.locator(".mistake").evaluate("(each) => getComputedStyle(each).color")
    assert typing != left, "it only turns red once one has left the row"
    builder.enter(row, "1,500")
    assert builder.total is not None
    builder.enter(row, "١٥٠٠")
    assert builder.total is not None
    assert row.get_by_label("Value", exact=True).input_value() == "١٥٠٠"


def test_what_is_unfinished_is_not_saved_and_is_pointed_at(visit: Callable[..., Visitor]) -> None:
    visitor = visit().sign_in().open("/segments/new")
    visitor.allowed.add("422")
    builder, page = Builder(visitor), visitor.page
    page.locator("#save").click()
    builder.settle()
    assert "Give the segment a name." in page.locator("#name-fault").inner_text()
    assert "Choose a field." in page.locator("#unsaved").inner_text()
    page.locator("#name").fill("Everyone in Riyadh")
    row = builder.row(0)
    builder.choose(row, "Field", "City").enter(row, "Riyadh")
    assert page.locator("#unsaved").count() == 0
    page.locator("#save").click()
    page.wait_for_url("**/segments/*-*/")


def edited_by_two(visit: Callable[..., Visitor], shop: Shop, language: str) -> Visitor:
    """Whoever saved second, after an editor who reads that language: their page tells of the other version."""
    with shop.app.app_context():
        row = db.session.scalars(select(Segment).where(Segment.name == "VIP Customers")).one()
        path = f"/segments/{row.id}/edit"
    mine, theirs = visit().sign_in().open(path), visit(language).sign_in(EDITOR).open(path)
    mine.allowed.add("412")
    for visitor, number in ((theirs, "7"), (mine, "9")):
        builder = Builder(visitor)
        builder.enter(builder.row(0), number)
        visitor.page.locator("#save").click()
        if visitor is theirs:
            visitor.page.wait_for_url("**/segments/*-*/")
    return mine


def test_two_people_edit_and_nothing_is_lost(visit: Callable[..., Visitor], shop: Shop) -> None:
    """The second to save meets both versions, may take either, and undo brings the other back."""
    mine = edited_by_two(visit, shop, "ar")
    builder, page = Builder(mine), mine.page
    page.wait_for_selector("#conflict")
    conflict = page.locator("#conflict").inner_text()
    assert "at least 9" in conflict
    assert "at least 7" in conflict
    page.locator("#take-theirs").click()
    builder.settle()
    assert builder.row(0).get_by_label("Value", exact=True).input_value() == "7"
    builder.press(page, "Undo")
    assert builder.row(0).get_by_label("Value", exact=True).input_value() == "9"
    page.locator("#save").click()
    page.wait_for_url("**/segments/*-*/")
    assert "at least 9" in page.locator(".sentence").first.inner_text()
    page.get_by_role("link", name="History").click()
    assert page.locator("li.card").count() == 3


def test_keeping_mine_overwrites_only_when_asked_to(visit: Callable[..., Visitor], shop: Shop) -> None:
    mine = edited_by_two(visit, shop, "en")
    builder, page = Builder(mine), mine.page
    page.locator("#keep-mine").click()
    builder.settle()
    page.locator("#save").click()
    page.wait_for_url("**/segments/*-*/")
    assert "at least 9" in page.locator(".sentence").first.inner_text()


def test_a_viewer_sees_everything_and_changes_nothing(visit: Callable[..., Visitor], shop: Shop) -> None:
    visitor = visit().sign_in(VIEWER).open("/segments/new?starter=vip")
    builder, page = Builder(visitor), visitor.page
    assert builder.total
    assert page.locator("#save").count() == 0
    visitor.open("/segments/")
    assert page.get_by_role("switch").count() == 0
    assert page.get_by_role("link", name="New segment").count() == 0


def test_a_segment_whose_rules_no_longer_fit_says_so(visit: Callable[..., Visitor], shop: Shop) -> None:
    with shop.app.app_context():
        row = db.session.scalars(select(Segment).where(Segment.name == "VIP Customers")).one()
        row.rules = {"id": "root", "logic": "AND", "groups": [], "conditions": [
            {"id": "c1", "field": "attributes.gone", "operator": "equals", "value": "x"}]}
        db.session.flush()
        db.session.connection().exec_driver_sql("COMMIT")
        path = f"/segments/{row.id}"
        db.session.remove()
    visitor = visit().sign_in().open("/segments/")
    page = visitor.page
    item = page.locator(".segment-item", has_text="VIP Customers")
    assert "Needs attention" in item.inner_text()
    visitor.open(path + "/")
    assert "no longer fit" in page.locator("main").inner_text()
    visitor.open(path + "/edit")
    assert Builder(visitor).total is None
    assert page.locator(".mistake").inner_text().strip() == "Choose a field."


def test_numbers_say_what_they_are(visit: Callable[..., Visitor]) -> None:
    visitor = visit("ar").sign_in().open("/segments/new?starter=vip")
    text = visitor.page.locator("main").inner_text()
    assert not set(text) & set("٠١٢٣٤٥٦٧٨٩"), "digits are Latin in both languages"
    assert as_number(visitor.page.locator("#total").inner_text())
