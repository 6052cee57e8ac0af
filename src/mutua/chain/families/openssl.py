"""What a peer's OpenSSL says of a chain in the order in which it is sent (X509_verify_cert in crypto/x509/x509_vfy.c).

OpenSSL follows the first issuer that fits and never goes back, so it refuses chains for which a valid path exists.
Here are the steps of release 3.0, and their order, because the first error ends a handshake; later releases differ in
what is noted. Without policies, revocation lists, proxy certificates and DANE, which nobody asks for by default.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from mutua.chain.certificate import Certificate
from mutua.chain.families.openssl_certificate import ML_DSA, OpensslCertificate
from mutua.chain.families.openssl_names import constraint_error, host_error

MAX_DEPTH = 100
"""OpenSSL's own limit of how many certificates may stand between leaf and anchor."""

LEVEL_BITS = (0, 80, 112, 128, 192, 256)
"""The strength in bits that each security level demands."""

TEXTS = {
    0: "ok",
    2: "unable to get issuer certificate",
    7: "certificate signature failure",
    9: "certificate is not yet valid",
    10: "certificate has expired",
    18: "self-signed certificate",
    19: "self-signed certificate in certificate chain",
    20: "unable to get local issuer certificate",
    22: "certificate chain too long",
    25: "path length constraint exceeded",
    26: "unsuitable certificate purpose",
    32: "key usage does not include certificate signing",
    34: "unhandled critical extension",
    47: "permitted subtree violation",
    48: "excluded subtree violation",
    51: "unsupported name constraint type",
    53: "unsupported or invalid name syntax",
    62: "hostname mismatch",
    64: "IP address mismatch",
    66: "EE certificate key too weak",
    67: "CA certificate key too weak",
    68: "CA signature digest algorithm too weak",
    79: "invalid CA certificate",
    80: "Path length invalid for non-CA cert",
    81: "Path length given without key usage keyCertSign",
    82: "Key usage keyCertSign invalid for non-CA cert",
    83: "Issuer name empty",
    84: "Subject name empty",
    85: "Missing Authority Key Identifier",
    86: "Missing Subject Key Identifier",
    87: "Empty Subject Alternative Name extension",
    88: "Empty subject but SAN not critical",
    89: "Basic Constraints of CA cert not marked critical",
    92: "CA cert does not include key usage extension",
    93: "Using cert extension requires at least X509v3",
}
"""The errors that occur here, in the words of OpenSSL 3.0."""


class Purpose(StrEnum):
    """What the leaf is wanted as."""

    SERVER = "sslserver"
    CLIENT = "sslclient"


PURPOSES = {ExtendedKeyUsageOID.SERVER_AUTH: Purpose.SERVER, ExtendedKeyUsageOID.CLIENT_AUTH: Purpose.CLIENT}


class Settings(NamedTuple):
    """How the verifying side is set up.

    `level` is the security level, 0 to 5. `strict` and `partial_chain` are OpenSSL's flags X509_STRICT and
    PARTIAL_CHAIN. `knows_ml_dsa` is true from 3.5 on. `names` (DNS) and `addresses` (IP) are what it connects to.
    """

    at: datetime
    purpose: Purpose | None = None
    level: int = 1
    strict: bool = False
    partial_chain: bool = False
    knows_ml_dsa: bool = False
    names: Sequence[str] = ()
    addresses: Sequence[str] = ()


class Answer(NamedTuple):
    """The number of the error (X509_V_ERR, 0 for none), the depth at which it is (0: leaf), and the path built."""

    error: int
    depth: int
    path: tuple[Certificate, ...]

    @property
    def accepts(self) -> bool:
        """Whether it takes the chain."""
        return self.error == 0

    @property
    def text(self) -> str:
        """The error in OpenSSL's words, which nobody translates: people search for them."""
        return TEXTS[self.error]


class _RefusedError(Exception):
    def __init__(self, error: int, depth: int) -> None:
        super().__init__(error, depth)
        self.error, self.depth = error, depth


def verify(
    leaf: Certificate, sent: Sequence[Certificate], trusted: Sequence[Certificate], settings: Settings
) -> Answer:
    """What OpenSSL says of the leaf, with the certificates `sent` beside it and those `trusted`, in this order each."""
    verification = _Verification(leaf, sent, trusted, settings)
    try:
        verification.run()
    except _RefusedError as refused:
        return Answer(refused.error, refused.depth, verification.path)
    return Answer(0, 0, verification.path)


