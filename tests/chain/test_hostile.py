"""Input that means harm, or was damaged: an answer, always, in bounded time, that can be printed and sent as JSON."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st
from tests.chain import der_tree
from tests.chain.der_edits import EDITS, edit
from tests.chain.pki import AT, MODESTLY, Case, authority, der, intermediate, key, leaf, pem, root

from mutua.authority.issue import Issued
from mutua.authority.keys import PrivateKey, to_pem
from mutua.authority.request import Subject, build_request
from mutua.chain import Profile, Report
from mutua.chain.catalogue import CHAINS
from mutua.chain.certificate import Certificate
from mutua.chain.decode import UnreadableKeyError, decode, key_of_private_key, key_of_request

PATIENCE_S = 20


def rich_leaf() -> Issued:
    """A leaf with an extension of every usual kind."""
    location = x509.UniformResourceIdentifier("http://ca.example.net/ca")
    return leaf(
        intermediate(),
        names=[x509.DNSName("om.example.net"), x509.RFC822Name("om@example.net"), location],
        extra=[
            (x509.CRLDistributionPoints([x509.DistributionPoint([location], None, None, None)]), False),
            (
                x509.AuthorityInformationAccess(
                    [x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, location)]
                ),
                False,
            ),
            (x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier("1.2.3"), ["http://cps"])]), False),
        ],
    )


LEAF = rich_leaf()
CONSTRAINED = authority(
    "Inter-CA1", root(), extra=[(x509.NameConstraints([x509.DNSName("example.net")], None), True)], path_length=1
)
CHAIN = [der(LEAF), der(intermediate()), der(root())]
SIGNERS: list[PrivateKey] = [key("Inter-CA1"), key("Root-CA"), key("Root-CA")]


def armoured(ders: list[bytes]) -> bytes:
    return b"".join(
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(one) + b"-----END CERTIFICATE-----\n" for one in ders
    )


def strings(value: object) -> list[str]:
    """Every string in a JSON value."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value] if isinstance(value, str) else []


def answered(data: bytes) -> list[Report]:
    """The reports of all profiles, after all that must hold of each was asserted."""
    before = time.process_time()
    reports = [Case(data, profile).check() for profile in Profile]
    assert time.process_time() - before < PATIENCE_S
    for report in reports:
        told = report.to_json(str)
        assert json.loads(json.dumps(told)) == told
        assert all(text.isprintable() for text in strings(told))
        if report.profile in CHAINS:
            assert report.errors or report.verdict.valid
        for certificate in report.material.certificates:
            assert Certificate(certificate.der, 1).fingerprint == certificate.fingerprint
            assert read_whole(certificate)
    return reports


def read_whole(certificate: Certificate) -> bool:
    """Ask for everything that a certificate can tell; nothing is left to fail later."""
    facts = [name for name in dir(Certificate) if not name.startswith("_")]
    return all(getattr(certificate, name) is not NotImplemented for name in facts) and bool(repr(certificate))


@MODESTLY
@given(st.binary(max_size=2000))
def test_any_bytes_are_answered(data: bytes) -> None:
    answered(data)


@MODESTLY
@given(
    st.binary(max_size=300), st.sampled_from([b"\x30\x82", b"\x30\x81\x90", b"\xff\xfe", b"-----BEGIN PKCS7-----\n"])
)
def test_any_bytes_after_a_promising_start_are_answered(data: bytes, start: bytes) -> None:
    answered(start + data)


@MODESTLY
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.sampled_from([b"CERTIFICATE", b"PKCS7", b"CMS"]))
def test_any_bytes_in_armour_are_answered_and_counted(ders: list[bytes], label: bytes) -> None:
    data = armoured(ders).replace(b"CERTIFICATE", label)
    for report in answered(data):
        assert len(report.material.certificates) + len(report.material.unreadable) == len(ders)


Damage = Callable[[bytes, int, bytes], bytes]
DAMAGE: list[Damage] = [
    lambda data, at, bits: data[:at] + bytes([data[at] ^ (bits[0] or 1)]) + data[at + 1 :],
    lambda data, at, bits: data[:at] + bits + data[at + len(bits) :],
    lambda data, at, bits: data[:at] + bits + data[at:],
    lambda data, at, bits: data[:at] + data[at + len(bits) :],
    lambda data, at, _bits: data[:at],
]
positions = st.floats(0, 1, exclude_max=True)
changes = st.lists(
    st.tuples(st.sampled_from(DAMAGE), positions, st.binary(min_size=1, max_size=4)), min_size=1, max_size=4
)


