"""Reading a page as a browser does: which inputs a form would post, which ids there are, what an element says."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
Attributes = dict[str, str]


class Element:
    """An element with its attributes and its text."""

    def __init__(self, tag: str, attributes: Attributes, above: tuple[Element, ...]) -> None:
        self.tag, self.attributes, self.above = tag, attributes, above
        self.pieces: list[str] = []
        self.options: list[Element] = []

    @property
    def text(self) -> str:
        """What it says, white space run together."""
        return " ".join("".join(self.pieces).split())

    def get(self, name: str) -> str:
        """An attribute; empty when it has none of that name."""
        return self.attributes.get(name, "")

    def is_in(self, tag: str) -> bool:
        """Whether it stands inside such an element."""
        return any(each.tag == tag for each in self.above)


class Page(HTMLParser):
    """A page, or a part of one."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.markup = markup
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open))
        self.elements.append(element)
        if tag == "option" and (select := next((each for each in self._open if each.tag == "select"), None)):
            select.options.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.pieces.append(data)

    @property
    def is_closed(self) -> bool:
        """Whether every element that was opened was closed."""
        return not self._open

    @property
    def ids(self) -> list[str]:
        """Every id, in the order of the page."""
        return [each.attributes["id"] for each in self.elements if "id" in each.attributes]

    def find(self, identifier: str) -> Element | None:
        """The element of that id."""
        return next((each for each in self.elements if each.get("id") == identifier), None)

    def one(self, identifier: str) -> Element:
        """Likewise, where there must be one."""
        found = self.find(identifier)
        assert found is not None, identifier
        return found

    def of_tag(self, tag: str) -> list[Element]:
        """Every element of that sort."""
        return [each for each in self.elements if each.tag == tag]

    def posted(self, form: str = "builder") -> list[tuple[str, str]]:
        """What the form would post as it stands, without a button."""
        inside = [each for each in self.elements if any(outer.get("id") == form for outer in each.above)]
        return [pair for each in inside if each.get("name") and "disabled" not in each.attributes
                for pair in self._of_control(each)]

    def _of_control(self, control: Element) -> list[tuple[str, str]]:
        name, kind = control.get("name"), control.get("type")
        if control.tag == "input" and kind in ("checkbox", "radio"):
            return [(name, control.attributes.get("value", "on"))] if "checked" in control.attributes else []
        if control.tag == "input":
            value = re.sub(r"[\r\n]", "", control.get("value"))
            return [(name, value if kind != "date" or _is_day(value) else "")]
        if control.tag == "select":
            chosen = [each for each in control.options if "selected" in each.attributes] or control.options[:1]
            return [(name, each.get("value")) for each in chosen]
        return []


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
