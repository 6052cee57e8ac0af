"""One certificate, and the facts about it that ordering and rules ask for, each read once."""

import warnings
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar, overload

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from mutua.chain.signature import is_signature_by

E = TypeVar("E", bound=x509.ExtensionType)
T = TypeVar("T")

_MALFORMED = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_SHOWN_CHARACTERS = 256
_KEPT = 256
_KEPT_BYTES = 8 * 1024
_KEPT_SIGNERS = 64

ComparableName = tuple[frozenset[tuple[x509.ObjectIdentifier, str]], ...]
"""A distinguished name as RFC 5280, section 7.1, compares it: case and runs of spaces do not count."""


class fact(Generic[T]):  # noqa: N801  (it stands where `property` would)
    """A property that is found out once. functools.cached_property takes a lock for each before Python 3.12."""

    def __init__(self, find: Callable[[Any], T]) -> None:
        self._find = find
        self._name = find.__name__
        self.__doc__ = find.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> "fact[T]": ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> "fact[T] | T":
        if instance is None:
            return self
        found = instance.__dict__[self._name] = self._find(instance)
        return found


class UnreadableCertificateError(ValueError):
    """The bytes are not a certificate that can be understood; the text says what was met."""


class Certificate:
    """A certificate that was read completely: whatever is malformed in it was met on construction.

    `position` is its place in the input, counted from 1. Raises `UnreadableCertificateError`.
    """

    def __init__(self, der: bytes, position: int) -> None:
        self.der = der
        self.position = position
        self._signers: dict[bytes, bool] = {}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.x509 = x509.load_der_x509_certificate(der)
                self.extensions = self.x509.extensions
                self.subject = self.x509.subject
                self.issuer = self.x509.issuer
                self.serial_number = self.x509.serial_number
                self.not_before: datetime = self.x509.not_valid_before_utc
                self.not_after: datetime = self.x509.not_valid_after_utc
                self.public_key = self.x509.public_key()
                self._by_kind = {type(extension.value): extension for extension in self.extensions}
        except _MALFORMED as error:
            raise UnreadableCertificateError(printable(str(error))) from error

    def __repr__(self) -> str:
        return f"<Certificate {self.position} {self.issued_to!r} by {self.issued_by!r}>"

    @fact
    def key_id(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7)."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def pem(self) -> bytes:
        """The certificate in Base 64, as the appliance wants it (R4)."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return self.x509.public_bytes(Encoding.PEM)

    @fact
    def fingerprint(self) -> str:
        """SHA-256 of the DER, lower-case hexadecimal without separators."""
        from hashlib import sha256

        return sha256(self.der).hexdigest()

    @fact
    def issued_to(self) -> str:
        """What people call the subject: its common name, else the whole distinguished name."""
        return readable_name(self.subject)

    @fact
    def issued_by(self) -> str:
        """What people call the issuer: its common name, else the whole distinguished name."""
        return readable_name(self.issuer)

    @fact
    def common_names(self) -> tuple[str, ...]:
        """Every common name of the subject, in order; blank ones left out."""
        return tuple(name for name in _values(self.subject, NameOID.COMMON_NAME) if name.strip())

    @fact
    def dns_names(self) -> tuple[str, ...]:
        """The dNSName entries of the subject alternative name."""
        found = self._extension(x509.SubjectAlternativeName)
        return tuple(found.get_values_for_type(x509.DNSName)) if found else ()

    @fact
    def addresses(self) -> tuple[str, ...]:
        """The iPAddress entries of the subject alternative name, as text."""
        found = self._extension(x509.SubjectAlternativeName)
        return tuple(str(address) for address in found.get_values_for_type(x509.IPAddress)) if found else ()

    @fact
    def key_usage(self) -> x509.KeyUsage | None:
        """The key usage, or None where the certificate does not restrict it."""
        return self._extension(x509.KeyUsage)

    @fact
    def extended_key_usage(self) -> frozenset[x509.ObjectIdentifier] | None:
        """The purposes listed, or None where the certificate does not restrict them."""
        found = self._extension(x509.ExtendedKeyUsage)
        return None if found is None else frozenset(found)

    def permits(self, purpose: x509.ObjectIdentifier) -> bool:
        """Whether it may be used for the purpose; anyExtendedKeyUsage does not count, as in OpenSSL."""
        return self.extended_key_usage is None or purpose in self.extended_key_usage

    @fact
    def path_length(self) -> int | None:
        """How many CA certificates may stand below this one, or None for any number."""
        found = self._extension(x509.BasicConstraints)
        return found.path_length if found else None

    @fact
    def is_ca(self) -> bool:
        """Whether it says that it may issue certificates (RFC 5280, section 4.2.1.9)."""
        found = self._extension(x509.BasicConstraints)
        return bool(found and found.ca)

    @fact
    def may_sign_certificates(self) -> bool:
        """False only where a key usage is given and lacks keyCertSign (RFC 5280, section 4.2.1.3)."""
        return self.key_usage is None or self.key_usage.key_cert_sign

    @fact
    def is_of_old_version(self) -> bool:
        """Whether it is of version 1 or 2, which know no extensions (RFC 5280, section 4.1.2.1)."""
        return self.x509.version is not x509.Version.v3

    @fact
    def signature_hash(self) -> str | None:
        """The name of the hash in its signature, such as sha256.

        None where the signature has no hash of its own (Ed25519); the dotted identifier of an unknown algorithm.
        """
        try:
            algorithm = self.x509.signature_hash_algorithm
        except UnsupportedAlgorithm:
            return self.x509.signature_algorithm_oid.dotted_string
        return algorithm.name if algorithm else None

    @fact
    def rsa_exponent(self) -> int | None:
        """The public exponent of an RSA key, None for another key."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        return self.public_key.public_numbers().e if isinstance(self.public_key, rsa.RSAPublicKey) else None

    @fact
    def critical_extensions(self) -> tuple[str, ...]:
        """The dotted identifiers of the extensions that whoever verifies it must understand, in their order."""
        return tuple(extension.oid.dotted_string for extension in self.extensions if extension.critical)

    @fact
    def name_constraints(self) -> x509.NameConstraints | None:
        """What it demands of the names below it (RFC 5280, section 4.2.1.10)."""
        return self._extension(x509.NameConstraints)

    @fact
    def issuer_locations(self) -> tuple[str, ...]:
        """Where its issuer's certificate can be fetched, as it says itself (RFC 5280, section 4.2.2.1)."""
        found = self._extension(x509.AuthorityInformationAccess)
        return tuple(
            printable(access.access_location.value)
            for access in found or ()
            if access.access_method == AuthorityInformationAccessOID.CA_ISSUERS
            and isinstance(access.access_location, x509.UniformResourceIdentifier)
        )

    @property
    def is_verifiable(self) -> bool:
        """Whether its signature is of a kind that anybody still verifies: not MD5, and not unknown."""
        return self.signature_hash is None or (self.signature_hash != "md5" and "." not in self.signature_hash)

    @fact
    def authority_key(self) -> str | None:
        """The key identifier of the wanted issuer in upper-case hexadecimal, if the certificate names it."""
        found = self._extension(x509.AuthorityKeyIdentifier)
        return found.key_identifier.hex(":").upper() if found and found.key_identifier else None

    @fact
    def authority_serial_number(self) -> int | None:
        """The serial number of the wanted issuer's own certificate, if the certificate names it."""
        found = self._extension(x509.AuthorityKeyIdentifier)
        return found.authority_cert_serial_number if found else None

    @fact
    def key_identifier(self) -> str | None:
        """The key identifier that it gives itself, in upper-case hexadecimal."""
        found = self._extension(x509.SubjectKeyIdentifier)
        return found.key_identifier.hex(":").upper() if found else None

    @fact
    def comparable_subject(self) -> ComparableName:
        """The subject, for finding whom it issued."""
        return comparable(self.subject)

    @fact
    def comparable_issuer(self) -> ComparableName:
        """The issuer, for finding who issued it."""
        return comparable(self.issuer)

    @fact
    def is_self_issued(self) -> bool:
        """Whether it names itself as its issuer (RFC 5280, section 3.2)."""
        return self.comparable_subject == self.comparable_issuer

    @fact
    def is_self_signed(self) -> bool:
        """Whether its own key signed it."""
        return self.is_self_issued and self.is_signed_by(self)

    def is_signed_by(self, issuer: "Certificate") -> bool:
        """Whether `issuer` has the name and the key that signed this certificate."""
        if self.comparable_issuer != issuer.comparable_subject:
            return False
        known = self._signers.get(issuer.der)
        if known is None:
            if len(self._signers) >= _KEPT_SIGNERS:
                self._signers.clear()
            known = self._signers[issuer.der] = is_signature_by(self.x509, issuer.x509)
        return known

    def seems_signed_by(self, issuer: "Certificate") -> bool:
        """Whether `issuer` has the name that this certificate gives; of itself no certificate is believed."""
        if self.der == issuer.der:
            return self.is_self_signed
        return self.comparable_issuer == issuer.comparable_subject

    def extension(self, kind: type[E]) -> x509.Extension[E] | None:
        """The extension of this kind, with whether it is critical, or None where there is none."""
        return self._by_kind.get(kind)

    def _extension(self, kind: type[E]) -> E | None:
        found = self.extension(kind)
        return found.value if found else None


