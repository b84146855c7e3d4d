"""What is left of the body of a refused request is read and thrown away, once the answer is on its way.

A server that closes a connection on which bytes still come in resets it, and a proxy or client that is still sending
then often loses the answer: people would see a 502 in place of our own words. It is not a check of sizes; those are
Flask's, with the limits of the routes.
"""

from __future__ import annotations

import time
from socket import socket
from typing import IO

from flask import Flask, Response, request

from segmentation import limits

MOST_BYTES = limits.IMPORT_BYTES + 1024 * 1024  # what the largest request may have, and what a proxy adds to that
MOST_SECONDS = 10.0
MOST_SILENCE = 2.0  # seconds; whoever waits longer between two pieces keeps a thread from others
PIECE = 64 * 1024


def init_app(app: Flask) -> None:
    """Watch the answers."""
    app.after_request(_watch)


def _watch(response: Response) -> Response:
    body, connection = request.environ["wsgi.input"], request.environ.get("gunicorn.socket")
    # Other servers may not end the body by themselves, and would wait for bytes that never come.
    if response.status_code >= 400 and connection is not None:
        response.call_on_close(lambda: _read_out(body, connection))
    return response


def _read_out(body: IO[bytes], connection: socket) -> None:
    """Read to the end, or as much as one client may cost; gunicorn then closes the connection."""
    left, end, patience = MOST_BYTES, time.monotonic() + MOST_SECONDS, connection.gettimeout()
    connection.settimeout(MOST_SILENCE)
    try:
        while left > 0 and time.monotonic() < end and (piece := body.read(PIECE)):
            left -= len(piece)
    except OSError:
        pass  # the client has gone, which is its right, or says nothing more
    finally:
        connection.settimeout(patience)
