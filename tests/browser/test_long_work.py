"""Files of many rows in and out, as a merchant watches them: to the end, stopped, and gone on with after a kill."""

from __future__ import annotations

import csv
import io
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.building import as_number
from tests.browser.conftest import VIEWER, Shop, Visitor
from tests.jobs.shop import worker

ROWS, PEOPLE = 200_000, 50_000
LONG = 180_000  # milliseconds
HEADING = "Order number,Customer,Order Date,Status,Amount,Remark"


@pytest.fixture(scope="session")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orders with headings that are not ours, one column too many, and some that cannot be taken."""
    path = tmp_path_factory.mktemp("files") / "طلبات 2026.csv"
    amounts = ("ten" if n % 20_000 == 7 else f"{n % 500}.5" for n in range(ROWS))
    rows = (f"W{n},P{n % PEOPLE},2026-{1 + n % 10:02}-{1 + n % 28:02},completed,{amount},-"
            for n, amount in enumerate(amounts))
    path.write_text("\n".join((HEADING, *rows, "")), encoding="utf-8")
    return path


def upload(visitor: Visitor, path: Path) -> Any:
    """Upload a file of orders and come to the page that shows what it seems to hold."""
    page = visitor.open("/imports/").page
    page.get_by_label(visitor.says("Orders, with what was bought")).check()
    page.set_input_files("#file", path)
    page.get_by_role("button", name=visitor.says("Upload and look at it")).click()
    page.wait_for_selector(".check-table")
    return page


def press(visitor: Visitor, name: str) -> None:
    """Press a button of the page."""
    visitor.page.get_by_role("main").get_by_role("button", name=visitor.says(name), exact=True).click()


def figures(page: Any) -> list[int | None]:
    """Rows read, taken and rejected, as the page of a job shows them."""
    return [as_number(text) for text in page.locator("#job .figures dd").all_inner_texts()]


@pytest.mark.timeout(600)
def test_a_large_import_goes_on_after_its_worker_is_killed_and_its_customers_are_exported(
        visit: Callable[..., Visitor], shop: Shop, large_file: Path) -> None:
    visitor = visit("ar").sign_in()
    page = upload(visitor, large_file)
    chosen = page.locator(".check-table select").evaluate_all("(all) => all.map((each) => each.value)")
    assert chosen == ["order_id", "customer_id", "ordered_at", "status", "total", ""]
    assert page.locator(".check-table tbody tr").count() == 5
    with worker(shop.app) as first:
        press(visitor, "Import")
        page.wait_for_url("**/jobs/**")
        page.wait_for_selector("#job progress[value]", timeout=LONG)
        page.wait_for_function("() => document.querySelector('#job .figures dd')", timeout=LONG)
        first.send_signal(signal.SIGKILL)
        first.wait()
    before = figures(page)[0] or 0
    address = page.url
    visitor.open("/")
    with worker(shop.app):
        page.goto(address)
        page.wait_for_selector("#rejected", timeout=LONG)
        assert before < ROWS
        assert figures(page) == [ROWS, ROWS - 10, 10]
        assert page.locator("#job tbody tr").count() == 5
        with page.expect_download() as download:
            page.locator("#rejected").click()
        rejected = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
        assert [row[:2] for row in rejected[1:]] == [[str(n + 2), "total"] for n in range(7, ROWS, 20_000)]
        export_everyone(visitor, PEOPLE)


def export_everyone(visitor: Visitor, least: int) -> None:
    """Save a segment of all customers, export it, watch the job and count the rows of the file."""
    page = visitor.open("/segments/new").page
    page.fill("#name", "Everyone")
    page.locator(".condition .danger").click()
    page.wait_for_selector(".empty-root")
    page.wait_for_selector("#total[data-total]")
    page.locator("#save").click()
    page.wait_for_url("**/segments/*-*/")
    people = as_number(page.locator("#customers-title").inner_text())
    assert people
    assert people >= least
    page.locator("#export-menu summary").click()
    page.get_by_label("CSV").check()
    page.locator("#export-menu button").click()
    page.wait_for_url("**/jobs/**")
    page.wait_for_selector("#download", timeout=LONG)
    assert as_number(page.locator("#job p", has_text="Everyone.csv").inner_text().split("·")[0]) == people
    with page.expect_download() as download:
        page.locator("#download").click()
    assert download.value.suggested_filename == "Everyone.csv"
    assert len(list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))) == people + 1


@pytest.mark.timeout(600)
def test_an_import_is_stopped_and_what_was_taken_stays(
        visit: Callable[..., Visitor], shop: Shop, large_file: Path) -> None:
    visitor = visit().sign_in()
    page = upload(visitor, large_file)
    with worker(shop.app, pause=0.2, step=1):
        press(visitor, "Import")
        page.wait_for_function("() => document.querySelector('#job .figures dd')", timeout=LONG)
        press(visitor, "Stop")
        page.wait_for_selector("#job:not([hx-get])", timeout=LONG)
    assert "Stopped" in page.locator(".job-state").inner_text()
    read, taken, rejected = figures(page)
    assert read is not None
    assert 0 < read < ROWS
    assert read == (taken or 0) + (rejected or 0)


def test_the_columns_are_corrected_before_anything_is_written(
        visit: Callable[..., Visitor], shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Who;الجوال;Loves\nZQ-1;0501234567;tea\nZQ-2;0501234568;coffee\n", encoding="cp1256")
    visitor = visit().sign_in()
    visitor.allowed.add("422")
    page = visitor.open("/imports/").page
    page.set_input_files("#file", path)
    press(visitor, "Upload and look at it")
    page.wait_for_selector(".check-table")
    assert "CP1256 · semicolon" in page.locator(".page-head").inner_text()
    selects = page.locator(".check-table select")
    assert selects.evaluate_all("(all) => all.map((each) => each.value)") == ["", "mobile", ""]
    press(visitor, "Import")
    assert "Say which column of the file is: Customer number." in page.locator("main").inner_text()
    selects.nth(0).select_option("external_id")
    selects.nth(2).select_option("external_id")
    press(visitor, "Import")
    assert "cannot both be: Customer number." in page.locator("main").inner_text()
    selects.nth(2).select_option("tags")
    with worker(shop.app):
        press(visitor, "Import")
        page.wait_for_selector("#job:not([hx-get])", timeout=30_000)
    assert figures(page) == [2, 2, 0]
    visitor.open("/customers/?search=ZQ-2")
    page.locator("tbody a").first.click()
    assert "+966501234568" in page.locator("main").inner_text()
    assert "coffee" in page.locator("main").inner_text()


def test_what_is_no_csv_file_is_refused_at_once(visit: Callable[..., Visitor], tmp_path: Path) -> None:
    path = tmp_path / "really a workbook.csv"
    path.write_bytes(b"PK\x03\x04\x14\x00\x06\x00\x08\x00")
    visitor = visit().sign_in()
    visitor.allowed.add("422")
    page = visitor.open("/imports/").page
    page.set_input_files("#file", path)
    press(visitor, "Upload and look at it")
    assert "This is not a CSV file" in page.locator("[role=alert]").inner_text()
    viewer = visit().sign_in(VIEWER).open("/imports/")
    assert viewer.page.locator("#file").count() == 0
