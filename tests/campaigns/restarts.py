"""``python -m tests.campaigns.restarts``: PostgreSQL restarted again and again under load.

A server of its own is made in a temporary folder. While clients ask for previews, lists and pages and jobs run, it is
restarted, in turn gently (connections are ended) and at once (as after a crash). Nobody may see anything but right
answers and 503s of the known shape; two seconds after it is back all answers must be right again; no job may be lost.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import subprocess
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from segmentation.accounts import add_user
from segmentation.extensions import db
from segmentation.queue import enqueue
from tests.api.conftest import PASSWORD
from tests.conftest import make_app, migrated
from tests.jobs.shop import COLUMNS, HEADER, has_ended, job_of, make_shop, order_rows, wait_until
from tests.operations.serving import Served, ask, free_port, served

CLIENTS, ROWS, EMAIL = 6, 400, "owner@campaign.example"
BACK_SECONDS = 2.0  # after which every answer must be right again
SHUTDOWNS = ("fast", "immediate")


@dataclass
class Seen:
    """What the clients saw: answers by how they were, and when failing ones were asked for."""

    answers: Counter[str] = field(default_factory=Counter)
    unavailable: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Question:
    """A request with the answer that is right."""

    method: str
    path: str
    body: dict[str, Any] | None
    is_right: Callable[[Any], bool]


def main() -> None:
    """Restart, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--restarts", type=int, default=20)
    options = parser.parse_args()
    with cluster() as (url, restart):
        folder = Path(mkdtemp())
        migrated(url, folder)
        app = make_app(url, folder)
        with app.app_context(), served(url, folder, EXPORT_SECONDS="60") as service:
            store = make_shop(folder, ROWS)
            add_user(EMAIL, PASSWORD, store, "owner")
            db.session.remove()
            failed = _campaign(service, store, restart, options.restarts)
            db.engine.dispose()
        failed += _bad_lines(service.log)
        shutil.rmtree(folder)
    raise SystemExit(bool(failed))


