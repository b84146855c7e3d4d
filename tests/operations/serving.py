"""The application under gunicorn and a worker, as in life: what tests and campaigns of the whole service share."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import IO

from tests.conftest import SECRET

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (("gunicorn", "wsgi:app"), ("flask", "--app", "wsgi", "worker"))
PATIENCE = 120.0  # seconds, on a machine that does other things too


@dataclass
class Served:
    """A running service: where it answers, its first process, and the file that holds what it has logged."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path


def free_port() -> int:
    """A port that nobody listens on."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(url: str, folder: Path, workers: int = 2, **settings: str) -> Iterator[Served]:
    """The service on the database at `url`, ready; its files are in `folder`."""
    environ = {name: value for name, value in os.environ.items()
               if not name.startswith(("SEGMENTATION_", "PROMETHEUS_"))}
    own = {"SECRET_KEY": SECRET, "DATABASE_URL": url, "SPOOL_DIR": str(folder / "spool"),
           "QUEUE": f"sqlite:///{folder / 'queue.db'}", **settings}
    port, log = free_port(), folder / "service.log"
    environ |= {f"SEGMENTATION_{name}": value for name, value in own.items()}
    environ |= {"PORT": str(port), "HOST": "127.0.0.1", "WEB_CONCURRENCY": str(workers)}
    with log.open("wb") as lines, ExitStack() as stack:
        web, _worker = (stack.enter_context(_running(command, environ, lines)) for command in COMMANDS)
        _wait_until_ready(port, web)
        yield Served(port, web, log)


@contextmanager
def _running(command: Sequence[str], environ: Mapping[str, str], lines: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=environ, stdout=lines, stderr=lines)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def ask(port: int, method: str, path: str, body: bytes | None = None,
        headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """One request on a connection of its own: status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def megabytes(service: Served) -> float:
    """The memory of gunicorn's processes of their own; a mapped database is the system's to keep or to drop."""
    first, total = service.process.pid, 0
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    for process in (str(first), *children):
        told = Path(f"/proc/{process}/smaps_rollup").read_text()
        total += next(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss_Anon:"))
    return total / 1024


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            if ask(port, "GET", "/health/ready")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("the service did not become ready")
