"""How requests are read: strictly, with every fault reported by address.

Query values come once, are known by name, and use ASCII digits; a body is JSON by our own reader. Faults in a query
are 400, faults in a well-formed body 422. `needs` is what every route of a store begins with: the caller, the store,
the role.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request, g, request
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType

from segmentation import auth, json, limits
from segmentation.audience.scope import Scope
from segmentation.errors import Invalid, Malformed, Problem, pointer
from segmentation.extensions import db
from segmentation.models import Segment
from segmentation.references import StoredSegments
from segmentation.rules.kinds import Fault, read_line, read_lines
from segmentation.rules.reading import RulesError

_DIGITS = re.compile(r"[0-9]{1,9}")


def needs(role: str, *, person: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give the view a Scope of at least `role` as its first argument: token first, then `store_id`, then the role.

    With `person` an API token is refused, whatever its role.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            scope_in = auth.bearer()
            scope = scope_in(_only("store_id"))
            scope.require(role)
            if person:
                scope.require_person()
            g.scope = scope
            return view(scope, *args, **kwargs)

        return wrapped

    return decorate


def signed_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Give the view the Caller as its first argument, before anything of the request is read."""

    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return view(auth.authenticate(), *args, **kwargs)

    return wrapped


def expected_versions() -> set[int] | None:
    """The versions that `If-Match` allows to be overwritten; None when any may be."""
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    tags = request.if_match.as_set(include_weak=False)
    return {int(tag) for tag in tags if tag and _DIGITS.fullmatch(tag)}


def wants_job() -> bool:
    """Whether the caller would rather have a job than wait (`Prefer: respond-async`, RFC 7240)."""
    preferences = ",".join(request.headers.getlist("Prefer")).lower().split(",")
    return any(each.partition(";")[0].strip() == "respond-async" for each in preferences)


def _only(name: str) -> str:
    values = request.args.getlist(name)
    if len(values) != 1:
        message = f"'{name}' is required, exactly once."
        raise Malformed(message, [Problem(f"/{name}", "required" if not values else "repeated", message)])
    return values[0]


