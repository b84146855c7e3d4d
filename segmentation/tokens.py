"""Tokens: making them, and reading the one that a request carries. Whether its sign-in still counts is in the database.

A token is exactly one of ours or it is nothing: algorithm, issuer, audience, times, type and use are all required.
Three uses: `access` and `refresh` in the header Authorization, and `page` in the cookie of a browser. None stands in
for another. Requests of a browser that change anything also carry the token's `csrf` claim, which no other site can
read.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

import jwt
from flask import Response, current_app, request
from flask_jwt_extended import (
    create_access_token,
    create_refresh_token,
    decode_token,
    get_jwt_header,
    get_unverified_jwt_headers,
    verify_jwt_in_request,
)
from jwt.utils import base64url_decode, base64url_encode

from segmentation.errors import Forbidden, NotSignedIn
from segmentation.models.types import utc_now

HEADER = {"alg": "HS256", "typ": "JWT"}
CLAIMS = {"aud", "csrf", "exp", "fresh", "iat", "iss", "jti", "nbf", "sid", "sub", "type", "use"}
TYPES = {"access": "access", "refresh": "refresh", "page": "access"}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
API_PREFIX = "seg_"  # of API tokens
CSRF_FIELD, CSRF_HEADER = "csrf_token", "X-CSRF-Token"
Claims = dict[str, Any]
MOST_PROVEN = 2_000
_proven: OrderedDict[bytes, Claims] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class SignIn:
    """A sign-in: whose, until when, and the id of the only refresh token that is good for it."""

    id: uuid.UUID
    user_id: uuid.UUID
    refresh_id: uuid.UUID
    expires_at: datetime


@dataclass(frozen=True)
class Tokens:
    """An access token, a refresh token, and the seconds the first one lives."""

    access_token: str
    refresh_token: str
    expires_in: int


def issue(made: SignIn) -> Tokens:
    """The tokens with which a program goes on after signing in."""
    claims = {"sid": str(made.id)}
    access = create_access_token(str(made.user_id), additional_claims={**claims, "use": "access"})
    again = create_refresh_token(
        str(made.user_id), expires_delta=made.expires_at - utc_now(),
        additional_claims={**claims, "use": "refresh", "jti": str(made.refresh_id)})
    return Tokens(access, again, int(current_app.config["ACCESS_TOKEN_SECONDS"]))


def set_cookie(response: Response, made: SignIn) -> None:
    """Have the browser carry a sign-in: out of reach of scripts and of other sites, for as long as it lasts."""
    life = made.expires_at - utc_now()
    token = create_access_token(
        str(made.user_id), expires_delta=life, additional_claims={"sid": str(made.id), "use": "page"})
    response.set_cookie(_cookie(), token, max_age=int(life.total_seconds()), secure=request.is_secure, httponly=True,
                        samesite="Lax")


def drop_cookie(response: Response) -> None:
    """Have the browser forget its sign-in."""
    response.delete_cookie(_cookie(), secure=request.is_secure, httponly=True, samesite="Lax")


def bearer(use: str) -> Claims:
    """The claims of the token in the header, if it is exactly one of ours for that use. Raises NotSignedIn."""
    key = _fingerprint(use, request.headers.get("Authorization", ""))
    return _again(key) or _remember(key, _checked_bearer(use))


def api_secret() -> str | None:
    """What the header holds when it looks like an API token. Whether it is one is in the database."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return given if scheme == "Bearer" and given.startswith(API_PREFIX) else None


def cookie() -> Claims:
    """The claims of the browser's token. Raises NotSignedIn; Forbidden for a change that another site may have asked
    for.
    """
    token = request.cookies.get(_cookie(), "")
    key = _fingerprint("page", token)
    claims = _again(key) or _remember(key, _checked_cookie(token))
    if request.method not in SAFE_METHODS:
        given = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
        if given != claims["csrf"]:
            raise Forbidden("This page is too old, or the request did not come from it. Load it again.", code="csrf")
    return claims


def _checked_bearer(use: str) -> Claims:
    try:
        verify_jwt_in_request(refresh=use == "refresh")
        # The library fills in claims that are missing; what was really signed must be complete.
        claims = _signed(request.headers["Authorization"].split()[1])
        if get_jwt_header() == HEADER and _are_ours(claims, use):
            return claims
    except Exception as error:  # whatever is wrong with a token, it is not one of ours
        raise NotSignedIn() from error
    raise NotSignedIn()


def _checked_cookie(token: str) -> Claims:
    try:
        decode_token(token)
        claims = _signed(token)
        if get_unverified_jwt_headers(token) == HEADER and _are_ours(claims, "page"):
            return claims
    except Exception as error:
        raise NotSignedIn() from error
    raise NotSignedIn()


def _fingerprint(use: str, token: str) -> bytes:
    """What tells a token for a use, under the secret that signs here, from every other."""
    secret = current_app.config["JWT_SECRET_KEY"]
    return hashlib.sha256("\0".join((secret, use, token)).encode(errors="surrogatepass")).digest()


def _again(key: bytes) -> Claims | None:
    """The claims of a token that was checked before: of all that was checked, only the end of its time can have come.
    """
    with _lock:
        claims = _proven.get(key)
    return claims if claims is not None and claims["exp"] > utc_now().timestamp() else None


def _remember(key: bytes, claims: Claims) -> Claims:
    with _lock:
        _proven[key] = claims
        while len(_proven) > MOST_PROVEN:
            _proven.popitem(last=False)
    return claims


def _cookie() -> str:
    # A browser takes the prefix only with Secure, which plain HTTP (the demo) does not have.
    return "__Host-segmentation" if request.is_secure else "segmentation"


def _signed(token: str) -> Claims:
    # base64 can be written in several ways; only the one that we write is ours.
    mark = token.rpartition(".")[2]
    if base64url_encode(base64url_decode(mark)).decode() != mark:
        raise NotSignedIn()
    return dict(jwt.decode(token, options={"verify_signature": False}))


def _are_ours(claims: Claims, use: str) -> bool:
    ids = [uuid.UUID(claims[name]) for name in ("sid", "jti", "sub")]
    life = claims["exp"] - claims["iat"]
    return (
        claims.keys() == CLAIMS
        and claims["type"] == TYPES[use]
        and claims["use"] == use
        and all(ids)
        and claims["nbf"] <= claims["exp"]
        and 0 < life <= int(current_app.config["REFRESH_TOKEN_SECONDS"])
    )
