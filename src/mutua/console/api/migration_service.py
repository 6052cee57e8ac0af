"""MigrationService: who this console is to its peers, verifying (R19–R23) and migrating (R24)."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, Field

from mutua.chain.pair import Row
from mutua.console.admission import ConsoleDep
from mutua.console.api import short_list
from mutua.console.api.access import ApiRoute
from mutua.console.api.address import is_address
from mutua.console.api.body import MAX_JSON_BYTES, Text
from mutua.console.api.collection import LargePageDep
from mutua.console.api.errors import NOT_FOUND, ApiError, answer, unable
from mutua.console.api.query import Kind
from mutua.console.console import Console
from mutua.message import message
from mutua.migration import journal
from mutua.migration.errors import MigrationError, UnknownMigrationError
from mutua.migration.journal import Entry
from mutua.migration.phases import Role
from mutua.peering.causes import Cause
from mutua.peering.channel import PeerUnreachableError
from mutua.peering.remote import ConsoleRefusedError, ConsoleUnreachableError
from mutua.peering.verify import CANNOT_AUTHENTICATE, Verification

router = APIRouter(
    prefix="/api/MigrationService", tags=["Migration"], route_class=ApiRoute, max_body_size=MAX_JSON_BYTES
)

_FIELDS = {"Id": Kind.TEXT, "Role": Kind.TEXT, "Phase": Kind.TEXT, "Running": Kind.BOOLEAN}
_ACTIONS = "/Actions/MigrationService"


def _checked(address: str) -> str:
    if not is_address(address):
        raise ValueError("expected host:port")
    return address


Address = Annotated[Text, AfterValidator(_checked)]
"""Where a listener is: host:port."""


class PeerAddress(BaseModel):
    """Where a peer listener is."""

    Address: Address


class Remote(BaseModel):
    """The other console (its public listener, host:port), and a local administrator of it (R19)."""

    Address: Address
    UserName: Text
    Password: Text
    LocalRole: Role


class PeerKey(BaseModel):
    """A peer by the SHA-256 of its leaf's public key."""

    PeerKeySha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class MigrationId(BaseModel):
    """A migration."""

    MigrationId: str = Field(pattern=r"^[0-9a-f-]{36}$")


class Prepared(PeerKey, MigrationId):
    """A migration that a peer has prepared."""


@router.get("/Identity")
def identity(console: ConsoleDep) -> dict[str, object]:
    """What this console says of itself to whoever wants to verify it."""
    return console.standing().to_json()


@router.post(f"{_ACTIONS}.MeetPeer")
def meet_peer(body: PeerAddress, console: ConsoleDep) -> dict[str, object]:
    """Connect to a peer listener over mutual TLS."""
    meeting = console.migrating.meet(body.Address)
    return {
        "Met": meeting.met,
        "Problem": None if meeting.problem is None else str(meeting.problem),
        "KeySha256": meeting.peer_key_sha256,
    }


@router.post(f"{_ACTIONS}.VerifyConnection")
def verify_connection(body: Remote, console: ConsoleDep) -> JSONResponse:
    """Verify the connection between this console and another, both ways (R19–R23)."""
    try:
        with console.migrating.remote(body.Address, body.UserName, body.Password) as remote:
            verification = console.migrating.verify(remote, body.LocalRole)
    except (ConsoleUnreachableError, ConsoleRefusedError) as error:
        causes = [_cause_json(cause) for cause in console.migrating.no_session(body.LocalRole, error)]
        return answer(CANNOT_AUTHENTICATE, {"Verification": {"Passed": False, "Causes": causes}})
    if verification.passed:
        return JSONResponse(verification_json(verification))
    return answer(CANNOT_AUTHENTICATE, {"Verification": verification_json(verification)})


@router.post(f"{_ACTIONS}.Prepare")
def prepare(body: PeerKey, console: ConsoleDep) -> dict[str, object]:
    """As the source: quiesce every device and promise all to a peer that was met."""
    return _attempt(console, lambda: console.migrating.prepare(body.PeerKeySha256))


