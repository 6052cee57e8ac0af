"""PKCS#12: opened with the right password, told what it is without, and never at any price."""

import base64
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, PrivateFormat, pkcs12
from cryptography.hazmat.primitives.serialization import Encoding as KeyEncoding
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES
from hypothesis import given
from hypothesis import strategies as st
from tests.chain import der_tree
from tests.chain.der_edits import EDITS, edit
from tests.chain.pki import MODESTLY, Case, box, ids, key, sound, spki

from mutua.authority.keys import to_pem
from mutua.chain import Profile
from mutua.chain.ber import MAX_ELEMENTS, NotBerError, Walk
from mutua.chain.decode import Encoding, Material, UnreadableKeyError, decode, decode_all, key_of_private_key
from mutua.chain.derivation import MAX_ROUNDS
from mutua.chain.pkcs12 import NotOpenedError, open_box

WHOLE = [certificate.der for certificate in decode(sound()).certificates]
PASSWORD = b"secret"
OLD = PBES.PBESv1SHA1And3KeyTripleDESCBC
BOX = box()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pkcs12")
    made.joinpath("chain.pem").write_bytes(sound())
    made.joinpath("key.pem").write_bytes(to_pem(key("leaf"), None))
    return made


def by_openssl(folder: Path, *arguments: str, password: str = PASSWORD.decode()) -> bytes:
    """What the real tool writes; options that it does not have here skip the test."""
    command = ["openssl", "pkcs12", "-export", "-inkey", "key.pem", "-in", "chain.pem", "-passout", f"pass:{password}"]
    done = subprocess.run([*command, *arguments], cwd=folder, capture_output=True)
    if done.returncode:
        pytest.skip(done.stderr.decode())
    return done.stdout


