"""The text in which values go to PostgreSQL, against what the driver makes of them and what the server reads."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from segmentation.extensions import db
from segmentation.values.postgres_text import array_literal, copy_lines

TEXTS = ["", "NULL", "null", "\\N", "\\", "a\\tb", 'say "no"', "{1,2}", "a,b", " ", "جدّة", "\t", "line\nbreak\r", "'",
         "\U0001f600"]
LISTS: list[tuple[str, list[Any]]] = [
    ("text", [*TEXTS, None]),
    ("bigint", [0, -1, 2**63 - 1, -(2**63), None]),
    ("boolean", [True, False, None]),
    ("uuid", [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), None]),
    ("date", [date(1900, 1, 1), None, date(9999, 12, 31)]),
    ("timestamptz", [datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC), None,
                     datetime(1, 1, 2, tzinfo=timezone(timedelta(hours=3)))]),
    ("text", []), ("bigint", [None, None]),
]


@pytest.mark.parametrize(("kind", "values"), LISTS)
def test_the_server_reads_what_was_meant(app: Flask, kind: str, values: list[Any]) -> None:
    if db.engine.dialect.name != "postgresql":
        return
    with db.engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        found = driver.execute(f"SELECT %s::{kind}[]", [array_literal(values)]).fetchone()[0]
        connection.execute(text(f"CREATE TEMPORARY TABLE copied (place bigint, value {kind}, same text)"))
        if values:
            with driver.cursor() as cursor, cursor.copy("COPY copied FROM STDIN") as copy:
                copy.write(copy_lines([range(len(values)), values, ["الكل\\"] * len(values)]))
        rows = connection.execute(text("SELECT value, same FROM copied ORDER BY place")).all()
    assert found == values
    assert [tuple(row) for row in rows] == [(value, "الكل\\") for value in values]


WORDS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.one_of(st.none(), WORDS), min_size=1))
def test_a_line_for_each_row(texts: list[str | None]) -> None:
    lines = copy_lines([texts, list(range(len(texts)))])
    assert lines.endswith("\n")
    assert [line.rpartition("\t")[2] for line in lines.split("\n")[:-1]] == list(map(str, range(len(texts))))


@pytest.mark.parametrize("values", [[1, "a"], [True, 0, True], [b"bytes"], [1.5], [["nested"]]])
def test_what_no_column_holds_is_refused(values: list[Any]) -> None:
    with pytest.raises(TypeError):
        copy_lines([values])
    with pytest.raises(TypeError):
        array_literal(values)
