"""Writes the tables of `rules.md` from the registries: ``make docs``. A test holds that they are up to date.

Everything between ``<!-- name -->`` and ``<!-- /name -->`` is written here; the rest of the page by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

from segmentation import limits
from segmentation.rules.field import Field
from segmentation.rules.fields import StoreSettings, catalogue
from segmentation.rules.lint import MESSAGES
from segmentation.rules.operators import OPERATORS, Operator, Takes, of_kind

PAGE = Path(__file__).parent / "rules.md"
CATALOGUE = catalogue(StoreSettings(ZoneInfo("UTC"), 0, "USD", None))
TAKES = {
    Takes.NOTHING: "nothing", Takes.ONE: "`value`", Takes.PAIR: "`value` ≤ `value2`, both included",
    Takes.MANY: "`value`: a list", Takes.DURATION: "`value` and `unit`",
    Takes.DURATION_PAIR: "`value` ≤ `value2` and `unit`", Takes.PERIOD: "`unit`",
}


def write(page: str) -> str:
    """The page with its tables renewed."""
    for name, made in TABLES.items():
        block = f"<!-- {name} -->\n{made()}\n<!-- /{name} -->"
        place = re.compile(f"<!-- {name} -->.*?<!-- /{name} -->", re.DOTALL)
        page, count = place.subn(lambda _, block=block: block, page)
        if count != 1:
            raise ValueError(f"The page has no place, or several, for {name}.")
    return page


def fields() -> str:
    """Every field of a customer, by group."""
    return _fields(CATALOGUE.fields.values())


def row_fields() -> str:
    """Every field of an order or a line."""
    return _fields({key: field for rows in CATALOGUE.rows.values() for key, field in rows.items()}.values())


def operators() -> str:
    """Every operator and its negative, with what it takes and what it means for somebody without a value."""
    rows = []
    for operator in OPERATORS:
        kinds = ", ".join(sorted(operator.kinds))
        takes = TAKES[operator.takes] + (f" ({', '.join(operator.units)})" if operator.units else "")
        rows.append((f"`{operator.key}`", kinds, takes, _missing(operator, negative=False)))
        if operator.negative:
            rows.append((f"`{operator.negative}`", kinds, takes, _missing(operator, negative=True)))
    return _table(("operator", "kinds", "takes", "without a value"), rows)


def published() -> str:
    """The limits."""
    return _table(("limit", ""), [(f"`{name}`", f"{value:,}") for name, value in limits.published().items()])


def warnings() -> str:
    """The warnings."""
    return _table(("code", "what people are told"), [(f"`{code}`", text) for code, text in MESSAGES.items()])


TABLES: dict[str, Callable[[], str]] = {
    "fields": fields, "row fields": row_fields, "operators": operators, "limits": published, "warnings": warnings}


def _fields(found: Iterable[Field]) -> str:
    return _table(("field", "", "kind", "can be missing"), [
        (f"`{field.key}`", field.label, field.kind.name, "yes" if field.place.nullable else "no") for field in found])


def _missing(operator: Operator, negative: bool) -> str:
    if operator.meaning is None:
        return "does not match" if negative else "matches"
    if not negative:
        return "does not match"
    # A segment is never missing, so there is nothing to include.
    can_miss = any("is_empty" in {name for name, *_ in of_kind(kind)} for kind in operator.kinds)
    return "matches, unless `include_empty` is false" if can_miss else "is never without one"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    PAGE.write_text(write(PAGE.read_text()))
