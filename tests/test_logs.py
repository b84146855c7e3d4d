"""The log: one JSON object per line, with the request's id, and nothing of anybody's."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from segmentation import logs
from segmentation.logs import JSONFormatter, about_job

ROOT = Path(__file__).resolve().parent.parent


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


def test_exceptions_are_told_without_what_they_quote(lines: io.StringIO) -> None:
    log = logging.getLogger("segmentation.test")
    try:
        try:
            int("canary")
        except ValueError as error:
            raise RuntimeError("canary again") from error
    except RuntimeError:
        log.exception("broken")
    try:
        Path("/nowhere/canary").read_text()
    except OSError:
        log.exception("broken")
    told, file = (json.loads(line)["exception"] for line in lines.getvalue().splitlines())
    assert told.startswith("RuntimeError\n  tests/test_logs.py:")
    assert "\nfrom ValueError\n" in told
    assert file.startswith("FileNotFoundError: No such file or directory\n")
    assert "canary" not in lines.getvalue()


def test_lines_about_a_job_carry_its_id(lines: io.StringIO) -> None:
    log = logging.getLogger("segmentation.test")
    with about_job("42"):
        log.info("within")
    log.info("after")
    within, after = map(json.loads, lines.getvalue().splitlines())
    assert within["job"] == "42"
    assert "job" not in after


def test_probes_that_find_all_well_are_no_news(application: Flask, lines: io.StringIO) -> None:
    client = application.test_client()
    client.get("/health/live")
    client.get("/health/ready")
    assert not lines.getvalue()
    application.config["SPOOL_DIR"] = Path("/dev/null/nothing")
    client.get("/health/ready")
    assert [json.loads(line)["logger"] for line in lines.getvalue().splitlines()] == [
        "segmentation.health", "segmentation.access"]


def test_libraries_log_in_lines_too(application: Flask, capfd: pytest.CaptureFixture[str]) -> None:
    logs.init_app(application)
    logging.getLogger("huey").error("about %s", "something")
    (line,) = capfd.readouterr().err.splitlines()
    assert json.loads(line)["logger"] == "huey"
    logs.init_app(application)  # back to what is shown elsewhere


def test_warnings_and_what_ends_a_thread_or_the_process_are_lines_too(tmp_path: Path) -> None:
    code = ("import warnings, wsgi; from threading import Thread; warnings.warn('spoken'); "
            "thread = Thread(target=int, args=('canary',)); thread.start(); thread.join(); raise KeyError('canary')")
    environ = {"PATH": os.environ["PATH"], "SEGMENTATION_SECRET_KEY": "0123456789 abcdefghijklmnopqrstuvwxyz",
               "SEGMENTATION_DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}"}
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True,
                         text=True)
    loggers = [json.loads(line)["logger"] for line in run.stderr.splitlines()]
    assert loggers == ["py.warnings", "segmentation.errors", "segmentation.errors"]
    assert "canary" not in run.stderr
