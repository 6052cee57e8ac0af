"""The report: the chain in order, everything that is wrong with it, and what the appliance would say."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID

from mutua.chain.appliance import CERTIFICATE_UPLOAD, CHAIN_UPLOAD, Refusal
from mutua.chain.catalogue import Evidence, Examined, Profile, Rule, Severity
from mutua.chain.certificate import Certificate
from mutua.chain.decode import Material
from mutua.chain.order import Arrangement
from mutua.chain.trust import Trust, has_namesake
from mutua.chain.verdict import ENGINE, Verdict
from mutua.message import Message, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.chain.families.opinions import Opinion, PeerAnswer
    from mutua.chain.report_json import ReportJson

UNEXPLAINED = ("engine.no-trusted-path", "engine.refused")
"""The rules that are asked last: the engine refuses, and none of the others says why."""

_UPLOAD_OF = {Profile.MIGRATION: CHAIN_UPLOAD, Profile.SERVER: CERTIFICATE_UPLOAD}


class Finding(NamedTuple):
    """A rule that was broken, by which certificate (None: the file as a whole), and the evidence."""

    rule: Rule
    severity: Severity
    found: Message
    certificate: Certificate | None

    @classmethod
    def of(cls, rule: Rule, profile: Profile, evidence: Evidence) -> "Finding":
        """The finding that a rule makes of a piece of evidence."""
        return cls(rule, rule.severities[profile], evidence.found, evidence.certificate)


class Report(NamedTuple):
    """All that is to be said about one input."""

    profile: Profile
    at: datetime
    material: Material
    arrangement: Arrangement
    verdict: Verdict
    findings: tuple[Finding, ...]
    trust: Trust | None = None
    names: Sequence[str] = ()
    addresses: Sequence[str] = ()

    @property
    def path(self) -> tuple[Certificate, ...]:
        """The chain in order, leaf first."""
        return self.arrangement.path

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop somebody."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that do not stop anybody today."""
        return tuple(finding for finding in self.findings if finding.severity is not Severity.ERROR)

    @property
    def valid(self) -> bool:
        """Whether the engine found a valid path, and no rule about validity is broken as an error."""
        return self.verdict.valid and not any(finding.rule.explains for finding in self.errors)

    @property
    def conforming(self) -> bool:
        """Whether it is valid, and its certificates are as RFC 5280, section 4, demands of whoever issues.

        Path validation (section 6) does not ask for that, and private PKI does not keep all of it; strict verifiers
        ask. Under no profile is this an error by itself, except for the Web PKI's.
        """
        from mutua.chain.rules.webpki import breaches

        examined = Examined(
            self.profile, self.at, self.material, self.arrangement, self.verdict, None, None, trust=self.trust
        )
        return self.valid and not any(True for _evidence in breaches(examined))

    @property
    def disagreement(self) -> Message | None:
        """Who refuses the path where the rules and the engine disagree; None where they do not."""
        refusing = [finding.rule.id for finding in self.errors if finding.rule.explains]
        if self.verdict.valid and refusing:
            return message(
                "{engine} finds a valid path; {rules} refuses it, so the chain is not valid.",
                engine=ENGINE,
                rules=", ".join(dict.fromkeys(refusing)),
            )
        if any(finding.rule.id in UNEXPLAINED for finding in self.errors):
            return message("{engine} refuses the path and no rule says why, so the chain is not valid.", engine=ENGINE)
        return None

    @property
    def is_ordinary(self) -> bool:
        """Whether there is nothing about the chain that families of verifiers are known to differ on.

        Cheap, and never true where they differ: it spares whoever asks the question itself.
        """
        return self.is_ordinary_but_for_names and self.path[0].extension(x509.SubjectAlternativeName) is not None

    @property
    def is_ordinary_but_for_names(self) -> bool:
        """Whether families of verifiers can differ at most on a leaf without alternative names, if it has none."""
        arrangement = self.arrangement
        is_tidy = arrangement.in_order and not arrangement.foreign and len(self.path) <= _LONGEST_ORDINARY
        comes_first = bool(self.path) and self.material.certificates[0] is self.path[0]
        # In the last second of its time a certificate has expired for OpenSSL, and for others it has not.
        lasts = all(one.not_after > self.at for one in self.path)
        is_clear = self.trust is None or not has_namesake(self.trust.anchors, self.path)
        is_calm = self.valid and not self.errors
        return is_calm and is_tidy and comes_first and lasts and is_clear and _are_ordinary(self.path)

    @property
    def openssl(self) -> "PeerAnswer | None":
        """What a peer's OpenSSL says of the certificates in the order given: not all that is valid does it find.

        None where there is no leaf, or nothing that could be trusted. Worked out whenever it is asked for.
        """
        from mutua.chain.families.opinions import peer_answer

        return peer_answer(self)

    @property
    def families(self) -> "tuple[Opinion, ...]":
        """Which families of verifiers accept the chain and which refuse it; empty where `openssl` is None.

        Worked out whenever it is asked for, in a few milliseconds.
        """
        from mutua.chain.families.opinions import opinions

        return opinions(self)

    @property
    def refusal(self) -> Refusal | None:
        """The one error that the appliance would answer an upload with, or None if it would take it."""
        answers = _UPLOAD_OF.get(self.profile)
        stages = [finding.rule.stage for finding in self.errors if finding.rule.stage is not None]
        return answers[min(stages)] if answers and stages else None

    def about(self, certificate: Certificate | None) -> tuple[Finding, ...]:
        """The findings about one certificate; with None, those about the file."""
        return tuple(finding for finding in self.findings if finding.certificate is certificate)

    def to_json(self, translate: Callable[[Message], str]) -> "ReportJson":
        """The report for machines; the sentences in it are for people and go through `translate`."""
        from mutua.chain.report_json import report_json

        return report_json(self, translate)