FORMS = {
    "as it comes": ([], ()),
    "RC2 and 3DES": (["-legacy"], ("RC2, 40 bits", "3DES")),
    "RC4": (["-legacy", "-certpbe", "PBE-SHA1-RC4-128"], ("RC4", "3DES")),
    "3DES": (["-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES"], ("3DES",)),
    "DES": (["-legacy", "-certpbe", "PBE-MD5-DES"], ("DES", "3DES")),
    "AES of 128 bits": (["-certpbe", "aes-128-cbc"], ()),
    "without a MAC": (["-nomac"], ()),
    "certificates in the open": (["-certpbe", "NONE"], ()),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_openssl_writes_is_opened_whole_and_old_ciphers_are_named(form: str, folder: Path) -> None:
    arguments, old = FORMS[form]
    data = by_openssl(folder, *arguments)
    material = decode(data, password=PASSWORD)
    assert material.encoding is Encoding.PKCS12
    assert sorted(one.der for one in material.certificates) == sorted(WHOLE)
    assert material.certificates[0].der == WHOLE[0]
    assert material.opened_keys == (spki(key("leaf")),)
    assert material.old_ciphers == old
    assert material.unreadable == ()
    report = Case(data, Profile.MTLS, password=PASSWORD).check()
    assert report.valid
    assert ids(report) == (["file.old-ciphers"] if old else [])
    assert [block.locked for block in decode(data, password=b"wrong").unreadable] == [True]


@pytest.mark.parametrize("arguments", [[], ["-legacy"], ["-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES"]])
@pytest.mark.parametrize("password", [None, b""])
def test_an_empty_password_need_not_be_given(arguments: list[str], password: bytes | None, folder: Path) -> None:
    material = decode(by_openssl(folder, *arguments, password=""), password=password)
    assert len(material.certificates) == 3
    assert len(decode(by_openssl(folder, *arguments, password=""), password=b"of another").certificates) == 3


def test_nothing_at_all_protects_it() -> None:
    for password in (None, b"", b"any"):
        assert len(decode(box(None), password=password).certificates) == 3


SAID = {
    None: "it needs its password",
    b"": "it needs its password",
    b"wrong": "the password does not open this PKCS#12 file",
}


@pytest.mark.parametrize("password", SAID)
def test_without_the_right_password_it_is_said_and_counted(password: bytes | None) -> None:
    for profile in Profile:
        report = Case(BOX, profile, password=password).check()
        assert ids(report) == ["file.locked"]
        assert SAID[password] in str(report.findings[0].found)
        assert len(report.material.unreadable) == 1
        assert report.refusal is not None or profile not in (Profile.MIGRATION, Profile.SERVER)


def test_a_damaged_box_is_not_taken_for_a_locked_one() -> None:
    for damaged in (BOX[:-10], BOX[: len(BOX) // 2]):
        (unreadable,) = decode(damaged, password=PASSWORD).unreadable
        assert not unreadable.locked
        assert "damaged, cut off" in str(unreadable.reason)
    changed = bytearray(BOX)
    changed[len(BOX) // 2] ^= 1
    (unreadable,) = decode(bytes(changed), password=PASSWORD).unreadable
    assert "or the file was changed later" in str(unreadable.reason)


def test_the_key_in_the_box_must_be_that_of_the_leaf() -> None:
    stranger = pkcs12.serialize_key_and_certificates(
        None, key("another"), None, [x509.load_der_x509_certificate(one) for one in WHOLE], NoEncryption()
    )
    assert ids(Case(stranger, Profile.MTLS).check()) == ["leaf.key-mismatch"]
    assert ids(Case(box(None), Profile.MTLS).check()) == []
    assert ids(Case(box(None), Profile.MTLS, private_key=spki(key("another"))).check()) == ["leaf.key-mismatch"]


def test_the_key_in_the_box_is_where_it_belongs_and_one_beside_it_is_not() -> None:
    assert "file.private-key-inside" not in ids(Case(box(None)).check())
    beside = b"-----BEGIN PKCS12-----\n" + base64.encodebytes(box(None)) + b"-----END PKCS12-----\n"
    report = Case(beside + to_pem(key("leaf"), PASSWORD)).check()
    assert report.material.private_keys == 2
    (finding,) = (finding for finding in report.findings if finding.rule.id == "file.private-key-inside")
    assert str(finding.found) == "The file holds 1 private key(s), encrypted."


def numbers(nodes: der_tree.Nodes) -> Iterator[der_tree.Node]:
    """The numbers of rounds: all INTEGERs that stand behind a salt."""
    for place in der_tree.places(nodes):
        before = place.among[place.number - 1] if place.number else None
        if place.node.tag == 0x02 and before is not None and before.tag == 0x04:
            yield place.node


@pytest.mark.parametrize("rounds", [MAX_ROUNDS + 1, 2**31 - 1, 2**63, 2**200])
@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize("cipher", [None, OLD])
def test_absurd_rounds_are_refused_before_any_is_computed(rounds: int, which: int, cipher: PBES | None) -> None:
    nodes = der_tree.parse(box(cipher=cipher))
    found = list(numbers(nodes))
    assert len(found) == 3
    found[which].content = rounds.to_bytes(rounds.bit_length() // 8 + 1, "big")
    before = time.process_time()
    (unreadable,) = decode(der_tree.encode(nodes), password=PASSWORD).unreadable
    assert time.process_time() - before < 0.5
    assert "rounds of key derivation; up to 10,000,000 are computed" in str(unreadable.reason)
    assert not unreadable.locked


def test_the_rounds_of_all_boxes_in_a_file_count_together() -> None:
    costly = box(rounds=1000)
    rounds = open_box(costly, PASSWORD).rounds
    assert rounds > 2 * 1000
    assert open_box(costly, PASSWORD, rounds).certificates
    with pytest.raises(NotOpenedError):
        open_box(costly, PASSWORD, rounds - 1)
    one = b"-----BEGIN PKCS12-----\n" + base64.encodebytes(box(rounds=MAX_ROUNDS // 7)) + b"-----END PKCS12-----\n"
    material = decode(one * 3, password=b"wrong")
    assert [("rounds" in str(block.reason)) for block in material.unreadable] == [False, False, True]


def test_the_rounds_of_scrypt_count_too() -> None:
    """pyca/cryptography writes no such box: the parameters of one are put where those of PBKDF2 were."""
    nodes = der_tree.parse(BOX)
    pbkdf2 = next(
        place for place in der_tree.places(nodes) if place.node.content == bytes.fromhex("2a864886f70d01050c")
    )
    salt, *numbers = (der_tree.Node(0x04, b"salt"), *(der_tree.Node(0x02, bytes([9, 0, 0, 0])) for _ in range(3)))
    pbkdf2.among[:] = [
        der_tree.Node(0x06, bytes.fromhex("2b06010401da47040b")), der_tree.Node(0x30, [salt, *numbers])
    ]  # fmt: skip
    (unreadable,) = decode(der_tree.encode(nodes), password=PASSWORD).unreadable
    assert "rounds of key derivation" in str(unreadable.reason)


@pytest.mark.parametrize("encoding", [KeyEncoding.PEM, KeyEncoding.DER])
def test_the_rounds_of_an_encrypted_key_are_read_first_too(encoding: KeyEncoding) -> None:
    data = key("leaf").private_bytes(KeyEncoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD))
    nodes = der_tree.parse(data)
    assert key_of_private_key(data, PASSWORD) == spki(key("leaf"))
    (rounds,) = numbers(nodes)
    rounds.content = (2**31 - 1).to_bytes(4, "big")
    absurd = der_tree.encode(nodes)
    if encoding is KeyEncoding.PEM:
        absurd = ssl.DER_cert_to_PEM_cert(absurd).replace("CERTIFICATE", "ENCRYPTED PRIVATE KEY").encode()
    for form in {absurd, absurd.replace(b"KEY-----\n", b"KEY-----\nX: y\n\n", 1)}:
        before = time.process_time()
        with pytest.raises(UnreadableKeyError, match="2,147,483,647 rounds" if form == absurd else "damaged"):
            key_of_private_key(form, PASSWORD)
        assert time.process_time() - before < 0.5


@MODESTLY
@given(st.lists(st.tuples(st.sampled_from(EDITS), st.floats(0, 0.999), st.floats(0, 0.999)), min_size=1, max_size=3))
def test_boxes_and_keys_of_any_shape_are_answered(edits: list[tuple[str, float, float]]) -> None:
    locked = key("leaf").private_bytes(KeyEncoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD))
    for data in (BOX, box(cipher=OLD), locked):
        tree = der_tree.parse(data)
        for how, where, what in edits:
            edit(tree, how, where, what)
        shaped = der_tree.encode(tree)
        decode(shaped, password=PASSWORD)
        with suppress(UnreadableKeyError):
            key_of_private_key(shaped, PASSWORD)


def test_files_are_opened_with_one_password_and_told_apart_by_name() -> None:
    material = decode_all([sound(), BOX, box(password=b"other")], ["a.pem", "b.p12", "c.p12"], password=PASSWORD)
    assert [certificate.position for certificate in material.certificates] == [1, 2, 3, 4, 5, 6]
    assert [(part.name, part.material.encoding) for part in material.parts] == [
        ("a.pem", Encoding.PEM), ("b.p12", Encoding.PKCS12), ("c.p12", Encoding.PKCS12)
    ]  # fmt: skip
    (unreadable,) = material.unreadable
    assert (unreadable.source, unreadable.locked) == ("c.p12", True)


@MODESTLY
@given(st.integers(0, len(BOX) - 1), st.binary(min_size=1, max_size=3))
def test_a_box_with_changed_bytes_is_opened_or_counted(at: int, bits: bytes) -> None:
    changed = BOX[:at] + bits + BOX[at + len(bits) :]
    for password in (PASSWORD, None):
        material = decode(changed, password=password)
        assert material.has_certificates or material == Material(Encoding.UNKNOWN) or material.private_keys
        assert all(str(block.reason).isprintable() for block in material.unreadable)


@MODESTLY
@given(st.binary(max_size=300))
def test_any_bytes_behind_the_start_of_a_box_are_answered(data: bytes) -> None:
    for start in (BOX[:30], BOX[:60], b"\x30\x80\x02\x01\x03\x30\x80" + BOX[11:22]):
        assert decode(start + data, password=PASSWORD).certificates == ()


def test_a_walk_ends_whatever_there_is_to_see() -> None:
    walk = Walk()
    nothing = walk.first(b"\x30\x83\x07\xa1\x20" + b"\x05\x00" * 250_000)
    with pytest.raises(NotBerError, match="too many"):
        walk.children(nothing)
    assert len(Walk().children(Walk().first(b"\x30\x82\x03\xe8" + b"\x05\x00" * 500))) == 500 < MAX_ELEMENTS
    with pytest.raises(NotBerError, match="too deep"):
        Walk().first(b"\x30\x80" * 100_000)
    with pytest.raises(NotBerError, match="too deep"):
        Walk().octets(Walk().first(b"\x24\x80" * 15 + b"\x04\x01a" + b"\0\0" * 15), 3)
    assert Walk().octets(Walk().first(b"\x24\x80\x04\x01a\x24\x03\x04\x01b\0\0")) == b"ab"
