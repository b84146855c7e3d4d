"""Lists as one parameter: the one SQL construct of the tables that each engine spells its own way.

`in_list` binds a whole list as one parameter, so the statement's text does not depend on how long the list is, and no
limit on the number of parameters applies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, ColumnElement, Dialect, Text, UnaryExpression, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from segmentation import json
from segmentation.values.postgres_text import array_literal

# How each engine asks whether a column's value is in a list that is bound as one parameter.
IN_LIST = {
    "sqlite": "{column} IN (SELECT value FROM json_each({value}))",
    "postgresql": "{column} = ANY ({value})",
}


class ValueList(TypeDecorator[Sequence[Any]]):
    """A list of values of one type as one parameter: an array on PostgreSQL; JSON elsewhere, and only for texts and
    whole numbers.
    """

    impl = Text
    cache_ok = True

    def __init__(self, item: type[TypeEngine[Any]] | TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """An array on PostgreSQL, text elsewhere."""
        return dialect.type_descriptor(ARRAY(self.item) if dialect.name == "postgresql" else Text())

    def bind_processor(self, dialect: Dialect) -> Callable[[Sequence[Any] | None], str | None]:
        """What makes the text that the engine reads as a list of one."""
        write = array_literal if dialect.name == "postgresql" else _json
        return lambda values: None if values is None else write(values)


def _json(values: Sequence[Any]) -> str:
    return json.dumps_text(list(values))


class _InList(FunctionElement[bool]):
    """A call that yields a truth value and can stand alone in a condition on every engine."""

    name = "in_list"
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """Never wrapped: SQLAlchemy would write `… = 1` for SQLite, which hides the test from the planner."""
        return self

    def _negate(self) -> ColumnElement[bool]:
        return UnaryExpression(self, operator=operators.inv, type_=Boolean())


def in_list(
    column: ColumnElement[Any] | InstrumentedAttribute[Any], values: Sequence[str] | Sequence[int]
) -> ColumnElement[bool]:
    """`column` equals one of `values` (texts, or whole numbers, according to the column's type)."""
    item = BigInteger if column.type.python_type is int else Text
    return _InList(column, bindparam(None, values, ValueList(item), unique=True))


def _compiled(dialect: str) -> None:
    @compiles(_InList, dialect)
    def compile_in_list(element: _InList, compiler: SQLCompiler, **kw: Any) -> str:
        column, values = (compiler.process(clause, **kw) for clause in element.clauses)
        return f"({IN_LIST[dialect].format(column=column, value=values)})"


for _dialect in IN_LIST:
    _compiled(_dialect)
