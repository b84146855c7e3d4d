"""nginx in front, with the configuration of docs/deployment: cookies, schemes, addresses, sizes, ranges."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import ssl
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from segmentation import limits
from segmentation.accounts import add_user
from segmentation.auth import FAILURES
from segmentation.extensions import db
from tests.api.conftest import PASSWORD
from tests.conftest import make_store
from tests.operations.serving import ROOT, free_port, served
from tests.pages.conftest import SQLITE

SITE = ROOT / "docs" / "deployment" / "nginx.conf"
EMAIL = "owner@proxy.example"
MAIN = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/a;
    uwsgi_temp_path {folder}/b; scgi_temp_path {folder}/c;
    include {folder}/site.conf;
}}
"""


@dataclass
class Answer:
    """What came back through the proxy."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass
class Proxy:
    """nginx, and behind it the service with a store."""

    plain: int
    secure: int
    store: uuid.UUID

    def ask(self, method: str, path: str, body: bytes | None = None,
            headers: Mapping[str, str] | None = None) -> Answer:
        """A request over https."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.secure, timeout=60, context=context)
        try:
            connection.request(method, path, body, {"Host": "segments.example.com", **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()


@pytest.fixture
def proxy(application: Flask, tmp_path: Path) -> Iterator[Proxy]:
    """nginx before the service, as the operator would set both up."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("no nginx")
    with application.app_context():
        store = make_store().id
        add_user(EMAIL, PASSWORD, store, "owner")
        db.session.remove()
    with served(application.config["DATABASE_URL"], tmp_path, workers=1, PROXIES="1") as service:
        plain, secure = free_port(), free_port()
        _configure(tmp_path, plain, secure, service.port)
        process = subprocess.Popen([nginx, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")],
                                   stderr=subprocess.DEVNULL)
        try:
            found = Proxy(plain, secure, store)
            _wait_for(found)
            yield found
        finally:
            process.terminate()
            process.wait(30)


def _configure(folder: Path, plain: int, secure: int, behind: int) -> None:
    """The site as it is in the docs, but for ports and certificate."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=segments.example.com",
                    "-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")],
                   check=True, capture_output=True)
    site = SITE.read_text()
    for ours, theirs in (
        ("server 127.0.0.1:8000", f"server 127.0.0.1:{behind}"), ("listen 80", f"listen 127.0.0.1:{plain}"),
        ("listen 443", f"listen 127.0.0.1:{secure}"), ("/etc/ssl/segments", str(folder)),
    ):
        assert ours in site
        site = site.replace(ours, theirs)
    (folder / "site.conf").write_text(site)
    user = "user root;\n" if os.geteuid() == 0 else ""  # who may read the test's folder
    (folder / "nginx.conf").write_text(user + MAIN.format(folder=folder))


def _wait_for(proxy: Proxy) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            proxy.ask("GET", "/sign-in")
            return
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.1)


def _token(proxy: Proxy) -> str:
    body = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
    answer = proxy.ask("POST", "/api/auth/token", body, {"Content-Type": "application/json"})
    return str(json.loads(answer.body)["access_token"])


@SQLITE
def test_nginx_in_front(proxy: Proxy) -> None:
    """One service for all of it, because starting one takes seconds."""
    _check_plain(proxy)
    _check_cookies(proxy)
    headers = {"Authorization": f"Bearer {_token(proxy)}", "Content-Type": "application/json"}
    _check_sizes(proxy, headers)
    _check_ranges(proxy, headers)
    _check_address(proxy)
    for path in ("/metrics", "/health/live", "/health/ready"):
        assert proxy.ask("GET", path).status == 404


