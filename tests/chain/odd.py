"""Certificates that our own builder does not make: with other keys, signatures, versions and encodings."""

from base64 import encodebytes
from collections.abc import Callable
from datetime import timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tests.chain.der_tree import Node, encode, parse
from tests.chain.pki import AT, key

from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH, Issued, key_usage

NAME = "om.example.net"
_NAMED_CURVE = bytes.fromhex("06082a8648ce3d030107")
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
SHA1_WITH_RSA = bytes.fromhex("300d06092a864886f70d0101050500")
MD5_WITH_RSA = bytes.fromhex("300d06092a864886f70d0101040500")

# What openssl ecparam -name prime256v1 -param_enc explicit writes in place of the curve's name (SEC 1, section C.2).
_P256_SPELLED_OUT = bytes.fromhex(
    "3081f7020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
    "305b0420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc"
    "04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"
    "031500c49d360886e704936a6678e1139d26b7819f7e90"
    "0441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    "022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101"
)


@cache
def rsa_key(exponent: int = 65537, bits: int = 2048) -> rsa.RSAPrivateKey:
    """An RSA key, the same for each question."""
    return rsa.generate_private_key(exponent, bits)


def made(
    signer: CertificateIssuerPrivateKeyTypes,
    issuer: Issued | None = None,
    *,
    name: str = NAME,
    subject_key: CertificateIssuerPrivateKeyTypes | None = None,
    is_ca: bool = False,
    digest: hashes.HashAlgorithm | None = None,
    salt: int | None = None,
) -> Issued:
    """A certificate with whatever keys, valid at `AT`; `signer` is the key of the issuer, if there is one.

    `digest` is SHA-256 where it is not given and the key of the signer takes one; `salt` makes the signature RSA-PSS.
    """
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    public = (subject_key or (signer if issuer is None else key("leaf"))).public_key()
    usage = key_usage("key_cert_sign", "crl_sign") if is_ca else key_usage("digital_signature", "key_encipherment")
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(AT - timedelta(days=30))
        .not_valid_after(AT + timedelta(days=60))
        .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if not is_ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([SERVER_AUTH, CLIENT_AUTH]), critical=False)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    takes_digest = isinstance(signer, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    padding = PSS(MGF1(hashes.SHA256()), salt) if salt is not None else None
    used = (digest or hashes.SHA256()) if takes_digest else None
    return Issued(builder.sign(signer, used, rsa_padding=padding), None)  # type: ignore[arg-type]


def changed(
    issued: Issued,
    signer: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    change: Callable[[list[Node]], list[Node]],
    algorithm: bytes = _ECDSA_SHA256,
) -> bytes:
    """The certificate in PEM with other fields in its signed part, and signed again.

    `algorithm` is ECDSA with SHA-256 or one of the constants above.
    """
    (whole,) = parse(issued.certificate.public_bytes(Encoding.DER))
    body, *_signature = _nodes(whole)
    fields = change(_nodes(body))
    number = next(at for at, node in enumerate(fields) if node.tag == _SEQUENCE)
    fields[number] = parse(algorithm)[0]
    body = Node(_SEQUENCE, fields)
    signature = _sign(signer, body.encode(), algorithm)
    binary = Node(_SEQUENCE, [body, *parse(algorithm), Node(_BIT_STRING, b"\0" + signature)]).encode()
    return armoured(binary)


_SEQUENCE, _BIT_STRING, _VERSION, _EXTENSIONS = 0x30, 0x03, 0xA0, 0xA3
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18


def armoured(binary: bytes) -> bytes:
    """A certificate in PEM."""
    return b"-----BEGIN CERTIFICATE-----\n" + encodebytes(binary) + b"-----END CERTIFICATE-----\n"


def unchanged(fields: list[Node]) -> list[Node]:
    """The certificate as it is, for another signature."""
    return fields


def of_version_1(fields: list[Node]) -> list[Node]:
    """Without version and extensions."""
    return [node for node in fields if node.tag not in (_VERSION, _EXTENSIONS)]


def of_version_1_with_extensions(fields: list[Node]) -> list[Node]:
    """Version 1 by what it says, version 3 by what it has."""
    return [node for node in fields if node.tag != _VERSION]


def with_dates_in_four_digits(fields: list[Node]) -> list[Node]:
    """Years of the 2020s in the form that is for 2050 and later (RFC 5280, section 4.1.2.5)."""
    dates = next(node for node in fields if node.tag == _SEQUENCE and _is_dates(node))
    later = Node(_SEQUENCE, [Node(_GENERALIZED_TIME, b"20" + bytes(date.content)) for date in _nodes(dates)])  # type: ignore[arg-type]
    return [later if node is dates else node for node in fields]


def _is_dates(node: Node) -> bool:
    return all(child.tag == _UTC_TIME for child in _nodes(node))


def with_its_curve_spelled_out(fields: list[Node]) -> list[Node]:
    """The parameters of P-256 in place of its name, which stands in the key alone."""
    binary = encode(fields)
    return parse(encode([_replaced(node) for node in parse(binary)]))


def _replaced(node: Node) -> Node:
    if isinstance(node.content, bytes):
        return node
    if any(child.encode() == _NAMED_CURVE for child in node.content):
        return Node(node.tag, [*node.content[:1], *parse(_P256_SPELLED_OUT)], node.unused)
    return Node(node.tag, [_replaced(child) for child in node.content], node.unused)


def _sign(signer: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, body: bytes, algorithm: bytes) -> bytes:
    if isinstance(signer, ec.EllipticCurvePrivateKey):
        return signer.sign(body, ec.ECDSA(hashes.SHA256()))
    digest = hashes.MD5() if algorithm == MD5_WITH_RSA else hashes.SHA1()  # noqa: S303
    return signer.sign(body, PKCS1v15(), digest)


def _nodes(node: Node) -> list[Node]:
    assert isinstance(node.content, list)
    return node.content
