"""The header `Idempotency-Key`: requests that may be sent again because nobody knows whether they arrived."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

import marshmallow as ma
from flask import Response, request

from segmentation.api.parsing import Value
from segmentation.audience.scope import Scope
from segmentation.limits import KEY_LENGTH
from segmentation.repeats import ANY_TIME, Answer, AnyTime, Once, OnceByPerson, Repeated
from segmentation.rules.kinds import Fault

_KEY = re.compile(rf"[\x21-\x7e]{{1,{KEY_LENGTH}}}")
_KEPT = ("Content-Type", "ETag", "Location")


def _read_key(raw: str) -> str:
    if not _KEY.fullmatch(raw):
        raise Fault("invalid_key", f"Give 1 to {KEY_LENGTH} visible ASCII characters.")
    return raw


class KeyHeader(ma.Schema):
    """The key of a request that may be repeated."""

    key = Value(_read_key, {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH}, data_key="Idempotency-Key",
                metadata={"description": "Sent again with the same key and body within a day, the request is answered "
                                         "as it was the first time, and nothing is done twice."})


def once(scope: Scope, header: dict[str, str], shown: Callable[[Any], Response]) -> AnyTime:
    """How often the request may be done; `shown` answers it, given the result."""
    return _once(Once, scope.store_id, header, lambda key: key, shown)


def once_by(user_id: uuid.UUID, header: dict[str, str], shown: Callable[[Any], Response]) -> AnyTime:
    """The same for a person who makes a store."""
    return _once(OnceByPerson, user_id, header,
                 lambda key: hashlib.sha256(f"{user_id}|{key}".encode()).hexdigest(), shown)


def _once(kind: type[Once], owner: uuid.UUID, header: dict[str, str], kept_as: Callable[[str], str],
          shown: Callable[[Any], Response]) -> AnyTime:
    if "key" not in header:
        return ANY_TIME
    route, digest = f"{request.method} {request.url_rule}", hashlib.sha256(request.get_data()).hexdigest()
    return kind(owner, route, kept_as(header["key"]), digest, lambda result: _kept(shown(result)))


def repeatable(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, which answers a request that was answered before as it was then."""

    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return view(*args, **kwargs)
        except Repeated as repeated:
            return Response(repeated.answer.text, repeated.answer.status, repeated.answer.headers)

    return wrapped


def _kept(response: Response) -> Answer:
    headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
    return Answer(response.status_code, headers, response.get_data(as_text=True))
