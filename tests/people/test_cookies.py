"""The cookies: over HTTPS bound to this host alone, never within reach of scripts or of other sites."""

from __future__ import annotations

import pytest

from tests.api.conftest import PASSWORD, World
from tests.pages.conftest import SQLITE


@SQLITE
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_cookies_are_as_narrow_as_the_connection_allows(world: World, scheme: str) -> None:
    http, base = world.app.test_client(), f"{scheme}://localhost"
    answer = http.post("/sign-in", base_url=base, data={"email": "owner@a.example", "password": PASSWORD})
    pages = (answer, http.get(f"/stores/{world.a}/", base_url=base),
             http.post("/preferences", base_url=base, data={"language": "ar"}))
    made = [line for page in pages for line in page.headers.getlist("Set-Cookie")]
    assert [line.split("=")[0] for line in made] == [
        "__Host-segmentation" if scheme == "https" else "segmentation", "store", "language"]
    for line in made:
        parts = {part.strip() for part in line.split(";")[1:]}
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= parts
        assert ("Secure" in parts) == (scheme == "https")
        assert not any(part.startswith("Domain") for part in parts)
