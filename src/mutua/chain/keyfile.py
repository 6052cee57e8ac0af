"""Which public key a signing request or a private key is about."""

from collections.abc import Callable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from mutua.chain.armour import Block, blocks
from mutua.message import Message, message

_SEQUENCE = b"\x30"
_ENCRYPTED_HEADER = b"Proc-Type: 4,ENCRYPTED"


class UnreadableKeyError(ValueError):
    """The bytes are not the request or the key that was expected; `reason` says why.

    `encrypted` is true where a passphrase is needed and none was given.
    """

    def __init__(self, reason: Message, *, encrypted: bool = False) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.encrypted = encrypted


def is_encrypted(block: Block) -> bool:
    """Whether a block with a private key says that it is encrypted (RFC 7468, section 11; RFC 1421, section 4.6)."""
    return block.label.startswith("ENCRYPTED") or _ENCRYPTED_HEADER in block.body[:200]


def key_of_request(data: bytes) -> bytes:
    """The public key (DER SubjectPublicKeyInfo) of a signing request in PEM or DER.

    Raises `UnreadableKeyError`, also where the request's own signature does not verify.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = _block(data, lambda label: label in ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"))
    if pem is None and not data.startswith(_SEQUENCE):
        raise UnreadableKeyError(message("there is no block BEGIN CERTIFICATE REQUEST in it"))
    try:
        request = x509.load_pem_x509_csr(pem) if pem is not None else x509.load_der_x509_csr(data)
        if not request.is_signature_valid:
            raise UnreadableKeyError(message("the signature of the request does not verify"))
        return request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except UnreadableKeyError:
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise UnreadableKeyError(message("it is damaged")) from error


def key_of_private_key(data: bytes, passphrase: bytes | None = None) -> bytes:
    """The public key (DER SubjectPublicKeyInfo) that belongs to a private key in PEM or DER.

    Raises `UnreadableKeyError`, before a key is derived of the passphrase where that would take too long; the private
    key itself appears in no message.
    """
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_der_private_key,
        load_pem_private_key,
    )

    pem = _block(data, lambda label: label.endswith("PRIVATE KEY"))
    if pem is None and _block(data, lambda label: label.endswith("PUBLIC KEY")) is not None:
        raise UnreadableKeyError(message("it is a public key; the private one is in another file"))
    if pem is None and not data.startswith(_SEQUENCE):
        raise UnreadableKeyError(message("there is no block BEGIN PRIVATE KEY in it"))
    if passphrase is not None:
        refuse_too_many_rounds(data, pem)
    try:
        key = load_der_private_key(data, passphrase) if pem is None else load_pem_private_key(pem, passphrase)
        return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except TypeError as error:
        if passphrase is None:
            raise UnreadableKeyError(message("it is encrypted"), encrypted=True) from error
        raise UnreadableKeyError(message("it is not encrypted")) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        damaged = passphrase is None
        raise UnreadableKeyError(
            message("it is damaged") if damaged else message("it is damaged, or the passphrase is wrong")
        ) from error


def refuse_too_many_rounds(data: bytes, pem: bytes | None, spent: int = 0) -> int:
    """How many rounds of key derivation it takes to open an encrypted key, in PEM or else in DER.

    Raises `UnreadableKeyError` where that and those spent before are too many. Whatever is not PKCS#8, encrypted
    (RFC 5958, section 3), takes one round.
    """
    from mutua.chain.ber import NotBerError, Walk
    from mutua.chain.decode import base64
    from mutua.chain.derivation import MAX_ROUNDS, encryption

    walk = Walk()
    try:
        der = data if pem is None else base64(pem.split(b"-----")[2])
        rounds = encryption(walk, walk.children(walk.first(der or b""), least=1)[0]).rounds
    except NotBerError as error:
        if pem is not None and pem.startswith(b"-----BEGIN ENCRYPTED"):
            raise UnreadableKeyError(message("it is damaged")) from error
        return 1
    if spent + rounds > MAX_ROUNDS:
        raise UnreadableKeyError(
            message(
                "opening it would take {rounds:,} rounds of key derivation; up to {limit:,} are computed",
                rounds=spent + rounds,
                limit=MAX_ROUNDS,
            )
        )
    return rounds


def _block(data: bytes, wanted: Callable[[str], bool]) -> bytes | None:
    """The first sound block with such a label, alone: what else is in the file does not matter."""
    for block in blocks(data):
        if block.problem is None and wanted(block.label):
            label = block.label.encode()
            return b"-----BEGIN %b-----%b-----END %b-----\n" % (label, block.body, label)
    return None