class _Verification:
    """One call of X509_verify_cert. Each step raises `_RefusedError`."""

    def __init__(
        self, leaf: Certificate, sent: Sequence[Certificate], trusted: Sequence[Certificate], settings: Settings
    ) -> None:
        self._settings = settings
        self._at = settings.at.replace(microsecond=0)
        self._sent = [OpensslCertificate(certificate) for certificate in sent]
        self._trusted = [OpensslCertificate(certificate) for certificate in trusted]
        self._chain = [OpensslCertificate(leaf)]
        self._untrusted_count = 1

    @property
    def path(self) -> tuple[Certificate, ...]:
        """The path as far as it was built."""
        return tuple(one.certificate for one in self._chain)

    def run(self) -> None:
        """All the steps, in OpenSSL's order."""
        if not self._is_strong(self._chain[0]):
            raise _RefusedError(66, 0)
        self._build()
        self._check_extensions()
        self._check_strength()
        mismatch = host_error(self._chain[0], self._settings.names, self._settings.addresses)
        if mismatch:
            raise _RefusedError(mismatch, 0)
        self._check_signatures()
        self._check_name_constraints()

    def _build(self) -> None:
        """build_chain, trusted certificates first."""
        searching_sent = True
        while True:
            top = self._chain[-1]
            is_full = len(self._chain) > MAX_DEPTH + 1
            trusted = None if is_full else self._best(self._trusted, top, may_repeat=True)
            if trusted is not None and self._put_on_top(trusted):
                searching_sent = False
                if self._settings.partial_chain or trusted.is_self_signed:
                    return
                continue
            sent = self._best(self._sent, top) if searching_sent and not (is_full or top.is_self_signed) else None
            if sent is None:
                break
            self._sent.remove(sent)
            self._chain.append(sent)
            self._untrusted_count += 1
        if not self._is_trusted_leaf():
            self._refuse_untrusted()

    def _put_on_top(self, trusted: OpensslCertificate) -> bool:
        """False where the top is self-signed and only named like the trusted one."""
        if not self._chain[-1].is_self_signed:
            self._chain.append(trusted)
            return True
        if self._chain[-1].der != trusted.der:
            return False
        self._untrusted_count -= 1
        return True

    def _is_trusted_leaf(self) -> bool:
        is_sent_alone = self._untrusted_count == len(self._chain)
        if not (self._settings.partial_chain and is_sent_alone):
            return False
        if self._chain[0].der not in (one.der for one in self._trusted):
            return False
        self._untrusted_count = 0
        return True

    def _refuse_untrusted(self) -> None:
        depth = len(self._chain) - 1
        if depth > MAX_DEPTH:
            raise _RefusedError(22, depth)
        if self._chain[-1].is_self_signed:
            raise _RefusedError(19 if depth else 18, depth)
        raise _RefusedError(2 if self._untrusted_count < len(self._chain) else 20, depth)

    def _best(
        self, candidates: Iterable[OpensslCertificate], below: OpensslCertificate, *, may_repeat: bool = False
    ) -> OpensslCertificate | None:
        """The first issuer that fits and is valid now, else the one that fits and lasts longest."""
        best = None
        may_repeat = may_repeat or (below.is_self_issued and len(self._chain) == 1)
        in_chain = () if may_repeat else tuple(one.der for one in self._chain)
        for candidate in candidates:
            if candidate.der in in_chain or not self._may_have_issued(candidate, below):
                continue
            if not self._time_error(candidate):
                return candidate
            if best is None or candidate.certificate.not_after > best.certificate.not_after:
                best = candidate
        return best

    def _may_have_issued(self, candidate: OpensslCertificate, below: OpensslCertificate) -> bool:
        known = self._settings.knows_ml_dsa or candidate.key_kind != ML_DSA
        return known and below.is_likely_issued_by(candidate)

    def _time_error(self, one: OpensslCertificate) -> int:
        """In the last second of its time a certificate has expired for OpenSSL."""
        if one.certificate.not_before > self._at:
            return 9
        return 10 if one.certificate.not_after <= self._at else 0

    def _check_extensions(self) -> None:
        counted = 0
        top = len(self._chain) - 1
        for depth, one in enumerate(self._chain):
            if not one.heeds_all_critical:
                raise _RefusedError(34, depth)
            self._check_authority(one, depth)
            if self._settings.strict and top:
                for error in _strict_errors(one, is_top=depth == top):
                    raise _RefusedError(error, depth)
            if self._settings.purpose and not _is_fit(one, self._settings.purpose, is_leaf=depth == 0):
                raise _RefusedError(26, depth)
            allowed = one.certificate.path_length
            if depth > 1 and allowed is not None and counted > allowed:
                raise _RefusedError(25, depth)
            counted += depth > 0 and not one.is_self_issued

    def _check_authority(self, one: OpensslCertificate, depth: int) -> None:
        strict = self._settings.strict
        if depth == 0:
            if strict and one.authority not in (0, 1):
                raise _RefusedError(79, depth)
            return
        must_be_proper = strict or depth < len(self._chain) - 1
        if one.authority == 0 or (must_be_proper and one.authority != 1):
            raise _RefusedError(79, depth)

    def _is_strong(self, one: OpensslCertificate) -> bool:
        if self._settings.level == 0:
            return True
        known = self._settings.knows_ml_dsa or one.key_kind != ML_DSA
        return known and one.key_bits >= LEVEL_BITS[self._settings.level]

    def _check_strength(self) -> None:
        for depth, one in enumerate(self._chain):
            if depth and not self._is_strong(one):
                raise _RefusedError(67, depth)
            if depth < len(self._chain) - 1 and one.signature_bits < LEVEL_BITS[self._settings.level]:
                raise _RefusedError(68, depth)

    def _check_signatures(self) -> None:
        """internal_verify: from the anchor down, whose own signature is not looked at."""
        issuer = None
        for depth in reversed(range(len(self._chain))):
            one = self._chain[depth]
            if issuer is not None:
                if not issuer.may_sign:
                    raise _RefusedError(32, depth + 1)
                if not one.certificate.is_signed_by(issuer.certificate):
                    raise _RefusedError(7, depth)
            error = self._time_error(one)
            if error:
                raise _RefusedError(error, depth)
            issuer = one

    def _check_name_constraints(self) -> None:
        top = len(self._chain) - 1
        for depth in reversed(range(top)):
            one = self._chain[depth]
            if depth and one.is_self_issued:
                continue
            for above in reversed(self._chain[depth + 1 :]):
                error = constraint_error(one, above, is_leaf=depth == 0)
                if error:
                    raise _RefusedError(error, depth)


