"""Whether a path is valid, by an established engine: never by our own rules alone."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    ClientVerifier,
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    ServerVerifier,
    Store,
    Subject,
    VerificationError,
    VerifiedClient,
)

from mutua.chain.certificate import Certificate, printable

ENGINE = "pyca/cryptography"

MAX_PATH = 100
"""The longest path that the engine is asked about, as OpenSSL's own limit is."""

USUAL_DEPTH = 8
"""How many certificates it lets stand above the leaf where nobody says and the path found is not longer."""

_KEPT = 64
_CEREMONY = (
    "^validation failed: ",
    "candidates exhausted: |fatal error: |Python extension validator failed: ValueError: ",
    r" \(encountered processing .*\)$",
    "(?<=algorithm): AlgorithmIdentifier .*$",
)


class Demand(NamedTuple):
    """What a valid path must be good for.

    `names` (DNS) and `addresses` (IP) are what the leaf must cover, and `purposes` what it must be made for.
    `max_depth` is how many CA certificates may stand between leaf and anchor; those issued by their own name do not
    count (RFC 5280, section 6.1.4, step l). `webpki` demands what web browsers do.
    """

    at: datetime
    names: Sequence[str] = ()
    addresses: Sequence[str] = ()
    purposes: Sequence[x509.ObjectIdentifier] = ()
    max_depth: int = USUAL_DEPTH
    webpki: bool = False


class Verdict(NamedTuple):
    """The engine's answer. `asked` is False where there was no path to ask about.

    `path` is the valid path that it found, leaf first and anchor last. `only_names` says that it would be valid
    but for the names asked for.
    """

    asked: bool
    valid: bool
    detail: str = ""
    path: tuple[x509.Certificate, ...] = ()
    only_names: bool = False

    @property
    def refuses(self) -> bool:
        """Whether there was a path to ask about, and it is not valid."""
        return self.asked and not self.valid


NOT_ASKED = Verdict(asked=False, valid=False)
TOO_LONG = Verdict(asked=True, valid=False, detail=f"the path is longer than {MAX_PATH} certificates")


def subject_of(name: str) -> Subject:
    """A host name in the engine's terms. Raises ValueError for what is none (a name in Unicode, for one)."""
    return x509.DNSName(name.rstrip("."))


def judge(leaf: Certificate, others: Sequence[Certificate], anchors: Sequence[Certificate], demand: Demand) -> Verdict:
    """Find a valid path from the leaf to one of the anchors (RFC 5280, section 6), with backtracking.

    `others` are the certificates that it may lead through, in any order; no path is longer than `MAX_PATH`.
    Private PKI is the subject, so what only the Web PKI demands is left out unless `webpki` asks for it. With
    several names the leaf must be good for each. Raises ValueError for a name, address or depth that is none.
    """
    if demand.max_depth < 0:
        raise ValueError(f"max_depth: {demand.max_depth}")
    subjects = list(_subjects(demand))
    if not anchors:
        return Verdict(asked=True, valid=False, detail="nothing is trusted")
    own_name = _own_name(leaf) if demand.webpki else None
    answer = _answer(leaf, others, anchors, demand, own_name)
    if not answer.valid:
        return answer
    for subject in subjects:
        answer = _answer(leaf, others, anchors, demand, subject)
        if not answer.valid:
            return answer._replace(only_names=True)
    return answer


def _subjects(demand: Demand) -> Iterator[Subject]:
    yield from map(_host, demand.names)
    yield from (x509.IPAddress(ip_address(address)) for address in demand.addresses)


def _host(name: str) -> Subject:
    return x509.DNSName(name.rstrip("."))


def _own_name(leaf: Certificate) -> Subject | None:
    """The Web PKI knows no certificate without a name: where none is asked for, one of its own will do."""
    for name in leaf.dns_names:
        return _host(name.replace("*", "www", 1))
    for address in leaf.addresses:
        if "/" not in address:
            return x509.IPAddress(ip_address(address))
    return None


