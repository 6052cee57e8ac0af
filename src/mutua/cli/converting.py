"""Writing certificates, private keys and signing requests in another form; what a form cannot hold is refused."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)

from mutua.chain.certificate import Certificate
from mutua.cli.contents import Contents, Key
from mutua.cli.exits import Exit, Failure
from mutua.message import Message, message

KDF_ROUNDS = 100_000
"""Of PKCS#12, for each of its two encrypted parts; Windows counts them together and stops at 600,000."""


class Form(StrEnum):
    """What can be written."""

    PEM = "pem"
    DER = "der"
    PKCS7 = "pkcs7"
    PKCS12 = "pkcs12"


class Secrecy(NamedTuple):
    """How private keys are written: with the password that they came with, with another one, or without any."""

    given: bytes | None
    new: bytes | None
    plain: bool

    def of(self, key: Key) -> bytes | None:
        """The password for a key; one that came encrypted stays so unless somebody says otherwise."""
        if self.plain:
            return None
        return self.new or (self.given if key.encrypted else None)


def write_form(contents: Contents, form: Form, secrecy: Secrecy, ask: Callable[[], bytes]) -> bytes:
    """The contents in the form. `ask` gives the password of PKCS#12 where there is none. Raises `Failure`."""
    match form:
        case Form.PEM:
            return _pem(contents, secrecy)
        case Form.DER:
            return _der(contents, secrecy)
        case Form.PKCS7:
            return _pkcs7(contents)
        case Form.PKCS12:
            return _pkcs12(contents, secrecy, ask)


def _pem(contents: Contents, secrecy: Secrecy) -> bytes:
    return b"".join(
        [
            *(_private(key, secrecy, Encoding.PEM) for key in contents.keys),
            *(request.public_bytes(Encoding.PEM) for request in contents.requests),
            *(certificate.pem for certificate in contents.certificates),
        ]
    )


def _der(contents: Contents, secrecy: Secrecy) -> bytes:
    count = len(contents.certificates) + len(contents.keys) + len(contents.requests)
    if count != 1:
        raise _refusal(
            message("DER holds one certificate, key or request alone; there are {count}.", count=count),
            message("write them with --to pem, or the certificates with --to pkcs7."),
        )
    for certificate in contents.certificates:
        return certificate.der
    for request in contents.requests:
        return request.public_bytes(Encoding.DER)
    return _private(contents.keys[0], secrecy, Encoding.DER)


def _pkcs7(contents: Contents) -> bytes:
    if contents.keys or contents.requests or not contents.certificates:
        raise _refusal(
            message(
                "PKCS#7 holds certificates alone; there are {keys} private key(s) and {requests} signing request(s).",
                keys=len(contents.keys),
                requests=len(contents.requests),
            ),
            message("give a file of certificates alone, or write private key and certificates with --to pkcs12."),
        )
    return pkcs7.serialize_certificates([certificate.x509 for certificate in contents.certificates], Encoding.DER)


def _pkcs12(contents: Contents, secrecy: Secrecy, ask: Callable[[], bytes]) -> bytes:
    if contents.requests:
        raise _refusal(message("PKCS#12 holds no signing requests."), message("give a file without them."))
    if len(contents.keys) > 1:
        raise _refusal(
            message("there are {count} private keys; in PKCS#12 there is one.", count=len(contents.keys)),
            message("give the file of the one that belongs to the certificate."),
        )
    key = contents.keys[0].private if contents.keys else None
    own = _own_certificate(key, contents.certificates) if key is not None else None
    if key is not None and own is None:
        raise _refusal(
            message("the private key belongs to none of the {count} certificates.", count=len(contents.certificates)),
            message("mutua key match says which files belong together."),
        )
    others = [certificate.x509 for certificate in contents.certificates if certificate is not own]
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(KDF_ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(SHA256())
        .build(secrecy.new or secrecy.given or ask())
    )
    try:
        return pkcs12.serialize_key_and_certificates(
            own.issued_to.encode() if own else None,
            key,  # type: ignore[arg-type]  # the kinds that it does not take raise TypeError
            own.x509 if own else None,
            others,
            encryption,
        )
    except TypeError as error:
        raise _refusal(message("a private key of this kind cannot stand in PKCS#12."), None) from error


def _own_certificate(key: PrivateKeyTypes, certificates: tuple[Certificate, ...]) -> Certificate | None:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return next((certificate for certificate in certificates if certificate.key_id == public), None)


def _private(key: Key, secrecy: Secrecy, encoding: Encoding) -> bytes:
    password = secrecy.of(key)
    encryption: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private.private_bytes(encoding, PrivateFormat.PKCS8, encryption)


def _refusal(problem: Message, advice: Message | None) -> Failure:
    return Failure(problem, Exit.USAGE, advice)
