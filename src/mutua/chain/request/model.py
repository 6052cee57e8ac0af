"""A signing request (RFC 2986): what it asks for, and the records of the rules about it."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from mutua.chain.appliance import Refusal
from mutua.chain.catalogue import Profile, Severity, fixes_of
from mutua.chain.certificate import Certificate, E
from mutua.chain.remedies import Authority, Remedy
from mutua.message import Message


class SigningRequest(NamedTuple):
    """What a request asks for; None and empty where it does not say."""

    subject: x509.Name
    key: CertificatePublicKeyTypes | None
    """The public key; None where nobody here knows its algorithm."""
    key_id: bytes | None
    """The same as DER SubjectPublicKeyInfo."""
    signature_verifies: bool
    signature_hash: str | None
    names: tuple[x509.GeneralName, ...]
    key_usage: x509.KeyUsage | None
    purposes: tuple[x509.ObjectIdentifier, ...] | None
    wants_to_be_ca: bool

    @classmethod
    def of(cls, request: x509.CertificateSigningRequest) -> "SigningRequest":
        """Read all of it. Raises ValueError and its kin of pyca/cryptography where an extension is malformed."""
        names = _extension(request, x509.SubjectAlternativeName)
        purposes = _extension(request, x509.ExtendedKeyUsage)
        constraints = _extension(request, x509.BasicConstraints)
        key = _key(request)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # The library warns of values of odd lengths; no rule is about them.
            subject = request.subject
        return cls(
            subject,
            key,
            None if key is None else key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            _verifies(request),
            _hash(request),
            tuple(names or ()),
            _extension(request, x509.KeyUsage),
            None if purposes is None else tuple(purposes),
            bool(constraints and constraints.ca),
        )

    @property
    def common_names(self) -> tuple[str, ...]:
        """The common names that are not blank."""
        found = (str(attribute.value) for attribute in self.subject.get_attributes_for_oid(NameOID.COMMON_NAME))
        return tuple(name for name in found if name.strip())

    @property
    def dns_names(self) -> tuple[str, ...]:
        """The host names asked for."""
        return tuple(name.value for name in self.names if isinstance(name, x509.DNSName))

    @property
    def addresses(self) -> tuple[str, ...]:
        """The IP addresses asked for."""
        return tuple(str(name.value) for name in self.names if isinstance(name, x509.IPAddress))


def _extension(request: x509.CertificateSigningRequest, kind: type[E]) -> E | None:
    try:
        return request.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _key(request: x509.CertificateSigningRequest) -> CertificatePublicKeyTypes | None:
    try:
        return request.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _verifies(request: x509.CertificateSigningRequest) -> bool:
    try:
        return request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def _hash(request: x509.CertificateSigningRequest) -> str | None:
    try:
        algorithm = request.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None
    return algorithm.name if algorithm else None


class Question(NamedTuple):
    """A request, what its certificate is for, the public key that it should hold, and the certificate if it is made."""

    request: SigningRequest
    profile: Profile
    private_key: bytes | None = None
    answer: Certificate | None = None

    @property
    def certified(self) -> Certificate | None:
        """The certificate, if it is for the key of this request: what another one holds says nothing."""
        answer = self.answer
        return answer if answer is not None and answer.key_id == self.request.key_id else None


Check = Callable[[Question], Iterator[Message]]


class RequestRule(NamedTuple):
    """A rule about a request; the same record as a rule about a chain, with a check of its own kind."""

    id: str
    requirement: str
    severities: Mapping[Profile, Severity]
    title: str
    reason: str
    fix: str
    check: Check
    source: str | None = None
    remedy: Remedy | None = None
    refusal: Refusal | None = None
    """What the appliance answers when it is asked to make such a request."""

    @property
    def fixes(self) -> Mapping[Authority, str]:
        """What to set at the authorities that are known by name; lines after the first are to be typed."""
        return fixes_of(self.remedy)


class RequestFinding(NamedTuple):
    """A rule that is broken, how much that matters, and the evidence."""

    rule: RequestRule
    severity: Severity
    found: Message


REQUEST_RULES: dict[str, RequestRule] = {}
"""Every rule about a request by its id, in the order in which findings are told."""


def request_rule(
    identifier: str,
    requirement: str,
    severities: Mapping[Profile, Severity],
    *,
    title: str,
    reason: str,
    fix: str,
    source: str | None = None,
    remedy: Remedy | None = None,
    refusal: Refusal | None = None,
) -> Callable[[Check], Check]:
    """Enter a check in the catalogue of rules about requests. Raises ValueError for an id that is taken."""

    def enter(check: Check) -> Check:
        if identifier in REQUEST_RULES:
            raise ValueError(f"rule {identifier}: taken")
        REQUEST_RULES[identifier] = RequestRule(
            identifier, requirement, severities, title, reason, fix, check, source, remedy, refusal
        )
        return check

    return enter
