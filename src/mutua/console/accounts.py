"""Local accounts and their sessions."""

import hmac
import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import NamedTuple
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Row, delete, func, select, update

from mutua.storage.database import Database
from mutua.storage.tables import sessions, users

IDLE_TIMEOUT = timedelta(minutes=30)
MAX_SESSIONS = 100
"""Of one user. Clients leak sessions, so the one idle longest gives way to a new one."""
MAX_PASSWORD = 256
_TOUCH_EVERY = timedelta(seconds=30)

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's choice for argon2id.


class Role(StrEnum):
    """What a user may do, by the numbers that the appliance's API gives it."""

    ADMINISTRATOR = "10"
    DEVICE_MANAGER = "101"
    VIEWER = "16"


class User(NamedTuple):
    """A local user."""

    id: int
    name: str
    role: Role


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
    """Users and sessions in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def has_users(self) -> bool:
        """Whether the first administrator was made."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(users)).scalar_one() > 0

    def create(self, name: str, password: str, role: Role, *, builtin: bool = False) -> None:
        """Add a user. Raises `ValueError` for a password that is empty or longer than `MAX_PASSWORD`."""
        if not 0 < len(password) <= MAX_PASSWORD:
            raise ValueError(f"a password of {len(password)} characters")
        with self._database.writing() as connection:
            connection.execute(
                users.insert().values(
                    user_name=name,
                    role_id=role,
                    password_hash=_hasher.hash(password),
                    builtin=builtin,
                )
            )

    def authenticate(self, name: str, password: str) -> User | None:
        """The user, if the password is right. A name that nobody has is treated as a wrong password is."""
        with self._database.reading() as connection:
            row = connection.execute(
                select(users).where(users.c.user_name == name, users.c.enabled.is_(True))
            ).one_or_none()
        fits = _verify(row.password_hash if row else _unknown_hash(), password[: MAX_PASSWORD + 1])
        return User(row.id, row.user_name, Role(row.role_id)) if row and fits else None

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
        return session, token

    def session_of(self, token: str) -> Session | None:
        """The session that a token stands for, unless it has been idle too long."""
        with self._database.reading() as connection:
            row = connection.execute(_SESSIONS.where(sessions.c.token_sha256 == _digest(token))).one_or_none()
        if row is None or not hmac.compare_digest(row.token_sha256, _digest(token)):
            return None
        session = _session(row)
        idle = datetime.now(UTC) - session.last_access_at
        if idle > IDLE_TIMEOUT:
            self.sign_out(session.id)
            return None
        if idle > _TOUCH_EVERY:
            self._touch(session.id)
        return session

    def sessions(self) -> list[Session]:
        """Every session that is alive, the newest first."""
        alive = _SESSIONS.where(sessions.c.last_access_at >= datetime.now(UTC) - IDLE_TIMEOUT)
        with self._database.reading() as connection:
            return [_session(row) for row in connection.execute(alive.order_by(sessions.c.started_at.desc()))]

    def sign_out(self, session_id: str) -> bool:
        """End a session; says whether there was one."""
        with self._database.writing() as connection:
            return connection.execute(delete(sessions).where(sessions.c.id == session_id)).rowcount > 0

    def _touch(self, session_id: str) -> None:
        with self._database.writing() as connection:
            connection.execute(
                update(sessions).where(sessions.c.id == session_id).values(last_access_at=datetime.now(UTC))
            )


_SESSIONS = (
    select(sessions, users.c.user_name, users.c.role_id)
    .join(users, users.c.id == sessions.c.user_id)
    .where(users.c.enabled.is_(True))
)


def _session(row: Row[tuple[object, ...]]) -> Session:
    user = User(row.user_id, row.user_name, Role(row.role_id))
    return Session(row.id, user, SessionKind(row.kind), row.address, row.started_at, row.last_access_at)


def _make_room(connection: Connection, user: User) -> None:
    mine = select(sessions.c.id).where(sessions.c.user_id == user.id).order_by(sessions.c.last_access_at.desc())
    surplus = connection.execute(mine.offset(MAX_SESSIONS - 1)).scalars().all()
    if surplus:
        connection.execute(delete(sessions).where(sessions.c.id.in_(surplus)))


@cache
def _unknown_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
