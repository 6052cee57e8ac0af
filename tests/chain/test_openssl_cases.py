"""Our model of OpenSSL says what the real one says of the cases that chance seldom makes."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from tests.chain.openssl_verify import Outcome, made_by_openssl, measured, modelled, pems
from tests.chain.pki import AT, authority, intermediate, key, ladder, leaf, root

from mutua.authority.issue import SERVER_AUTH, Issued, Template, issue, key_usage
from mutua.authority.keys import PrivateKey
from mutua.chain.families.openssl import Purpose, Settings

DAY = timedelta(days=1)
USUAL = Settings(AT)


def outcome(folder: Path, end: Issued, sent: Sequence[Issued], trusted: Sequence[Issued], asked: Settings) -> Outcome:
    """What both say, which must be the same."""
    question = end.pem, pems(sent), pems(trusted)
    said = modelled(*question, asked)
    assert said == measured(folder, *question, asked)
    return said


def named(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in attributes])


def crossed() -> tuple[Issued, Issued]:
    """The intermediate's other certificate, and the root that signed it."""
    other = authority("Other-CA")
    return authority("Inter-CA1", other, key("Inter-CA1")), other


def test_of_two_certificates_of_one_authority_the_first_is_followed(tmp_path: Path) -> None:
    """The way over the other one leads nowhere, and OpenSSL does not come back from it."""
    dead_end, _untrusted = crossed()
    end = leaf(intermediate())
    assert outcome(tmp_path, end, [intermediate(), dead_end], [root()], USUAL)[:2] == (0, 0)
    assert outcome(tmp_path, end, [dead_end, intermediate()], [root()], USUAL)[:2] == (20, 1)


def test_an_expired_one_is_passed_over_wherever_it_stands(tmp_path: Path) -> None:
    expired = authority("Inter-CA1", root(), key("Inter-CA1"), not_before=AT - 9 * DAY, not_after=AT - DAY)
    end = leaf(intermediate())
    for sent in ([expired, intermediate()], [intermediate(), expired]):
        assert outcome(tmp_path, end, sent, [root()], USUAL)[:2] == (0, 0)
    assert outcome(tmp_path, end, [expired], [root()], USUAL)[:2] == (10, 1)


def test_what_is_trusted_comes_before_what_is_sent(tmp_path: Path) -> None:
    """The cross certificate is not needed where the root itself is trusted."""
    old = authority("Old-CA")
    bridge = authority("Root-CA", old, key("Root-CA"), not_before=AT - 9 * DAY, not_after=AT - DAY)
    end = leaf(intermediate())
    assert outcome(tmp_path, end, [intermediate(), bridge], [root()], USUAL)[:2] == (0, 0)
    assert outcome(tmp_path, end, [intermediate(), bridge], [old], USUAL)[:2] == (10, 2)


def test_a_root_that_is_only_named_like_the_trusted_one_is_not_trusted(tmp_path: Path) -> None:
    mimic = authority("Root-CA", signs_with=key("mimic"))
    forged = authority("Inter-CA1", mimic)
    assert outcome(tmp_path, leaf(forged), [forged, mimic], [root()], USUAL)[:2] == (19, 2)


@pytest.mark.parametrize("below", [99, 100, 101, 102])
def test_the_longest_path(tmp_path: Path, below: int) -> None:
    heap = ladder(below)
    said = outcome(tmp_path, heap[0], heap[1:-1], [heap[-1]], USUAL)
    assert said[0] == (0 if below <= 101 else 22)


def with_key(made: PrivateKey) -> tuple[Issued, list[Issued], list[Issued]]:
    """A leaf with this key."""
    template = Template(common_name="om.example.net", not_before=AT - DAY, not_after=AT + DAY)
    return issue(template, key=made, issuer=intermediate()), [intermediate()], [root()]


def below_key(made: PrivateKey) -> tuple[Issued, list[Issued], list[Issued]]:
    """An intermediate with this key."""
    between = authority("Inter-CA1", root(), made)
    return leaf(between), [between], [root()]


