"""What a person does in the builder, in terms of what they see: rows, labels, counts."""

from __future__ import annotations

import re
from typing import Any

from tests.browser.conftest import Visitor

NOT_COUNTED = "–"


class Builder:
    """The builder before a visitor."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.page = visitor.page
        self.says = visitor.says
        self.root = self.page.locator("#builder")

    def settle(self) -> Builder:
        """Wait until what was done last is answered."""
        self.page.wait_for_timeout(250)
        self.visitor.rest()
        return self

    def row(self, place: int) -> Any:
        """The condition at a place of the page, from 0."""
        return self.page.locator("fieldset.condition").nth(place)

    def group(self, place: int) -> Any:
        """The group at a place of the page; 0 is the whole."""
        return self.page.locator("fieldset.group").nth(place)

    def choose(self, row: Any, label: str, option: str) -> Builder:
        """Choose an option, by its words, from a list of a row."""
        row.get_by_label(self.says(label), exact=True).first.select_option(label=self.says(option))
        return self.settle()

    def enter(self, row: Any, text: str, label: str = "Value") -> Builder:
        """Type a value into a row."""
        row.get_by_label(self.says(label), exact=True).first.fill(text)
        return self.settle()

    def press(self, within: Any, name: str) -> Builder:
        """Press a button."""
        within.get_by_role("button", name=self.says(name), exact=True).last.click()
        return self.settle()

    def add_condition(self, group: Any) -> Any:
        """Add a condition to a group; its row."""
        self.press(group, "Add condition")
        return self.page.locator("fieldset.condition:focus-within")

    def count(self, node: Any) -> int | None:
        """The count beside a row or group."""
        return as_number(node.locator("output").first.inner_text())

    @property
    def total(self) -> int | None:
        """The total."""
        return as_number(self.page.locator("#total").inner_text())

    @property
    def sentence(self) -> str:
        """The rules in words."""
        return str(self.page.locator("#sentence").inner_text())

    def menu(self, node: Any, name: str) -> Builder:
        """Choose from the menu of a row or group."""
        menu = node.locator("details.menu").filter(has=self.page.locator(".menu-body button[name=do]")).first
        if menu.get_attribute("open") is None:
            menu.locator("summary").click()
        menu.get_by_role("button", name=self.says(name), exact=True).click()
        return self.settle()


def as_number(text: str) -> int | None:
    """A number as the pages show it; None where there is none."""
    digits = re.sub(r"\D", "", text)
    return int(digits) if digits else None
