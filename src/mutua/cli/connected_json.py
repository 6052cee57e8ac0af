"""What was seen of a server, for machines; the sentences in it are for people."""

from hashlib import sha256
from typing import Literal, TypedDict

from mutua.chain.report_json import ReportJson
from mutua.cli.connected import Client, Connected, causes, ending
from mutua.language import _, translate
from mutua.peering.alerts import Candidate, Standing, alert_name
from mutua.peering.fitting import Fit, authorities
from mutua.peering.probe import Reaction, Seen

FORMAT_VERSION: Literal[1] = 1
"""Of the JSON form. It grows by new keys; a changed or lost one raises the number."""

ReactionName = Literal["went-on", "alert", "hung-up", "silent", "not-understood"]
_REACTIONS: dict[Reaction, ReactionName] = {
    Reaction.WENT_ON: "went-on",
    Reaction.ALERT: "alert",
    Reaction.HUNG_UP: "hung-up",
    Reaction.SILENT: "silent",
    Reaction.NOT_UNDERSTOOD: "not-understood",
}


class RequestedJson(TypedDict):
    """What the server wants of a client's certificate."""

    authorities: list[str]
    """The distinguished names (RFC 4514) of the CAs that it accepts; empty where it does not say."""
    schemes: list[str]
    """The signature schemes that it accepts."""


class AlertJson(TypedDict):
    """A fatal alert (RFC 8446, section 6)."""

    number: int
    """Its number."""
    name: str
    """Its name and number."""


class CandidateJson(TypedDict):
    """One possible cause of a handshake's end."""

    id: str
    """What the cause is called."""
    title: str
    """The cause in a few words, for people."""
    standing: Standing
    """Whether it is that, as far as can be seen from here."""
    found: str
    """What was found, for people."""
    fix: str
    """What to do about it, for people."""


class SeenJson(TypedDict):
    """What one handshake showed."""

    peer: str
    """The address that was connected to."""
    tls: str | None
    """The version, as in TLSv1.3; null where the handshake did not get that far."""
    cipher: str | None
    """The cipher suite."""
    alpn: str | None
    """The application protocol chosen."""
    completed: bool
    """Whether the handshake itself came to its end."""
    chain_sha256: list[str]
    """SHA-256 of each certificate in the order sent."""
    request: RequestedJson | None
    """What it wants of a client's certificate; null where it did not ask for one."""
    certificates_shown: int | None
    """How many certificates this side answered with; null where it was not asked."""
    reaction: ReactionName
    """What the server made of the client's certificate, or of there being none."""
    alert: AlertJson | None
    """The alert that came."""
    ending: str
    """How it ended, for people."""
    causes: list[CandidateJson]
    """What may be the cause where it did not end well."""


class ServerJson(SeenJson):
    """The handshake without a client certificate, and the report on the server."""

    insists_on_client_certificate: bool | None
    """Whether it ends a connection without one; null where that could not be seen."""
    old_tls: bool
    """Whether nothing newer than TLS 1.1 could be agreed on."""
    report: ReportJson | None
    """The report on its chain; null where it sent none."""


class FitJson(TypedDict):
    """A demand of the server, held against this side's chain."""

    id: str
    """What the demand is called."""
    title: str
    """The demand in a few words, for people."""
    fits: bool | None
    """Whether the chain fits; null where the server does not say what it wants."""
    found: str
    """What was found, for people."""


class ClientJson(SeenJson):
    """The handshake with this side's certificate, and the report on it."""

    accepted: bool
    """Whether the server took it."""
    fits: list[FitJson]
    """What the server demands of it."""
    report: ReportJson
    """The report on its chain."""


class ConnectedJson(TypedDict):
    """What was seen of a server."""

    version: Literal[1]
    """Of this form. It grows by new keys; a changed or lost one raises the number."""
    address: str
    """HOST:PORT, as it was given."""
    name: str
    """The name that its certificate must cover."""
    server: ServerJson
    """The server's side."""
    client: ClientJson | None
    """This side; null where it showed no certificate."""


def to_json(connected: Connected) -> ConnectedJson:
    """Everything that was found out, as JSON values."""
    return {
        "version": FORMAT_VERSION,
        "address": connected.address,
        "name": connected.expected,
        "server": {
            **_seen(connected.seen, None),
            "insists_on_client_certificate": connected.insists,
            "old_tls": connected.speaks_old_tls,
            "report": connected.report.to_json(translate) if connected.report else None,
        },
        "client": _client(connected.client) if connected.client else None,
    }


def _client(client: Client) -> ClientJson:
    return {
        **_seen(client.seen, client),
        "accepted": not client.refused,
        "fits": [_fit(fit) for fit in client.fits],
        "report": client.report.to_json(translate),
    }


def _fit(fit: Fit) -> FitJson:
    return {"id": fit.id, "title": _(fit.title), "fits": fit.fits, "found": translate(fit.found)}


def _seen(seen: Seen, client: Client | None) -> SeenJson:
    return {
        "peer": seen.peer,
        "tls": seen.version,
        "cipher": seen.cipher,
        "alpn": seen.protocol,
        "completed": seen.completed,
        "chain_sha256": [sha256(der).hexdigest() for der in seen.chain],
        "request": _requested(seen),
        "certificates_shown": seen.sent,
        "reaction": _REACTIONS[seen.reaction],
        "alert": None if seen.alert is None else {"number": seen.alert, "name": alert_name(seen.alert)},
        "ending": translate(ending(seen, client)),
        "causes": [_candidate(candidate) for candidate in causes(seen, client)],
    }


def _requested(seen: Seen) -> RequestedJson | None:
    if seen.request is None:
        return None
    names = [name.rfc4514_string() for name in authorities(seen.request)]
    return {"authorities": names, "schemes": list(seen.request.scheme_names)}


def _candidate(candidate: Candidate) -> CandidateJson:
    return {
        "id": candidate.id,
        "title": _(candidate.title),
        "standing": candidate.standing,
        "found": translate(candidate.found),
        "fix": _(candidate.fix),
    }
