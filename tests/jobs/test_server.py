"""The web server's own worker: started with it, started again when it dies, gone with it."""

from __future__ import annotations

import os
import runpy
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.jobs.shop import wait_until

SETTINGS = Path(__file__).resolve().parents[2] / "gunicorn.conf.py"


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What gunicorn reads, with a worker that only sleeps."""
    monkeypatch.delenv("SEGMENTATION_QUEUE", raising=False)
    found = runpy.run_path(str(SETTINGS))
    assert found["JobWorker"].command[1:] == ("-m", "flask", "--app", "wsgi", "worker", "--with-parent")
    monkeypatch.setattr(found["JobWorker"], "command", (sys.executable, "-c", "import time; time.sleep(600)"))
    return found


def is_there(process: int) -> bool:
    """Whether the process lives."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_one_worker_as_long_as_the_server(settings: dict[str, Any]) -> None:
    server = SimpleNamespace()
    settings["when_ready"](server)
    process = wait_until(lambda: server.job_worker._process)
    first = process.pid
    os.kill(first, signal.SIGKILL)
    second = wait_until(lambda: server.job_worker._process.pid != first and server.job_worker._process.pid)
    assert not is_there(first)
    settings["on_reload"](server)
    third = wait_until(lambda: server.job_worker._process.pid != second and server.job_worker._process.pid)
    settings["on_exit"](server)
    assert not is_there(third)


def test_none_where_there_is_a_queue_for_workers_of_ones_own(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGMENTATION_QUEUE", "redis://somewhere")
    server = SimpleNamespace()
    for hook in ("when_ready", "on_reload", "on_exit"):
        settings[hook](server)
    assert not hasattr(server, "job_worker")