_PURPOSE_OIDS: dict[Purpose, frozenset[ObjectIdentifier]] = {
    Purpose.CLIENT: frozenset((ExtendedKeyUsageOID.CLIENT_AUTH,)),
    Purpose.SERVER: frozenset(
        (
            ExtendedKeyUsageOID.SERVER_AUTH,
            ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
            ObjectIdentifier("2.16.840.1.113730.4.1"),
        )
    ),
}
"""The last two of a server are Microsoft's and Netscape's server gated cryptography."""


def _is_fit(one: OpensslCertificate, purpose: Purpose, *, is_leaf: bool) -> bool:
    """X509_check_purpose."""
    listed = one.certificate.extended_key_usage
    if listed is not None and not listed & _PURPOSE_OIDS[purpose]:
        return False
    if not is_leaf:
        return one.authority != 0
    usage = one.certificate.key_usage
    if usage is None or usage.digital_signature or usage.key_agreement:
        return True
    return purpose is Purpose.SERVER and usage.key_encipherment


def _strict_errors(one: OpensslCertificate, *, is_top: bool) -> Iterator[int]:
    """What X509_STRICT asks of each certificate of a path that is more than one."""
    yield from _strict_constraints(one)
    yield from _strict_names(one)
    certificate = one.certificate
    authority_key = certificate.extension(x509.AuthorityKeyIdentifier)
    subject_key = certificate.extension(x509.SubjectKeyIdentifier)
    if one.is_version_1:
        if len(certificate.extensions):
            yield 93
        return
    if not is_top and (authority_key is None or authority_key.value.key_identifier is None):
        yield 85
    if certificate.is_ca and subject_key is None:
        yield 86


def _strict_constraints(one: OpensslCertificate) -> Iterator[int]:
    certificate = one.certificate
    usage, constraints = certificate.key_usage, certificate.extension(x509.BasicConstraints)
    signs = usage is not None and usage.key_cert_sign
    if certificate.path_length is not None and not certificate.is_ca:
        yield 80
    if certificate.path_length is not None and not signs:
        yield 81
    if certificate.is_ca and constraints is not None and not constraints.critical:
        yield 89
    if certificate.is_ca and usage is None:
        yield 92
    if not certificate.is_ca and signs:
        yield 82


def _strict_names(one: OpensslCertificate) -> Iterator[int]:
    certificate = one.certificate
    usage, alternative = certificate.key_usage, certificate.extension(x509.SubjectAlternativeName)
    if not certificate.issuer.rdns:
        yield 83
    if certificate.subject.rdns:
        pass
    elif certificate.is_ca or alternative is None or (usage is not None and usage.crl_sign):
        yield 84
    elif not alternative.critical:
        yield 88
    if alternative is not None and not len(alternative.value):
        yield 87
