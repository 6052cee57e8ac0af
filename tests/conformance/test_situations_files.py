"""What is wrong with the files that people really have: each is named by what it is, and what is sound by nothing."""

import base64
import textwrap
from collections.abc import Callable, Mapping

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7
from tests.chain.pki import box, der, intermediate, key, leaf, pem, root, spki
from tests.conformance.asking import Situation, Situations, cases

from mutua.authority.keys import KeyType, generate, to_pem
from mutua.authority.request import Subject, build_request
from mutua.chain import Profile
from mutua.chain.keyfile import UnreadableKeyError, key_of_private_key

LEAF = leaf(intermediate())
WHOLE = [LEAF, intermediate(), root()]
SOUND = pem(*WHOLE)
BEGIN, END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
MARK = b"\xef\xbb\xbf"
BAG = b"Bag Attributes\n    localKeyID: 01 02\nsubject=CN = om\n\nissuer=CN = ca\n"
TEXT = b"Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number: 1 (0x1)\n"


def in_second(old: bytes, new: bytes) -> bytes:
    """The sound file with a change in its second block alone."""
    changed = intermediate().pem.replace(old, new, 1)
    assert changed != intermediate().pem
    return LEAF.pem + changed + root().pem


def one_line() -> bytes:
    blocks = [b"".join(one.pem.splitlines()[1:-1]) for one in WHOLE]
    return b"".join(b"%b\n%b\n%b\n" % (BEGIN, body, END) for body in blocks)


def seven(encoding: Encoding) -> bytes:
    return pkcs7.serialize_certificates([one.certificate for one in WHOLE], encoding)


def bare() -> bytes:
    return b"\n".join(LEAF.pem.splitlines()[1:-1])


SOUND_FILES: Situations = {
    "CRLF": lambda: Situation(SOUND.replace(b"\n", b"\r\n")),
    "no final newline": lambda: Situation(SOUND.rstrip()),
    "Bag Attributes": lambda: Situation(b"".join(BAG + one.pem for one in WHOLE)),
    "x509 -text": lambda: Situation(b"".join(TEXT + one.pem for one in WHOLE)),
    "comments": lambda: Situation(b"".join(b"# number one\n" + one.pem for one in WHOLE)),
    "trailing spaces": lambda: Situation(SOUND.replace(b"\n", b"  \n")),
    "one-line Base 64": lambda: Situation(one_line()),
    "BEGIN X509 CERTIFICATE": lambda: Situation(SOUND.replace(b" CERTIFICATE", b" X509 CERTIFICATE")),
    "byte order mark at the start": lambda: Situation(MARK + SOUND),
    "byte order mark before each block": lambda: Situation(b"".join(MARK + one.pem for one in WHOLE)),
    "key before certificates": lambda: Situation(to_pem(key("leaf"), None) + SOUND, others=["file.private-key-inside"]),
}

SEVEN = ["chain.wrong-order", "file.not-base64"]
"""PKCS#7 holds a set, so that the order in which a conversion writes the certificates is nobody's."""

LOOSE_FILES: Situations = {
    "CR only": lambda: Situation(
        SOUND.replace(b"\n", b"\r"), ["file.loose-pem"], says=["the lines end in a carriage return alone"]
    ),
    "indented (YAML)": lambda: Situation(
        textwrap.indent(SOUND.decode(), "    ").encode(), ["file.loose-pem"], says=["alone on a line"]
    ),
    "glued (cat without a newline)": lambda: Situation(
        SOUND.replace(END + b"\n" + BEGIN, END + BEGIN), ["file.loose-pem"], says=["alone on a line"]
    ),
    "blank line inside Base 64": lambda: Situation(
        _with_a_blank_line(), ["file.loose-pem"], says=["there is an empty line inside the block"]
    ),
    "UTF-16 (PowerShell)": lambda: Situation(
        SOUND.decode().encode("utf-16"), ["file.not-plain-pem"], says=["UTF-16, as PowerShell and Notepad write it"]
    ),
    "Base 64 without armour": lambda: Situation(
        bare(), ["chain.missing-intermediate", "file.not-plain-pem"], says=["Base 64 without the lines BEGIN CERT"]
    ),
    "Base 64 of the PEM (Kubernetes)": lambda: Situation(
        base64.b64encode(SOUND), ["file.not-plain-pem"], says=["as in a Kubernetes secret: base64 -d decodes it"]
    ),
    "DER": lambda: Situation(der(LEAF), ["file.not-base64"], profile=Profile.SERVER, says=["The file is DER"]),
    "PKCS#7 PEM": lambda: Situation(seven(Encoding.PEM), SEVEN, profile=Profile.MIGRATION, says=["The file is PKCS#7"]),
    "PKCS#7 DER": lambda: Situation(seven(Encoding.DER), SEVEN, profile=Profile.MIGRATION, says=["The file is PKCS#7"]),
    "PKCS#7 labelled CERTIFICATE": lambda: Situation(
        seven(Encoding.PEM).replace(b"PKCS7", b"CERTIFICATE"),
        SEVEN,
        profile=Profile.MIGRATION,
        says=["The file is PKCS#7"],
    ),
}


