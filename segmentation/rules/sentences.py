"""Rules in words: "Number of orders is at least 5 and (RFM segment is Champions or RFM segment is Loyal Customers)"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_month_names
from babel.lists import format_list
from babel.numbers import format_decimal

from segmentation.rules.kinds import Choice
from segmentation.rules.operators import Takes
from segmentation.rules.predicates import Span
from segmentation.rules.tree import Condition, Group, Logic, Reference
from segmentation.translations import LANGUAGES, Words, translate, translate_count

LISTED = 10  # values of a list that are named
JOINTS = {Logic.AND: "{one} and {other}", Logic.OR: "{one} or {other}"}
# English, too, has words of its own for a day.
DAYS = {
    "is in this day": "is today", "is not in this day": "is not today",
    "is in the previous day": "is yesterday", "is not in the previous day": "is not yesterday",
}
UNITS = {
    "hours": ("{number} hour", "{number} hours"), "days": ("{number} day", "{number} days"),
    "weeks": ("{number} week", "{number} weeks"), "months": ("{number} month", "{number} months"),
    "quarters": ("{number} quarter", "{number} quarters"), "years": ("{number} year", "{number} years"),
}


def sentence(tree: Group, currency: str) -> Words:
    """The whole tree as one sentence, in every language; money in `currency`."""
    return {language: _Sentence(language, currency).whole(tree) for language in LANGUAGES}


def window_in_words(span: Span, zone: ZoneInfo) -> Words:
    """A window of instants, by the clocks of the store, in every language."""
    return {language: _window(span, zone, language) for language in LANGUAGES}


@lru_cache(maxsize=4_096)
def number_in_words(number: int | Decimal, language: str) -> str:
    """A number with its thousands apart, in Latin digits."""
    return format_decimal(number, "#,##0.###", locale=language, numbering_system="latn", decimal_quantization=False)


def period(label: str, unit: str) -> str:
    """The English words for a calendar period: `is in this`, `months` -> `is in this month`."""
    words = f"{label} {unit.removesuffix('s')}"
    return DAYS.get(words, words)


def duration_in_words(number: int, unit: str, language: str) -> str:
    """So many units, in the form that the language has for the number."""
    return translate_count(*UNITS[unit], number, language).format(number=number_in_words(number, language))


class _Sentence:
    def __init__(self, language: str, currency: str) -> None:
        self.language = language
        self.currency = currency
        self.say = partial(translate, language=language)

    def whole(self, tree: Group) -> str:
        if not tree.conditions and not tree.groups:
            return self.say("No one") if tree.negate else self.say("Everyone")
        return self.group(tree, outermost=True)

    def group(self, group: Group, outermost: bool = False) -> str:
        parts = [self.condition(node) for node in group.conditions] + [self.group(inner) for inner in group.groups]
        text = parts[0]
        for part in parts[1:]:
            text = self.say(JOINTS[group.logic]).format(one=text, other=part)
        if group.negate:
            return self.say("not ({text})").format(text=text)
        return text if outermost or len(parts) == 1 else f"({text})"

    def condition(self, node: Condition) -> str:
        subject = self.say(node.field.label)
        if node.where is not None:
            inner = self.group(node.where, outermost=True)
            subject = self.say("{field} (where {where})").format(field=subject, where=inner)
        label = (node.operator.negative_label if node.negated else None) or node.operator.label
        text = f"{subject} {self.predicate(node, label)}"
        return text if node.include_empty else f"{text} {self.say('(and has a value)')}"

    def predicate(self, node: Condition, label: str) -> str:
        value, said = node.value, self.say(label)
        match node.operator.takes:
            case Takes.NOTHING:
                return said
            case Takes.PAIR:
                low, high = (self.value(node, each) for each in value)
                return f"{said} {self.say(JOINTS[Logic.AND]).format(one=low, other=high)}"
            case Takes.MANY:
                style = "standard" if node.operator.key == "has_all" else "or"
                return f"{said} {self.listed([self.value(node, each) for each in value], style)}"
            case Takes.DURATION:
                return self.filled(said, duration_in_words(value.amount, value.unit, self.language))
            case Takes.DURATION_PAIR:
                low = number_in_words(value.low, self.language)
                return self.filled(said, low, duration_in_words(value.high, value.unit, self.language))
            case Takes.PERIOD:
                return self.say(period(label, value))
        return f"{said} {self.value(node, value)}"

    def filled(self, label: str, *values: str) -> str:
        for value in values:
            label = label.replace("…", value, 1) if "…" in label else f"{label} {value}"
        return label

    def listed(self, values: Sequence[str], style: Any) -> str:
        if len(values) > LISTED:
            rest = self.say("{number} more").format(number=number_in_words(len(values) - LISTED, self.language))
            values = [*values[:LISTED], rest]
        return format_list(values, style, locale=self.language)

    def value(self, node: Condition, value: Any) -> str:
        kind = node.field.kind
        if isinstance(value, bool):
            return self.say("yes") if value else self.say("no")
        if isinstance(value, Reference):
            return f"“{value.name}”"
        if isinstance(kind, Choice):
            return kind.label(value, self.language)
        if kind.name == "birthday":
            return str(get_month_names("wide", "stand-alone", self.language)[value])
        if isinstance(value, date):
            return format_date(value, "d MMM y", locale=self.language)
        if isinstance(value, int | Decimal):
            amount = number_in_words(value, self.language)
            return f"{amount} {self.currency}" if kind.name == "money" else amount
        return str(value)


def _window(span: Span, zone: ZoneInfo, language: str) -> str:
    start, end = (each and _instant(each, zone, language) for each in (span.start, span.end))
    if start and end:
        return translate("from {start} until {end}", language).format(start=start, end=end)
    if start:
        return translate("from {start} on", language).format(start=start)
    return translate("before {end}", language).format(end=end)


def _instant(instant: datetime, zone: ZoneInfo, language: str) -> str:
    return format_datetime(instant, "d MMM y, HH:mm", tzinfo=zone, locale=language)
