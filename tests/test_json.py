"""JSON in and out: strict in, exact out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from segmentation import json


@pytest.mark.parametrize(("text", "value"), [
    ('{"a": [1, 2.50, -0, true, null, "x"]}', {"a": [1, Decimal("2.50"), 0, True, None, "x"]}),
    ('"\\ud83d\\ude00"', "😀"),
    ("[" * 32 + "]" * 32, None),
    ('"' + "[" * 100 + '"', "[" * 100),
    ('["\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["]', ['"' + "[" * 40]),
])
def test_good(text: str, value: Any) -> None:
    read = json.loads(text.encode())
    assert value is None or read == value


@pytest.mark.parametrize("data", [
    b"", b"{", b"[1,]", b"NaN", b"[Infinity]", b"-Infinity", b'{"a":1,"a":2}', b'{"x":{"a":1,"a":1}}', b'"\\ud800"',
    b'{"\\udfff":1}', b"\xff\xfe[\x00]\x00", b"\xef\xbb\xbf[]", b'"\xff"', b"[" * 33 + b"]" * 33, b"[" * 100_000,
    b'{"a":' * 200_000, b"1" * 401, b"1e" + b"9" * 30, b"[1] x", b"'a'",
])
def test_bad(data: bytes) -> None:
    with pytest.raises(json.JSONError):
        json.loads(data)


def test_out() -> None:
    riyadh = timezone(timedelta(hours=3))
    value = {"money": Decimal("2500.00"), "tiny": Decimal("1E-4"), "at": datetime(2024, 1, 20, 13, tzinfo=riyadh),
             "exact": datetime(2024, 1, 20, 10, 0, 0, 5, tzinfo=UTC), "name": "أحمد"}
    assert json.dumps_text(value) == (
        '{"money":2500.00,"tiny":0.0001,"at":"2024-01-20T10:00:00Z","exact":"2024-01-20T10:00:00.000005Z",'
        '"name":"أحمد"}')
    assert json.loads_stored('{"a": 0.1}') == {"a": Decimal("0.1")}
    with pytest.raises(TypeError):
        json.dumps({"x": object()})