@MODESTLY
@given(st.integers(0, 2), changes)
def test_certificates_with_changed_bytes_are_read_or_counted(
    which: int, changes: list[tuple[Damage, float, bytes]]
) -> None:
    ders = list(CHAIN)
    for damage, position, bits in changes:
        if ders[which]:
            ders[which] = damage(ders[which], int(position * len(ders[which])), bits)
    for report in answered(armoured(ders)):
        assert len(report.material.certificates) + len(report.material.unreadable) == 3
    answered(ders[which])


edits = st.lists(
    st.tuples(st.sampled_from(EDITS), positions, positions),
    min_size=1,
    max_size=3,
)


def signed_again(tree: der_tree.Nodes, signer: PrivateKey) -> bytes:
    """The certificate with a signature that fits what became of it: so it is not stopped at the door."""
    (certificate,) = tree
    assert isinstance(certificate.content, list)
    to_be_signed, algorithm, _signature = certificate.content
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    signature = signer.sign(to_be_signed.encode(), ec.ECDSA(SHA256()))
    return der_tree.Node(0x30, [to_be_signed, algorithm, der_tree.Node(0x03, b"\x00" + signature)]).encode()


@MODESTLY
@given(st.integers(0, 2), edits)
def test_certificates_that_were_forged_with_the_right_key_are_read_or_counted(
    which: int, edits: list[tuple[str, float, float]]
) -> None:
    tree = der_tree.parse(CHAIN[which])
    assert isinstance(tree[0].content, list)
    to_be_signed = tree[0].content[0]
    assert isinstance(to_be_signed.content, list)
    for how, where, what in edits:
        edit(to_be_signed.content, how, where, what)
    ders = list(CHAIN)
    ders[which] = signed_again(tree, SIGNERS[which])
    for report in answered(armoured(ders)):
        assert len(report.material.certificates) + len(report.material.unreadable) == 3


def test_the_tree_is_written_as_it_was_read() -> None:
    for one in CHAIN:
        tree = der_tree.parse(one)
        assert der_tree.encode(tree) == one
        assert len(list(der_tree.places(tree))) > 40


def test_a_certificate_that_was_signed_again_unchanged_is_valid() -> None:
    """Otherwise the forged ones would prove nothing about what lies behind the signature."""
    again = [signed_again(der_tree.parse(one), signer) for one, signer in zip(CHAIN, SIGNERS, strict=True)]
    assert again != CHAIN
    report = Case(armoured(again)).check()
    assert report.findings == ()
    assert report.verdict.valid


HOSTILE = "\x1b]0;owned\x07\x1b[31m\u202e\u0000\u009b{name}%s"


@pytest.mark.parametrize("oid", [NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.USER_ID])
def test_names_never_reach_a_terminal_raw_and_are_never_taken_for_a_template(oid: ObjectIdentifier) -> None:
    hostile = x509.Name([x509.NameAttribute(oid, HOSTILE)])
    between = authority("x", root(), subject=hostile)
    end = leaf(between, subject=hostile, names=[x509.DNSName("*\x1b[31m.example.net")])
    for heap in ([end, between, root()], [end], [end, root(), between], [end, end, between], [between, root()]):
        for report in answered(pem(*heap)):
            assert report.material.certificates
            assert any("�" in text for text in strings(report.to_json(str)))


def test_a_label_never_reaches_a_terminal_raw() -> None:
    for report in answered(b"-----BEGIN \x1b[31m CRL-----\nMAA=\n-----END \x1b[31m CRL-----\n"):
        assert "�" in str(report.findings[0].found)
    answered(b"-----BEGIN \x1b CERTIFICATE-----\nMAA=\n-----END \x1b CERTIFICATE-----\n")


def test_a_name_of_any_length_is_cut() -> None:
    endless = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "x" * 64) for _ in range(2000)])
    for report in answered(leaf(subject=endless).pem):
        assert all(len(text) < 1000 for text in strings(report.to_json(str)))


def test_names_and_extensions_by_the_thousand_are_answered() -> None:
    names = [x509.DNSName(f"*.host{number}.example.net") for number in range(5000)]
    extra = [
        (x509.UnrecognizedExtension(ObjectIdentifier(f"1.3.6.1.4.1.55555.{n}"), b"\x05\x00"), False) for n in range(500)
    ]
    for report in answered(pem(leaf(intermediate(), names=names, extra=extra), intermediate(), root())):
        assert len(report.findings) <= 2


