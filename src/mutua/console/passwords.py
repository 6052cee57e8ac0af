"""Passwords: which ones are taken, and how they are kept (argon2id) and compared."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mutua.message import Message, message

MIN_PASSWORD = 8
"""The least that NIST SP 800-63B, section 3.1.1.2, allows a person to choose beside other measures."""
MAX_PASSWORD = 256

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's choice for argon2id.


def problem_with(password: str, user_name: str) -> Message | None:
    """Why somebody may not choose this password, if so."""
    if len(password) < MIN_PASSWORD:
        return message(
            "a password needs at least {limit} characters; this one has {length}.",
            limit=MIN_PASSWORD,
            length=len(password),
        )
    if len(password) > MAX_PASSWORD:
        return message(
            "a password has at most {limit} characters; this one has {length}.",
            limit=MAX_PASSWORD,
            length=len(password),
        )
    if password.casefold() == user_name.casefold():
        return message("the password is the user name; choose another one.")
    return None


def hashed(password: str) -> str:
    """What is kept of a password. Raises `ValueError` for one that is empty or longer than `MAX_PASSWORD`."""
    if not 0 < len(password) <= MAX_PASSWORD:
        raise ValueError(f"a password of {len(password)} characters")
    return _hasher.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether the password is the one that was kept. With nothing kept, as much work for the answer no."""
    try:
        verified = _hasher.verify(kept or _nobodys(), password[: MAX_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return False
    return verified and kept is not None


@cache
def _nobodys() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))
