"""A signing request from somebody else: reading it, and what keeps it from being signed."""

import warnings
from typing import NamedTuple, TypeGuard

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mutua.authority.errors import RequestRefusedError, UnreadableRequestError
from mutua.authority.keys import PublicKey
from mutua.authority.request import InvalidAlternativeName, attribute_problem, common_name_problem, names_of
from mutua.chain.decode import Encoding as FileEncoding
from mutua.chain.decode import InputTooLargeError, Material, decode
from mutua.message import Message, message

MAX_REQUEST_BYTES = 64 * 1024
"""The longest request (DER) that is signed; a usual one has about one thousand bytes."""

_LEAST_RSA_BITS = 2048
_BROKEN_HASHES = ("md5", "sha1")
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


class Accepted(NamedTuple):
    """What a certificate takes over from its request. Everything else that the request asks for is left out."""

    subject: x509.Name
    names: tuple[x509.GeneralName, ...]
    public_key: PublicKey


def read_request(data: bytes) -> x509.CertificateSigningRequest:
    """The one signing request in `data`, PEM or DER. Raises `UnreadableRequestError`, which says what it is instead."""
    try:
        material = decode(data)
        if material.requests != 1:
            raise UnreadableRequestError(_what_it_is(material))
        load = x509.load_der_x509_csr if material.encoding is FileEncoding.DER else x509.load_pem_x509_csr
        return load(data)
    except InputTooLargeError as error:
        raise UnreadableRequestError(message("it is far larger than any signing request.")) from error
    except ValueError as error:
        raise UnreadableRequestError(
            message("the signing request in it is damaged."),
            message("get the file again from where the request was made."),
        ) from error


def _what_it_is(material: Material) -> Message:
    if material.requests:
        return message("it holds {count} signing requests; expected one.", count=material.requests)
    if material.private_keys:
        return message("it holds a private key; expected a signing request, and the key stays where it was made.")
    if material.certificates:
        return message("it holds a certificate; expected a signing request.")
    if material.encoding is FileEncoding.EMPTY:
        return message("it is empty; expected a signing request.")
    if material.encoding is FileEncoding.UTF16:
        return message("it is UTF-16 text; save it as plain ASCII text.")
    return message("there is no signing request in it; expected a block BEGIN CERTIFICATE REQUEST.")


def accept(request: x509.CertificateSigningRequest, *, needs_name: bool) -> Accepted:
    """Check a request and say what may go into its certificate.

    Its own signature must verify, its subject must satisfy R9 and R11, its key must be one that TLS peers
    take. Where it has no alternative name its common name becomes one; `needs_name` demands that this
    works. Raises `RequestRefusedError`.
    """
    if len(request.public_bytes(Encoding.DER)) > MAX_REQUEST_BYTES:
        raise RequestRefusedError(message("it is longer than {limit} bytes.", limit=MAX_REQUEST_BYTES))
    try:
        with warnings.catch_warnings():
            # Lengths that pyca/cryptography only warns of are refused below.
            warnings.simplefilter("ignore")
            subject = request.subject
            public_key = _public_key(request)
            names = _alternative_names(request)
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise RequestRefusedError(
            message("a part of it cannot be read ({detail}).", detail=str(error)[:200])
        ) from error
    if problem := _subject_problem(subject):
        raise RequestRefusedError(problem, message("make a new request with a valid subject."))
    return Accepted(subject, names or _names_of(subject, needs_name), public_key)


def _public_key(request: x509.CertificateSigningRequest) -> PublicKey:
    key = request.public_key()
    if not _is_taken(key):
        raise RequestRefusedError(
            message("its key is not one that every TLS peer takes."),
            message("make a new key: RSA of 2048 bits or more, or EC on P-256, P-384 or P-521."),
        )
    digest = request.signature_hash_algorithm
    if digest is not None and digest.name in _BROKEN_HASHES:
        raise RequestRefusedError(
            message("it is signed with {hash}, which proves nothing any more.", hash=digest.name.upper()),
            message("make a new request, signed with SHA-256."),
        )
    if not request.is_signature_valid:
        raise RequestRefusedError(
            message("its signature does not fit its key: it was changed after it was made, or copied badly."),
            message("get the file again from where the request was made."),
        )
    return key


def _is_taken(key: object) -> TypeGuard[PublicKey]:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _LEAST_RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES)


def _alternative_names(request: x509.CertificateSigningRequest) -> tuple[x509.GeneralName, ...]:
    try:
        return tuple(request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return ()


def _subject_problem(subject: x509.Name) -> Message | None:
    if not subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        return common_name_problem("")
    return next(filter(None, map(attribute_problem, subject)), None)


def _names_of(subject: x509.Name, needs_name: bool) -> tuple[x509.GeneralName, ...]:
    """The first common name as alternative name; none where it cannot serve and none is needed."""
    common_name = subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0]
    try:
        return names_of(str(common_name.value))
    except InvalidAlternativeName as error:
        if not needs_name:
            return ()
        raise RequestRefusedError(
            error.problem, message("make a new request that lists its host names or addresses.")
        ) from error