def test_constraints_beyond_measure_are_answered() -> None:
    many = [x509.DNSName(f"n{number}.x") for number in range(5000)]
    between = authority("Inter-CA1", root(), extra=[(x509.NameConstraints(many, many), True)])
    for report in answered(pem(leaf(between, names=many), between, root())):
        assert len(report.findings) < 5
    excluded = authority("Inter-CA1", root(), extra=[(x509.NameConstraints(None, many[:20]), True)])
    for report in answered(pem(leaf(excluded, names=many[:20]), excluded, root())):
        assert len([finding for finding in report.findings if finding.rule.id == "chain.name-not-permitted"]) <= 11
    assert (
        not Case(pem(leaf(CONSTRAINED, names=[x509.DNSName("a.example.org")]), CONSTRAINED, root()))
        .check()
        .verdict.valid
    )


@pytest.mark.parametrize("year", [1, 1949, 1950, 2049, 2050, 9999])
def test_any_moment_can_be_asked_about(year: int) -> None:
    for month, day in ((1, 1), (12, 31)):
        moment = AT.replace(year=year, month=month, day=day)
        for profile in Profile:
            report = Case(pem(LEAF, intermediate(), root()), profile, at=moment).check()
            assert {finding.rule.id for finding in report.errors} <= {"validity.expired", "validity.not-yet-valid"}


PRIVATE = to_pem(key("leaf"), None)
REQUEST = build_request(key("leaf"), Subject("om.example.net")).public_bytes(Encoding.PEM)


@MODESTLY
@given(st.sampled_from([PRIVATE, REQUEST, to_pem(key("leaf"), b"secret"), b"\x30\x82", b""]), changes)
def test_keys_and_requests_with_changed_bytes_are_refused_or_read(
    data: bytes, changes: list[tuple[Damage, float, bytes]]
) -> None:
    for damage, position, bits in changes:
        if data:
            data = damage(data, int(position * len(data)), bits)
    for read in (key_of_request, key_of_private_key):
        said = _key_or_reason(read, data)
        assert said.startswith(b"\x30") or said.decode().isprintable()
    decode(data)


def _key_or_reason(read: Callable[[bytes], bytes], data: bytes) -> bytes:
    try:
        return read(data)
    except UnreadableKeyError as error:
        return str(error.reason).encode()


def test_a_mesh_of_authorities_that_have_all_signed_each_other_is_answered() -> None:
    """So many paths that no search could follow them all: 30 CAs, 900 certificates."""
    keys = [key(f"Mesh {number}") for number in range(30)]
    kinds: list[dict[str, Any]] = [{}, {"subject_key_identifier": False, "authority_key_identifier": False}]
    for silent in kinds:
        names = [f"Mesh {number}" if not silent else "Mesh" for number in range(30)]
        signers = [authority(name, signs_with=one, **silent) for name, one in zip(names, keys, strict=True)]
        mesh = [
            authority(name, signer, one, **silent) for name, one in zip(names, keys, strict=True) for signer in signers
        ]
        data = pem(leaf(signers[0], authority_key_identifier=not silent), *mesh)
        for report in answered(data):
            assert len(report.material.certificates) == 901
            assert len(report.findings) < 50


def test_a_certificate_beyond_all_measure_is_not_read() -> None:
    names = [x509.DNSName(f"{number}.example.net") for number in range(20_000)]
    data = pem(leaf(intermediate(), names=names), intermediate(), root())
    (unreadable,) = decode(data).unreadable
    assert "longer than 256 KiB" in str(unreadable.reason)
    assert "file.unreadable-certificate" in {finding.rule.id for finding in Case(data).check().findings}


def test_containers_in_containers_are_not_entered() -> None:
    """PKCS#7 whose content is PKCS#7, and so on: what counts is the certificates of the outermost."""
    content = pkcs7.serialize_certificates([root().certificate], Encoding.DER)
    signed, data = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010701")
    for _level in range(2000):
        content = der_tree.Node(0x30, [der_tree.Node(0x06, signed[2:]), der_tree.Node(0xA0, content)]).encode()
    assert len(content) > 10_000
    for report in answered(content):
        assert not report.material.certificates
        assert report.material.unreadable
    outer = der_tree.parse(pkcs7.serialize_certificates([root().certificate], Encoding.DER))
    inner = next(place for place in der_tree.places(outer) if place.node.content == data[2:])
    inner.among.append(der_tree.Node(0xA0, der_tree.Node(0x04, content).encode()))
    for report in answered(der_tree.encode(outer)):
        assert len(report.material.certificates) == 1
