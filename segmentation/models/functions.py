"""The few SQL constructs that each engine spells its own way. All take bound values; none builds SQL from data.

`in_list` binds a whole list as one parameter, so the statement's text does not depend on how long the list is, and no
limit on the number of parameters applies. The text tests compare folded text, character by character, without
wildcards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, ColumnElement, Dialect, Text, UnaryExpression, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from segmentation import json


class ValueList(TypeDecorator[Sequence[Any]]):
    """A list of texts or whole numbers as one parameter: an array on PostgreSQL, JSON elsewhere."""

    impl = Text
    cache_ok = True

    def __init__(self, item: type[TypeEngine[Any]]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """An array on PostgreSQL, text elsewhere."""
        return dialect.type_descriptor(ARRAY(self.item()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        """The list as the engine takes it."""
        if value is None:
            return None
        return list(value) if dialect.name == "postgresql" else json.dumps_text(list(value))


class _Test(FunctionElement[bool]):
    """A call that yields a truth value and can stand alone in a condition on every engine."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """Never wrapped: SQLAlchemy would write `… = 1` for SQLite, which hides the test from the planner."""
        return self

    def _negate(self) -> ColumnElement[bool]:
        return UnaryExpression(self, operator=operators.inv, type_=Boolean())


class _InList(_Test):
    name = "in_list"
    inherit_cache = True


class text_contains(_Test):
    """Whether the first text holds the second."""

    name = "text_contains"
    inherit_cache = True


class text_starts_with(_Test):
    """Whether the first text begins with the second."""

    name = "text_starts_with"
    inherit_cache = True


class text_ends_with(_Test):
    """Whether the first text ends with the second."""

    name = "text_ends_with"
    inherit_cache = True


def in_list(
    column: ColumnElement[Any] | InstrumentedAttribute[Any], values: Sequence[str] | Sequence[int]
) -> ColumnElement[bool]:
    """`column` equals one of `values` (texts, or whole numbers, according to the column's type)."""
    item = BigInteger if column.type.python_type is int else Text
    return _InList(column, bindparam(None, values, ValueList(item), unique=True))


@compiles(_InList, "sqlite")
def _in_list_sqlite(element: _InList, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = _arguments(element, compiler, **kw)
    return f"({column} IN (SELECT value FROM json_each({values})))"  # noqa: S608 - SQLAlchemy's own text


@compiles(_InList, "postgresql")
def _in_list_postgresql(element: _InList, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = _arguments(element, compiler, **kw)
    return f"({column} = ANY ({values}))"


@compiles(text_contains, "sqlite")
def _contains_sqlite(element: text_contains, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = _arguments(element, compiler, **kw)
    return f"(instr({text}, {part}) > 0)"


@compiles(text_contains, "postgresql")
def _contains_postgresql(element: text_contains, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = _arguments(element, compiler, **kw)
    return f"(strpos({text}, {part}) > 0)"


@compiles(text_starts_with, "sqlite")
def _starts_sqlite(element: text_starts_with, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = _arguments(element, compiler, **kw)
    return f"(instr({text}, {part}) = 1)"


@compiles(text_starts_with, "postgresql")
def _starts_postgresql(element: text_starts_with, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = _arguments(element, compiler, **kw)
    return f"starts_with({text}, {part})"


@compiles(text_ends_with, "sqlite")
def _ends_sqlite(element: text_ends_with, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = _arguments(element, compiler, **kw)
    return f"(substr({text}, -length({part})) = {part})"


@compiles(text_ends_with, "postgresql")
def _ends_postgresql(element: text_ends_with, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = _arguments(element, compiler, **kw)
    return f"(right({text}, length({part})) = {part})"


def _arguments(element: _Test, compiler: SQLCompiler, **kw: Any) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]