def _check_plain(proxy: Proxy) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=30)
    connection.request("GET", "/sign-in?next=/x", headers={"Host": "segments.example.com"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Location")) == (301, "https://segments.example.com/sign-in?next=/x")
    connection.close()


def _check_cookies(proxy: Proxy) -> None:
    form = f"email={EMAIL}&password={PASSWORD.replace(' ', '+')}".encode()
    answer = proxy.ask("POST", "/sign-in", form, {
        "Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "1"})
    assert answer.status == 303
    assert "evil" not in answer.headers["Location"]
    assert answer.headers["Strict-Transport-Security"]
    cookies = answer.headers.get_all("Set-Cookie")
    assert cookies
    assert all("Secure" in cookie for cookie in cookies)
    signed_in = next(cookie for cookie in cookies if cookie.startswith("__Host-segmentation="))
    page = proxy.ask("GET", f"/stores/{proxy.store}/segments/", headers={"Cookie": signed_in.split(";")[0]})
    assert page.status == 200


def _check_sizes(proxy: Proxy, headers: Mapping[str, str]) -> None:
    query = f"?store_id={proxy.store}"
    for path, size in (("/api/segmentation/preview", limits.BODY_BYTES), ("/api/customers", limits.FACTS_BODY_BYTES)):
        method = "POST" if "preview" in path else "PUT"
        answer = proxy.ask(method, path + query, b" " * (size + 1), headers)
        assert (answer.status, json.loads(answer.body)["error"]["code"]) == (413, "too_large")
    rows = "".join(f"c{n},{'x' * 200}\r\n" for n in range(100_000))  # 20 MB, more than any other body may have
    body = ("--cut\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\ncustomers\r\n--cut\r\nContent-Disposition: "
            f"form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nexternal_id,city\r\n{rows}\r\n--cut--\r\n").encode()
    answer = proxy.ask("POST", f"/api/imports{query}", body,
                       {**headers, "Content-Type": "multipart/form-data; boundary=cut"})
    assert answer.status == 202, answer.body
    job = json.loads(answer.body)["id"]
    assert proxy.ask("DELETE", f"/api/jobs/{job}{query}", headers=headers).status in (200, 202, 204, 409)


def _check_ranges(proxy: Proxy, headers: Mapping[str, str]) -> None:
    query = f"?store_id={proxy.store}"
    made = proxy.ask("POST", f"/api/segmentation{query}", json.dumps(
        {"name": "عملاء", "rules": {"logic": "AND"}}).encode(), headers)
    segment = json.loads(made.body)["id"]
    asked = proxy.ask("GET", f"/api/segmentation/{segment}/export{query}",
                      headers={**headers, "Prefer": "respond-async"})
    job, end = json.loads(asked.body)["id"], time.monotonic() + 60
    while json.loads(proxy.ask("GET", f"/api/jobs/{job}{query}", headers=headers).body)["state"] != "done":
        assert time.monotonic() < end
        time.sleep(0.1)
    whole = proxy.ask("GET", f"/api/jobs/{job}/file{query}", headers=headers)
    assert whole.status == 200
    assert int(whole.headers["Content-Length"]) == len(whole.body) > 20
    part = proxy.ask("GET", f"/api/jobs/{job}/file{query}", headers={**headers, "Range": "bytes=5-14"})
    assert (part.status, part.body) == (206, whole.body[5:15])
    assert part.headers["Content-Range"] == f"bytes 5-14/{len(whole.body)}"
    rest = proxy.ask("GET", f"/api/jobs/{job}/file{query}", headers={
        **headers, "Range": "bytes=5-", "If-Range": whole.headers["ETag"]})
    assert (rest.status, rest.body) == (206, whole.body[5:])


def _check_address(proxy: Proxy) -> None:
    """Failed sign-ins count on the client's address, whatever it says of itself."""
    body = json.dumps({"email": "nobody@proxy.example", "password": "not the password"}).encode()
    statuses = [proxy.ask("POST", "/api/auth/token", body, {
        "Content-Type": "application/json", "X-Forwarded-For": f"10.0.0.{number}", "Forwarded": f"for=10.0.0.{number}"})
        .status for number in range(FAILURES + 1)]
    assert statuses == [401] * FAILURES + [429]