_kept = lru_cache(_KEPT)(Certificate)


def read_certificate(der: bytes, position: int) -> Certificate:
    """The certificate; one that was met a short while ago, as issuers are, is not read again.

    Raises `UnreadableCertificateError`.
    """
    return _kept(der, position) if len(der) <= _KEPT_BYTES else Certificate(der, position)


def readable_name(name: x509.Name) -> str:
    """The common name, else the distinguished name (RFC 4514), else a dash."""
    for value in _values(name, NameOID.COMMON_NAME):
        if value.strip():
            return printable(value)
    return printable(name.rfc4514_string()) or "—"


def printable(text: str) -> str:
    """The text with control characters made visible: names come from strangers and end up on terminals."""
    shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    return "".join(character if character.isprintable() else "�" for character in shown)


def comparable(name: x509.Name) -> ComparableName:
    """The name in a form in which equal names are equal (RFC 5280, section 7.1)."""
    return tuple(
        frozenset((attribute.oid, _folded(attribute.value)) for attribute in relative) for relative in name.rdns
    )


def _folded(value: str | bytes) -> str:
    return " ".join(value.split()).casefold() if isinstance(value, str) else value.hex()


def _values(name: x509.Name, oid: x509.ObjectIdentifier) -> tuple[str, ...]:
    return tuple(
        attribute.value if isinstance(attribute.value, str) else attribute.value.hex()
        for attribute in name.get_attributes_for_oid(oid)
    )