WEAK: dict[str, Callable[[], PrivateKey]] = {
    "RSA 1024": lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505
    "RSA 1536": lambda: rsa.generate_private_key(public_exponent=65537, key_size=1536),  # noqa: S505
    "P-192": lambda: ec.generate_private_key(ec.SECP192R1()),
    "P-224": lambda: ec.generate_private_key(ec.SECP224R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
}


@pytest.mark.parametrize("kind", WEAK)
def test_weak_keys_at_every_security_level(tmp_path: Path, kind: str) -> None:
    made = WEAK[kind]()
    for heap in (with_key(made), below_key(made)):
        for level in range(5):
            outcome(tmp_path, *heap, USUAL._replace(level=level))


@pytest.mark.parametrize(
    ("kind", "options", "root_options", "error_at_level_1"),
    [
        ("ec", [], [], 0),
        ("ec", ["-sha1"], [], 68),
        ("ec", [], ["-sha1"], 0),
        ("rsa:2048", ["-sha512", "-sigopt", "rsa_padding_mode:pss"], [], 0),
        ("ed25519", [], [], 0),
        ("ed448", [], [], 0),
    ],
)
def test_roots_of_version_1_and_what_they_sign(
    tmp_path: Path, kind: str, options: list[str], root_options: list[str], error_at_level_1: int
) -> None:
    end, top = made_by_openssl(tmp_path, kind, options, root_options)
    for asked in (USUAL, USUAL._replace(strict=True), USUAL._replace(level=2, purpose=Purpose.CLIENT)):
        now = asked._replace(at=datetime.now(UTC) + timedelta(minutes=1))
        said = modelled(end, [], [top], now)
        assert said == measured(tmp_path, end, [], [top], now)
        assert said[0] == (79 if asked.strict else error_at_level_1)


SPELLINGS = [
    (named((NameOID.COMMON_NAME, "INTER-ca1")), True),
    (named((NameOID.COMMON_NAME, "  Inter-CA1 ")), True),
    (named((NameOID.COMMON_NAME, "Inter CA1")), False),
    (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Inter-CA1", _ASN1Type.PrintableString)]), True),
    (named((NameOID.ORGANIZATION_NAME, "A"), (NameOID.COMMON_NAME, "Inter-CA1")), False),
]


@pytest.mark.parametrize(("spelled", "equal"), SPELLINGS)
def test_names_are_equal_that_people_read_as_equal(tmp_path: Path, spelled: x509.Name, equal: bool) -> None:
    between = authority("Inter-CA1", root(), subject=spelled)
    end = leaf(intermediate(), authority_key_identifier=False)
    assert (outcome(tmp_path, end, [between], [root()], USUAL)[0] == 0) is (equal and between.key is intermediate().key)


@pytest.mark.parametrize(("first", "second", "equal"), [("É", "É", True), ("é", "É", False), ("a\tb", "A  b", True)])
def test_case_counts_outside_ascii(tmp_path: Path, first: str, second: str, equal: bool) -> None:
    signer = authority("Inter", root(), key("i"), subject=named((NameOID.COMMON_NAME, first)))
    between = authority("Inter", root(), key("i"), subject=named((NameOID.COMMON_NAME, second)))
    end = leaf(signer, authority_key_identifier=False)
    assert (outcome(tmp_path, end, [between], [root()], USUAL)[0] == 0) is equal


MAIL, DNS, URI, NET = x509.RFC822Name, x509.DNSName, x509.UniformResourceIdentifier, x509.IPAddress
ORGANIZATION = x509.DirectoryName(named((NameOID.COMMON_NAME, "OM")))
CONSTRAINED: list[tuple[x509.GeneralName, x509.GeneralName]] = [
    (DNS("om.example.net"), DNS("example.net")),
    (DNS("om.example.net"), DNS(".example.net")),
    (DNS("example.net"), DNS(".example.net")),
    (DNS("example.net"), DNS("EXAMPLE.net")),
    (DNS("anexample.net"), DNS("example.net")),
    (DNS("example.net"), DNS("")),
    (MAIL("om@example.net"), MAIL("example.net")),
    (MAIL("om@a.example.net"), MAIL(".example.net")),
    (MAIL("om@a.example.net"), MAIL("example.net")),
    (MAIL("om@example.net"), MAIL("OM@example.net")),
    (MAIL("om@example.net"), MAIL("om@EXAMPLE.net")),
    (URI("https://om.example.net/x"), URI("om.example.net")),
    (URI("https://om.example.net:8443"), URI(".example.net")),
    (URI("https://example.net"), URI(".example.net")),
    (URI("urn:x"), URI("example.net")),
    (NET(ip_address("192.0.2.1")), NET(ip_network("192.0.2.0/24"))),
    (NET(ip_address("192.0.3.1")), NET(ip_network("192.0.2.0/24"))),
    (NET(ip_address("2001:db8::1")), NET(ip_network("192.0.2.0/24"))),
    (NET(ip_address("2001:db8::1")), NET(ip_network("2001:db8::/32"))),
    (DNS("om.example.net"), ORGANIZATION),
    (x509.RegisteredID(x509.ObjectIdentifier("1.2.3")), x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))),
    (x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), DNS("example.net")),
]