@contextmanager
def cluster() -> Iterator[tuple[str, Callable[[str], None]]]:
    """A PostgreSQL server of our own: the URL of an empty database, and what restarts it in a given way."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    folder, port = Path(mkdtemp(prefix="restarts-")), free_port()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")

    def run(name: str, *arguments: str) -> None:
        command = [str(binaries / name), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    data = folder / "data"
    run("initdb", "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale", "C.UTF-8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}"
    server = ("-D", str(data), "-w", "-l", str(folder / "log"), "-o", options)
    run("pg_ctl", *server, "start")
    try:
        run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "campaign")
        yield (f"postgresql://postgres@127.0.0.1:{port}/campaign",
               lambda mode: run("pg_ctl", *server, "-m", mode, "restart"))
    finally:
        run("pg_ctl", *server, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _campaign(service: Served, store: uuid.UUID, restart: Callable[[str], None], restarts: int) -> int:
    token = _sign_in(service.port)
    questions, segment = _questions(service.port, store, token)
    over, seen, jobs, slow = threading.Event(), Seen(), [], 0
    clients = [threading.Thread(target=_client, args=(service.port, token, questions, number, over, seen))
               for number in range(CLIENTS)]
    for client in clients:
        client.start()
    longest = 0.0
    for number in range(restarts):
        jobs += [_ask_for_job(service.port, store, token, segment, kind, number) for kind in ("export", "import")]
        time.sleep(0.5)
        restart(SHUTDOWNS[number % len(SHUTDOWNS)])
        back = time.monotonic()
        time.sleep(BACK_SECONDS + 1)
        late = [asked - back for asked in seen.unavailable if asked > back]
        longest, slow = max([longest, *late]), slow + sum(seconds > BACK_SECONDS for seconds in late)
    over.set()
    for client in clients:
        client.join()
    lost = sum(not _ends_well(job_id) for job_id in jobs if job_id)
    print(f"{restarts} restarts, {sum(seen.answers.values())} requests: " + ", ".join(
        f"{number} {what}" for what, number in sorted(seen.answers.items())))
    print(f"the last 503 was asked for {longest:.2f} s after the database was back; {slow} were after 2 s")
    print(f"{sum(map(bool, jobs))} jobs asked for, {lost} lost")
    for each in seen.wrong[:10]:
        print(f"  wrong: {each}")
    return slow + lost + len(seen.wrong) + seen.answers["connection errors"]


def _questions(port: int, store: uuid.UUID, token: str) -> tuple[list[Question], str]:
    """Requests of each kind, with what they answer while all is well; and the id of a segment."""
    base, rules = "/api/segmentation", {"logic": "AND", "conditions": [
        {"field": "orders_count", "operator": "greater_than_or_equals", "value": 2}]}
    _, body = ask(port, "GET", f"{base}?store_id={store}", headers=_headers(token))
    segment = json.loads(body)["segments"][-1]["id"]
    asked = [("POST", f"{base}/preview?store_id={store}", {"rules": rules}),
             ("POST", f"{base}/preview?store_id={store}&include=nodes,sample", {"rules": rules}),
             ("GET", f"{base}/{segment}/customers?store_id={store}&limit=50", None),
             ("GET", f"{base}?store_id={store}", None)]
    questions = []
    for method, path, given in asked:
        _, body = ask(port, method, path, json.dumps(given).encode() if given else None, _headers(token))
        right = _essence(json.loads(body))
        questions.append(Question(method, path, given, lambda found, right=right: _essence(found) == right))
    return questions, segment


def _essence(answer: Any) -> Any:
    """What of an answer does not change while orders come in that change no answer, and segments are counted again."""
    if "segments" in answer:
        return sorted(each["name"] for each in answer["segments"])
    if "data" in answer:
        return len(answer["data"])
    return sorted(answer)


def _client(port: int, token: str, questions: list[Question], number: int, over: threading.Event, seen: Seen) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while not over.is_set():
        question, started = questions[number % len(questions)], time.monotonic()
        number += 1
        try:
            connection.request(question.method, question.path,
                               json.dumps(question.body).encode() if question.body else None, _headers(token))
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            seen.answers["connection errors"] += 1
            seen.wrong.append(repr(error))
            connection.close()
            continue
        kind = _kind(answer, body, question)
        seen.answers[kind] += 1
        if kind == "unavailable":
            seen.unavailable.append(started)
            time.sleep(0.02)
        elif kind == "wrong":
            seen.wrong.append(f"{question.path} {answer.status} {body[:200]!r}")
    connection.close()


def _kind(answer: http.client.HTTPResponse, body: bytes, question: Question) -> str:
    try:
        found = json.loads(body)
    except ValueError:
        return "wrong"
    if answer.status == 200:
        return "right" if question.is_right(found) else "wrong"
    shaped = found.keys() == {"error"} and found["error"].keys() == {"code", "message", "request_id", "problems"}
    if answer.status == 503 and shaped and found["error"]["code"] == "unavailable" and answer.getheader("Retry-After"):
        return "unavailable"
    return "wrong"


def _ask_for_job(port: int, store: uuid.UUID, token: str, segment: str, kind: str, number: int) -> uuid.UUID | None:
    """Ask for long work over HTTP, as often as it takes."""
    headers, method, path, body = {**_headers(token), "Prefer": "respond-async"}, "GET", "", None
    path = f"/api/segmentation/{segment}/export?store_id={store}&columns={','.join(COLUMNS)}"
    if kind == "import":
        method, path = "POST", f"/api/imports?store_id={store}"
        rows = "\r\n".join([HEADER, *order_rows(ROWS, number + 2)])
        part = "--cut\r\nContent-Disposition: form-data; name="
        body = f'{part}"kind"\r\n\r\norders\r\n{part}"file"; filename="a.csv"\r\n\r\n{rows}\r\n--cut--\r\n'.encode()
        headers["Content-Type"] = "multipart/form-data; boundary=cut"
    for _ in range(100):
        status, answer = ask(port, method, path, body, headers)
        if status == 202:
            return uuid.UUID(json.loads(answer)["id"])
        if status != 503:
            return None  # as many wait already as may
        time.sleep(0.1)
    raise AssertionError(answer)


def _ends_well(job_id: uuid.UUID) -> bool:
    enqueue(job_id)
    wait_until(lambda: has_ended(job_id))
    job = job_of(job_id)
    if job.state != "done":
        print(f"  {job.kind}: {job.state} {job.error}")
    return job.state == "done"


def _bad_lines(log: Path) -> int:
    """Lines of the log that are no object, or tell of something unexpected."""
    bad = 0
    for line in log.read_text().splitlines():
        try:
            told = json.loads(line)
            unexpected = (told["message"] in ("unexpected error", "uncaught exception", "a job failed")
                          or ("exception" in told and told["logger"] in ("segmentation", "gunicorn.error")))
        except ValueError:
            unexpected = True
        if unexpected:
            bad += 1
            print(f"  log: {line[:1200]}")
    return bad


def _sign_in(port: int) -> str:
    body = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
    _, answer = ask(port, "POST", "/api/auth/token", body, {"Content-Type": "application/json"})
    return str(json.loads(answer)["access_token"])


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


if __name__ == "__main__":
    main()
