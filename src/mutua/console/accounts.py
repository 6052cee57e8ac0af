"""Signing in with a local account, and the sessions that come of it."""

import hmac
import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, select, update

from mutua.console.failures import Failures
from mutua.console.passwords import fits
from mutua.console.users import Role, User
from mutua.logbook import audit
from mutua.logbook.actions import SIGN_IN
from mutua.logbook.audit import Deed
from mutua.storage.database import Database
from mutua.storage.settings import keep, kept
from mutua.storage.tables import sessions, users

IDLE_TIMEOUT = timedelta(minutes=30)
"""Of a session that nobody uses, unless an administrator has set another."""
MIN_IDLE_MINUTES = 1
MAX_IDLE_MINUTES = 24 * 60
MAX_LIFETIME = timedelta(hours=24)
"""Of a session, however busy."""
MAX_SESSIONS = 100
"""Of one user. Clients leak sessions, so the one idle longest gives way to a new one."""
_TOUCH_EVERY = timedelta(seconds=30)
_IDLE_MINUTES = "session_idle_minutes"


class TooManyFailuresError(Exception):
    """So many sign-ins have failed that the next one has to wait; `wait_s` is for how many seconds."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"wait {wait}")
        self.wait_s = -(-wait // timedelta(seconds=1))


class SessionKind(StrEnum):
    """How somebody signed in."""

    API = "API"
    WEB = "GUI"


class Session(NamedTuple):
    """Somebody who signed in, without the token that proves it."""

    id: str
    user: User
    kind: SessionKind
    address: str
    started_at: datetime
    last_access_at: datetime


class Accounts:
    """Who is signing in, and who has."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.failures = Failures(database)

    def authenticate(self, name: str, password: str, address: str) -> User | None:
        """The user who is signing in, if the password is right; the audit log tells of each that is wrong.

        Raises `TooManyFailuresError`, right or wrong: what is not looked at is not told of either, lest a flood of
        attempts push out of the audit log what is in it.
        """
        user = self.prove(name, password, address)
        if user is None:
            self._write_down_failure(name, address)
        return user

    def prove(self, name: str, password: str, address: str) -> User | None:
        """The user, if the password is right, without a sign-in. Raises `TooManyFailuresError`, right or wrong.

        A name that nobody has is treated as a wrong password is, waiting included.
        """
        self._check_wait(name, address)
        with self._database.reading() as connection:
            row = connection.execute(
                select(users).where(users.c.user_name == name, users.c.enabled.is_(True))
            ).one_or_none()
        if not fits(password, row.password_hash if row else None) or row is None:
            self.failures.add(name, address)
            return None
        # Once more: of many guesses made at the same time none counts that ends after the others used up the limit.
        self._check_wait(name, address)
        self.failures.succeeded(name, address)
        return User(row.id, row.user_name, Role(row.role_id), row.must_change_password)

    def sign_in(self, user: User, kind: SessionKind, address: str) -> tuple[Session, str]:
        """A new session and its token, which is kept here as a hash only."""
        token = secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        session = Session(str(uuid4()), user, kind, address, now, now)
        with self._database.writing() as connection:
            _make_room(connection, user)
            connection.execute(
                sessions.insert().values(
                    id=session.id,
                    token_sha256=_digest(token),
                    user_id=user.id,
                    kind=kind,
                    address=address,
                    started_at=now,
                    last_access_at=now,
                )
            )
            audit.append(connection, Deed(SIGN_IN, user.name, address, subject=kind))
        return session, token

    def session_of(self, token: str) -> Session | None:
        """The session that a token stands for, unless it has been idle too long, as set at present."""
        with self._database.reading() as connection:
            row = connection.execute(_SESSIONS.where(sessions.c.token_sha256 == _digest(token))).one_or_none()
        if row is None or not hmac.compare_digest(row.token_sha256, _digest(token)):
            return None
        session = _session(row)
        now = datetime.now(UTC)
        if not _is_alive(session, _idle_timeout(row.idle_minutes), now):
            self.sign_out(session.id)
            return None
        if now - session.last_access_at > _TOUCH_EVERY:
            self._touch(session.id)
        return session

    def sessions(self, of: User | None = None) -> list[Session]:
        """Every session that is alive, or those of one user, the newest first."""
        wanted = _SESSIONS if of is None else _SESSIONS.where(sessions.c.user_id == of.id)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(sessions.c.started_at.desc())).all()
        now = datetime.now(UTC)
        return [found for row in rows if _is_alive(found := _session(row), _idle_timeout(row.idle_minutes), now)]

    def idle_timeout(self) -> timedelta:
        """After how long without use a session ends."""
        with self._database.reading() as connection:
            return _idle_timeout(connection.execute(select(kept(_IDLE_MINUTES))).scalar_one())

    def set_idle_timeout(self, minutes: int) -> None:
        """Have every session, the present ones too, end after that long without use.

        Raises `ValueError` for less than `MIN_IDLE_MINUTES` or more than `MAX_IDLE_MINUTES`.
        """
        if not MIN_IDLE_MINUTES <= minutes <= MAX_IDLE_MINUTES:
            raise ValueError(minutes)
        with self._database.writing() as connection:
            keep(connection, _IDLE_MINUTES, str(minutes))

    def sign_out(self, session_id: str, of: User | None = None) -> bool:
        """End a session, whoever's it is or one of this user's only; says whether there was such a one."""
        ended = delete(sessions).where(sessions.c.id == session_id)
        if of is not None:
            ended = ended.where(sessions.c.user_id == of.id)
        with self._database.writing() as connection:
            return connection.execute(ended).rowcount > 0

    def _check_wait(self, name: str, address: str) -> None:
        if wait := self.failures.wait(name, address):
            raise TooManyFailuresError(wait)

    def _write_down_failure(self, name: str, address: str) -> None:
        """A name that nobody has is left out: people type their password there."""
        with self._database.writing() as connection:
            known = connection.execute(select(users.c.user_name).where(users.c.user_name == name)).scalar_one_or_none()
            audit.append(connection, Deed(SIGN_IN, known or "", address, status=401))

    def _touch(self, session_id: str) -> None:
        with self._database.writing() as connection:
            connection.execute(
                update(sessions).where(sessions.c.id == session_id).values(last_access_at=datetime.now(UTC))
            )


_SESSIONS = (
    select(
        sessions,
        users.c.user_name,
        users.c.role_id,
        users.c.must_change_password,
        kept(_IDLE_MINUTES).label("idle_minutes"),
    )
    .join(users, users.c.id == sessions.c.user_id)
    .where(users.c.enabled.is_(True))
)


def _session(row: Row[tuple[object, ...]]) -> Session:
    user = User(row.user_id, row.user_name, Role(row.role_id), row.must_change_password)
    return Session(row.id, user, SessionKind(row.kind), row.address, row.started_at, row.last_access_at)


def _idle_timeout(minutes: str | None) -> timedelta:
    return IDLE_TIMEOUT if minutes is None else timedelta(minutes=int(minutes))


def _is_alive(session: Session, idle_timeout: timedelta, now: datetime) -> bool:
    return now - session.last_access_at <= idle_timeout and now - session.started_at <= MAX_LIFETIME


def _make_room(connection: Connection, user: User) -> None:
    mine = select(sessions.c.id).where(sessions.c.user_id == user.id).order_by(sessions.c.last_access_at.desc())
    surplus = connection.execute(mine.offset(MAX_SESSIONS - 1)).scalars().all()
    if surplus:
        connection.execute(delete(sessions).where(sessions.c.id.in_(surplus)))


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
