"""The condition of a console, from its state folder: what would keep it from starting, or from being met by others.

Nothing is changed, and the console may be running. A check that cannot be made is unknown, which is not a pass.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from mutua import chain
from mutua.console.listeners import CannotListenError, bind
from mutua.message import Message, message
from mutua.peering.identity import Identities, Identity, IdentityKind
from mutua.storage.database import Database
from mutua.storage.sealing import SealBrokenError
from mutua.storage.state import StateFolder, StateFolderError
from mutua.storage.tables import identities, migration_phases, sessions

EXPIRES_SOON = timedelta(days=30)
_LITTLE_SPACE, _NO_SPACE = 1024 * 2**20, 100 * 2**20
_CLOCK_TOLERANCE = timedelta(minutes=5)


class State(StrEnum):
    """How good it is."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"
    UNKNOWN = "unknown"


class Condition(NamedTuple):
    """What was looked at, how good it is, what was found, and what to do where it is not good."""

    about: str
    state: State
    found: Message
    advice: Message | None = None


def examine(path: Path, host: str, ports: tuple[int, ...], now: datetime) -> Iterator[Condition]:
    """Every condition, in an order in which the first bad one is the first to mend. `now` is aware."""
    conditions = list(_folder(path))
    yield from conditions
    if conditions[0].state is State.BAD and not path.is_dir():
        return
    yield _space(path)
    try:
        state = StateFolder.beside(path)
        database = Database.join(state.database_url)
    except StateFolderError as error:
        yield Condition("database", State.BAD, error.problem, error.advice)
        for about in ("seals", "certificate", "clock"):
            yield Condition(about, State.UNKNOWN, message("not looked at: the database cannot be used."))
    else:
        try:
            yield _database(database)
            yield from _identity(state, database, now)
            yield _clock(database, now)
        finally:
            database.close()
    yield from _ports(path, host, ports)


def _folder(path: Path) -> Iterator[Condition]:
    for about, place, widest in (("folder", path, 0o700), ("key", path / "sealing.key", 0o600)):
        try:
            found = place.stat()
        except OSError as error:
            yield Condition(
                about,
                State.BAD,
                message("{path} cannot be looked at: {reason}.", path=place, reason=error.strerror),
                message("give the folder that the console was started with, with --state."),
            )
            return
        mode = stat.S_IMODE(found.st_mode)
        if mode & ~widest:
            yield Condition(
                about,
                State.BAD,
                message("{path} is open to others (mode {mode}).", path=place, mode=f"{mode:04o}"),
                message("chmod {mode} {path}", mode=f"{widest:o}", path=place),
            )
        elif found.st_uid != os.geteuid():
            yield Condition(
                about,
                State.DOUBTFUL,
                message("{path} belongs to another user (number {number}).", path=place, number=found.st_uid),
                message("run this as the user that runs the console."),
            )
        else:
            yield Condition(about, State.GOOD, message("only its owner can open {path}.", path=place))


def _space(path: Path) -> Condition:
    try:
        free = shutil.disk_usage(path).free
    except OSError as error:
        return Condition("space", State.UNKNOWN, message("free space is not known: {reason}.", reason=error.strerror))
    state = State.BAD if free < _NO_SPACE else State.DOUBTFUL if free < _LITTLE_SPACE else State.GOOD
    advice = None if state is State.GOOD else message("make room: 100,000 devices take about 1 GiB.")
    return Condition("space", state, message("{free:,} MiB are free.", free=free // 2**20), advice)


def _database(database: Database) -> Condition:
    try:
        complaint = database.complaint()
    except SQLAlchemyError as error:
        complaint = str(error)
    if complaint is None:
        return Condition("database", State.GOOD, message("the database is sound, and of this version."))
    return Condition(
        "database",
        State.BAD,
        message("the database is damaged: {complaint}.", complaint=complaint),
        message("stop the console and bring the folder back from a backup."),
    )


def _identity(state: StateFolder, database: Database, now: datetime) -> Iterator[Condition]:
    try:
        identity = Identities(database, state.sealer()).current()
    except StateFolderError as error:
        yield Condition("seals", State.BAD, error.problem, error.advice)
    except SealBrokenError:
        yield Condition(
            "seals",
            State.BAD,
            message("the sealing key in {path} does not fit the database there.", path=state.path),
            message("bring both back from the same backup."),
        )
    else:
        yield Condition("seals", State.GOOD, message("the sealing key opens the console's private key."))
        yield _certificate(identity, now)
        return
    yield Condition("certificate", State.UNKNOWN, message("not looked at: its private key cannot be opened."))


def _certificate(identity: Identity, now: datetime) -> Condition:
    leaf = identity.leaf
    left = leaf.not_after - now
    name, days = leaf.issued_to, left.days
    if left <= timedelta(0) or leaf.not_before > now:
        return Condition(
            "certificate",
            State.BAD,
            message(
                "the certificate of {name} is valid from {begin:%Y-%m-%d} until {end:%Y-%m-%d}.",
                name=name,
                begin=leaf.not_before,
                end=leaf.not_after,
            ),
            message("generate a request in the pages, have it signed, and upload the chain."),
        )
    if identity.kind is IdentityKind.CHAIN:
        report = chain.check(identity.pem, at=now, profile=chain.Profile.MTLS)
        if report.errors:
            worst = report.errors[0]
            return Condition(
                "certificate",
                State.BAD,
                message("the chain of {name} is not in order: {title}.", name=name, title=Message(worst.rule.title)),
                Message(worst.rule.fix),
            )
    if left < EXPIRES_SOON:
        return Condition(
            "certificate",
            State.DOUBTFUL,
            message("the certificate of {name} expires in {days} days.", name=name, days=days),
            message("generate a request in the pages, have it signed, and upload the chain."),
        )
    return Condition(
        "certificate", State.GOOD, message("the certificate of {name} is valid for {days} days.", name=name, days=days)
    )


def _clock(database: Database, now: datetime) -> Condition:
    moments = (identities.c.created_at, sessions.c.last_access_at, migration_phases.c.at)
    with database.reading() as connection:
        known = [connection.execute(select(func.max(moment))).scalar_one() for moment in moments]
    latest = max((moment for moment in known if moment is not None), default=now)
    if latest - now > _CLOCK_TOLERANCE:
        return Condition(
            "clock",
            State.BAD,
            message(
                "the clock says {now:%Y-%m-%d %H:%M} UTC, and the console has already been at {latest:%Y-%m-%d %H:%M}.",
                now=now.astimezone(UTC),
                latest=latest,
            ),
            message("set the clock; certificates are judged by it."),
        )
    return Condition("clock", State.GOOD, message("the clock says {now:%Y-%m-%d %H:%M} UTC.", now=now.astimezone(UTC)))


def _ports(path: Path, host: str, ports: tuple[int, ...]) -> Iterator[Condition]:
    if StateFolder.is_taken(path):
        yield Condition("ports", State.GOOD, message("the console is running, and has its ports."))
        return
    for port in ports:
        try:
            bind(host, port).close()
        except CannotListenError as error:
            yield Condition("ports", State.BAD, error.problem, error.advice)
        else:
            yield Condition("ports", State.GOOD, message("port {port} of {host} is free.", port=port, host=host))
