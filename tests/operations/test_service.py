"""The whole service: what all its processes count is added up, and its log is lines without anybody in them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import time
from contextlib import ExitStack
from pathlib import Path

from segmentation import limits
from tests.jobs.shop import wait_until
from tests.operations.serving import Served, ask, served
from tests.pages.conftest import SQLITE

TOKEN = "the-token-of-the-metrics-0123456789-abcdefghij"
UNREADABLE = (b"GET /?canary=1 HTTP/1.1\r\nBad canary\r\n\r\n", b"CANARY canary\r\n\r\n",
              b"GET /canary HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: canary\r\n\r\n")


def send_raw(port: int, request: bytes) -> None:
    """Send what is no request, and read what comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        while connection.recv(4096):
            pass


def count_of_live(service: Served) -> float:
    """How often the liveness was asked for, as the measurements say."""
    status, body = ask(service.port, "GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert status == 200
    start = 'segmentation_requests_total{method="GET",route="/health/live",status="200"} '
    return sum(float(line.removeprefix(start)) for line in body.decode().splitlines() if line.startswith(start))


def log_lines(service: Served) -> list[dict[str, object]]:
    """What is logged so far."""
    return [json.loads(line) for line in service.log.read_text().splitlines()]


@SQLITE
def test_the_service(database_url: str, tmp_path: Path) -> None:
    with served(database_url, tmp_path, METRICS_TOKEN=TOKEN) as service:
        for request in UNREADABLE:
            send_raw(service.port, request)
        for _ in range(20):
            assert ask(service.port, "GET", "/health/live?canary=1")[0] == 200
        assert ask(service.port, "GET", "/canary?canary=1")[0] == 404
        assert count_of_live(service) == 20
        pids = [int(str(line["message"]).rsplit(" ", 1)[1]) for line in log_lines(service)
                if str(line["message"]).startswith("Booting worker")]
        assert len(pids) == 2
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: sum(str(line["message"]).startswith("Booting") for line in log_lines(service)) == 4)
        wait_until(lambda: ask(service.port, "GET", "/health/live")[0] == 200)
        assert count_of_live(service) == 21  # what the dead have counted is kept
    text = service.log.read_text()
    assert "canary" not in text.lower()
    loggers = {line["logger"] for line in log_lines(service)}
    assert {"gunicorn.error", "segmentation.access"} <= loggers


@SQLITE
def test_a_refusal_reaches_those_who_are_still_sending(database_url: str, tmp_path: Path) -> None:
    with served(database_url, tmp_path) as service:
        for path, size, status in (("/api/customers", limits.FACTS_BODY_BYTES, 401),
                                   ("/api/auth/token", limits.FACTS_BODY_BYTES, 413), ("/nowhere", 2_000_000, 404)):
            connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
            connection.putrequest("PUT" if status == 401 else "POST", path)
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(size))
            connection.endheaders(b" " * (size // 2))
            time.sleep(0.3)  # it has refused by now
            connection.send(b" " * (size - size // 2))
            answer = connection.getresponse()
            assert (answer.status, answer.read() != b"") == (status, True)
            connection.request("GET", "/health/live")  # on the same connection, which was not cut
            assert connection.getresponse().status == 200
            connection.close()


@SQLITE
def test_one_who_goes_in_the_middle_of_a_refused_body(database_url: str, tmp_path: Path) -> None:
    with served(database_url, tmp_path) as service:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
                connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\n12345")
        assert ask(service.port, "GET", "/health/live")[0] == 200
    assert all(line["level"] == "INFO" for line in log_lines(service)), service.log.read_text()


@SQLITE
def test_those_who_say_nothing_after_a_refusal_hold_nobody_up(database_url: str, tmp_path: Path) -> None:
    with served(database_url, tmp_path, workers=1) as service, ExitStack() as stack:
        for _ in range(16):  # twice as many as there are threads
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", service.port), timeout=10))
            connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\n12345")
        started = time.monotonic()
        assert ask(service.port, "GET", "/health/live")[0] == 200
        assert time.monotonic() - started < 20