class Parser(FlaskParser):
    """webargs, made strict."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 - as webargs has it
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
        "json": ma.RAISE,
    }

    def use_args(self, argmap: Any, *args: Any, **kwargs: Any) -> Callable[..., Callable[..., Any]]:
        """As webargs has it, but all requests share one instance of the schema: to make one takes longer than to read
        with it.
        """
        return super().use_args(argmap() if isinstance(argmap, type) else argmap, *args, **kwargs)

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """Each query value, once."""
        return {name: _only(name) for name in req.args}

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """The body, parsed strictly."""
        if req.mimetype != "application/json" or req.headers.get("Content-Encoding"):
            raise UnsupportedMediaType("Send the body as application/json.")
        try:
            return json.loads(req.get_data(cache="Idempotency-Key" in req.headers))
        except json.JSONError as error:
            raise Malformed(str(error), code="malformed_json") from error

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Any,
    ) -> NoReturn:
        """Raise our error with all problems."""
        location, messages = next(iter(error.messages_dict.items()))
        problems = list(_problems(messages, ""))
        if location != "json":
            raise Malformed(f"The {location.rstrip('s')} has a value that cannot be used.", problems)
        if all(f"{problem.path}/".startswith("/rules/") for problem in problems):
            nodes = len({problem.id or problem.path for problem in problems})
            raise Invalid(
                f"{nodes} {'condition needs' if nodes == 1 else 'conditions need'} attention.",
                problems,
                code="invalid_rules",
            )
        raise Invalid("Some values cannot be used.", problems)


def _problems(messages: Any, path: str) -> Iterator[Problem]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            here = path if key == "_schema" else f"{path}/{pointer(key)}"
            yield from _problems(inner, here)
        return
    for message in messages:
        if isinstance(message, Problem):
            yield message
        elif isinstance(message, Fault):
            yield Problem(path, message.code, message.message)
        else:
            yield Problem(path, "invalid", str(message))


class Value(ma.fields.Field[Any]):
    """A value that is read strictly. `read` raises Fault; `schema` is its JSON Schema for the OpenAPI document."""

    default_error_messages: dict[str, Any] = {  # noqa: RUF012 - as marshmallow has it
        "required": [Fault("required", "This is required.")],
        "null": [Fault("required", "This is required.")],
    }

    def __init__(self, read: Callable[[Any], Any], schema: dict[str, Any], **options: Any) -> None:
        super().__init__(**options)
        self.read = read
        self.schema = schema

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return self.read(value)
        except Fault as fault:
            raise ma.ValidationError([fault]) from fault
        except RulesError as error:
            raise ma.ValidationError(error.problems) from error


class Strict(ma.Schema):
    """A schema whose own messages are faults too."""

    error_messages: dict[str, Any] = {  # noqa: RUF012 - as marshmallow has it
        "unknown": Fault("unknown_key", "There is no such key here."),
        "type": Fault("not_an_object", "The body must be a JSON object."),
    }


def whole(least: int, most: int, **options: Any) -> Value:
    """A whole number in the query."""

    def read(raw: str) -> int:
        if not _DIGITS.fullmatch(raw) or not least <= int(raw) <= most:
            raise Fault("not_a_whole_number", f"Give a whole number from {least} to {most}.")
        return int(raw)

    return Value(read, {"type": "integer", "minimum": least, "maximum": most}, **options)


def one_of(*words: str, **options: Any) -> Value:
    """One of some words in the query."""

    def read(raw: str) -> str:
        if raw not in words:
            raise Fault("unknown_choice", f"Give one of: {', '.join(words)}.")
        return raw

    return Value(read, {"type": "string", "enum": list(words)}, **options)


def text(longest: int, *, lines: bool = False, **options: Any) -> Value:
    """Text of up to `longest` characters, trimmed. With `lines` it may be blank and hold line breaks."""

    def read(raw: Any) -> str:
        return read_lines(raw, longest) if lines else read_line(raw, longest)

    return Value(read, {"type": "string", "maxLength": longest, **({} if lines else {"minLength": 1})}, **options)


def secret(**options: Any) -> Value:
    """Any text of 1 to 1,000 characters, taken as it is."""

    def read(raw: Any) -> str:
        if not isinstance(raw, str) or not 0 < len(raw) <= limits.TEXT_LENGTH:
            raise Fault("not_a_text", f"Enter 1 to {limits.TEXT_LENGTH} characters.")
        return raw

    return Value(read, {"type": "string", "minLength": 1, "maxLength": limits.TEXT_LENGTH}, **options)


def boolean(**options: Any) -> Value:
    """JSON true or false."""

    def read(raw: Any) -> bool:
        if not isinstance(raw, bool):
            raise Fault("not_a_boolean", "Give true or false.")
        return raw

    return Value(read, {"type": "boolean"}, **options)


def number(least: int, most: int, **options: Any) -> Value:
    """A whole number in JSON."""

    def read(raw: Any) -> int:
        if not isinstance(raw, int) or isinstance(raw, bool) or not least <= raw <= most:
            raise Fault("not_a_whole_number", f"Give a whole number from {least} to {most}.")
        return raw

    return Value(read, {"type": "integer", "minimum": least, "maximum": most}, **options)


def identifier(**options: Any) -> Value:
    """An id in the query."""

    def read(raw: str) -> uuid.UUID:
        try:
            return uuid.UUID(raw)
        except ValueError:
            raise Fault("not_an_id", "Give an id.") from None

    return Value(read, {"type": "string", "format": "uuid"}, **options)


def rules(**options: Any) -> Value:
    """A rule tree, read with the catalogue and the segments of the request's store; of the segment in the path, if any.
    """

    def read(raw: Any) -> Any:
        scope: Scope = g.scope
        session = db.session()
        key = (scope.store_id, (request.view_args or {}).get("segment_id"))
        row = session.get(Segment, key) if key[1] else None
        return StoredSegments(scope, session).check(raw, row)

    return Value(read, {"$ref": "#/components/schemas/RuleGroup"}, **options)


def store_id() -> Value:
    """The store in the query; `needs` has checked it already."""
    return Value(
        str, {"type": "string", "format": "uuid"}, required=True, metadata={"description": "the store; exactly once"}
    )
