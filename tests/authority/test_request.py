"""Signing requests: what may stand in one, and what R11 refuses."""

import subprocess
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from mutua.authority.keys import KeyType, PrivateKey, generate
from mutua.authority.request import (
    InvalidAlternativeName,
    InvalidDistinguishedName,
    Subject,
    attribute_problem,
    build_request,
    distinguished_name,
    parse_names,
)

KEY = generate(KeyType.EC_P256)
PROPERTIES = ["DistinguishedName", "DepartmentName", "BusinessName", "Locality", "State", "Country", "Email"]

labels = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?", fullmatch=True)
hosts = st.lists(labels, min_size=1, max_size=4).map(".".join).filter(lambda host: not host.split(".")[-1].isdigit())
addresses = st.ip_addresses().map(str)
values = st.text(max_size=300) | st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=20)
blanks = st.text(" \t", max_size=3)


def alternatives(request: x509.CertificateSigningRequest) -> list[x509.GeneralName]:
    return list(request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


def test_openssl_reads_the_request_and_finds_every_value(
    rsa_key: PrivateKey, tmp_path: Path, openssl: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    subject = Subject("om.example.net", "Ops", "Example Lab", "Logroño", "La Rioja", "es", "ops@example.net")
    request = build_request(rsa_key, subject, parse_names("om.example.net, 10.0.0.5,fd00::5"))
    (tmp_path / "csr").write_bytes(request.public_bytes(Encoding.PEM))
    said = openssl("req", "-in", tmp_path / "csr", "-verify", "-noout", "-text", "-nameopt", "RFC2253,-esc_msb,utf8")
    assert said.returncode == 0
    assert (
        "Subject: emailAddress=ops@example.net,CN=om.example.net,OU=Ops,O=Example Lab,"
        "L=Logroño,ST=La Rioja,C=ES" in said.stdout
    )
    assert "DNS:om.example.net, IP Address:10.0.0.5, IP Address:FD00:0:0:0:0:0:0:5" in said.stdout
    assert "sha256WithRSAEncryption" in said.stdout


@pytest.mark.parametrize(
    ("common_name", "expected"),
    [
        ("om.example.net", x509.DNSName("om.example.net")),
        ("10.0.0.5", x509.IPAddress(ip_address("10.0.0.5"))),
        ("fd00::5", x509.IPAddress(ip_address("fd00::5"))),
    ],
)
def test_without_alternative_names_the_common_name_becomes_one(common_name: str, expected: x509.GeneralName) -> None:
    assert alternatives(build_request(KEY, Subject(common_name))) == [expected]


def test_given_alternative_names_are_taken_as_they_are() -> None:
    request = build_request(KEY, Subject("om.example.net"), parse_names("other.example.net"))
    assert alternatives(request) == [x509.DNSName("other.example.net")]


def test_a_common_name_that_is_no_host_needs_alternative_names() -> None:
    with pytest.raises(InvalidAlternativeName) as refused:
        build_request(KEY, Subject("Alice Smith"))
    assert "'Alice Smith'" in str(refused.value.problem)
    assert alternatives(build_request(KEY, Subject("Alice Smith"), parse_names("a.example"))) == [
        x509.DNSName("a.example")
    ]


@pytest.mark.parametrize("common_name", ["", "  ", "*", "*.example.net", "om.*.net"])
def test_r11_a_common_name_that_is_missing_or_holds_a_wildcard_is_refused(common_name: str) -> None:
    with pytest.raises(InvalidDistinguishedName) as refused:
        build_request(KEY, Subject(common_name), parse_names("om.example.net"))
    assert refused.value.property == "DistinguishedName"
    assert "common name" in str(refused.value.problem)


def test_r11_a_plain_common_name_is_taken() -> None:
    assert distinguished_name(Subject(" om.example.net ")).rfc4514_string() == "CN=om.example.net"


@pytest.mark.parametrize(
    ("subject", "wire_name"),
    [
        (Subject("a" * 65), "DistinguishedName"),
        (Subject("ñ" * 33), "DistinguishedName"),
        (Subject("a\x00b"), "DistinguishedName"),
        (Subject("a", department="b" * 65), "DepartmentName"),
        (Subject("a", business="b" * 65), "BusinessName"),
        (Subject("a", business="b\nc"), "BusinessName"),
        (Subject("a", locality="b" * 129), "Locality"),
        (Subject("a", state="b" * 129), "State"),
        (Subject("a", state="\ud800"), "State"),
        (Subject("a", country="Spain"), "Country"),
        (Subject("a", country="E"), "Country"),
        (Subject("a", country="12"), "Country"),
        (Subject("a", country="ñÑ"), "Country"),
        (Subject("a", email="ñ@example.net"), "Email"),
        (Subject("a", email="a" * 256), "Email"),
    ],
)
def test_values_that_x509_cannot_hold_are_refused_by_their_wire_name(subject: Subject, wire_name: str) -> None:
    with pytest.raises(InvalidDistinguishedName) as refused:
        distinguished_name(subject)
    assert refused.value.property == wire_name
    assert str(refused.value) == str(refused.value.problem)


def test_the_longest_values_are_taken() -> None:
    subject = Subject("a" * 64, "ñ" * 64, "c" * 64, "d" * 128, "e" * 128, "FR", "g" * 255)
    assert len(list(distinguished_name(subject))) == 7


@given(st.builds(Subject, *[values] * 5, st.sampled_from(["", "ES", "fr"]) | values, values))
def test_any_subject_is_either_refused_with_a_reason_or_comes_back_unchanged(subject: Subject) -> None:
    refused = None
    try:
        request = build_request(KEY, subject, [x509.DNSName("om.example.net")])
    except InvalidDistinguishedName as error:
        refused = error
    if refused:
        assert refused.property in PROPERTIES
        assert str(refused.problem)
        return
    read = x509.load_der_x509_csr(request.public_bytes(Encoding.DER))
    assert read.is_signature_valid
    values = sorted(str(attribute.value) for attribute in read.subject)
    assert values == sorted(
        filter(None, (value.strip() for value in subject._replace(country=subject.country.upper())))
    )
    assert not any(map(attribute_problem, read.subject))


@given(st.lists(hosts | addresses, max_size=8, unique_by=lambda name: x509.DNSName(name)), blanks)
def test_every_list_of_hosts_and_addresses_is_read_in_order(names: list[str], blank: str) -> None:
    read = parse_names(f"{blank},{blank}".join(names))
    assert list(dict.fromkeys(names)) == names
    assert [str(name.value) for name in read] == names
    for name, text in zip(read, names, strict=True):
        assert isinstance(name, x509.IPAddress) == (":" in text or text.replace(".", "").isdigit())


@given(st.text(max_size=80) | st.text("ab1.:-_*%, ", max_size=40))
def test_any_text_is_either_refused_or_makes_names_that_a_certificate_can_hold(text: str) -> None:
    refused = None
    try:
        names = parse_names(text)
    except InvalidAlternativeName as error:
        refused = error
    if refused:
        assert str(refused.problem)
        return
    assert len(names) <= text.count(",") + 1
    if names:
        read = x509.load_der_x509_csr(build_request(KEY, Subject("a"), names).public_bytes(Encoding.DER))
        assert tuple(alternatives(read)) == names
    else:
        assert not text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "a,,b",
        "a,",
        ",",
        "a b",
        "*.example.net",
        "DNS:a.example",
        "http://a.example",
        "10.0.0.256",
        "10.0.0",
        "fe80::1%eth0",
        "[::1]",
        "-a.example",
        "a-.example",
        "a..b",
        "a.",
        "bücher.example",
        "a" * 64,
        ".".join(["a" * 60] * 5),
        "a\x00b",
        "a\nb",
        ",".join(f"h{number}" for number in range(101)),
    ],
)
def test_what_is_neither_host_nor_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidAlternativeName):
        parse_names(text)


def test_a_repeated_name_is_kept_once() -> None:
    assert parse_names("a, b ,a,::1,0::1") == (
        x509.DNSName("a"),
        x509.DNSName("b"),
        x509.IPAddress(ip_address("::1")),
    )