@pytest.mark.parametrize("excluded", [False, True])
@pytest.mark.parametrize(("name", "base"), CONSTRAINED)
def test_name_constraints(tmp_path: Path, name: x509.GeneralName, base: x509.GeneralName, excluded: bool) -> None:
    constraints = x509.NameConstraints(None, [base]) if excluded else x509.NameConstraints([base], None)
    between = authority("Inter-CA1", root(), extra=[(constraints, True)])
    outcome(tmp_path, leaf(between, common_name="OM", names=[name]), [between], [root()], USUAL)


@pytest.mark.parametrize(
    "common_name",
    [
        "om.example.net",
        "om.example.org",
        "Alice Smith",
        "om",
        "10.0.0.5",
        "om.example.org.",
        "a..b",
        "-a.b",
        "a-.b",
        "a_b.c",
    ],
)
def test_a_common_name_counts_as_a_host_name(tmp_path: Path, common_name: str) -> None:
    constraints = x509.NameConstraints([DNS("example.net")], None)
    between = authority("Inter-CA1", root(), extra=[(constraints, True)])
    for names in ([], [DNS("om.example.net")], [NET(ip_address("192.0.2.1"))]):
        outcome(tmp_path, leaf(between, common_name=common_name, names=names), [between], [root()], USUAL)


@pytest.mark.parametrize("listed", [["om.example.net"], ["*.example.net"], ["*.net"], ["*"], ["OM.Example.net"], []])
@pytest.mark.parametrize("asked", ["om.example.net", "a.om.example.net", "example.net", "OM.EXAMPLE.NET"])
def test_host_names(tmp_path: Path, listed: list[str], asked: str) -> None:
    end = leaf(intermediate(), names=[DNS(name) for name in listed])
    outcome(tmp_path, end, [intermediate()], [root()], USUAL._replace(names=[asked]))


@pytest.mark.parametrize("asked", ["192.0.2.1", "192.0.2.2", "2001:db8::1"])
def test_addresses(tmp_path: Path, asked: str) -> None:
    end = leaf(intermediate(), names=[NET(ip_address("192.0.2.1")), NET(ip_address("2001:db8::1"))])
    outcome(tmp_path, end, [intermediate()], [root()], USUAL._replace(addresses=[asked]))


STRICT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"basic_constraints": None, "extra": [(x509.BasicConstraints(True, None), False)]}, {}),
    ({"subject_key_identifier": False}, {}),
    ({"subject_key_identifier": False, "extra": [(x509.SubjectKeyIdentifier(b"k"), True)]}, {}),
    ({"key_usage": None}, {}),
    ({"key_usage": None, "path_length": 0}, {}),
    ({}, {"authority_key_identifier": False}),
    ({}, {"authority_key_identifier": False, "extra": [(x509.AuthorityKeyIdentifier(None, None, None), False)]}),
    ({}, {"common_name": None}),
    ({}, {"common_name": None, "names": [DNS("om.example.net")]}),
    ({}, {"key_usage": key_usage("digital_signature", "key_cert_sign")}),
    ({}, {"names": (), "extra": [(x509.SubjectAlternativeName([DNS("om.example.net")]), True)]}),
    ({}, {"key_usage": None, "extended_key_usage": [SERVER_AUTH]}),
]


@pytest.mark.parametrize(("of_authority", "of_leaf"), STRICT)
def test_strict_demands(tmp_path: Path, of_authority: dict[str, Any], of_leaf: dict[str, Any]) -> None:
    between = authority("Inter-CA1", root(), **of_authority)
    for strict in (False, True):
        outcome(tmp_path, leaf(between, **of_leaf), [between], [root()], USUAL._replace(strict=strict))


def test_a_critical_key_identifier_is_one_extension_too_many(tmp_path: Path) -> None:
    identifier = root().certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    between = authority("Inter-CA1", root(), authority_key_identifier=False, extra=[(identifier, True)])
    assert outcome(tmp_path, leaf(between), [between], [root()], USUAL)[:2] == (34, 1)


@pytest.mark.parametrize(("serial", "error"), [(0, 0), (1, 20)])
def test_an_identifier_may_name_the_issuer_s_serial_number(tmp_path: Path, serial: int, error: int) -> None:
    issuer = [x509.DirectoryName(root().certificate.subject)]
    identifier = x509.AuthorityKeyIdentifier(None, issuer, root().certificate.serial_number + serial)
    between = authority("Inter-CA1", root(), authority_key_identifier=False, extra=[(identifier, False)])
    assert outcome(tmp_path, leaf(between), [between], [root()], USUAL)[0] == error