def _with_a_blank_line() -> bytes:
    lines = SOUND.splitlines(keepends=True)
    return b"".join([*lines[:4], b"\n", *lines[4:]])


WITHOUT_ONE = ["chain.missing-intermediate", "file.unreadable-certificate"]
DAMAGED_FILES: Situations = {
    "literal line ends (JSON)": lambda: Situation(
        SOUND.replace(b"\n", b"\\n"), ["file.unreadable-certificate"], says=["written as \\n, as in JSON"]
    ),
    "typographic dashes": lambda: Situation(
        in_second(b"-----BEGIN", "—–-BEGIN".encode()), WITHOUT_ONE, says=["five plain hyphens", "Line "]
    ),
    "no-break space": lambda: Situation(
        in_second(b"BEGIN ", b"BEGIN\xc2\xa0"), WITHOUT_ONE, says=["the BEGIN line is damaged"]
    ),
    "TRUSTED CERTIFICATE": lambda: Situation(
        LEAF.pem + intermediate().pem.replace(b" CERT", b" TRUSTED CERT") + root().pem,
        WITHOUT_ONE,
        says=["a form of OpenSSL's own; convert it: openssl x509"],
    ),
    "no END": lambda: Situation(in_second(END + b"\n", b""), WITHOUT_ONE, says=["its END line is missing or damaged"]),
    "cut off inside the Base 64": lambda: Situation(
        in_second(intermediate().pem[100:104], b""), WITHOUT_ONE, says=["this is not a certificate that can be read"]
    ),
}

OTHER_FILES: Situations = {
    "PKCS#12": lambda: Situation(box(), ["file.locked"]),
    "the signing request": lambda: Situation(
        build_request(key("leaf"), Subject("om.example.net")).public_bytes(Encoding.PEM),
        ["file.no-certificate"],
        says=["the signing request itself: the CA's answer to it is missing"],
    ),
    "a web page": lambda: Situation(
        b"<!DOCTYPE html><html><body>Sign in</body></html>", ["file.no-certificate"], says=["a web page (HTML)"]
    ),
    "empty": lambda: Situation(b"", ["file.no-certificate"], says=["The file is empty"]),
}

ORDERS: Situations = {
    "leaf last": lambda: Situation(
        pem(intermediate(), root(), LEAF),
        ["chain.leaf-not-first"],
        private_key=spki(key("leaf")),
        says=["Number 3 is the leaf; first is Inter-CA1"],
    ),
    "leaf twice": lambda: Situation(LEAF.pem + SOUND, others=["file.duplicate-certificate"]),
    "root twice": lambda: Situation(
        SOUND + root().pem, ["file.duplicate-certificate"], profile=Profile.MIGRATION, says=["Root-CA (number 4)"]
    ),
}


@cases(SOUND_FILES, LOOSE_FILES, DAMAGED_FILES, OTHER_FILES, ORDERS)
def test_each_is_named_by_what_it_is(make: Callable[[], Situation]) -> None:
    make().prove()


def _public() -> bytes:
    return key("leaf").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


KEY_FILES: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "encrypted, and no password": (lambda: to_pem(key("leaf"), b"secret"), "it is encrypted"),
    "a public key": (_public, "it is a public key"),
    "a certificate": (lambda: LEAF.pem, "there is no block BEGIN PRIVATE KEY in it"),
}


@pytest.mark.parametrize("kind", KEY_FILES)
def test_a_file_that_is_no_private_key_is_named_by_what_it_is(kind: str) -> None:
    make, said = KEY_FILES[kind]
    with pytest.raises(UnreadableKeyError) as refused:
        key_of_private_key(make())
    assert said in str(refused.value.reason)


def test_a_key_file_that_fits_is_not_mentioned_and_another_is_told_by_its_kind() -> None:
    assert Situation(SOUND, private_key=key_of_private_key(to_pem(key("leaf"), None))).report().findings == ()
    other = key_of_private_key(to_pem(generate(KeyType.RSA_2048), None))
    (finding,) = Situation(SOUND, private_key=other).report().findings
    assert str(finding.found) == "The private key given is RSA, and the key of om.example.net is EC."
