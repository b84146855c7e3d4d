"""Orders in JSON. A key that is left out stays as it is stored; null takes a value away.

The total is the sum of the lines where lines are given without one, or null is given for it.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from segmentation import limits
from segmentation.facts.columns import Column
from segmentation.facts.objects import Batch, ObjectReader, Read, members_of, object_schema, read_batch
from segmentation.facts.order_drafts import OrderChange
from segmentation.facts.order_rows import Line, head_columns, line_columns, made_line
from segmentation.rules.kinds import Fault

LINES = "lines"


def read_orders(raw: Any, path: str, zone: ZoneInfo, currency: str) -> Batch[OrderChange]:
    """The orders in a list. Raises Fault."""
    columns, of_line = members_of(_columns(zone, currency)), members_of(line_columns())

    def read(reader: ObjectReader, item: Any, here: str) -> OrderChange:
        of_lines = {LINES: lambda value, there: _lines(reader, value, of_line, there)}
        return _change(reader, reader.members(item, columns | of_lines, here), item, here)

    return read_batch(raw, path, limits.RECORDS, read, lambda change: change.order_id)


def order_schema() -> dict[str, Any]:
    """The JSON Schema of an order."""
    lines = {"type": ["array", "null"], "maxItems": limits.ORDER_LINES, "items": object_schema(line_columns())}
    return object_schema(_columns(ZoneInfo("UTC"), "USD"), ["external_id"], lines=lines)


def _columns(zone: ZoneInfo, currency: str) -> dict[str, Column]:
    columns = head_columns(zone, currency)
    return {"external_id": columns.pop("order_id"), **columns}


def _change(reader: ObjectReader, said: dict[str, Any], item: Any, here: str) -> OrderChange:
    if isinstance(item, dict) and "external_id" not in item:
        reader.note(f"{here}/external_id", Fault("required", "A value is required."))
    said.pop("currency", None)  # it can only be the store's
    lines = said.pop(LINES, None)
    return OrderChange(said.pop("external_id", ""), said, lines)


def _lines(reader: ObjectReader, raw: Any, columns: dict[str, Read], path: str) -> list[Line]:
    found = [_line(reader, item, columns, here) for item, here in reader.items(raw, limits.ORDER_LINES, path)]
    return [line for line in found if line is not None]


def _line(reader: ObjectReader, raw: Any, columns: dict[str, Read], here: str) -> Line | None:
    before = len(reader.problems)
    said = reader.members(raw, columns, here)
    if len(reader.problems) > before:
        return None
    try:
        line = made_line(*(said.get(name) for name in Line._fields))
        if line is None:
            raise Fault("blank", "Say something of the line.")
    except Fault as fault:
        reader.note(here, fault)
        return None
    return line
