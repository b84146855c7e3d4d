"""The builder without JavaScript: less lively, and complete."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.building import as_number
from tests.browser.conftest import Visitor


def test_a_segment_without_script(visit: Callable[..., Visitor], language: str) -> None:
    visitor = visit(language, js=False).sign_in().open("/segments/new")
    page = visitor.page

    def again() -> None:
        page.locator("noscript button, button.button[value=update]").locator("visible=true").first.click()

    page.locator("#name").fill("Without script")
    page.locator("select[id$='-field']").select_option(value="orders_count")
    again()
    page.locator("input[id$='-value-number']").fill("5")
    page.locator("#n-root-add-group").click()
    assert page.locator("#name").input_value() == "Without script"
    page.locator("select[id$='-field']").nth(1).select_option(value="city")
    again()
    page.locator("select[id$='-operator']").nth(1).select_option(value="in")
    again()
    for city in ("Riyadh", "الرياض"):
        page.locator(".adding").fill(city)
        page.locator(".adding").press("Enter")
    assert page.locator(".chip").count() == 2
    total = as_number(page.locator("#total").inner_text())
    assert total
    assert total > 0
    page.locator("button[value=undo]").click()
    assert page.locator(".chip").count() == 1
    page.locator("button[value=redo]").click()
    page.locator("#save").click()
    assert as_number(page.locator("#customers-title").inner_text()) == total
    assert visitor.says("“{name}” is saved.", name="Without script") in page.locator("#notices").inner_text()


def test_what_is_wrong_is_said_without_script(visit: Callable[..., Visitor]) -> None:
    visitor = visit(js=False).sign_in().open("/segments/new")
    visitor.allowed.add("422")
    page = visitor.page
    page.locator("#save").click()
    assert "Give the segment a name." in page.locator("main").inner_text()
    assert "Choose a field." in page.locator("#unsaved").inner_text()