_LONGEST_ORDINARY = 7
"""Certificates, root included: Java puts no more in order by itself."""

_ORDINARY_HASHES = ("sha256", "sha384", "sha512")
_ORDINARY_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_ORDINARILY_CRITICAL = (
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
)


def _are_ordinary(path: Sequence[Certificate]) -> bool:
    if not all(below.issuer.public_bytes() == above.subject.public_bytes() for below, above in pairwise(path)):
        return False
    authorities = all(_is_ordinary_authority(certificate) for certificate in path[1:])
    return (
        path[-1].is_self_signed
        and authorities
        and _is_ordinary_leaf(path[0])
        and all(_names_its_issuer(one) for one in path[:-1])
    )


def _is_ordinary_authority(certificate: Certificate) -> bool:
    constraints = certificate.extension(x509.BasicConstraints)
    identifier = certificate.extension(x509.SubjectKeyIdentifier)
    return (
        constraints is not None
        and constraints.critical
        and identifier is not None
        and certificate.key_usage is not None
        and certificate.extended_key_usage is None
        and certificate.extension(x509.NameConstraints) is None
        and _is_ordinary(certificate)
    )


def _is_ordinary_leaf(certificate: Certificate) -> bool:
    usage = certificate.key_usage
    signs = usage is None or (usage.digital_signature and not usage.key_cert_sign)
    return bool(certificate.subject.rdns) and signs and _is_ordinary(certificate)


def _names_its_issuer(certificate: Certificate) -> bool:
    return certificate.authority_key is not None and certificate.signature_hash in _ORDINARY_HASHES


def _is_ordinary(certificate: Certificate) -> bool:
    key = certificate.public_key
    critical = (extension.oid for extension in certificate.extensions if extension.critical)
    return (
        certificate.x509.version is x509.Version.v3
        and certificate.serial_number > 0
        and all(identifier in _ORDINARILY_CRITICAL for identifier in critical)
        and (isinstance(key, rsa.RSAPublicKey) or _is_on_usual_curve(key))
    )


def _is_on_usual_curve(key: object) -> bool:
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _ORDINARY_CURVES
