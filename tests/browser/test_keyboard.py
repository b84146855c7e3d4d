"""The keyboard alone is enough, in both languages and both directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.building import Builder
from tests.browser.conftest import Visitor

FOCUSED = "document.activeElement"


class Keys:
    """Someone with a keyboard and no mouse."""

    def __init__(self, visitor: Visitor) -> None:
        self.page = visitor.page
        self.builder = Builder(visitor)
        self.says = visitor.says

    def focused(self, expression: str) -> Any:
        """Something about the element that has the focus."""
        return self.page.evaluate(f"{FOCUSED}.{expression}")

    def tab_to(self, *, id_ends: str = "", id: str = "", most: int = 80) -> Keys:
        """Press Tab until an element has the focus."""
        for _ in range(most):
            found = self.focused("id")
            if (id and found == id) or (id_ends and found.endswith(id_ends)):
                return self
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never came to {id or id_ends}")

    def select(self, words: str) -> Keys:
        """Walk down the focused list to an option; its count may follow its words."""
        places = self.page.evaluate(f"[...{FOCUSED}.options].map((option) => option.text)")
        place = next(n for n, text in enumerate(places) if text.split(" (")[0] == self.says(words))
        for _ in range(place - self.page.evaluate(f"{FOCUSED}.selectedIndex")):
            self.page.keyboard.press("ArrowDown")
        self.builder.settle()
        return self

    def type(self, text: str) -> Keys:
        """Type, and wait for the counts."""
        self.page.keyboard.type(text, delay=30)
        self.builder.settle()
        return self

    def enter(self) -> Keys:
        """Press what has the focus."""
        self.page.keyboard.press("Enter")
        self.builder.settle()
        return self


def test_the_vip_segment_by_keyboard_alone(visit: Callable[..., Visitor], language: str) -> None:
    visitor = visit(language).sign_in().open("/segments/new")
    keys = Keys(visitor)
    keys.tab_to(id="name").type("VIP")
    keys.tab_to(id_ends="-field").select("Number of orders")
    keys.tab_to(id_ends="-value-number").type("5")
    keys.tab_to(id="n-root-add-group").enter()
    assert keys.focused("id").endswith("-field"), "the new row has the focus"
    keys.select("RFM segment").tab_to(id_ends="-operator")
    while keys.page.evaluate(f"{FOCUSED}.value") != "equals":
        keys.page.keyboard.press("ArrowUp")
    keys.builder.settle()
    keys.tab_to(id_ends="-value-select").select("Champions")
    keys.tab_to(id_ends="-add-condition").enter()
    keys.select("RFM segment").tab_to(id_ends="-operator")
    while keys.page.evaluate(f"{FOCUSED}.value") != "equals":
        keys.page.keyboard.press("ArrowUp")
    keys.builder.settle()
    keys.tab_to(id_ends="-value-select").select("Loyal Customers")
    assert keys.builder.total
    assert keys.builder.total > 0
    total = keys.builder.total
    keys.page.keyboard.press("Control+s")
    keys.page.wait_for_url("**/segments/*-*/")
    assert str(total) in keys.page.locator("#customers-title").inner_text().replace(",", "")


def rows(builder: Builder) -> list[str]:
    """The fields of the rows, from top to bottom."""
    selects = builder.page.locator("select[id$='-field']").all()
    return [str(each.evaluate("(select) => select.value")) for each in selects]


def test_rows_move_by_keyboard_and_the_move_is_undone(visit: Callable[..., Visitor], language: str) -> None:
    """Up, down, into the next group and out again; the arrows follow the direction of the writing."""
    visitor = visit(language).sign_in().open("/segments/new?starter=vip")
    keys, page = Keys(visitor), visitor.page
    builder = keys.builder
    start = rows(builder)
    total = builder.total
    into, out = ("ArrowRight", "ArrowLeft") if language == "en" else ("ArrowLeft", "ArrowRight")
    page.locator("#n-c1-value-number").focus()
    page.keyboard.press(f"Alt+Shift+{into}")
    builder.settle()
    assert builder.group(1).locator("fieldset.condition").count() == 3
    assert builder.total != total
    assert "n-c1" in keys.focused("closest('[data-node]').id"), "the focus moves along"
    page.keyboard.press("Alt+Shift+ArrowUp")
    builder.settle()
    assert rows(builder) == ["segment", "orders_count", "segment"]
    page.keyboard.press(f"Alt+Shift+{out}")
    builder.settle()
    assert rows(builder) == start
    assert builder.total == total
    for _ in range(3):
        page.keyboard.press("Control+z")
        builder.settle()
    assert rows(builder) == start
    page.keyboard.press("Control+Shift+z")
    builder.settle()
    assert builder.group(1).locator("fieldset.condition").count() == 3


def test_menus_close_with_escape_and_give_the_focus_back(visit: Callable[..., Visitor]) -> None:
    visitor = visit().sign_in().open("/segments/new?starter=vip")
    page = visitor.page
    menu = page.locator("#n-c1-menu")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    assert menu.get_attribute("open") is not None
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert menu.get_attribute("open") is None
    assert page.evaluate("document.activeElement.parentElement.id") == "n-c1-menu"


def test_the_editing_of_groups_and_rows(visit: Callable[..., Visitor]) -> None:
    """Duplicate, negate, join otherwise, group, switch off, remove: the counts follow, undo takes it back."""
    visitor = visit().sign_in().open("/segments/new?starter=vip")
    builder, page = Builder(visitor), visitor.page
    total, everyone = builder.total, 600
    builder.group(0).get_by_label("Not").first.check()
    builder.settle()
    assert builder.total == everyone - (total or 0)
    builder.press(page, "Undo")
    assert builder.total == total
    assert not builder.group(0).get_by_label("Not").first.is_checked()
    builder.group(1).get_by_role("radio", name="All (AND)").check()
    builder.settle()
    assert builder.total == 0
    assert "cannot both be true" in " ".join(page.locator(".lint").all_inner_texts())
    assert "Nobody matches now" in page.locator("#people").inner_text()
    builder.press(page, "Undo").menu(builder.group(1), "Duplicate")
    assert page.locator("fieldset.group").count() == 3
    assert builder.total == total
    builder.menu(builder.row(0), "Put into a group of its own")
    assert page.locator("fieldset.group").count() == 4
    builder.press(page, "Undo").press(page, "Undo")
    assert page.locator("fieldset.group").count() == 2
    builder.menu(builder.row(0), "Switch off for now")
    assert builder.total == builder.count(builder.group(1))
    page.locator("#save").click()
    builder.settle()
    assert "switched off" in page.locator("#unsaved").inner_text()
    visitor.allowed.add("422")
    builder.menu(builder.row(0), "Switch on")
    assert builder.total == total
    page.locator("#n-c1-remove").click()
    builder.settle()
    assert builder.total == builder.count(builder.group(0)) != total
    assert "add-condition" in page.evaluate("document.activeElement.id")
