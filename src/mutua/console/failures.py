"""Failed sign-ins: who has to wait how long, by account, by source address, and by both together.

Counted for names that nobody has as well, so that having to wait says nothing about whether an account exists.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from sqlalchemy import Connection, delete, or_, select, update

from mutua.storage.database import Database
from mutua.storage.tables import sign_in_failures

LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
"""Without another failure."""

_FIRST_WAIT = timedelta(seconds=1)
_ACCOUNT, _ADDRESS = "account:", "address:"
_IPV6_SUBSCRIBER = 64
"""Bits of an address that one subscriber is given; the rest is theirs to change at will (RFC 6177)."""


class Limit(NamedTuple):
    """From so many failures on each one doubles the wait, from a second up to `LONGEST_WAIT`."""

    failures: int

    def wait(self, failures: int) -> timedelta:
        """How long after that many."""
        if failures < self.failures:
            return timedelta()
        doublings = min(failures - self.failures, 20)
        return min(_FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


HERE = Limit(5)
"""One account from one address: guessing there keeps nobody from signing in elsewhere."""
ADDRESS = Limit(20)
"""All accounts from one address: one password tried on many."""
ACCOUNT = Limit(100)
"""One account from everywhere: guessing from many addresses (NIST SP 800-63B, section 3.2.2)."""


class Failures:
    """The failed sign-ins in the database, which outlive a restart and are shared by every process on it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def wait(self, name: str, address: str) -> timedelta:
        """How long somebody must wait before trying this account from this address; zero for not at all.

        Failures in the future, left by a clock that was set back, do not count.
        """
        limits, now = _limits(name, address), datetime.now(UTC)
        query = select(sign_in_failures).where(
            sign_in_failures.c.subject.in_(limits), sign_in_failures.c.last_at.between(now - FORGOTTEN_AFTER, now)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        ends: list[datetime] = [row.last_at + limits[row.subject].wait(row.failures) for row in rows]
        return max([now, *ends]) - now

    def add(self, name: str, address: str) -> None:
        """Count one more."""
        now = datetime.now(UTC)
        with self._database.writing() as connection:
            connection.execute(delete(sign_in_failures).where(sign_in_failures.c.last_at < now - FORGOTTEN_AFTER))
            for subject in _limits(name, address):
                _count(connection, subject, now)

    def succeeded(self, name: str, address: str) -> None:
        """Forget those of this account from this address.

        The others stay: who guesses from everywhere must not begin anew each time that the owner signs in.
        """
        here = sign_in_failures.c.subject == _here(name, address)
        with self._database.reading() as connection:
            if connection.execute(select(sign_in_failures.c.subject).where(here)).first() is None:
                return
        with self._database.writing() as connection:
            connection.execute(delete(sign_in_failures).where(here))

    def forgive(self, name: str) -> None:
        """Forget all of an account, wherever they came from."""
        about = or_(
            sign_in_failures.c.subject == _account(name),
            sign_in_failures.c.subject.startswith(f"{_account(name)} ", autoescape=True),
        )
        with self._database.writing() as connection:
            connection.execute(delete(sign_in_failures).where(about))

    def locked(self) -> Callable[[str], bool]:
        """Tells for the name of an account whether anybody has to wait for it now, be it at one address only."""
        now = datetime.now(UTC)
        about_accounts = select(sign_in_failures).where(
            sign_in_failures.c.subject.startswith(_ACCOUNT, autoescape=True),
            sign_in_failures.c.last_at.between(now - LONGEST_WAIT, now),
        )
        with self._database.reading() as connection:
            rows = connection.execute(about_accounts).all()
        waiting = {
            account
            for row in rows
            for account, _blank, address in [row.subject.partition(" ")]
            if row.last_at + (HERE if address else ACCOUNT).wait(row.failures) > now
        }
        return lambda name: _account(name) in waiting


def _limits(name: str, address: str) -> dict[str, Limit]:
    return {
        _here(name, address): HERE,
        f"{_ADDRESS}{_source(address)}": ADDRESS,
        _account(name): ACCOUNT,
    }


def _account(name: str) -> str:
    """A digest: people type their password where their name belongs."""
    return _ACCOUNT + sha256(name.encode("utf-8", "replace")).hexdigest()


def _here(name: str, address: str) -> str:
    return f"{_account(name)} {_source(address)}"


def _source(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> _IPV6_SUBSCRIBER << _IPV6_SUBSCRIBER))
    return str(parsed)


def _count(connection: Connection, subject: str, now: datetime) -> None:
    again = update(sign_in_failures).where(sign_in_failures.c.subject == subject)
    counted = connection.execute(again.values(failures=sign_in_failures.c.failures + 1, last_at=now))
    if not counted.rowcount:
        connection.execute(sign_in_failures.insert().values(subject=subject, failures=1, last_at=now))
