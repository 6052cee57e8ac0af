"""The application on the peer listener: what other consoles may ask, each known by the key it has proved."""

from hashlib import sha256
from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import APIRouter, Depends, FastAPI, Path, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.types import ASGIApp

from mutua.console.admission import ConsoleDep
from mutua.console.console import Console
from mutua.migration.channels import ENDED, UNKNOWN
from mutua.migration.errors import EndedError, MigrationError, UnknownMigrationError
from mutua.migration.phases import Outcome
from mutua.migration.stream import MAX_CHUNKS
from mutua.peering import peers
from mutua.peering.peers import Peer

PEER_EXTENSION = "mutua.peer"
"""Where a request's scope holds the leaf (DER) that the client proved in the handshake."""

MAX_BODY_BYTES = 64 * 1024
"""Of one request: a peer sends decisions only."""


class Decision(BaseModel):
    """What the target has decided."""

    Outcome: Outcome


def peer_app(console: Console) -> ASGIApp:
    """Everything that another console can ask of this one."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, max_body_size=MAX_BODY_BYTES)
    app.state.console = console
    app.include_router(router)
    app.add_exception_handler(MigrationError, _on_migration_error)
    return app


def _peer_key(request: Request) -> str:
    """The SHA-256 of the public key of the leaf; the TLS layer let nobody in without one."""
    leaf = x509.load_der_x509_certificate(request.scope["extensions"][PEER_EXTENSION]["certificate"])
    key = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(key).hexdigest()


PeerKeyDep = Annotated[str, Depends(_peer_key)]
ChunkNumber = Annotated[int, Path(ge=1, le=MAX_CHUNKS)]

_CONFLICT = 409
_STATUSES: dict[type[Exception], int] = {UnknownMigrationError: UNKNOWN, EndedError: ENDED}


def _known_peer(identifier: str, key: PeerKeyDep, console: ConsoleDep) -> Peer:
    """The peer, if this console has ever met it: a certificate below a trusted root is not enough."""
    with console.database.reading() as connection:
        try:
            return peers.by_key(connection, key)
        except peers.UnknownPeerError as error:
            raise UnknownMigrationError(identifier) from error


KnownPeerDep = Annotated[Peer, Depends(_known_peer)]


async def _on_migration_error(_request: Request, error: Exception) -> Response:
    return JSONResponse({"Problem": str(error)}, status_code=_STATUSES.get(type(error), _CONFLICT))


router = APIRouter(prefix="/peer/v1")


@router.get("/standing")
def standing(_key: PeerKeyDep, console: ConsoleDep) -> dict[str, object]:
    """What this console says of itself."""
    return console.standing().to_json()


@router.get("/migrations/{identifier}/manifest")
def manifest(identifier: str, key: PeerKeyDep, console: ConsoleDep) -> dict[str, object]:
    """To the target: what will be sent."""
    return console.migrating.source.manifest(identifier, key).to_json()


@router.get("/migrations/{identifier}/chunks/{number}", response_class=Response)
def chunk(identifier: str, number: ChunkNumber, key: PeerKeyDep, console: ConsoleDep) -> Response:
    """To the target: one chunk, compressed."""
    content = console.migrating.source.chunk(identifier, key, number)
    return Response(content, media_type="application/octet-stream")


@router.post("/migrations/{identifier}/decision")
def decision(identifier: str, body: Decision, key: PeerKeyDep, console: ConsoleDep) -> dict[str, str]:
    """From the target: what it has decided."""
    return {"Phase": console.migrating.source.learn(identifier, key, body.Outcome).phase}


@router.post("/migrations/{identifier}/finish")
def finish(identifier: str, key: PeerKeyDep, console: ConsoleDep) -> dict[str, str]:
    """From the target: it has ended the migration."""
    return {"Phase": console.migrating.source.finish(identifier, key).phase}


@router.get("/migrations/{identifier}/outcome")
def outcome(identifier: str, peer: KnownPeerDep, console: ConsoleDep) -> dict[str, str]:
    """To the source: what was decided here."""
    return {"Outcome": console.migrating.target.outcome(identifier, peer.key_sha256)}


@router.post("/migrations/{identifier}/abort")
def abort(identifier: str, peer: KnownPeerDep, console: ConsoleDep) -> dict[str, str]:
    """From the source: abort, unless it is committed."""
    return {"Outcome": console.migrating.target.abort_for(identifier, peer)}
