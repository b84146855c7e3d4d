"""Passwords: which ones do, how they are kept, and comparing them.

Kept as argon2id hashes. Comparing with the hash of nobody takes as long as with somebody's.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from segmentation.errors import Invalid, Problem
from segmentation.models.types import new_id
from segmentation.translations import Filled

SHORTEST, LONGEST = 10, 1_000
DIFFERENT = 5
_letters = "abcdefghijklmnopqrstuvwxyz"
ROWS = tuple(row[::way] for row in ("1234567890", "0123456789", _letters, "qwertyuiopasdfghjklzxcvbnm", "qwertyuiop",
                                    "1qaz2wsx3edc4rfv5tgb6yhn7ujm") for way in (1, -1))
COMMON = frozenset("""
password12 password123 password1234 passw0rd123 p@ssword123 p@ssw0rd123 mypassword mypassword1 changeme123 changeme1234
letmein123 letmein1234 welcome123 welcome1234 administrator admin12345 admin123456 qwerty1234 qwerty12345 qwerty123456
iloveyou123 iloveyou12 football123 baseball123 superman123 princess123 sunshine123 1q2w3e4r5t 1q2w3e4r5t6y 1234567891
12345678910 123456789a a123456789 abc123456789 abcd123456 test123456 password!1 password123! segmentation
""".split())
_hasher = PasswordHasher()


def hash_password(password: str, email: str = "", path: str = "/password") -> str:
    """An argon2id hash. Raises Invalid for a password that anybody would try; `email` is whose it is to be."""
    fault = _fault(_normal(password), email)
    if fault:
        raise Invalid(fault, [Problem(path, "weak_password", fault)], code="weak_password")
    return _hasher.hash(_normal(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Whether that is the password; never for somebody who has none, and that takes as long."""
    try:
        return _hasher.verify(password_hash or _nobodys_hash(), _normal(password)) and password_hash is not None
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def _fault(password: str, email: str) -> str:
    """Why a password will not do; nothing when it does."""
    if len(password) < SHORTEST:
        return Filled("A password needs {least} characters or more.", least=SHORTEST)
    if len(password) > LONGEST:
        return Filled("A password has at most {most} characters.", most=LONGEST)
    if _can_be_guessed(password.casefold(), email.casefold()):
        return Filled("This password is easy to guess. Take another one.")
    if not password.isprintable():
        return Filled("A password cannot hold control characters.")
    return ""


def _can_be_guessed(password: str, email: str) -> bool:
    """Whether it is the address, few letters over and over, a run of neighbours, or one of those that people take."""
    named = bool(email) and password in (email, email.partition("@")[0])
    return named or len(set(password)) < DIFFERENT or any(password in 2 * row for row in ROWS) or password in COMMON


def _normal(password: str) -> str:
    # Keyboards differ in whether they send é as one character or as two.
    return unicodedata.normalize("NFC", password)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(str(new_id()))
