"""Every text that people see exists in every language."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment, nodes

from segmentation import failures, uploads
from segmentation.audience.columns import COLUMNS
from segmentation.audit import ACTIONS
from segmentation.facts import csv_files, statistics
from segmentation.pages import audit, failing
from segmentation.rules import lint, reading, sentences
from segmentation.rules.fields import StoreSettings, catalogue
from segmentation.rules.kinds import Choice
from segmentation.rules.operators import OPERATORS, Takes
from segmentation.starters import STARTERS
from segmentation.translations import ARROW, COMMA, LANGUAGES, SOURCE, catalog, translate, translate_count

ROOT = Path(__file__).parent.parent
PACKAGE, TEMPLATES = ROOT / "segmentation", ROOT / "templates"
# What takes a text that people read, and the place of that text among its arguments.
SAYING = {
    "say": 0, "translate": 0, "in_every_language": 0, "tell": 0, "Filled": 0, "Fault": 1, "problem": 2, "Problem": 2,
    "Conflict": 0, "Invalid": 0, "NotSignedIn": 0, "Unavailable": 0, "Forbidden": 0, "DomainError": 0,
    "Malformed": 0, "NotFound": 0, "TooMany": 0, "RowFault": 2, "_LineFault": 0,
}
# Commands and files speak English; the API's own requests are read by programs.
SPEAKING = ("rules", "pages", "audience", "segments.py", "references.py", "attributes.py", "answers.py", "errors.py",
            "facts/csv_files.py", "uploads.py", "failures.py", "tokens.py", "auth.py", "database.py",
            "exports/segment.py", "jobs", "downloads.py", "members.py", "invites.py", "owning.py", "passwords.py",
            "api_tokens.py", "sign_ins.py", "trail.py", "accounts.py", "stores.py",
            *(f"facts/{name}.py" for name in ("readers", "columns", "order_reader", "order_rows", "order_drafts",
                                              "customer_rows", "instants")))


def texts() -> Iterator[str]:
    """Every English text that is shown in other languages."""
    yield from of_the_rules()
    yield from (column.label for column in COLUMNS)
    yield from failing.TITLES.values()
    yield from (meaning for _code, meaning in failures.REFUSED.values())
    yield from reading.TOO_MANY.values()
    yield from (COMMA, ARROW)
    yield from uploads.LABELS.values()
    yield from (csv_files.UNCLOSED, csv_files.MISPLACED, statistics.TOO_MUCH)
    yield from (*ACTIONS.values(), *audit.FIGURES.values(), *audit.ROLES.values(), *audit.SETTINGS.values())
    for starter in STARTERS.values():
        yield from (starter.name, starter.description)
    for path in SPEAKING:
        for module in sorted((PACKAGE / path).rglob("*.py")) if (PACKAGE / path).is_dir() else [PACKAGE / path]:
            yield from said_in(module)
    for template in sorted(TEMPLATES.rglob("*.html")):
        yield from said_in_template(template)


def of_the_rules() -> Iterator[str]:
    """The words of the rule language."""
    found = catalogue(StoreSettings(ZoneInfo("UTC"), 0, "USD", None))
    for fields in (found.fields, *found.rows.values()):
        for field in fields.values():
            yield from (field.label, field.group)
            if isinstance(field.kind, Choice) and field.kind.named is None:
                yield from field.kind.choices.values()
    for operator in OPERATORS:
        for label in filter(None, (operator.label, operator.negative_label)):
            yield label
            if operator.takes is Takes.PERIOD:
                yield from (sentences.period(label, unit) for unit in operator.units)
    yield from lint.MESSAGES.values()
    yield from sentences.JOINTS.values()


def said_in(path: Path) -> Iterator[str]:
    """The literal texts that a module has people read."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            place = SAYING.get(getattr(node.func, "attr", getattr(node.func, "id", "")), len(node.args))
            yield from literals(node.args[place:place + 1])
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, ast.Assign | ast.AnnAssign) and getattr(targets[0], "id", "") == "message" and node.value:
            yield from literals([node.value])


def literals(nodes: Sequence[ast.expr]) -> Iterator[str]:
    """The texts in expressions, those of both branches of a choice too."""
    for node in nodes:
        if isinstance(node, ast.IfExp):
            yield from literals([node.body, node.orelse])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def said_in_template(path: Path) -> Iterator[str]:
    """The literal texts in a template."""
    for call in ENVIRONMENT.parse(path.read_text()).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "_":
            yield from said_by(call.args[0])


def said_by(node: nodes.Expr) -> Iterator[str]:
    """The texts that an expression of a template can be."""
    if isinstance(node, nodes.CondExpr):
        yield from (text for part in (node.expr1, node.expr2) if part for text in said_by(part))
    elif isinstance(node, nodes.Const):
        yield str(node.value)


def counted() -> Iterator[tuple[str, str]]:
    """Every counted thing, for one and for many."""
    yield from sentences.UNITS.values()
    for template in sorted(TEMPLATES.rglob("*.html")):
        for call in ENVIRONMENT.parse(template.read_text()).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "_n":
                one, many = call.args[:2]
                assert isinstance(one, nodes.Const)
                assert isinstance(many, nodes.Const)
                yield one.value, many.value


ENVIRONMENT = Environment(autoescape=True)
OTHERS = [language for language in LANGUAGES if language != SOURCE]


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated(language: str) -> None:
    known = {message.id for message in catalog(language) if message.string}
    assert sorted(set(texts()) - known) == []


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_translated_that_is_not_said(language: str) -> None:
    ids = {message.id if isinstance(message.id, str) else message.id[0] for message in catalog(language)} - {""}
    assert sorted(ids - set(texts()) - {one for one, _ in counted()}) == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_same_gaps_to_fill(language: str) -> None:
    for text in set(texts()):
        gaps = [sorted(name for _, name, _, _ in Formatter().parse(each) if name)
                for each in (text, translate(text, language))]
        assert gaps[0] == gaps[1], text
        assert text.count("…") == translate(text, language).count("…"), text


@pytest.mark.parametrize(("number", "words"), [
    (0, "0 يوم"), (1, "يوم"), (2, "يومين"), (3, "3 أيام"), (10, "10 أيام"), (11, "11 يومًا"), (99, "99 يومًا"),
    (100, "100 يوم"), (103, "103 أيام"), (1000, "1,000 يوم"),
])
def test_arabic_counts_in_six_forms(number: int, words: str) -> None:
    assert sentences.duration_in_words(number, "days", "ar") == words


@pytest.mark.parametrize(("one", "many"), sorted(set(counted())))
def test_every_counted_thing_has_all_forms_and_gaps(one: str, many: str) -> None:
    forms = {translate_count(one, many, number, "ar") for number in range(12)}
    assert forms.isdisjoint({one, many})
    gaps = {name for _, name, _, _ in Formatter().parse(many) if name} - {"number"}
    assert all({name for _, name, _, _ in Formatter().parse(form) if name} - {"number"} == gaps for form in forms)
