"""The log: one JSON object per line, with the request's id, and nothing of anybody's."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from flask import Flask

from segmentation.logs import JSONFormatter


@pytest.fixture
def lines(application: Flask) -> Iterator[io.StringIO]:
    """What is logged while a test runs."""
    logger, stream = logging.getLogger("segmentation"), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter())
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.setLevel(level)
    logger.removeHandler(handler)


def test_a_request_is_one_line_with_its_id_and_nothing_personal(application: Flask, lines: io.StringIO) -> None:
    response = application.test_client().post(
        "/api/auth/token?secret=in-the-query", json={"email": "me@example.com", "password": "my password"},
        headers={"X-Request-ID": "abc-1"})
    assert response.status_code == 401
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    access = [line for line in logged if line["logger"] == "segmentation.access"]
    assert [line["request_id"] for line in access] == ["abc-1"]
    assert {"time", "level", "message"} <= access[0].keys()
    for secret in ("me@example.com", "my password", "in-the-query"):
        assert secret not in lines.getvalue()


def test_a_message_cannot_begin_a_line_of_its_own(lines: io.StringIO) -> None:
    logging.getLogger("segmentation.test").error('one\n{"level": "forged"}')
    (line,) = lines.getvalue().splitlines()
    assert json.loads(line)["message"] == 'one\n{"level": "forged"}'


def test_an_exception_is_part_of_its_line(lines: io.StringIO) -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logging.getLogger("segmentation.test").exception("broken")
    (line,) = lines.getvalue().splitlines()
    assert "ZeroDivisionError" in json.loads(line)["exception"]


@pytest.mark.parametrize("given", ["a b", "x" * 65, "é", ""])
def test_an_id_that_is_no_plain_token_is_replaced(application: Flask, given: str) -> None:
    answered = application.test_client().get("/api/openapi.json", headers={"X-Request-ID": given.encode("latin-1")})
    assert answered.headers["X-Request-ID"] not in ("", given)
