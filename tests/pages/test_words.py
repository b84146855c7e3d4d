"""What pages say: numbers, money, shares and dates in both languages, names as they are, and figures that add up."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from flask import Flask, g
from markupsafe import Markup

from segmentation.audience import values
from segmentation.audience.engines import snapshot
from segmentation.audience.people import ORDERS, everything_of, find_person
from segmentation.audience.portrait import BANDS, Share, portrait
from segmentation.audience.scope import Scope
from segmentation.audience.values import MOST, choice_counts, suggestions
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.models import Customer, Store
from segmentation.models.types import to_units, utc_now
from segmentation.pages import words
from segmentation.rules.reading import read_rules
from segmentation.translations import translate
from segmentation.values.text import fold
from tests.api.test_hostile import TREE
from tests.conftest import make_store
from tests.oracle.people import AWKWARD_MOMENTS, awkward_people
from tests.pages.conftest import SQLITE, Visitor, World
from tests.rules.populace import settle

LANGUAGES = ("en", "ar")
HOSTILE = ("<b>", '"><script>', "{0}", "{name}", "{x.__class__}", "%s", "&amp;", "O'Neil", "\u202e", "أحمد")


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest, app: Flask) -> Iterator[str]:
    """Each language, within a request."""
    with app.test_request_context("/"):
        g.language = str(request.param)
        yield g.language


def is_latin(text: str) -> bool:
    """Whether every digit of a text is one of 0 to 9."""
    return all(letter in "0123456789" for letter in text if unicodedata.decimal(letter, None) is not None)


def number_in(text: str) -> Decimal:
    """The number that stands in a text."""
    found = re.search(r"[-\u2212]?[0-9][0-9,]*(?:\.[0-9]+)?", text)
    assert found, text
    return Decimal(found[0].replace(",", "").replace("\u2212", "-"))


@SQLITE
def test_numbers_have_latin_digits_and_say_all_that_is_known(language: str) -> None:
    for value in (0, 5, -5, 999, 1_000, 1_234_567, 10**15, Decimal("0.5"), Decimal("-1234.125"), Decimal("0.0001")):
        assert is_latin(words.number(value))
        assert number_in(words.number(value)) == value or value == Decimal("0.0001")
    assert words.number(1_234_567) == "1,234,567"
    assert words.number(None) == words.NOTHING


@SQLITE
@pytest.mark.parametrize("currency", ["SAR", "USD", "KWD", "JPY", "EGP"])
def test_money_is_what_is_stored_with_its_currency(language: str, currency: str) -> None:
    for amount in ("0", "0.01", "99.99", "1234567.5", "-20", "899999999999999.99"):
        shown = words.money(to_units(Decimal(amount)), currency)
        assert is_latin(shown)
        whole = words.money(to_units(Decimal(amount)), currency, whole=True)
        assert is_latin(whole)
        assert "." not in whole.rsplit("\u00a0", 1)[0]
        assert abs(number_in(whole) - Decimal(amount)) <= Decimal("0.5")
        assert abs(number_in(shown) - Decimal(amount)) <= Decimal("0.5")
    assert words.money(None, currency) == words.NOTHING


@SQLITE
def test_money_keeps_its_halalas(language: str) -> None:
    assert number_in(words.money(to_units(Decimal("99.99")), "SAR")) == Decimal("99.99")


def share_said(part: int, whole: int) -> tuple[str, Decimal]:
    """A share as it is said, and the number in it."""
    said = words.percent(part, whole)
    return said, number_in(said)


@SQLITE
def test_a_share_is_never_none_for_some_nor_all_for_not_all(language: str) -> None:
    assert number_in(words.percent(0, 7)) == 0
    assert number_in(words.percent(7, 7)) == 100
    assert words.percent(0, 0) == words.NOTHING
    wholes = (2, 3, 7, 99, 100, 101, 200, 999, 1_000, 1_001, 1_999, 2_000, 2_001, 9_999, 10_000, 100_000, 10**7)
    for whole in wholes:
        for part in {*range(1, min(whole, 60)), *(whole - n for n in range(1, min(whole, 60))), whole // 2}:
            said, number = share_said(part, whole)
            assert is_latin(said)
            assert 0 < number < 100, (part, whole, said)
            if said[0] not in "<>":
                assert abs(number - Decimal(100 * part) / whole) <= Decimal("0.51"), (part, whole, said)


@SQLITE
def test_a_larger_share_is_never_said_to_be_less(language: str) -> None:
    for whole in (37, 1_000, 2_000, 20_000):
        said = [share_said(part, whole)[1] for part in range(1, whole + 1)]
        assert said == sorted(said)


@SQLITE
def test_days_and_moments_have_latin_digits_and_are_by_the_clocks_of_the_store(language: str, app: Flask) -> None:
    g.scope = Scope.of(make_store(timezone="Asia/Riyadh"), "owner", None)
    assert is_latin(words.day(date(2024, 2, 29)))
    assert "29" in words.day(date(2024, 2, 29))
    assert "2024" in words.day(date(2024, 2, 29))
    shown = words.moment(datetime(2024, 2, 29, 21, 5, tzinfo=UTC))
    assert is_latin(shown)
    assert shown.endswith("00:05")
    assert re.match(r"\D*1\b", shown)
    assert (words.moment(None), words.day(None)) == (words.NOTHING, words.NOTHING)


@SQLITE
def test_how_long_ago_has_latin_digits(language: str) -> None:
    for days in (0, 1, 2, 5, 40, 400, 4_000):
        assert is_latin(words.ago(utc_now() - timedelta(days=days, minutes=3)))


@SQLITE
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_in_a_text_is_escaped_once_and_fills_no_other_gap(language: str, name: str) -> None:
    said = words.say("“{name}” is saved.", name=name)
    assert isinstance(said, Markup)
    assert said.unescape().count(name) == 1
    assert "<" not in said
    counted = words.say_count("{number} customer has no {field}", "{number} customers have no {field}", 1_234,
                              field=name)
    assert counted.unescape().count(name) == 1
    assert "<" not in counted
    assert "1,234" in counted
    assert is_latin(str(counted).replace("&#34;", "").replace("&#39;", ""))


@SQLITE
def test_a_text_with_braces_of_its_own_is_no_pattern(language: str) -> None:
    for text in HOSTILE:
        assert words.say(text).unescape() == text or text in ("&amp;",)


@SQLITE
def test_every_count_has_words_in_the_form_that_suits_it(language: str) -> None:
    for count in (0, 1, 2, 3, 10, 11, 99, 100, 101, 102, 103, 1_000, 1_000_000):
        said = words.say_count("of one customer", "of {number} customers", count)
        assert "{" not in said
        assert is_latin(said)


@SQLITE
def test_what_a_person_is_called(language: str) -> None:
    assert words.full_name("أحمد", None, "C1") == "أحمد"
    assert words.full_name(None, "x", "C1") == "x"
    assert words.full_name("a", "b", "C1") == "a b"
    assert words.full_name("", None, "C1") == "C1"
    assert [words.initials(name) for name in ("zoë", "=1+1", "«أحمد»", "", "🙂", "<b>")] == [
        "Z", "1", "أ", "?", "?", "B"]
    assert {words.hue(str(n)) for n in range(100)} == set(range(8))


class Town:
    """A store of awkward people, and what plain Python says of them."""

    def __init__(self, seed: int = 3) -> None:
        rng, (settings, self.now) = Random(seed), AWKWARD_MOMENTS[0]
        self.people = awkward_people(rng, now=self.now, store=settings)
        for person in self.people:  # sums stay within 64 bits
            for key in ("orders_amount", "average_order_amount", "cltv"):
                person[key] = person[key] and Decimal(person[key]) % 1_000
            person["orders_count"] = min(person["orders_count"], 50)
        self.scope = settle(self.people, settings)

    def portrait(self, rules: dict[str, Any] | None = None) -> Any:
        """The figures of those who match."""
        tree = read_rules(rules or {"logic": "AND"}, self.scope.catalogue)
        with snapshot(60) as facts:
            return portrait(self.scope, tree, self.now, facts)


def share_of(people: list[dict[str, Any]]) -> Share:
    """The figures of some people, by Python."""
    return Share(len(people), sum(person["orders_count"] > 0 for person in people),
                 sum(to_units(person["orders_amount"]) for person in people),
                 sum(person["orders_count"] for person in people))


def by(people: list[dict[str, Any]], key: Any) -> dict[Any, Share]:
    """Likewise, by what a key says of each."""
    groups: dict[Any, list[dict[str, Any]]] = {}
    for person in people:
        groups.setdefault(key(person), []).append(person)
    return {name: share_of(group) for name, group in groups.items()}


def band(person: dict[str, Any]) -> int:
    """The band that a person's orders are in."""
    return max(start for start in BANDS if start <= person["orders_count"])


