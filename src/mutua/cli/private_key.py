"""A private key that is used, and not only named."""

from typing import NamedTuple, cast

from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from mutua.authority.keys import PrivateKey
from mutua.chain.armour import blocks
from mutua.chain.decode import UnreadableKeyError, key_of_private_key
from mutua.message import message


class Private(NamedTuple):
    """A private key, and its public half as DER SubjectPublicKeyInfo."""

    key: PrivateKey
    key_id: bytes


def private_key_in(data: bytes, passphrase: bytes | None) -> Private:
    """The private key in PEM or DER, whatever else is in the file. Raises `UnreadableKeyError`."""
    key_id = key_of_private_key(data, passphrase)
    pem = next((block for block in blocks(data) if block.label.endswith("PRIVATE KEY")), None)
    try:
        if pem is None:
            key = load_der_private_key(data, passphrase)
        else:
            label = pem.label.encode()
            key = load_pem_private_key(b"-----BEGIN %b-----%b-----END %b-----\n" % (label, pem.body, label), passphrase)
    except (ValueError, TypeError) as error:
        raise UnreadableKeyError(message("it is damaged")) from error
    # The certificate for it decides what it can be; TLS takes more kinds than are made here.
    return Private(cast(PrivateKey, key), key_id)
