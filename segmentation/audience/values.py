"""Which values a store's own data hold for a field, the most frequent first: for those who choose or type one.

How often each choice occurs is kept in memory together with the data version it is true of.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import select

from segmentation.audience.engines import snapshot
from segmentation.audience.scope import Scope
from segmentation.models import Store
from segmentation.rules.field import Field
from segmentation.rules.kinds import Choice, Text
from segmentation.rules.places import AttributeValue, Column, TagSet
from segmentation.rules.predicates import Piece
from segmentation.rules.writing import Writer
from segmentation.values.text import has_control_characters

MOST = 12
SECONDS = 1.0
_KEPT = 1_000
_kept: OrderedDict[tuple[uuid.UUID, str], tuple[int, dict[str, int]]] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class _Source:
    """Where a field's values lie: a table, the column that people know and the one that is compared."""

    table: str
    shown: str
    compared: str
    key: str | None = None


def suggestions(scope: Scope, field: Field, typed: str) -> Mapping[str, int]:
    """The most frequent values that hold what was typed, and how many rows have each. Raises Unavailable."""
    source = _source(field)
    if source is None or not isinstance(field.kind, Text) or has_control_characters(typed):
        return {}
    with snapshot(SECONDS) as facts:
        writer = Writer(facts.facts, scope.store_id)
        column = f"{source.table}.{source.compared}"
        part = field.kind.part(typed)
        test = writer.test(column, Piece("anywhere", part)) if part else f"{column} IS NOT NULL"
        text = (f"SELECT min({source.table}.{source.shown}), count(*) FROM {source.table} WHERE {_own(writer, source)}"
                f" AND {test} GROUP BY {column} ORDER BY 2 DESC, 1 LIMIT {MOST}")
        found = facts.ask_primary(text, writer.values)
        return {str(value): int(count) for value, count in found}


def choice_counts(scope: Scope, field: Field) -> Mapping[str, int]:
    """How many customers (or orders, for a field of orders) have each choice. Raises Unavailable."""
    source = _source(field)
    if source is None or not isinstance(field.kind, Choice):
        return {}
    key = (scope.store_id, field.key)
    with snapshot(SECONDS) as facts:
        version = facts.connection.execute(select(Store.data_version).where(Store.id == scope.store_id)).scalar_one()
        with _lock:
            counted_at, counts = _kept.get(key, (-1, {}))
        if counted_at == version:
            return counts
        writer = Writer(facts.facts, scope.store_id)
        text = (f"SELECT {source.shown}, count(*) FROM {source.table} WHERE {_own(writer, source)}"
                f" AND {source.shown} IS NOT NULL GROUP BY {source.shown}")
        found = facts.ask_primary(text, writer.values)
        counts = {str(value): int(count) for value, count in found}
    with _lock:
        _kept[key] = (version, counts)
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return counts


def _source(field: Field) -> _Source | None:
    match field.place:
        case Column(table, column, _, shown):
            if shown is None and column.endswith("_folded"):
                shown = column.removesuffix("_folded")
            return _Source(table, shown or column, column)
        case TagSet():
            return _Source("customer_tags", "tag", "tag_folded")
        case AttributeValue(key, "text_folded", shown):
            return _Source("customer_attributes", shown, "text_folded", key)
    return None


def _own(writer: Writer, source: _Source) -> str:
    own = f"{source.table}.store_id = {writer.store}"
    return own if source.key is None else f"{own} AND {source.table}.key = {writer.bind(source.key)}"
