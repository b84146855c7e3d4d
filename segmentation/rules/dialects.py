"""How each engine spells the few things in which they differ. Everything else in the SQL of rules is common to all.

`{column}`, `{value}` and the like are replaced by SQL that our own code wrote, never by data. Parameters are written
`:name`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from segmentation import json
from segmentation.models.functions import IN_LIST
from segmentation.models.types import from_microseconds, to_microseconds

_PARAMETER = re.compile(r":(\w+)")


@dataclass(frozen=True)
class Dialect:
    """One engine's SQL. `bind` makes a Python value what the driver takes; `instant` reads one back.

    `among` is `in_list` for many whole numbers; `look_up` has the engine find a table's rows by such numbers, one after
    the other, where it would rather walk the table. `member` and `not_member` ask whether a customer is in a named set;
    `materialized` makes the engine compute such a set once. `group_unindexed` groups rows whose index would only be in
    the way; `count_where` counts the rows that pass a test, one of many that are asked of each row. `before_sets` is
    run once in a transaction, before statements with such sets. `as_driver` turns a finished text into what the driver
    takes.
    """

    name: str
    in_list: str
    among: str
    look_up: str | None
    anywhere: str
    at_start: str
    at_end: str
    member: str
    not_member: str
    materialized: bool
    group_unindexed: str
    count_where: str
    before_sets: str | None
    texts: str
    bind: Callable[[Any], Any]
    instant: Callable[[Any], datetime]
    as_driver: Callable[[str], str]


class Numbers(tuple[int, ...]):
    """Many whole numbers as one value, for `among`; they may be bound to many statements."""

    @cached_property
    def text(self) -> str:
        """The numbers as a JSON list."""
        return json.dumps_text(list(self))


def _bind_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_microseconds(value)
    if isinstance(value, tuple):
        return value.text if isinstance(value, Numbers) else json.dumps_text(list(value))
    return value.bytes if isinstance(value, uuid.UUID) else value


def _bind_postgresql(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _bind_duckdb(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_microseconds(value)
    if isinstance(value, Numbers):
        return value.text
    return value.bytes if isinstance(value, uuid.UUID) else value


def expanded(text: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A text for DuckDB with what it binds and nothing else. The values of a list are bound one by one, because to bind
    the list takes time that grows with its square. The store of a replica is 0 (see `audience.columnar`).
    """
    bound: dict[str, Any] = {}

    def name(match: re.Match[str]) -> str:
        key = match[1]
        if key == "store":
            return "0"
        value = values[key]
        if not isinstance(value, tuple):
            bound[key] = value
            return f"${key}"
        each = {f"{key}_{place}": one for place, one in enumerate(value)}
        bound.update(each)
        return f"({', '.join(f'${one}' for one in each)})" if each else "(SELECT 1 WHERE FALSE)"

    return _PARAMETER.sub(name, text), bound


def _as_psycopg(text: str) -> str:
    return _PARAMETER.sub(r"%(\1)s", text.replace("%", "%%"))


# The unary plus keeps SQLite from walking an index in an order that suits it less than it thinks.
SQLITE = Dialect(
    name="sqlite",
    in_list=IN_LIST["sqlite"],
    among=IN_LIST["sqlite"],
    look_up="json_each({value}) AS asked CROSS JOIN {table} INDEXED BY {index} ON {column} = asked.value",
    anywhere="instr({column}, {value}) > 0",
    at_start="instr({column}, {value}) = 1",
    at_end="substr({column}, -length({value})) = {value}",
    member="+{column} IN (SELECT number FROM {set})",
    not_member="+{column} NOT IN (SELECT number FROM {set})",
    materialized=False,
    group_unindexed="+{column}",
    count_where="count(*) FILTER (WHERE {test})",
    before_sets=None,
    texts="json_group_array({column})",
    bind=_bind_sqlite,
    instant=from_microseconds,
    as_driver=str,
)
# PostgreSQL looks a customer up in a set through a hash table if it expects that to fit into this; else it would go
# through the whole set for every customer. It must not take the room for groups as well: those it sorts (most often an
# index has them in order), for hashing them in memory keeps it from working on them with several processes.
ROOM_FOR_SETS = "SELECT set_config('work_mem', '64MB', true), set_config('enable_hashagg', 'off', true)"
# "IS TRUE" keeps PostgreSQL from turning the test into a join, for which it would compute the set once per worker.
POSTGRESQL = Dialect(
    name="postgresql",
    in_list=IN_LIST["postgresql"],
    among=IN_LIST["postgresql"],
    look_up=None,
    anywhere="strpos({column}, {value}) > 0",
    at_start="starts_with({column}, {value})",
    at_end="right({column}, length({value})) = {value}",
    member="({column} IN (SELECT number FROM {set})) IS TRUE",
    not_member="({column} IN (SELECT number FROM {set})) IS FALSE",
    materialized=True,
    group_unindexed="{column}",
    count_where="count(*) FILTER (WHERE {test})",
    before_sets=ROOM_FOR_SETS,
    texts="CAST(json_agg({column}) AS text)",
    bind=_bind_postgresql,
    instant=lambda value: value,
    as_driver=_as_psycopg,
)
DUCKDB = Dialect(
    name="duckdb",
    in_list="{column} IN {value}",
    among="{column} IN (SELECT unnest(from_json({value}, '[\"BIGINT\"]')))",
    look_up=None,
    anywhere="contains({column}, {value})",
    at_start="starts_with({column}, {value})",
    at_end="ends_with({column}, {value})",
    member="{column} IN (SELECT number FROM {set})",
    not_member="{column} NOT IN (SELECT number FROM {set})",
    materialized=False,
    group_unindexed="{column}",
    count_where="count_if({test})",
    before_sets=None,
    texts="CAST(to_json(list({column})) AS VARCHAR)",
    bind=_bind_duckdb,
    instant=from_microseconds,
    as_driver=str,
)
DIALECTS = {dialect.name: dialect for dialect in (SQLITE, POSTGRESQL, DUCKDB)}
