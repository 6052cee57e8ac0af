"""The path that the certificates of an input take, and the engine's verdict on it."""

from collections.abc import Collection, Sequence
from datetime import datetime

from cryptography import x509

from mutua.chain.certificate import Certificate
from mutua.chain.order import Arrangement, arrange, follow
from mutua.chain.trust import Trust
from mutua.chain.verdict import MAX_PATH, NOT_ASKED, TOO_LONG, USUAL_DEPTH, Demand, Verdict, judge

_KEPT = 64
_Question = tuple[tuple[Certificate, ...], datetime, tuple[x509.ObjectIdentifier, ...], int]
_sound_issuers: set[_Question] = set()
"""Issuers, from that of a leaf up to the anchor, that the engine has found valid, and what it was asked."""


def settle(
    certificates: Sequence[Certificate],
    leaf_keys: Collection[bytes],
    trusted: Trust | None,
    demand: Demand,
    max_depth: int | None,
) -> tuple[Arrangement, Verdict]:
    """How the certificates belong together, and whether that is valid.

    `leaf_keys` are public keys (DER SubjectPublicKeyInfo) that the leaf is known to have, if any are. Without a
    `max_depth` a path may be as long as it is. Raises ValueError for a name, address or depth that is none.

    Nearly every input is sound, and then the engine's answer proves the signatures that the search would verify
    one by one: so it is asked first about the path that the certificates claim.
    """
    anchors = trusted.anchors if trusted else ()
    claimed = arrange(certificates, demand.at, leaf_keys, anchors, Certificate.seems_signed_by)
    verdict = _judge_path(claimed, trusted, _deep_enough(demand, claimed, max_depth))
    if verdict.valid and verdict.path == _in_engine_terms(claimed.path):
        return (follow(claimed, certificates, claimed.path) if trusted else claimed), verdict
    arrangement = arrange(certificates, demand.at, leaf_keys, anchors)
    demand = _deep_enough(demand, arrangement, max_depth)
    if arrangement.path != claimed.path:
        verdict = _judge_path(arrangement, trusted, demand)
    if trusted is not None and arrangement.path:
        if not verdict.valid:
            verdict = _judge_all(certificates, arrangement, trusted, demand, verdict)
        if verdict.valid:
            arrangement = follow(arrangement, certificates, _known(verdict, certificates, trusted))
    return arrangement, verdict


def _deep_enough(demand: Demand, arrangement: Arrangement, max_depth: int | None) -> Demand:
    return demand._replace(max_depth=max(USUAL_DEPTH, len(arrangement.path)) if max_depth is None else max_depth)


def _judge_path(arrangement: Arrangement, trusted: Trust | None, demand: Demand) -> Verdict:
    path, root = arrangement.path, arrangement.root
    if root is None or (trusted is not None and arrangement.anchor is None):
        return NOT_ASKED
    if len(path) > MAX_PATH:
        return TOO_LONG
    question = (path[1:], demand.at, tuple(demand.purposes), demand.max_depth)
    if question in _sound_issuers:
        verdict = judge(path[0], (), path[1:2], demand)
        if verdict.valid:
            return verdict._replace(path=_in_engine_terms(path))
    verdict = judge(path[0], [certificate for certificate in path[1:] if certificate is not root], [root], demand)
    if verdict.valid and verdict.path == _in_engine_terms(path) and bind_alone(path[1:], demand):
        if len(_sound_issuers) >= _KEPT:
            _sound_issuers.clear()
        _sound_issuers.add(question)
    return verdict


def bind_alone(issuers: Sequence[Certificate], demand: Demand) -> bool:
    """Whether what the engine demands of these issuers is the same whatever the leaf is, but for the lowest one.

    Name constraints of those above it speak of the leaf too, and the Web PKI has rules of its own.
    """
    return not demand.webpki and all(certificate.name_constraints is None for certificate in issuers[1:])


def _in_engine_terms(path: Sequence[Certificate]) -> tuple[x509.Certificate, ...]:
    return tuple(certificate.x509 for certificate in path)


def _judge_all(
    certificates: Sequence[Certificate], arrangement: Arrangement, trusted: Trust, demand: Demand, verdict: Verdict
) -> Verdict:
    """The engine's answer on all the paths that there are; its verdict on the path found where there are no others.

    The engine gives up a search among too many namesakes, so that this question alone would not do.
    """
    path = arrangement.path
    others = [certificate for certificate in certificates if certificate is not path[0]]
    if verdict.asked and len(others) + len(trusted.anchors) <= len(path) - 1:
        return verdict
    return judge(path[0], others, trusted.anchors, demand)


def _known(verdict: Verdict, certificates: Sequence[Certificate], trusted: Trust) -> Sequence[Certificate]:
    """The engine's path in the certificates that we know, those of the input first."""
    known = {certificate.x509: certificate for certificate in [*trusted.anchors, *reversed(certificates)]}
    return [known[certificate] for certificate in verdict.path]
