"""How gunicorn serves the application: ``gunicorn wsgi:app`` reads this file by itself.

Threads share a process, so a slow reader of a file holds a thread and not a worker. PORT and WEB_CONCURRENCY are
honoured. Unless SEGMENTATION_QUEUE names a queue for workers of your own, the server brings the one process that runs
jobs: it is started again when it dies, and ends with the server.
"""

import json
import logging
import os
import re
import subprocess
import sys
import traceback
from datetime import UTC, datetime
from itertools import count
from shutil import rmtree
from tempfile import mkdtemp
from threading import Event, Thread

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 8
timeout = 1000  # above the longest deadline of a query (exports); queries are stopped by their own deadlines
graceful_timeout = 30
keepalive = 30
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - a heartbeat file, not data


class JSONLines(logging.Formatter):
    """What gunicorn itself logs, in the lines of the application (whose code must not be loaded before it forks).

    It quotes requests that it cannot read and addresses of those that fail; that is left out.
    """

    quoted = re.compile(r"^(Invalid request) from ip=.*", re.DOTALL)

    def format(self, record):
        """One line."""
        message = str(record.msg) if isinstance(record.msg, str) else type(record.msg).__name__
        line = {"time": datetime.fromtimestamp(record.created, UTC).isoformat(), "level": record.levelname,
                "logger": record.name}
        if record.exc_info and record.exc_info[1]:
            places = traceback.extract_tb(record.exc_info[2])
            line["exception"] = "\n  ".join(
                [record.exc_info[0].__name__, *(f"{each.filename}:{each.lineno} {each.name}" for each in places)])
        else:
            message = record.getMessage()
        return json.dumps({**line, "message": self.quoted.sub(r"\1", message)})


logconfig_dict = {
    "formatters": {"lines": {"()": JSONLines}},
    "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stderr"}},
    "root": {"level": "WARNING", "handlers": []},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["lines"], "propagate": False}},
}


class JobWorker:
    """The process that runs jobs, and the thread that starts it again."""

    command = (sys.executable, "-m", "flask", "--app", "wsgi", "worker", "--with-parent")

    def __init__(self):
        self._ending = Event()
        self._process = None
        self._keeper = Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def reload(self):
        """Have it begin anew, with the code as it is now."""
        if self._process is not None:
            self._process.terminate()

    def stop(self):
        """End it; what it runs goes on with the next one."""
        self._ending.set()
        self._keeper.join()

    def _keep(self):
        while not self._ending.is_set():
            self._process = subprocess.Popen(self.command)  # noqa: S603 - our own command
            while self._process.poll() is None and not self._ending.wait(0.5):
                pass
            self._ending.wait(1)  # one that cannot start must not be tried without a pause
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()


def on_starting(server):
    """The server begins: what its processes count needs a folder, an empty one unless the operator names one."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        server.counted = mkdtemp(prefix="segmentation-metrics-", dir=worker_tmp_dir)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = server.counted


def pre_fork(server, worker):
    """A worker is about to begin: it takes the lowest place that is free.

    What it counts goes into the files of that place, after what those before it have counted there: so nothing is lost
    when a worker ends, and there are never more files than places.
    """
    taken = {each.place for each in server.WORKERS.values()}
    worker.place = next(number for number in count() if number not in taken)


def post_fork(server, worker):
    """In the worker, before it loads the application."""
    from prometheus_client import values

    values.ValueClass = values.MultiProcessValue(lambda: f"web{worker.place}")


def when_ready(server):
    """The server has started."""
    if not os.environ.get("SEGMENTATION_QUEUE"):
        server.job_worker = JobWorker()


def on_reload(server):
    """The server was told to read its configuration and code again."""
    if hasattr(server, "job_worker"):
        server.job_worker.reload()


def on_exit(server):
    """The server ends."""
    if hasattr(server, "job_worker"):
        server.job_worker.stop()
    if hasattr(server, "counted"):
        rmtree(server.counted, ignore_errors=True)
