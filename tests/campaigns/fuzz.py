"""``python -m tests.campaigns.fuzz``: strange requests by the hundred thousand, in process and over HTTP.

No answer may be a failure of ours, every error of the API has the one shape, and nothing of the other store is told.
`--seed` and `--only` make one request again and show it with its answer.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask
from sqlalchemy import delete
from werkzeug.test import run_wsgi_app

from segmentation.database import writing
from segmentation.extensions import db
from segmentation.models import Job, Segment, SignInFailures
from tests.api.conftest import World, make_world
from tests.campaigns.kills import database
from tests.campaigns.requests import Sent, request
from tests.canary import CANARY
from tests.conftest import SECRET, postgres_answers
from tests.walls.routes import ENDS_THE_SIGN_IN, all_routes
from tests.walls.stores import Things, plant, principals, things

SLOW = 2.0  # seconds after which an answer is counted as slow
RENEWED = 500  # requests after which there are new things to ask for
Answer = tuple[int, dict[str, str], bytes]
Ask = Callable[[Sent], Answer | None]


class Wrong(AssertionError):
    """An answer that nobody should get."""


def check(sent: Sent, answer: Answer) -> None:
    """Raise Wrong for an answer that is a failure, an error of another shape, or tells of store B."""
    status, headers, body = answer
    if status >= 500:
        raise Wrong(f"{status}: {body[:300]!r}")
    if CANARY.lower().encode() in body.lower():
        raise Wrong("the other store's data")
    if not status >= 400 or sent.method.upper() == "HEAD":
        return
    if sent.is_api:
        _check_error(headers, body)
    elif not headers.get("content-type", "").startswith("text/html"):
        raise Wrong(f"an error that is no page: {headers}")


def _check_error(headers: dict[str, str], body: bytes) -> None:
    try:
        error = json.loads(body)["error"]
        whole = error.keys() == {"code", "message", "request_id", "problems"}
        right = whole and error["request_id"] == headers["x-request-id"] and error["code"] not in ("error", "internal")
        right = right and all({"path", "code", "message"} <= each.keys() for each in error["problems"])
    except (ValueError, KeyError, TypeError, AttributeError):
        right = False
    if not right or {"SELECT", "Traceback", "sqlalchemy"} & set(body.decode("utf-8", "replace").split()):
        raise Wrong(f"an error of another shape: {body[:300]!r}")


def asked_inside(app: Flask) -> Ask:
    """Ask the application itself, as a server would call it."""

    def ask(sent: Sent) -> Answer:
        names = {name.upper().replace("-", "_"): value for name, value in sent.headers.items()}
        environ: dict[str, Any] = {
            "REQUEST_METHOD": sent.method, "SCRIPT_NAME": "", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
            "PATH_INFO": unquote_to_bytes(sent.path).decode("latin-1"), "QUERY_STRING": sent.query,
            "CONTENT_TYPE": names.pop("CONTENT_TYPE", ""), "CONTENT_LENGTH": str(len(sent.body)),
            "REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost",
            **{f"HTTP_{name}": value for name, value in names.items()},
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(sent.body),
            "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
        }
        parts, status, headers = run_wsgi_app(app.wsgi_app, environ, buffered=True)
        return int(status.split()[0]), {name.lower(): value for name, value in headers}, b"".join(parts)

    return ask


def asked_over_http(port: int) -> Ask:
    """Ask a server on this machine; None when the server itself refused what is no HTTP, or hung up."""

    def ask(sent: Sent) -> Answer | None:
        lines = [f"{sent.method} {sent.path}{'?' if sent.query else ''}{sent.query} HTTP/1.1"]
        headers = {"Host": "localhost", **sent.headers, "Content-Length": str(len(sent.body)), "Connection": "close"}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            with suppress(BrokenPipeError, ConnectionResetError):  # it may answer before it has read what it refuses
                connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + sent.body)
            response = HTTPResponse(connection, method=sent.method)
            try:
                response.begin()
                found = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            except (HTTPException, ConnectionError):
                return None
        return found if "x-request-id" in found[1] or found[0] >= 500 else None

    return ask


def make_stores(app: Flask) -> tuple[World, dict[str, str]]:
    """The two stores, and the tokens of A's owner."""
    world = make_world(app)
    plant(world)
    owner = next(each for each in principals(world) if each.role == "owner")
    return world, {"bearer": owner.bearer, "cookie": owner.cookie, "csrf": owner._csrf()}


