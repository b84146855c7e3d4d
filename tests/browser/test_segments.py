"""From nothing to a segment, its people, its file, its changes: what a merchant does, in both languages."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from segmentation.extensions import db
from segmentation.models import Customer
from segmentation.rules.sentences import number_in_words
from tests.browser.building import Builder, as_number
from tests.browser.conftest import Shop, Visitor

GOOD = ("Champions", "Loyal Customers")


def expected(shop: Shop, *tests: object) -> int:
    """How many customers of the shop pass all tests, asked of the database."""
    with shop.app.app_context():
        return db.session.execute(
            select(func.count()).select_from(Customer).where(Customer.store_id == shop.store_id, *tests)  # type: ignore
        ).scalar_one()


def build_vip(builder: Builder) -> None:
    """Five orders or more, and Champions or Loyal Customers; by mouse, from nothing."""
    row = builder.row(0)
    builder.choose(row, "Field", "Number of orders").enter(row, "5")
    builder.press(builder.group(0), "Add group")
    inner = builder.group(1)
    first = builder.row(1)
    for place, label in enumerate(GOOD):
        row = first if place == 0 else builder.add_condition(inner)
        builder.choose(row, "Field", "RFM segment").choose(row, "Comparison", "is")
        with_count = row.get_by_label(builder.says("Value"), exact=True)
        code = with_count.locator("option").filter(has_text=builder.says(label)).get_attribute("value")
        with_count.select_option(value=code)
        builder.settle()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_segment_from_nothing_by_mouse(visit: Callable[..., Visitor], shop: Shop, language: str) -> None:
    visitor = visit(language).sign_in().open("/segments/new")
    builder, page = Builder(visitor), visitor.page
    assert builder.total is None
    build_vip(builder)

    good = expected(shop, Customer.orders_count >= 5, Customer.segment.in_(GOOD))
    assert builder.total == good > 0
    assert builder.count(builder.row(0)) == expected(shop, Customer.orders_count >= 5)
    for place, label in enumerate(GOOD, 1):
        assert builder.count(builder.row(place)) == expected(shop, Customer.segment == label)
    assert builder.count(builder.group(1)) == expected(shop, Customer.segment.in_(GOOD))
    assert builder.count(builder.group(0)) == good
    words = {"en": "Number of orders is at least 5 and (RFM segment is Champions or RFM segment is Loyal Customers)",
             "ar": "عدد الطلبات لا يقل عن 5 و(شريحة RFM يساوي الأبطال أو شريحة RFM يساوي العملاء الأوفياء)"}
    assert builder.sentence == words[language]
    page.wait_for_selector("#people .people li")
    assert page.locator("#people .people li").count() == min(5, good)

    page.get_by_label(visitor.says("Name of the segment")).fill("كبار العملاء · VIP")
    builder.page.locator("#save").click()
    page.wait_for_url("**/segments/*-*/")
    assert visitor.says("“{name}” is saved.", name="كبار العملاء · VIP") in page.locator("#notices").inner_text()
    assert as_number(page.locator("#customers-title").inner_text()) == good
    visitor.open("/segments/")
    item = page.locator(".segment-item").first
    assert "كبار العملاء · VIP" in item.inner_text()
    assert words[language] in item.inner_text()
    assert as_number(item.locator(".segment-total").inner_text()) == good


def test_a_segment_lives(visit: Callable[..., Visitor], shop: Shop) -> None:
    """Listed, opened, paged, exported, edited with its difference before it is saved, undone, restored."""
    visitor = visit().sign_in().open("/segments/?search=one-time")
    page = visitor.page
    assert page.locator(".segment-item").count() == 1
    page.get_by_role("link", name="One-time Buyers", exact=True).click()
    total = as_number(page.locator("#customers-title").inner_text())
    assert total
    assert total > 25
    first = page.locator("tbody tr").first.inner_text()
    page.get_by_role("link", name="Next").click()
    assert page.locator("tbody tr").first.inner_text() != first
    page.get_by_role("link", name="Previous").click()
    assert page.locator("tbody tr").first.inner_text() == first

    page.locator("#export-menu summary").click()
    page.get_by_label("CSV").check()
    with page.expect_download() as download:
        page.locator("#export-menu button").click()
    rows = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert download.value.suggested_filename == "One-time Buyers.csv"
    assert len(rows) == total + 1
    assert "Customer number" in rows[0]

    page.get_by_role("link", name="Edit", exact=True).click()
    builder = Builder(visitor)
    assert builder.total == total
    assert page.locator("#difference").count() == 0
    builder.enter(builder.row(0), "2")
    twice = expected(shop, Customer.orders_count == 2)
    difference = page.locator("#difference").inner_text()
    assert f"+{number_in_words(builder.total or 0, 'en')}" in difference
    assert f"−{number_in_words(total, 'en')}" in difference
    assert 0 < (builder.total or 0) <= twice
    builder.press(page, "Undo")
    assert builder.total == total
    builder.press(page, "Redo")
    assert builder.row(0).get_by_label("Value", exact=True).input_value() == "2"
    changed = builder.total
    page.locator("#save").click()
    page.wait_for_url("**/segments/*-*/")
    assert as_number(page.locator("#customers-title").inner_text()) == changed
    page.get_by_role("link", name="History").click()
    page.get_by_role("button", name="Restore Version 1").click()
    assert as_number(page.locator("#customers-title").inner_text()) == total
    page.locator("#notices").get_by_role("button", name="Undo").click()
    assert as_number(page.locator("#customers-title").inner_text()) == changed


def more(page: Any, name: str) -> Any:
    """The menu of a segment in the list."""
    item = page.locator(".segment-item", has=page.get_by_role("link", name=name, exact=True))
    return item.locator("summary")


def test_archive_restore_copy_and_switch(visit: Callable[..., Visitor]) -> None:
    visitor = visit().sign_in().open("/segments/")
    page = visitor.page
    count = page.locator(".segment-item").count()
    more(page, "VIP Customers").click()
    page.get_by_role("button", name="Duplicate").locator("visible=true").click()
    assert page.locator(".segment-item").count() == count + 1
    assert "VIP Customers (2)" in page.locator(".segment-item").first.inner_text()
    more(page, "VIP Customers (2)").click()
    page.get_by_role("button", name="Archive").locator("visible=true").click()
    assert page.locator(".segment-item").count() == count
    page.locator("#notices").get_by_role("button", name="Undo").click()
    assert page.locator(".segment-item").count() == count + 1
    page.get_by_role("switch", name="Active: VIP Customers (2)").click()
    assert "switched off" in page.locator("#notices").inner_text()
    assert page.get_by_role("switch", name="Active: VIP Customers (2)").get_attribute("aria-checked") == "false"


def test_why_somebody_is_in_and_is_not(visit: Callable[..., Visitor]) -> None:
    visitor = visit().sign_in().open("/segments/")
    page = visitor.page
    page.get_by_role("link", name="VIP Customers", exact=True).click()
    page.locator("tbody tr").first.get_by_role("link", name="Why?").click()
    assert "Is in this segment" in page.locator("main").inner_text()
    page.get_by_role("link", name="To the customer").click()
    page.wait_for_selector("text=Why not in")
    assert "VIP Customers" in page.locator("section", has=page.locator("#in-segments")).inner_text()
    page.locator("summary", has_text="Why not in").click()
    page.get_by_role("link", name="One-time Buyers", exact=True).click()
    assert "Is not in this segment" in page.locator("main").inner_text()


def test_the_grid_and_the_labels_open_the_builder_with_their_rule(visit: Callable[..., Visitor]) -> None:
    visitor = visit().sign_in()
    page = visitor.page
    cell = page.locator("a.cell").first
    people = as_number(cell.locator(".num").first.inner_text())
    cell.click()
    builder = Builder(visitor)
    assert builder.total == people
    assert "Recency score is 5" in builder.sentence
    visitor.open("/")
    row = page.locator(".bar-row", has=page.get_by_role("link", name="Champions"))
    champions = as_number(row.locator(".num").inner_text())
    row.get_by_role("link").click()
    assert Builder(visitor).total == champions


def test_a_starter_waits_for_what_only_the_shop_knows(visit: Callable[..., Visitor]) -> None:
    visitor = visit().sign_in().open("/segments/")
    page = visitor.page
    page.get_by_role("link", name="Never bought a category").click()
    builder = Builder(visitor)
    assert builder.total is None
    assert builder.count(builder.row(0))
    assert page.locator(".unfinished").count() == 1
    adding = page.get_by_label("Add a value", exact=True)
    adding.click()
    adding.press_sequentially("perf", delay=20)
    page.wait_for_function("() => document.querySelectorAll('#suggestions option').length > 0")
    assert page.locator("#suggestions option").first.get_attribute("value") == "Perfumes"
    adding.fill("Perfumes")
    adding.press("Enter")
    builder.settle()
    assert page.locator(".chip").inner_text().strip() == "Perfumes"
    assert builder.total
    assert builder.total > 0
    assert page.get_by_label("Add a value", exact=True).input_value() == ""


def test_customers_are_found_while_one_types(visit: Callable[..., Visitor], shop: Shop) -> None:
    visitor = visit().sign_in().open("/customers/")
    page = visitor.page
    everyone = as_number(page.locator("#found-title").inner_text())
    assert everyone == expected(shop)
    page.get_by_role("searchbox").press_sequentially("C100001", delay=30)
    page.wait_for_function("() => document.querySelector('#found-title').innerText.startsWith('One')")
    page.locator("tbody a").first.click()
    assert page.locator("h1").inner_text()
    assert "C100001" in page.locator("main").inner_text()
