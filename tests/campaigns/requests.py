"""Requests to break in with: valid ones of every route, with one to four of their parts made strange.

Each is made from a seed and a number alone (and from the ids it is given), so that any can be made again.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote, unquote

from segmentation.failures import FOR_PROGRAMS
from tests.api.test_access import sent
from tests.walls.routes import FORM, Asked
from tests.walls.stores import Things

DEEP = 5_000
IDS = ("1", "x" * 36, "0" * 32, "%00", "..%2f..", "%ff%fe", "%D9%A1", "9" * 400, "-1", "%", "%zz", "a%0d%0ab", "{}",
       " ", "01a00000-0000-7000-8000-000000000001", "01A00000-0000-7000-8000-000000000001", "%F0%9F%98%80", "null")
TEXTS = ("", " ", "\x00", "a\x00b", "\x01", "\ud800", "\udfff\ud800", "\u202e", "ﻻ", "İ", "١٢", "²", "é" * 1_001,
         "' OR 1=1 --", '"; DROP TABLE customers; --', "%", "_", "\\", "%s", ":x", "?1", "{{7*7}}", "<script>", "=1+1",
         "../../etc/passwd", "x" * 70_000, "AND", "OR", "null", "true", "NaN", "1e999", "-0", "2024-02-30",
         "0000-00-00", "99999-01-01", "2024-01-01T00:00:00Z", "9" * 40, "\r\nX: y", "🙂" * 300)
NUMBERS = ("0", "-0", "-1", "1", "1.5", "1e3", "1e999", "-1e999", "NaN", "Infinity", "-Infinity", "9223372036854775807",
           "9223372036854775808", "-9223372036854775809", "1" + "0" * 5_000, "0." + "1" * 5_000, "1E400", "00", "+1",
           "0x10", "1_000", ".5", "1e-999", "123456789012345678901234567890.5")
LITERALS = (*NUMBERS, "null", "true", "false", '""', "{}", "[]", "[[]]", '{"$gt": 0}', '{"a": 1, "a": 2}', "'x'",
            "undefined", '"\\ud800"', '"\\u0000"', '"\\x"', "[1,]", "{,}", "/**/1", "\ufeff1", "[" * 40 + "]" * 40,
            "[" * DEEP + "]" * DEEP, '{"groups":[' * 40 + "]}" * 40, '{"a":' * DEEP + "1" + "}" * DEEP)
QUERIES = ("store_id", "page", "limit", "sort", "order", "cursor", "search", "is_active", "include", "format",
           "columns", "header", "bom", "customer_id", "kind", "state", "before", "field", "x.value", "segment_id", "",
           "[]", "jwt")
HEADERS = {
    "If-Match": ('"1"', "*", '"x"', 'W/"1"', '"99999999999999999999"', '"\xff"', ",,,", '"' * 99, "1"),
    "If-None-Match": ('"1"', "*", "x"), "Idempotency-Key": ("k", "", "x" * 300, '"q"', "\xff", "a b", "k\x7f"),
    "Prefer": ("respond-async", "respond-async, wait=1", ";;;", "x" * 9_000),
    "Accept": ("text/html", "*/*;q=x", "application/xml", ""), "Accept-Language": ("ar", "x" * 999, ";q=", "ar;q=9"),
    "Accept-Encoding": ("gzip", "br;q=x"), "Range": ("bytes=0-0", "bytes=9-1", "bytes=-", "lines=1-2",
                                                       "bytes=" + "0-0," * 99),
    "If-Range": ('"x"', "yesterday"), "X-Request-ID": ("ok", "x" * 999, "a b", "\xe9"),
    "Content-Encoding": ("gzip", "br", "deflate", "x"), "Host": ("evil.example", "", "[::1", "a b", "x:99999"),
    "Origin": ("null", "https://evil.example", "http://[", "\xff"), "Sec-Fetch-Site": ("cross-site", "x"),
    "Cookie": ("segmentation=x", "segmentation=\xff", "=;=;", "language=ar; theme=x", "notices=x.y",
               "language=" + "x" * 999),
    "Authorization": ("Bearer", "Bearer x", "Basic eDp5", "Bearer \xff", "Bearer a.b.c", "", "bearer x y z"),
    "X-Forwarded-For": ("1.2.3.4", "x" * 999), "X-Forwarded-Host": ("evil.example",), "HX-Request": ("true", "x"),
    "HX-Current-URL": ("http://[", "javascript:x", "\xff"), "Referer": ("http://[", "https://evil.example/"),
    "X-CSRF-Token": ("x", "\xff"), "X-HTTP-Method-Override": ("DELETE",), "Expect": ("x",),
}
TYPES = ("application/json", "application/json; charset=utf-16", "application/json;charset=x", "text/plain",
         "text/json", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "",
         "x", "application/vnd.api+json", "application/json, text/plain", "application/xml",
         "multipart/form-data; boundary=")
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "get", "X", "PROPFIND")


@dataclass
class Sent:
    """A request as it goes over the wire: path and query are percent-encoded already."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def is_api(self) -> bool:
        return unquote(self.path).startswith(FOR_PROGRAMS)


