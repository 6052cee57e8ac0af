"""R4: a certificate file is Base 64 (PEM); any other encoding is an invalid file."""

import secrets
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs7, pkcs12
from tests.requirements.administrator import CSEC9002, Administrator, Authorities, leaf

from mutua.authority.issue import Issued, chain
from mutua.authority.keys import KeyType, generate, to_pem

Chain = tuple[Issued, Issued, Issued]


def _pkcs7(certificates: Chain, encoding: Encoding) -> bytes:
    return pkcs7.serialize_certificates([one.certificate for one in certificates], encoding)


def _pkcs12(certificates: Chain) -> bytes:
    others = [one.certificate for one in certificates]
    return pkcs12.serialize_key_and_certificates(b"om", None, None, others, NoEncryption())


NOT_BASE_64: dict[str, Callable[[Chain], bytes]] = {
    "empty": lambda _: b"",
    "blank": lambda _: b" \r\n\t\n",
    "DER": lambda certificates: certificates[0].certificate.public_bytes(Encoding.DER),
    "PKCS#7 in DER": lambda certificates: _pkcs7(certificates, Encoding.DER),
    "PKCS#7 in PEM": lambda certificates: _pkcs7(certificates, Encoding.PEM),
    "PKCS#12": _pkcs12,
    "UTF-16": lambda certificates: chain(*certificates).decode().encode("utf-16"),
    "cut off": lambda certificates: chain(*certificates)[:-40],
    "damaged": lambda certificates: chain(*certificates).replace(b"MII", b"M!I", 1),
    "noise": lambda _: secrets.token_bytes(10 * 1024 * 1024),
    "text": lambda _: b"There is no certificate in here.",
    "a private key": lambda _: to_pem(generate(KeyType.EC_P256), None),
}


@pytest.fixture(scope="module")
def certificates(shared: Administrator, authorities: Authorities) -> Chain:
    """A chain that would be taken in Base 64."""
    return leaf(shared.request(), authorities.inter1), authorities.inter1, authorities.root


@pytest.mark.parametrize("action", ["UploadCertChain", "UploadCertificate"])
@pytest.mark.parametrize("encoding", NOT_BASE_64)
def test_R4_any_other_encoding_is_refused(
    shared: Administrator, certificates: Chain, action: str, encoding: str
) -> None:
    before = shared.presented()
    answer = shared.upload(action, NOT_BASE_64[encoding](certificates))
    assert (answer.status_code, answer.text) == (500, CSEC9002)
    assert shared.presented() == before


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_R4_base_64_is_taken_whatever_the_line_ends(
    shared: Administrator, authorities: Authorities, line_end: bytes
) -> None:
    signed = leaf(shared.request(), authorities.inter1)
    pem = chain(signed, authorities.inter1, authorities.root).replace(b"\n", line_end)
    assert shared.upload("UploadCertChain", pem).status_code == 200
    assert shared.presented() == signed.certificate


def test_R4_text_between_the_blocks_is_taken_too(shared: Administrator, authorities: Authorities) -> None:
    signed = leaf(shared.request(), authorities.inter1)
    pem = b"\n".join(b"Bag Attributes\n" + one.pem for one in (signed, authorities.inter1, authorities.root))
    assert shared.upload("UploadCertChain", pem).status_code == 200
    assert shared.presented() == signed.certificate
