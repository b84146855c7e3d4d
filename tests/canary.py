"""A watch over every answer of the two-store world: what store B holds is told to nobody but its own people.

Everything that B's fixtures write holds the canary. A test client of a watched application looks for it in each answer
to anybody else, in files and workbooks too; a test whose own request names the canary is not watched any further,
since what it wrote or asked for may come back to it.
"""

from __future__ import annotations

import uuid
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

import jwt
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

CANARY = "ZZ-B-9f3c"
_SOUGHT = CANARY.lower().encode()


class Leak(AssertionError):
    """Another store's data was in an answer."""


def watch(app: Flask, *insiders: uuid.UUID) -> None:
    """Have every test client of `app` look for the canary; the users `insiders` may see it."""

    class Watched(FlaskClient):
        watches = True

        def open(self, *args: Any, **kwargs: Any) -> TestResponse:
            if CANARY.lower() in repr((args, kwargs)).lower():
                Watched.watches = False
            response = super().open(*args, **kwargs)
            told_to_insider = asked_by(response.request.headers) & {str(user) for user in insiders}
            if Watched.watches and not told_to_insider and shows_canary(response):
                raise Leak(f"the other store's data in the answer to {response.request.method} {response.request.path}")
            return response

    app.test_client_class = Watched


def asked_by(headers: Headers) -> set[str]:
    """The users that the request says it comes from, whether or not that is so."""
    carried = [headers.get("Authorization", "").removeprefix("Bearer ")]
    carried += [part.partition("=")[2] for part in headers.get("Cookie", "").split("; ")]
    found = set()
    for token in carried:
        try:
            found.add(str(jwt.decode(token, options={"verify_signature": False}).get("sub")))
        except (jwt.PyJWTError, UnicodeError, RecursionError):
            continue
    return found


def shows_canary(response: TestResponse) -> bool:
    """Whether an answer holds the canary in its headers, its text, or inside its workbook."""
    told = str(response.headers).lower().encode() + response.data.lower()
    return _SOUGHT in told or (response.data[:2] == b"PK" and _SOUGHT in unpacked(response.data).lower())


def unpacked(archive: bytes) -> bytes:
    """All that a workbook's parts hold."""
    try:
        with ZipFile(BytesIO(archive)) as parts:
            return b"\n".join(parts.read(name) for name in parts.namelist())
    except BadZipFile:
        return b""