@router.post(f"{_ACTIONS}.Migrate", status_code=202)
def migrate(body: Prepared, console: ConsoleDep) -> dict[str, object]:
    """As the target: pull what a peer has prepared."""
    return _attempt(console, lambda: console.migrating.migrate(body.MigrationId, body.PeerKeySha256))


@router.post(f"{_ACTIONS}.Resume")
def resume(body: MigrationId, console: ConsoleDep) -> dict[str, object]:
    """Carry a migration on, from wherever it stands."""
    return _attempt(console, lambda: console.migrating.resume(body.MigrationId))


@router.post(f"{_ACTIONS}.Abort")
def abort(body: MigrationId, console: ConsoleDep) -> dict[str, object]:
    """End a migration before it is committed."""
    return _attempt(console, lambda: console.migrating.abort(body.MigrationId))


@router.get("/Migrations")
def list_migrations(console: ConsoleDep, page: LargePageDep) -> dict[str, object]:
    """Every migration, the newest first."""
    rows = [_migration(console, entry.id) for entry in console.migrating.all()]
    return short_list.answer(rows, page, _FIELDS, "MigrationService.Migration")


@router.get("/Migrations('{identifier}')")
def one_migration(identifier: str, console: ConsoleDep) -> dict[str, object]:
    """How far a migration has come."""
    return _attempt(console, lambda: console.migrating.read(identifier))


def _attempt(console: Console, action: Callable[[], Entry]) -> dict[str, object]:
    try:
        return _migration(console, action().id)
    except UnknownMigrationError as error:
        raise ApiError(NOT_FOUND) from error
    except MigrationError as error:
        raise unable([*error.problems, *([error.advice] if error.advice else [])]) from error
    except PeerUnreachableError as error:
        raise unable([message("the other console was not reached: {reason}.", reason=error.problem)], 502) from error


def _migration(console: Console, identifier: str) -> dict[str, object]:
    # Asked first: a migration that does not run any more has written down all that it will.
    running = console.migrating.is_running(identifier)
    progress = console.migrating.progress(identifier)
    with console.database.reading() as connection:
        entry = journal.read(connection, identifier)
        phases = journal.phases(connection, identifier)
    return {
        "@odata.type": "#MigrationService.Migration",
        "@odata.id": f"/api/MigrationService/Migrations('{entry.id}')",
        "Id": entry.id,
        "Role": entry.role,
        "Phase": entry.phase,
        "Running": running,
        "Peer": {"Name": entry.peer_name, "Address": entry.peer_address, "KeySha256": entry.peer_key_sha256},
        "Devices": entry.counts.devices,
        "Groups": entry.counts.groups,
        "Credentials": entry.counts.credentials,
        "Chunks": entry.chunks,
        "Digest": entry.digest,
        "RecordsDone": progress.done if progress else 0,
        "RecordsTotal": sum(entry.counts),
        "Problems": [str(problem) for problem in entry.problems],
        "Phases": [{"Phase": phase, "At": at.isoformat()} for phase, at in phases],
    }


def verification_json(verification: Verification) -> dict[str, object]:
    """The whole answer: the table of R20, both handshakes, every cause."""
    return {
        "Passed": verification.passed,
        "ClockSkewSeconds": round(verification.clock_skew_s, 3),
        "Rows": [_row(row) for row in verification.comparison.rows],
        "SourceMeetsTarget": verification.source_meets_target.met,
        "TargetMeetsSource": verification.target_meets_source.met,
        "Causes": [_cause_json(cause) for cause in verification.causes],
    }


def _cause_json(cause: Cause) -> dict[str, object]:
    return {
        "Side": cause.side,
        "Rule": cause.rule,
        "Title": str(cause.title),
        "Found": str(cause.found),
        "Fix": str(cause.fix),
    }


def _row(row: Row) -> dict[str, object]:
    return {
        "Source": {"IssuedTo": row.source.issued_to, "IssuedBy": row.source.issued_by} if row.source else None,
        "Target": {"IssuedTo": row.target.issued_to, "IssuedBy": row.target.issued_by} if row.target else None,
        "Matches": row.matches,
    }