def test_a_portrait_says_what_python_counts(app: Flask) -> None:
    """Of everyone, and of some; the shares of each picture add up to all of them."""
    town = Town()
    for rules, holds in (
            (None, lambda person: True),
            ({"logic": "AND", "conditions": [{"field": "orders_count", "operator": "greater_than", "value": 2}]},
             lambda person: person["orders_count"] > 2),
            ({"logic": "AND", "conditions": [{"field": "segment", "operator": "equals", "value": "Lost"}]},
             lambda person: person["segment"] == "Lost"),
            ({"logic": "AND", "negate": True}, lambda person: False)):
        people = [person for person in town.people if holds(person)]
        found = town.portrait(rules)
        assert found.everyone == share_of(people)
        assert found.labels == by(people, lambda person: person["segment"])
        assert found.bands == by(people, band)
        assert found.cells == by(people, lambda person: (person["recency_score"], person["frequency_score"]))
        for picture in (found.labels, found.bands, found.cells):
            assert sum(picture.values(), Share()) == found.everyone


def test_a_portrait_of_a_store_without_anybody_is_empty(app: Flask, store: Store) -> None:
    scope = Scope.of(store, "owner", None)
    with snapshot(60) as facts:
        found = portrait(scope, read_rules({"logic": "AND"}, scope.catalogue), utc_now(), facts)
    assert (found.everyone, found.labels, found.bands, found.cells) == (Share(), {}, {}, {})


