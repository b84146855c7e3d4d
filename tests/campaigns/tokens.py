"""``python -m tests.campaigns.tokens``: forged and mutated tokens, in each of the three uses; none may be accepted.

The vectors are those of `tests.api.test_auth`, for tokens of every use; the mutations are drawn from a seed.
"""

from __future__ import annotations

import argparse
import base64
import json
import string
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import jwt
from flask import Flask
from flask.testing import FlaskClient

from tests.api.conftest import PASSWORD, make_world, sign_in
from tests.api.test_auth import FORGERIES, by_hand
from tests.campaigns.kills import database
from tests.conftest import SECRET

LETTERS = string.ascii_letters + string.digits + "-_"
STRANGE = (*LETTERS, "=", "+", "/", ".", " ", "\t", "*", "\x7f", "é", "")
COOKIE = "segmentation"
USES = ("access", "refresh", "page")


class Doors:
    """Where tokens of each use are shown; `opens` tells whether one was taken."""

    def __init__(self, app: Flask) -> None:
        self.http: FlaskClient = app.test_client()
        tokens = sign_in(self.http, "owner@a.example")
        assert self.http.post("/sign-in", data={"email": "owner@a.example", "password": PASSWORD}).status_code == 303
        cookie = self.http.get_cookie(COOKIE)
        assert cookie is not None
        self.good = {"access": tokens["access_token"], "refresh": tokens["refresh_token"], "page": cookie.value}

    def opens(self, use: str, token: str) -> bool:
        """Whether the token is taken for that use. Raises AssertionError for a failure of ours."""
        self.http.delete_cookie(COOKIE)
        carried = token.encode("latin-1", "replace").decode("latin-1")
        if use == "page":
            answer = self.http.get("/", headers={"Cookie": f"{COOKIE}={carried}"})
            accepted = not (answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in"))
        else:
            url, method = ("/api/auth/me", "GET") if use == "access" else ("/api/auth/refresh", "POST")
            answer = self.http.open(url, method=method, headers={"Authorization": f"Bearer {carried}"})
            accepted = answer.status_code != 401
        assert answer.status_code < 500, answer.text
        return accepted


def vectors(doors: Doors) -> Iterator[tuple[str, str, str]]:
    """Name, use and token of every forgery; and every token where another one belongs."""
    for use in USES:
        claims = jwt.decode(doors.good[use], options={"verify_signature": False})
        for name, forge in FORGERIES.items():
            changed, how = forge(dict(claims))
            if name == f"{use} is refresh" or ("'refresh'" in name and use == "refresh"):
                continue  # that is what a refresh token says
            try:
                token = jwt.encode(changed, **{"key": SECRET, "algorithm": "HS256", **how})
            except TypeError:
                token = by_hand(changed)
            if token != doors.good[use]:
                yield name, use, token
        for padding in ("=", "==", "=" * 9):
            yield f"padded {padding}", use, doors.good[use] + padding
        for other in USES:
            if other != use:
                yield f"a {other} token", use, doors.good[other]


def mutated(rng: Random, token: str, others: dict[str, str]) -> str:
    """The token with some of its characters, or parts, otherwise; never the same."""
    parts, how = token.split("."), rng.randrange(8)
    if how == 0:
        at = rng.randrange(3)
        parts[at] = rng.choice(list(others.values())).split(".")[at]
    elif how == 1:
        at = rng.randrange(3)
        parts[at] = parts[at][:rng.randrange(len(parts[at]))]
    elif how == 2:
        parts[1] = _encoded(_changed(rng, parts[1]))
    elif how == 3:
        parts[0] = _encoded({**_decoded(parts[0]), rng.choice(("alg", "typ", "kid", "crit", "b64", "zip")):
                             rng.choice(("none", "None", "HS512", "RS256", "", None, [], {}, ["exp"], False, 1))})
    elif how == 4:
        parts[2] = parts[2][:-1] + rng.choice(LETTERS)
    elif how == 5:
        parts.insert(rng.randrange(4), rng.choice(("", "e30", parts[0])))
    else:
        text = list(token)
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            at = rng.randrange(len(text))
            text[at:at + rng.randrange(2)] = rng.choice(STRANGE)
        return "".join(text)
    return ".".join(parts)


def _decoded(part: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(part + "==")))


def _encoded(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


def _changed(rng: Random, part: str) -> dict[str, Any]:
    claims = _decoded(part)
    claims[rng.choice(list(claims))] = rng.choice((None, 0, 4 * 10**9, "", "x", [], {}, True, 1e300, "access", "page"))
    return claims


def run(app: Flask, seed: int, mutations: int) -> tuple[Counter[str], list[str]]:
    """Try all vectors and so many mutations; how many there were, and which were accepted."""
    doors, rng, accepted = Doors(app), Random(seed), []
    figures: Counter[str] = Counter()
    for name, use, token in vectors(doors):
        figures["vectors"] += 1
        if doors.opens(use, token):
            accepted.append(f"{use}: {name}")
            doors = Doors(app)
    while (number := figures["mutations"]) < mutations:
        use = rng.choice(USES)
        token = mutated(rng, doors.good[use], doors.good)
        if token.strip() == doors.good[use]:
            continue  # a piece was exchanged for itself
        figures["mutations"] += 1
        if doors.opens(use, token):
            accepted.append(f"{use}: mutation {number} of seed {seed}: {token[-60:]!r}")
            doors = Doors(app)
        if number % 500 == 0 and not doors.opens("access", doors.good["access"]):
            doors = Doors(app)  # a reused refresh token ends the sign-in, and all would be refused for that alone
            figures["signed in again"] += 1
    return figures, accepted


def main() -> None:
    """Try, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    with TemporaryDirectory() as folder, database("sqlite", Path(folder) / "tokens") as app:
        make_world(app)
        figures, accepted = run(app, options.seed, options.mutations)
    print(f"seed {options.seed}:", dict(figures), f"accepted: {len(accepted)}")
    for line in accepted[:20]:
        print(line)
    raise SystemExit(bool(accepted))


if __name__ == "__main__":
    main()