def renewed(world: World) -> Things:
    """New things of store A, after all that came before has gone, so that no limit on their number is in the way."""
    with world.app.app_context():
        with writing() as session:
            for each in (Segment, Job, SignInFailures):
                session.execute(delete(each))
        db.session.remove()
    return things(world, "a")


def run(world: World, tokens: dict[str, str], ask: Ask, seed: int, numbers: range) -> tuple[Counter[str], list[str]]:
    """Ask all requests of those numbers; how they were answered, and what was wrong."""
    routes = [each for each in all_routes(world.app) if each.rule not in ENDS_THE_SIGN_IN]
    figures: Counter[str] = Counter()
    wrong: list[str] = []
    at = renewed(world)
    for number in numbers:
        if number % RENEWED == 0:
            at = renewed(world)
        sent = request(seed, number, routes, at, tokens)
        started = time.monotonic()
        try:
            answer = ask(sent)
            figures["refused by the server" if answer is None else f"{answer[0] // 100}xx"] += 1
            if answer is not None:
                check(sent, answer)
        except Exception as error:  # whatever it is, it is a finding
            figures["wrong"] += 1
            wrong.append(f"--seed {seed} --only {number}: {sent.method} {sent.path[:120]} {type(error).__name__}: "
                         f"{str(error)[:400]}")
        figures["slow"] += time.monotonic() - started > SLOW
    return figures, wrong


@contextmanager
def served(app: Flask, folder: Path) -> Iterator[int]:
    """gunicorn in front of the application's database; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {**os.environ, "SEGMENTATION_SECRET_KEY": SECRET, "SEGMENTATION_LOG_LEVEL": "ERROR", "PORT": str(port),
               "SEGMENTATION_DATABASE_URL": app.config["DATABASE_URL"], "HOST": "127.0.0.1",
               "SEGMENTATION_SPOOL_DIR": str(app.config["SPOOL_DIR"]), "SEGMENTATION_QUEUE": app.config["QUEUE"]}
    with (folder / "gunicorn.log").open("w") as log:
        command = [sys.executable, "-m", "gunicorn", "wsgi:app", "--max-requests", "0"]
        server = subprocess.Popen(command, env=environ, stderr=log)
        try:
            _wait_for(port, server)
            yield port
        finally:
            server.terminate()
            server.wait(40)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server does not start")


def main() -> None:
    """Ask, check, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000, help="in process")
    parser.add_argument("--over-http", type=int, default=20_000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", type=int, help="one request, shown with its answer")
    options = parser.parse_args()
    if options.engine == "postgresql" and not postgres_answers():
        parser.error("no PostgreSQL: set SEGMENTATION_TEST_POSTGRES_URL")
    failed = False
    with TemporaryDirectory() as folder, database(options.engine, Path(folder) / "fuzz") as app:
        world, tokens = make_stores(app)
        if options.only is not None:
            _show(world, tokens, options)
            return
        rounds = [("in process", options.requests, asked_inside(app))]
        for name, count, ask in rounds:
            failed |= _report(name, options, *run(world, tokens, ask, options.seed, range(count)))
        if options.over_http:
            with served(app, Path(folder)) as port:
                found = run(world, tokens, asked_over_http(port), options.seed, range(options.over_http))
                failed |= _report("over HTTP", options, *found)
    raise SystemExit(failed)


def _report(name: str, options: argparse.Namespace, figures: Counter[str], wrong: list[str]) -> bool:
    total = sum(count for key, count in figures.items() if key not in ("wrong", "slow"))
    print(f"{total} requests {name}, {options.engine}, seed {options.seed}:", dict(sorted(figures.items())))
    for line in wrong[:20]:
        print(line)
    return bool(wrong)


def _show(world: World, tokens: dict[str, str], options: argparse.Namespace) -> None:
    routes = [each for each in all_routes(world.app) if each.rule not in ENDS_THE_SIGN_IN]
    sent = request(options.seed, options.only, routes, renewed(world), tokens)
    print(sent.method, sent.path, sent.query, sent.headers, sent.body[:2_000], sep="\n")
    world.app.logger.parent.setLevel("ERROR")  # type: ignore[union-attr]
    print(asked_inside(world.app)(sent))


if __name__ == "__main__":
    main()
