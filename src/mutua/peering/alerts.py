"""From a TLS alert to what may have caused it: each candidate is checked as far as it can be seen from this side.

Few alerts stand for many faults (RFC 8446, section 6.2), and which one is sent differs between programs.
"""

from collections.abc import Iterator
from typing import NamedTuple

from mutua.message import Message
from mutua.peering.alert_causes import (
    ABOUT_CERTIFICATES,
    ABOUT_HANDSHAKES,
    NO_CERTIFICATE,
    NO_SCHEME,
    UNKNOWN,
    Cause,
    Situation,
    Standing,
)

__all__ = ["ALERTS", "Candidate", "Situation", "Standing", "alert_name", "candidates"]

ALERTS = {
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}
"""RFC 8446, section 6, by number."""


_USUAL = (48, 43, 45, 42, 49)
"""The alerts that a refused certificate usually leads to."""


class Candidate(NamedTuple):
    """One possible cause of an alert, and whether it is that."""

    id: str
    title: str
    standing: Standing
    found: Message
    fix: str


def alert_name(number: int) -> str:
    """An alert by name and number, as in `unknown_ca (48)`."""
    return f"{ALERTS[number]} ({number})" if number in ALERTS else str(number)


def candidates(alert: int | None, situation: Situation) -> tuple[Candidate, ...]:
    """What may have caused the alert, likely causes first; at least one.

    None is for a server that hangs up without an alert, as some programs do whatever they do not like.
    """
    judged = [_candidate(cause, situation) for cause in list(_causes(alert, situation)) or [UNKNOWN]]
    order = list(Standing)
    return tuple(sorted(judged, key=lambda candidate: order.index(candidate.standing)))


def _candidate(cause: Cause, situation: Situation) -> Candidate:
    standing, found = cause.judge(situation)
    return Candidate(cause.id, cause.title, standing, found, cause.fix)


def _causes(alert: int | None, situation: Situation) -> Iterator[Cause]:
    if situation.seen.request is not None and not situation.showed_a_certificate:
        yield NO_CERTIFICATE if situation.ours is None else NO_SCHEME
    if situation.showed_a_certificate:
        alerts = _USUAL if alert is None else (alert,)
        yield from dict.fromkeys(cause for number in alerts for cause in ABOUT_CERTIFICATES.get(number, ()))
    if alert is not None:
        yield from ABOUT_HANDSHAKES.get(alert, ())
