"""What certificate revocation lists say about a path (RFC 5280, sections 5 and 6.3)."""

import warnings
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from mutua.chain.armour import blocks
from mutua.chain.certificate import Certificate, ComparableName, comparable, printable, readable_name
from mutua.chain.decode import MAX_BYTES, InputTooLargeError
from mutua.message import Message, message

_SEQUENCE = b"\x30"
_MALFORMED = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class Revoked(NamedTuple):
    """A certificate of the path that its issuer has revoked, since when (UTC), and by the list of whom."""

    certificate: Certificate
    since: datetime
    issuer: str


class Unanswered(NamedTuple):
    """A certificate of the path of whose issuer no list was given."""

    certificate: Certificate
    issuer: str


class Revocation(NamedTuple):
    """What the lists say: `unusable` holds what is wrong with which; `unrelated` the issuers of the others.

    `unanswered` is what they say nothing about; nothing is said of that where a list cannot be read at all.
    """

    revoked: tuple[Revoked, ...] = ()
    unusable: tuple[Message, ...] = ()
    unrelated: tuple[str, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()


class _UnusableError(ValueError):
    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


def read_revocation(crls: Sequence[bytes], path: Sequence[Certificate], at: datetime) -> Revocation:
    """Look every certificate of the path up in the lists (PEM or DER) of its issuer.

    A list counts only if that issuer signed it, may sign lists, and it is in force at `at` (aware).
    Raises `InputTooLargeError`; whatever else is wrong with a list is in the answer.
    """
    revoked: list[Revoked] = []
    unusable: list[Message] = []
    unrelated: list[str] = []
    issuers: set[ComparableName] = set()
    all_read = bool(crls)
    for data in crls:
        if len(data) > MAX_BYTES:
            raise InputTooLargeError(f"{len(data)} bytes")
        read = 0
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # The library warns of names of an odd length; here they are compared.
                for crl in _lists_in(data):
                    read += 1
                    issuer = comparable(crl.issuer)
                    issuers.add(issuer)
                    namesakes = [above for above in path[1:] if above.comparable_subject == issuer]
                    if namesakes:
                        revoked.extend(_revoked(crl, _signer(crl, namesakes, at), path, at))
                    else:
                        unrelated.append(readable_name(crl.issuer))
        except _UnusableError as error:
            unusable.append(error.reason)
        except _MALFORMED as error:
            unusable.append(message("A revocation list is damaged: {reason}.", reason=printable(str(error))))
        all_read = all_read and read > 0
    silent = [one for one in path if all_read and not one.is_self_issued and one.comparable_issuer not in issuers]
    unanswered = tuple(Unanswered(one, one.issued_by) for one in silent)
    return Revocation(tuple(revoked), tuple(unusable), tuple(unrelated), unanswered)


def _lists_in(data: bytes) -> Iterator[x509.CertificateRevocationList]:
    if data.startswith(_SEQUENCE):
        yield x509.load_der_x509_crl(data)
        return
    found = [block for block in blocks(data) if block.label == "X509 CRL"]
    if not found:
        raise _UnusableError(message("A file holds no revocation list (BEGIN X509 CRL)."))
    for block in found:
        yield x509.load_pem_x509_crl(b"-----BEGIN X509 CRL-----%b-----END X509 CRL-----\n" % block.body)


def _signer(crl: x509.CertificateRevocationList, namesakes: Sequence[Certificate], at: datetime) -> Certificate:
    """The one of the namesakes that signed the list. Raises `_UnusableError` where the list does not count."""
    name = readable_name(crl.issuer)
    signers = [namesake for namesake in namesakes if _is_signed_by(crl, namesake)]
    if not signers:
        raise _UnusableError(message("The revocation list of {issuer} is signed by another key.", issuer=name))
    usage = signers[0].key_usage
    if usage is not None and not usage.crl_sign:
        raise _UnusableError(message("{issuer} may not sign revocation lists: cRLSign is missing.", issuer=name))
    if crl.last_update_utc > at:
        raise _UnusableError(
            message(
                "The revocation list of {issuer} is valid from {start:%Y-%m-%d %H:%M} UTC only.",
                issuer=name,
                start=crl.last_update_utc,
            )
        )
    if crl.next_update_utc is not None and crl.next_update_utc < at:
        raise _UnusableError(
            message(
                "The revocation list of {issuer} was valid until {end:%Y-%m-%d %H:%M} UTC.",
                issuer=name,
                end=crl.next_update_utc,
            )
        )
    if not any(isinstance(extension.value, x509.CRLNumber) for extension in crl.extensions):
        raise _UnusableError(message("The revocation list of {issuer} has no number.", issuer=name))
    for extension in crl.extensions:
        if extension.critical and not _is_understood(extension.value):
            raise _UnusableError(
                message(
                    "The revocation list of {issuer} has a critical extension that is not supported here: {oid}.",
                    issuer=name,
                    oid=extension.oid.dotted_string,
                )
            )
    return signers[0]


def _is_signed_by(crl: x509.CertificateRevocationList, namesake: Certificate) -> bool:
    try:
        return crl.is_signature_valid(namesake.public_key)  # type: ignore[arg-type]  # TypeError for other keys
    except (InvalidSignature, *_MALFORMED):
        return False


def _is_understood(extension: x509.ExtensionType) -> bool:
    if isinstance(extension, x509.IssuingDistributionPoint):
        return not (extension.indirect_crl or extension.only_some_reasons or extension.only_contains_attribute_certs)
    return isinstance(extension, x509.CRLNumber | x509.AuthorityKeyIdentifier)


def _revoked(
    crl: x509.CertificateRevocationList, signer: Certificate, path: Sequence[Certificate], at: datetime
) -> Iterator[Revoked]:
    for certificate, issuer in pairwise(path):
        if issuer.key_id == signer.key_id and issuer.comparable_subject == signer.comparable_subject:
            entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is not None and entry.revocation_date_utc <= at:
                yield Revoked(certificate, entry.revocation_date_utc, issuer.issued_to)
