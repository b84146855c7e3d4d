"""How gunicorn serves the application: ``gunicorn wsgi:app`` reads this file by itself.

Threads share a process, so a slow reader of a file holds a thread and not a worker. PORT and WEB_CONCURRENCY are
honoured. Unless SEGMENTATION_QUEUE names a queue for workers of your own, the server brings the one process that runs
jobs: it is started again when it dies, and ends with the server.
"""

import os
import subprocess
import sys
from threading import Event, Thread

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 8
timeout = 1000  # above the longest deadline of a query (exports); queries are stopped by their own deadlines
graceful_timeout = 30
keepalive = 30
max_requests = 20_000
max_requests_jitter = 2_000
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - a heartbeat file, not data


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