def judge_by_web_rules(
    leaf: Certificate,
    others: Sequence[Certificate],
    anchors: Sequence[Certificate],
    demand: Demand,
    *,
    as_server: bool,
) -> Verdict:
    """What the engine says where nobody gives it policies of private PKI, of a server or of a client.

    A server without a name of its own is refused. Raises as `judge` does.
    """
    wanted = demand._replace(purposes=(), webpki=True)
    if not as_server:
        return _judge(leaf, others, anchors, wanted, None)
    own_name = _own_name(leaf)
    if own_name is None:
        return Verdict(asked=True, valid=False, detail="the leaf has no subject alternative name")
    subjects = [*_subjects(demand)] or [own_name]
    answers = [_judge(leaf, others, anchors, wanted, subject) for subject in subjects]
    return next((answer for answer in answers if not answer.valid), answers[0])


def _answer(
    leaf: Certificate,
    others: Sequence[Certificate],
    anchors: Sequence[Certificate],
    demand: Demand,
    subject: Subject | None,
) -> Verdict:
    """The engine counts certificates that are issued by their own name; where they are too many it is asked again."""
    answer = _judge(leaf, others, anchors, demand, subject)
    uncounted = sum(other.is_self_issued for other in others)
    if answer.valid or not uncounted or len(others) <= demand.max_depth:
        return answer
    deeper = _judge(leaf, others, anchors, demand._replace(max_depth=demand.max_depth + uncounted), subject)
    counted = [certificate for certificate in deeper.path[1:-1] if certificate.subject != certificate.issuer]
    return deeper if deeper.valid and len(counted) <= demand.max_depth else answer


def _judge(
    leaf: Certificate,
    others: Sequence[Certificate],
    anchors: Sequence[Certificate],
    demand: Demand,
    subject: Subject | None,
) -> Verdict:
    intermediates = [other.x509 for other in others]
    try:
        verifier = _verifier(
            tuple(anchors), demand.at, demand.max_depth, tuple(demand.purposes), demand.webpki, subject
        )
        answer = verifier.verify(leaf.x509, intermediates)
    except (VerificationError, ValueError, x509.UnsupportedGeneralNameType) as error:
        return Verdict(asked=True, valid=False, detail=_plain(str(error)))
    return Verdict(asked=True, valid=True, path=tuple(answer.chain if isinstance(answer, VerifiedClient) else answer))


@lru_cache(_KEPT)
def _verifier(
    anchors: Sequence[Certificate],
    at: datetime,
    max_depth: int,
    purposes: Sequence[x509.ObjectIdentifier],
    webpki: bool,
    subject: Subject | None,
) -> ClientVerifier | ServerVerifier:
    builder = (
        PolicyBuilder()
        .store(Store([anchor.x509 for anchor in anchors]))
        .time(at)
        .max_chain_depth(min(max_depth, MAX_PATH))
    )
    if not webpki:
        leaf_policy = _leaf_policy(purposes, is_named=subject is not None)
        builder = builder.extension_policies(ca_policy=_ca_policy(purposes), ee_policy=leaf_policy)
    return builder.build_client_verifier() if subject is None else builder.build_server_verifier(subject)


def _ca_policy(purposes: Sequence[x509.ObjectIdentifier]) -> ExtensionPolicy:
    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _require_cert_sign)
        .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _require(purposes))
    )


def _leaf_policy(purposes: Sequence[x509.ObjectIdentifier], *, is_named: bool) -> ExtensionPolicy:
    policy = ExtensionPolicy.permit_all().may_be_present(
        x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _require(purposes)
    )
    return policy.require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None) if is_named else policy


def _require_cert_sign(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("keyCertSign must be asserted in a CA certificate")


_UsageCheck = Callable[[Policy, x509.Certificate, x509.ExtendedKeyUsage | None], None]


def _require(purposes: Sequence[x509.ObjectIdentifier]) -> _UsageCheck:
    def check(_policy: Policy, _certificate: x509.Certificate, usage: x509.ExtendedKeyUsage | None) -> None:
        if usage is None or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage:
            return
        for purpose in purposes:
            if purpose not in usage:
                raise ValueError(f"the extended key usage does not list {purpose.dotted_string}")

    return check


def _plain(refusal: str) -> str:
    """The engine's sentence without its ceremony and without the dump of its own records."""
    for pattern in _CEREMONY:
        refusal = re.sub(pattern, "", refusal, flags=re.DOTALL)
    return printable(refusal)