def test_choices_are_counted_as_python_counts_them(app: Flask) -> None:
    town = Town()
    for key in ("gender", "country", "language", "segment"):
        expected = Counter(person[key] for person in town.people if person[key] is not None)
        assert choice_counts(town.scope, town.scope.catalogue.fields[key]) == expected
    statuses = Counter(order["status"] for person in town.people for order in person["orders"])
    field = town.scope.catalogue.rows["orders"]["order.status"]
    assert choice_counts(town.scope, field) == statuses
    assert choice_counts(town.scope, town.scope.catalogue.fields["city"]) == {}


def test_counts_of_choices_are_of_the_facts_as_they_are_now_and_of_no_other_store(app: Flask) -> None:
    town, other = Town(), Town(4)
    field = town.scope.catalogue.fields["gender"]
    before = dict(choice_counts(town.scope, field))
    assert choice_counts(other.scope, field) != before
    assert choice_counts(town.scope, field) == before
    values._kept.clear()
    assert choice_counts(town.scope, field) == before
    with writing() as session:
        person = session.query(Customer).filter_by(store_id=town.scope.store_id).first()
        assert person is not None
        person.gender = "other" if person.gender != "other" else "male"
        session.get_one(Store, town.scope.store_id).data_version += 1
    assert choice_counts(town.scope, field) != before
    assert sum(choice_counts(town.scope, field).values()) - sum(before.values()) in (0, 1)


def expected_suggestions(known: list[str], typed: str) -> Counter[str]:
    """How many have each folded value that holds what was typed."""
    return Counter(fold(value) for value in known if fold(typed) in fold(value))


@pytest.mark.parametrize("key", ["city", "first_name", "source"])
def test_suggestions_are_the_most_frequent_values_that_hold_what_was_typed(app: Flask, key: str) -> None:
    town = Town()
    known = [person[key] for person in town.people if person[key]]
    for typed in ("", "a", "احمد", "%", "_", "\\", "'", "100", "x", "١٢", "É", "nobody has this"):
        found = suggestions(town.scope, town.scope.catalogue.fields[key], typed)
        expected = expected_suggestions(known, typed)
        assert len(found) == min(MOST, len(expected))
        counts = sorted(expected.values(), reverse=True)[:MOST]
        assert sorted(found.values(), reverse=True) == counts, typed
        for value, count in found.items():
            assert expected[fold(value)] == count
            assert value in known
        assert list(found.values()) == sorted(found.values(), reverse=True)


