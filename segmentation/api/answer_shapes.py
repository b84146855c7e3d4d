"""Answers beyond the count, as the API shows them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from segmentation.answers import Answer, Asking, Change, Sql, windows
from segmentation.api.shapes import customer_shape
from segmentation.audience.explaining import Explanation
from segmentation.rules.lint import Notice
from segmentation.rules.predicates import Span


def answer_shape(found: Answer, segment_id: uuid.UUID | None) -> dict[str, Any]:
    """The parts that were asked for; `segment_id`: what the difference is against."""
    shown: dict[str, Any] = {"count": found.count, "as_of": found.at, "data_version": found.data_version}
    if found.nodes is not None:
        shown["nodes"] = {key: _given(count=node.count, without=node.without) for key, node in found.nodes.items()}
    if found.empty is not None:
        shown["empty"] = found.empty
    if found.windows is not None:
        shown["windows"] = {key: {**_window(each.span), "text": each.text} for key, each in found.windows.items()}
    if found.sentence is not None:
        shown["sentence"] = found.sentence
    if found.lint is not None:
        shown["lint"] = [_notice(each) for each in found.lint]
    if found.sample is not None:
        shown["sample"] = _customers(found.sample)
    if found.difference is not None:
        changes = {key: _change(change) for key, change in found.difference.items()}
        shown["difference"] = {"segment_id": str(segment_id), **changes}
    if found.sql is not None:
        shown["sql"] = _sql(found.sql)
    return shown


def explanation_shape(asking: Asking, version: int, found: Explanation) -> dict[str, Any]:
    """Every node's truth, and what each condition looked at."""
    spans = {key: _window(each.span) for key, each in windows(asking).items()}
    nodes: dict[str, dict[str, Any]] = {key: {"matches": truth} for key, truth in found.matches.items()}
    for key, value in found.values.items():
        nodes[key] |= {"value": value, **_given(window=spans.get(key))}
    matches = found.matches[asking.rules.id]
    return {"matches": matches, "as_of": asking.now, "data_version": version, "nodes": nodes}


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _window(span: Span) -> dict[str, Any]:
    return {"start": span.start, "end": span.end}


def _notice(notice: Notice) -> dict[str, Any]:
    return {"id": notice.id, "code": notice.code, "related": list(notice.related), "text": notice.text}


def _change(change: Change) -> dict[str, Any]:
    return {"count": change.count, "sample": _customers(change.sample)}


def _customers(rows: Iterable[Row[Any]]) -> list[dict[str, Any]]:
    return [customer_shape(row._mapping) for row in rows]


def _sql(sql: Sql) -> dict[str, Any]:
    shown = {name: str(uuid.UUID(bytes=value)) if isinstance(value, bytes) else value
             for name, value in sql.values.items()}
    return {"dialect": sql.dialect, "text": sql.text, "parameters": shown}
