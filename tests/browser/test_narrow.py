"""A phone: the whole way from nothing to a segment, at 390 pixels."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.building import Builder
from tests.browser.conftest import Visitor
from tests.browser.test_segments import build_vip


def test_a_segment_on_a_phone(visit: Callable[..., Visitor], language: str) -> None:
    visitor = visit(language, width=390, height=844).sign_in().open("/segments/new")
    builder, page = Builder(visitor), visitor.page
    build_vip(builder)
    assert builder.total
    assert builder.total > 0
    small = page.evaluate("""() => [...document.querySelectorAll('main button, main summary, main select, main input')]
        .filter((each) => each.checkVisibility({visibilityProperty: true}) && !each.closest('.unseen')
                && !each.matches('.unseen, [type=radio], [type=checkbox]') && each.getBoundingClientRect().height < 24)
        .map((each) => each.outerHTML.slice(0, 80))""")
    assert small == [], "everything is large enough for a finger"
    page.locator("#name").fill("VIP")
    page.locator("#save").click()
    page.wait_for_url("**/segments/*-*/")
