"""How gunicorn serves the application: ``gunicorn wsgi:app`` reads this file by itself.

Threads share a process, so a slow reader of a file holds a thread and not a worker. PORT and WEB_CONCURRENCY are
honoured.
"""

import os

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
