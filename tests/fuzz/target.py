"""What is fuzzed: decode → check and the readers beside it. Whatever the bytes are, they are an answer."""

import base64
import binascii
import json
import random
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from tests.chain import der_tree
from tests.chain.asked import crl
from tests.chain.der_edits import EDITS, edit
from tests.chain.pki import box, der, intermediate, key, leaf, root, sound

from mutua import chain
from mutua.authority.keys import to_pem
from mutua.authority.request import Subject, build_request
from mutua.chain import InputTooLargeError, Profile
from mutua.chain.decode import UnreadableKeyError, key_of_private_key, key_of_request
from mutua.cli.holding import read

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
PASSWORD = b"secret"
_PROFILES = tuple(Profile)
_BLOCK = re.compile(rb"-----BEGIN [A-Z0-9 ]{1,40}-----\n([^-]*)-----END")


def answer(data: bytes) -> None:
    """Ask everything about the bytes. No exception but our own may get out, and nothing unprintable."""
    try:
        report = chain.check(
            data,
            at=AT,
            profile=_PROFILES[len(data) % len(_PROFILES)],
            trust=[data, root().pem] if len(data) % 2 else None,
            names=["om.example.net"],
            addresses=["192.0.2.1"],
            crls=[data],
            password=PASSWORD,
        )
    except InputTooLargeError:
        return
    told = report.to_json(str)
    assert json.loads(json.dumps(told)) == told
    assert all(finding["found"].isprintable() for finding in told["findings"])
    assert told["errors"] or told["valid"] or told["profile"] == Profile.SERVER
    assert all(said.isprintable() for said in (_reason(key_of_request, data), _reason(_key, data)))
    holding = read(data, PASSWORD)
    assert len(holding.material.certificates) == len(report.material.certificates)


def _key(data: bytes) -> bytes:
    return key_of_private_key(data, PASSWORD)


def _reason(read_key: Callable[[bytes], bytes], data: bytes) -> str:
    """Why there is no key in it, or nothing."""
    try:
        read_key(data)
    except UnreadableKeyError as error:
        return str(error.reason)
    return ""


def changed(data: bytes, seed: int) -> bytes:
    """The same with its ASN.1 changed somewhere, all lengths right; where there is none, without a piece."""
    chance = random.Random(seed)  # noqa: S311  (the fuzzer wants the same change for the same seed)
    blocks = list(_BLOCK.finditer(data))
    if not blocks:
        return _changed_der(data, chance)
    block = chance.choice(blocks)
    with suppress(binascii.Error):
        body = base64.encodebytes(_changed_der(binascii.a2b_base64(block[1]), chance))
        return data[: block.start(1)] + body + data[block.end(1) :]
    return data[: block.start()] + data[block.end() :]


def _changed_der(data: bytes, chance: random.Random) -> bytes:
    try:
        nodes = der_tree.parse(data)
    except (ValueError, RecursionError):
        return data[chance.randrange(len(data) + 1) :]
    for _number in range(chance.randint(1, 3)):
        edit(nodes, chance.choice(EDITS), chance.random(), chance.random())
    return der_tree.encode(nodes)


def seeds() -> Mapping[str, bytes]:
    """Sound examples of every form, from which the fuzzer sets out."""
    whole = x509.load_pem_x509_certificates(sound())
    request = build_request(key("leaf"), Subject("om.example.net"))
    revoked = crl(intermediate(), leaf(intermediate()))
    return {
        "pem": sound(),
        "der": der(leaf(intermediate())),
        "ders": b"".join(der(one) for one in (intermediate(), root())),
        "pkcs7": pkcs7.serialize_certificates(whole, Encoding.DER),
        "pkcs7-pem": pkcs7.serialize_certificates(whole, Encoding.PEM),
        "pkcs12": box(rounds=1),
        "pkcs12-open": box(None),
        "pkcs12-pem": b"-----BEGIN PKCS12-----\n" + base64.encodebytes(box(None)) + b"-----END PKCS12-----\n",
        "csr": request.public_bytes(Encoding.PEM),
        "csr-der": request.public_bytes(Encoding.DER),
        "key": to_pem(key("leaf"), None),
        "key-locked": to_pem(key("leaf"), PASSWORD),
        "crl": revoked,
        "crl-der": x509.load_pem_x509_crl(revoked).public_bytes(Encoding.DER),
        "mixed": sound() + revoked + to_pem(key("leaf"), None),
        "base64": base64.encodebytes(der(leaf(intermediate()))),
        "base64-of-pem": base64.b64encode(sound()),
        "utf16": sound().decode().encode("utf-16"),
        "damaged": sound().replace(b"-----BEGIN", b"----BEGIN", 1).replace(b"-----END", "—–-END".encode(), 1),
    }
