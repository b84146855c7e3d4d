"""Typing is never disturbed: no answer that comes late takes a letter, the focus or the caret away."""

from __future__ import annotations

import random
from collections.abc import Callable
from time import sleep
from typing import Any

import pytest
from flask import request

from tests.browser.building import Builder
from tests.browser.conftest import Shop, Visitor, playwright_api

TEXT = "abcdefghijklmnopqrstuvwxyz0123456789ABCD"
PER_SECOND = 12
SLOWEST = 0.4
RUNS = 20


@pytest.fixture
def slow_shop(shop: Shop) -> Shop:
    """The shop, each of whose answers to the builder takes its own time, up to 400 ms."""
    chance = random.Random(4)

    def wait() -> None:
        if request.method == "POST" and request.path.endswith("/new"):
            sleep(chance.uniform(0, SLOWEST))

    shop.app.before_request_funcs.setdefault(None, []).append(wait)
    return shop


def caret(page: Any) -> tuple[str, int]:
    """The id of what has the focus, and where the caret stands."""
    found = page.evaluate("[document.activeElement.id, document.activeElement.selectionStart]")
    return found[0], found[1]


@pytest.mark.timeout(600)
def test_no_letter_is_lost_while_answers_are_late(visit: Callable[..., Visitor], slow_shop: Shop) -> None:
    visitor = visit(at=slow_shop).sign_in().open("/segments/new")
    builder, page = Builder(visitor), visitor.page
    row = builder.row(0)
    builder.choose(row, "Field", "City")
    value = row.get_by_label("Value", exact=True)
    identifier = value.get_attribute("id")
    for run in range(RUNS):
        value.focus()
        value.fill("")
        page.keyboard.type(TEXT[:30], delay=1000 / PER_SECOND)
        # Go back into the middle, as one does to mend something, and type on.
        for _ in range(5):
            page.keyboard.press("ArrowLeft")
        page.keyboard.type(TEXT[30:], delay=1000 / PER_SECOND)
        assert value.input_value() == TEXT[:25] + TEXT[30:] + TEXT[25:30], f"run {run}"
        assert caret(page) == (identifier, 35), f"run {run}"
    builder.settle()
    assert value.input_value() == TEXT[:25] + TEXT[30:] + TEXT[25:30]
    assert builder.total == 0


def test_an_answer_that_was_overtaken_is_never_shown(visit: Callable[..., Visitor], shop: Shop) -> None:
    """Each answer is slower than the one after it, and still the counts on screen only ever belong to what is typed."""
    waits = {"1": 1.2, "12": 0.8, "123": 0.0}

    def wait() -> None:
        typed = next((value for name, value in request.form.items() if name.endswith(".value")), "")
        sleep(waits.get(typed, 0))

    shop.app.before_request_funcs.setdefault(None, []).append(wait)
    visitor = visit().sign_in().open("/segments/new")
    builder, page = Builder(visitor), visitor.page
    row = builder.row(0)
    builder.choose(row, "Field", "Total spent")
    page.evaluate("""() => {
        window.seen = [];
        new MutationObserver(() => window.seen.push([
            document.querySelector('[id$=value-money]').value, document.querySelector('#sentence')?.innerText]))
            .observe(document.querySelector('main'), {subtree: true, childList: true, characterData: true});
    }""")
    value = row.get_by_label("Value", exact=True)
    value.focus()
    page.keyboard.type("123", delay=250)
    page.wait_for_timeout(1800)
    assert "123" in builder.sentence
    shown = [sentence for _, sentence in page.evaluate("window.seen") if sentence]
    assert shown
    assert all("at least 123 " in sentence for sentence in shown)


def test_typing_in_one_row_and_moving_on_keeps_both(visit: Callable[..., Visitor], slow_shop: Shop) -> None:
    """A person types, presses Tab at once and types on; an answer for the first letters comes in between."""
    visitor = visit(at=slow_shop).sign_in().open("/segments/new")
    builder, page = Builder(visitor), visitor.page
    row = builder.row(0)
    builder.choose(row, "Field", "Total spent").choose(row, "Comparison", "is between")
    low, high = row.get_by_label("From", exact=True), row.get_by_label("To", exact=True)
    for run in range(10):
        low.fill("")
        high.fill("")
        low.focus()
        page.keyboard.type("100", delay=90)
        page.keyboard.press("Tab")
        page.keyboard.type("200", delay=90)
        assert (low.input_value(), high.input_value()) == ("100", "200"), f"run {run}"
    builder.settle()
    assert (low.input_value(), high.input_value()) == ("100", "200")


@pytest.mark.parametrize(("script", "answer"), [(1.5, 0.0), (1.0, 1.5)])
def test_what_is_entered_while_scripts_load_is_counted(visit: Callable[..., Visitor], shop: Shop, script: float,
                                                       answer: float) -> None:
    """Whether the script of the builder comes after a first answer could, or between its question and its answer."""
    def wait() -> None:
        sleep(script if request.path.endswith("builder.js") else answer if request.method == "POST" else 0)

    visitor = visit().sign_in()
    shop.app.before_request_funcs.setdefault(None, []).append(wait)
    page, builder = visitor.page, Builder(visitor)
    page.goto(f"{shop.pages}/segments/new?starter=one-time", wait_until="commit")
    builder.row(0).get_by_label("Value", exact=True).first.fill("2")
    assert page.evaluate("document.readyState") == "interactive"
    playwright_api.expect(page.locator("#sentence")).to_contain_text("2")


def test_opening_the_builder_asks_nothing(visit: Callable[..., Visitor]) -> None:
    visitor = visit().sign_in()
    asked: list[str] = []
    visitor.page.on("request", lambda made: asked.append(made.url) if made.method == "POST" else None)
    for starter in ("vip", "one-time", "birthday"):
        visitor.open(f"/segments/new?starter={starter}")
    assert asked
    assert not [url for url in asked if not url.endswith("/people")]