def request(seed: int, number: int, routes: Sequence[Asked], at: Things, tokens: dict[str, str]) -> Sent:
    """The request of that number: a valid one of some route, made strange in some places."""
    rng = Random(f"{seed}:{number}")
    made = _valid(rng, rng.choice(routes), at, tokens)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3, 4))):
        rng.choice(MUTATIONS)(rng, made)
    return made


def _valid(rng: Random, asked: Asked, at: Things, tokens: dict[str, str]) -> Sent:
    path, _, query = asked.request(at)[0].partition("?")
    made = Sent(asked.method, path, query)
    if not asked.is_page:
        made.headers["Authorization"] = f"Bearer {tokens['bearer']}"
    else:
        made.headers["Cookie"] = f"segmentation={tokens['cookie']}"
    if asked.method not in ("POST", "PUT"):
        return made
    body = sent(asked.method, asked.rule)
    if asked.is_page and not asked.rule.endswith("/imports/"):
        pairs = [*FORM.items(), ("csrf_token", tokens["csrf"])]
        made.headers["Content-Type"], made.body = "application/x-www-form-urlencoded", _form(pairs)
    elif "imports" in asked.rule:
        made.headers["Content-Type"], made.body = "multipart/form-data; boundary=sep", _upload(rng, tokens["csrf"])
    else:
        value = rng.choice(TREES) if "rules" in body.get("json", {}) else None
        given = {**body.get("json", {}), "rules": value} if value else body.get("json", {})
        made.headers["Content-Type"], made.body = "application/json", json.dumps(given).encode()
    return made


TREES: tuple[dict[str, Any], ...] = (
    {"logic": "AND", "conditions": [{"field": "orders_count", "operator": "between", "value": 1, "value2": 5}]},
    {"logic": "OR", "conditions": [{"field": "city", "operator": "in", "value": ["riyadh", "جدة"]}], "groups": [
        {"logic": "AND", "conditions": [{"field": "last_order_at", "operator": "within_last",
                                         "value": {"amount": 30, "unit": "day"}}]}]},
    {"logic": "AND", "groups": [{"logic": "OR", "negate": True, "conditions": [
        {"field": "orders_amount", "operator": "greater_than", "value": 10.5}]}]},
)