def test_suggestions_of_tags_attributes_and_lines_are_their_own(app: Flask) -> None:
    town = Town()
    tags = Counter(fold(tag) for person in town.people for tag in person["tags"])
    found = suggestions(town.scope, town.scope.catalogue.fields["tags"], "")
    assert {fold(tag): count for tag, count in found.items()}.items() <= tags.items()
    tiers = Counter(fold(person["attributes"]["loyalty_tier"]) for person in town.people
                    if person["attributes"].get("loyalty_tier"))
    found = suggestions(town.scope, town.scope.catalogue.fields["attributes.loyalty_tier"], "")
    assert {fold(tier): count for tier, count in found.items()}.items() <= tiers.items()
    categories = Counter(fold(line["category"]) for person in town.people for order in person["orders"]
                         for line in order["lines"] if line["category"])
    found = suggestions(town.scope, town.scope.catalogue.rows["items"]["item.category"], "")
    assert found
    assert {fold(each): count for each, count in found.items()}.items() <= categories.items()


def test_what_has_no_values_to_type_has_no_suggestions(app: Flask) -> None:
    town = Town()
    for key in ("orders_count", "segment", "birthday", "in_segment", "accepts_marketing", "orders.count", "created_at",
                "attributes.points"):
        assert suggestions(town.scope, town.scope.catalogue.fields[key], "") == {}


def test_a_person_is_shown_with_everything_of_theirs(app: Flask) -> None:
    town = Town()
    for number in range(0, len(town.people), 9):
        person = town.people[number]
        row = db.session.get_one(Customer, (town.scope.store_id, number))
        found = everything_of(town.scope, row)
        assert find_person(town.scope, row.id) is row
        assert sorted(found.tags) == sorted(person["tags"])
        assert found.orders_in_all == len(person["orders"])
        assert len(found.orders) == min(ORDERS, len(person["orders"]))
        dates = [placed.order.ordered_at for placed in found.orders]
        assert dates == sorted((order["ordered_at"] for order in person["orders"]), reverse=True)[:ORDERS]
        assert sum(len(placed.lines) for placed in found.orders) == sum(
            len(order["lines"]) for order in sorted(person["orders"], key=lambda each: each["ordered_at"])[-ORDERS:])
        kept = {key: value for key, value in person["attributes"].items() if value is not None}
        assert {key for key, value in found.attributes.items() if value is not None} == kept.keys()


@SQLITE
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_shows_digits_that_are_not_latin(world: World, visit: Any, language: str) -> None:
    visitor: Visitor = visit("owner@a.example", language=language)
    made = world.owner.create(TREE, "A segment")
    for path in ("/", "/segments/", f"/segments/{made['id']}/", f"/segments/{made['id']}/edit", "/customers/",
                 f"/segments/{made['id']}/revisions", f"/segments/{made['id']}/people", "/settings/"):
        page = visitor.page(path)
        assert is_latin(page.markup), path
        assert page.is_closed
        if html := page.of_tag("html"):
            assert (html[0].get("lang"), html[0].get("dir")) == (language, "rtl" if language == "ar" else "ltr")


@SQLITE
def test_the_overview_adds_up(world: World, owner: Visitor) -> None:
    """The cells of the grid and those without scores are all customers; each cell opens the builder with its count."""
    marks = {"recency": [f"2024-0{month}-01" for month in range(1, 6)],
             "frequency": [1, 2, 3, 4, 5], "monetary": [1, 2, 3, 4, 5]}
    with world.app.app_context():
        with writing() as session:
            session.get_one(Store, world.a).rfm = {"thresholds": marks}
        db.session.remove()
    page = owner.page("/")
    links = [each for each in page.of_tag("a") if "cell=" in each.get("href")]
    assert links
    for link in links[:6]:
        builder = owner.page(at=link.get("href"))
        total = builder.one("total").attributes["data-total"]
        assert int(total) == 0 or f"{int(total):,}" in link.text, (link.get("href"), link.text, total)


@SQLITE
@pytest.mark.parametrize(("method", "size", "status", "english"), [
    ("DELETE", 0, 405, "This address takes no such request."),
    ("POST", 10**6, 413, "This is larger than what is taken here.")])
def test_what_the_framework_refuses_is_told_in_the_language_of_the_page(
    application: Flask, method: str, size: int, status: int, english: str
) -> None:
    for language in LANGUAGES:
        answer = application.test_client().open(
            "/sign-in", method=method, data=b"email=" + b"x" * size, headers={"Accept-Language": language},
            content_type="application/x-www-form-urlencoded")
        assert answer.status_code == status
        assert str(Markup.escape(translate(english, language))) in answer.text
        assert (english in answer.text) == (language == "en")
