"""One certificate, and the facts about it that ordering and rules ask for, each read once."""

import warnings
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

E = TypeVar("E", bound=x509.ExtensionType)


class UnreadableCertificateError(ValueError):
    """The bytes are not a certificate that can be understood; the text says what was met."""


class Certificate:
    """A certificate that was read completely: whatever is malformed in it was met on construction.

    `position` is its place in the input, counted from 1.
    """

    def __init__(self, der: bytes, position: int) -> None:
        self.der = der
        self.position = position
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.x509 = x509.load_der_x509_certificate(der)
                self.extensions = self.x509.extensions
                self.subject = self.x509.subject
                self.issuer = self.x509.issuer
                self.not_before: datetime = self.x509.not_valid_before_utc
                self.not_after: datetime = self.x509.not_valid_after_utc
                self.key_id = self._public_key_der()
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
            raise UnreadableCertificateError(str(error)) from error
        except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
            raise UnreadableCertificateError(str(error)) from error

    def _public_key_der(self) -> bytes:
        return self.x509.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def __repr__(self) -> str:
        return f"<Certificate {self.position} {self.issued_to!r} by {self.issued_by!r}>"

    @property
    def pem(self) -> bytes:
        """The certificate in Base 64, as the appliance wants it (R4)."""
        return self.x509.public_bytes(Encoding.PEM)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the DER, lower-case hexadecimal without separators."""
        from hashlib import sha256

        return sha256(self.der).hexdigest()

    @cached_property
    def issued_to(self) -> str:
        """What people call the subject: its common name, else the whole distinguished name."""
        return readable_name(self.subject)

    @cached_property
    def issued_by(self) -> str:
        """What people call the issuer: its common name, else the whole distinguished name."""
        return readable_name(self.issuer)

    @cached_property
    def common_names(self) -> tuple[str, ...]:
        """Every common name of the subject, in order; blank ones left out."""
        return tuple(name for name in _values(self.subject, NameOID.COMMON_NAME) if name.strip())

    @cached_property
    def dns_names(self) -> tuple[str, ...]:
        """The dNSName entries of the subject alternative name."""
        found = self._extension(x509.SubjectAlternativeName)
        return tuple(found.get_values_for_type(x509.DNSName)) if found else ()

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """The iPAddress entries of the subject alternative name, as text."""
        found = self._extension(x509.SubjectAlternativeName)
        return tuple(str(address) for address in found.get_values_for_type(x509.IPAddress)) if found else ()

    @cached_property
    def key_usage(self) -> x509.KeyUsage | None:
        """The key usage, or None where the certificate does not restrict it."""
        return self._extension(x509.KeyUsage)

    @cached_property
    def extended_key_usage(self) -> frozenset[x509.ObjectIdentifier] | None:
        """The purposes listed, or None where the certificate does not restrict them."""
        found = self._extension(x509.ExtendedKeyUsage)
        return None if found is None else frozenset(found)

    @cached_property
    def path_length(self) -> int | None:
        """How many CA certificates may stand below this one, or None for any number."""
        found = self._extension(x509.BasicConstraints)
        return found.path_length if found else None

    @cached_property
    def is_ca(self) -> bool:
        """Whether it says that it may issue certificates (RFC 5280, section 4.2.1.9)."""
        found = self._extension(x509.BasicConstraints)
        return bool(found and found.ca)

    @cached_property
    def may_sign_certificates(self) -> bool:
        """False only where a key usage is given and lacks keyCertSign (RFC 5280, section 4.2.1.3)."""
        return self.key_usage is None or self.key_usage.key_cert_sign

    @cached_property
    def authority_key(self) -> str | None:
        """The key identifier of the wanted issuer in upper-case hexadecimal, if the certificate names it."""
        found = self._extension(x509.AuthorityKeyIdentifier)
        return found.key_identifier.hex(":").upper() if found and found.key_identifier else None

    @cached_property
    def is_self_signed(self) -> bool:
        """Whether its own key signed it."""
        return self.subject == self.issuer and self.is_signed_by(self)

    def is_signed_by(self, issuer: "Certificate") -> bool:
        """Whether `issuer` has the name and the key that signed this certificate."""
        try:
            self.x509.verify_directly_issued_by(issuer.x509)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return False
        return True

    def _extension(self, kind: type[E]) -> E | None:
        try:
            return self.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None


def readable_name(name: x509.Name) -> str:
    """The common name, else the distinguished name (RFC 4514), else a dash."""
    for value in _values(name, NameOID.COMMON_NAME):
        if value.strip():
            return printable(value)
    return printable(name.rfc4514_string()) or "—"


def printable(text: str) -> str:
    """The text with control characters made visible: names come from strangers and end up on terminals."""
    return "".join(character if character.isprintable() else "�" for character in text[:256])


def _values(name: x509.Name, oid: x509.ObjectIdentifier) -> tuple[str, ...]:
    return tuple(
        attribute.value if isinstance(attribute.value, str) else attribute.value.hex()
        for attribute in name.get_attributes_for_oid(oid)
    )