def _form(pairs: Sequence[tuple[str, str]]) -> bytes:
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs).encode()


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _upload(rng: Random, csrf: str) -> bytes:
    rows = rng.choice(("external_id,first_name\r\n1,Ann\r\n", "order_id,customer_id,ordered_at\n1,1,2024-01-01\n", "",
                       "\x00", '"', "a,a\n1,2\n", "external_id\n" + "x" * 9_000, "\ufeffexternal_id;city\n1;جدة\n"))
    kind = rng.choice(("customers", "orders", "x", ""))
    parts = {"csrf_token": csrf, "kind": kind, "mapping": rng.choice(("", "{}", '{"a": 1}', "[", '{"first_name": ""}'))}
    text = "".join(f'--sep\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                   for name, value in parts.items() if value)
    name = rng.choice(("a.csv", "../a", "a\\b", "عملاء.csv", "x" * 400, ""))
    return (f'{text}--sep\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: text/csv\r\n\r\n{rows}\r\n--sep--\r\n").encode()


def _method(rng: Random, made: Sent) -> None:
    made.method = rng.choice(METHODS)


def _path(rng: Random, made: Sent) -> None:
    pieces = made.path.split("/")
    at, how = rng.randrange(1, len(pieces)), rng.randrange(5)
    if how == 0:
        pieces.insert(at, rng.choice(IDS))
    elif how == 1:
        del pieces[at]
    elif how == 2:
        pieces.append("")
    else:
        pieces[at] = rng.choice((*IDS, quote(rng.choice(TEXTS).encode("utf-8", "surrogatepass"), safe="")))[:2_000]
    made.path = "/".join(pieces).replace(" ", "%20") or "/"


def _query(rng: Random, made: Sent) -> None:
    name = rng.choice(QUERIES)
    value = _quoted(rng.choice((*TEXTS, *NUMBERS))[:3_000]) if rng.random() < 0.7 else rng.choice(IDS).replace(" ", "+")
    pairs = [pair for pair in made.query.split("&") if pair]
    if pairs and rng.random() < 0.25:
        pairs[rng.randrange(len(pairs))] = f"{_quoted(name)}={value}"
    else:
        pairs.insert(rng.randrange(len(pairs) + 1), f"{_quoted(name)}={value}")
    made.query = rng.choice(("&", "&", "&", "&&", ";")).join(pairs)


def _header(rng: Random, made: Sent) -> None:
    name = rng.choice(list(HEADERS))
    made.headers[name] = rng.choice(HEADERS[name])


def _type(rng: Random, made: Sent) -> None:
    made.headers["Content-Type"] = rng.choice(TYPES)


def _json(rng: Random, made: Sent) -> None:
    try:
        value = json.loads(made.body)
    except (ValueError, RecursionError):
        return
    places = list(_places(value))
    if not places:
        made.body = rng.choice(LITERALS).encode("utf-8", "surrogatepass")
        return
    holder, key = rng.choice(places)
    how = rng.randrange(5)
    if how == 0:
        del holder[key]
    elif how == 1 and isinstance(holder, dict):
        holder[rng.choice((*TEXTS, "id", "store_id", "groups", "conditions", "value2", "negate", "__class__"))] = 1
    elif how == 2:
        holder[key] = rng.choice(TEXTS)
    elif how == 3:
        holder[key] = [holder[key]] * rng.choice((0, 1, 2, 1_001))
    else:
        holder[key] = "@@"
    made.body = json.dumps(value).replace('"@@"', rng.choice(LITERALS)).encode("utf-8", "surrogatepass")


def _places(value: Any) -> list[tuple[Any, Any]]:
    found, waiting = [], [value]
    while waiting:
        each = waiting.pop()
        keys = list(each) if isinstance(each, dict) else list(range(len(each))) if isinstance(each, list) else []
        found += [(each, key) for key in keys]
        waiting += [each[key] for key in keys]
    return found


def _twice(rng: Random, made: Sent) -> None:
    if made.body.startswith(b"{"):
        made.body = b'{"name": "first", ' + made.body[1:]


def _bytes(rng: Random, made: Sent) -> None:
    body = bytearray(made.body)
    for _ in range(rng.randint(1, 8)):
        if body:
            body[rng.randrange(len(body))] = rng.randrange(256)
    made.body = bytes(body[:rng.randrange(len(body) + 1)] if rng.random() < 0.3 else body)


def _encoding(rng: Random, made: Sent) -> None:
    how = rng.randrange(5)
    if how == 4:
        made.body, made.headers["Content-Encoding"] = gzip.compress(made.body), "gzip"
        return
    text = made.body.decode("utf-8", "replace")
    made.body = text.encode(("utf-16", "utf-8-sig", "utf-32", "utf-7")[how], "replace")


def _form_pair(rng: Random, made: Sent) -> None:
    if made.headers.get("Content-Type") == "application/x-www-form-urlencoded":
        names = ("node", "do", "c1.field", "c1.operator", "c1.value", "name", "g.logic", "back", "language", "theme",
                 "next", "column-0", "column-" + "9" * 30, "draft", "version", "", "kind", "key", "label",
                 "email", "password")
        pair = f"{_quoted(rng.choice(names))}={_quoted(rng.choice((*TEXTS, 'save', 'g:root', 'c:c1', '/g'))[:9_000])}"
        made.body += b"&" + pair.encode()


def _large(rng: Random, made: Sent) -> None:
    if rng.random() < 0.02:  # slow to make and to read
        made.body += b" " * (256 * 1024 + rng.randrange(-9, 9))


MUTATIONS: tuple[Callable[[Random, Sent], None], ...] = (
    _method, _path, _path, _query, _query, _query, _header, _header, _header, _type, _json, _json, _json, _json, _json,
    _json, _twice, _bytes, _bytes, _encoding, _form_pair, _form_pair, _large)
