"""Reading two handshake messages: what is there is found, what is malformed is refused, and nothing else happens."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from tests.chain.pki import MODESTLY

from mutua.peering.handshake import (
    MAX_CERTIFICATES,
    MAX_NAMES,
    TLS_1_3,
    CertificateRequest,
    MalformedMessageError,
    certificate_request,
    certificates,
    read_name,
)

TLS_1_2, TLS_1_1 = 0x0303, 0x0302
VERSIONS = st.sampled_from([TLS_1_1, TLS_1_2, TLS_1_3])


def vector(width: int, content: bytes) -> bytes:
    return len(content).to_bytes(width, "big") + content


def certificate_message(entries: list[bytes], version: int) -> bytes:
    if version < TLS_1_3:
        return vector(3, b"".join(vector(3, entry) for entry in entries))
    return b"\0" + vector(3, b"".join(vector(3, entry) + vector(2, b"\0\5\0\0") for entry in entries))


def request_message(names: list[bytes], schemes: list[int], version: int) -> bytes:
    authorities = vector(2, b"".join(vector(2, name) for name in names))
    algorithms = vector(2, b"".join(scheme.to_bytes(2, "big") for scheme in schemes))
    if version < TLS_1_2:
        return vector(1, b"\x01\x40") + authorities
    if version < TLS_1_3:
        return vector(1, b"\x01\x40") + algorithms + authorities
    unknown = b"\xfa\xfa" + vector(2, b"grease")
    extensions = unknown + b"\x00\x0d" + vector(2, algorithms) + b"\x00\x2f" + vector(2, authorities)
    return b"\0" + vector(2, extensions)


@MODESTLY
@given(entries=st.lists(st.binary(max_size=300), max_size=10), version=VERSIONS)
def test_certificates_are_found_in_their_order(entries: list[bytes], version: int) -> None:
    assert certificates(certificate_message(entries, version), version) == tuple(entries)


@MODESTLY
@given(
    names=st.lists(st.binary(max_size=100), max_size=10),
    schemes=st.lists(st.integers(0, 0xFFFF), max_size=20),
    version=VERSIONS,
)
def test_a_request_is_found_with_all_it_asks_for(names: list[bytes], schemes: list[int], version: int) -> None:
    expected = CertificateRequest(tuple(names), tuple(schemes) if version >= TLS_1_2 else ())
    assert certificate_request(request_message(names, schemes, version), version) == expected


@MODESTLY
@given(body=st.binary(max_size=400), version=VERSIONS)
def test_any_bytes_are_read_or_refused_and_nothing_else(body: bytes, version: int) -> None:
    for read in (certificates, certificate_request):
        try:
            found = read(body, version)
        except MalformedMessageError:
            continue
        assert isinstance(found, tuple)


@MODESTLY
@given(cut=st.integers(1, 60), version=VERSIONS)
def test_what_was_cut_off_is_refused(cut: int, version: int) -> None:
    whole = certificate_message([b"x" * 50, b"y" * 20], version)
    with pytest.raises(MalformedMessageError):
        certificates(whole[:-cut], version)


def test_no_message_makes_more_of_itself_than_is_bounded() -> None:
    with pytest.raises(MalformedMessageError):
        certificates(certificate_message([b""] * (MAX_CERTIFICATES + 1), TLS_1_3), TLS_1_3)
    assert len(certificates(certificate_message([b""] * MAX_CERTIFICATES, TLS_1_3), TLS_1_3)) == MAX_CERTIFICATES
    many = request_message([b""] * (MAX_NAMES + 1), [], TLS_1_3)
    assert len(certificate_request(many, TLS_1_3).authorities) == MAX_NAMES


@MODESTLY
@given(
    parts=st.lists(
        st.tuples(
            st.sampled_from([NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME]),
            st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs"]), min_size=1)
            .filter(str.strip)
            .filter(lambda text: len(text.encode()) <= 64),
        ),
        max_size=4,
    )
)
def test_every_name_is_read_back(parts: list[tuple[x509.ObjectIdentifier, str]]) -> None:
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])
    assert read_name(name.public_bytes()) == name


@MODESTLY
@given(der=st.binary(max_size=200))
def test_any_bytes_are_a_name_or_none(der: bytes) -> None:
    found = read_name(der)
    assert found is None or isinstance(found, x509.Name)


@pytest.mark.parametrize("der", [b"", b"\x30\x05", b"\x02\x01\x00", b"\x30\x80\x00\x00"])
def test_what_is_no_name_is_none(der: bytes) -> None:
    assert read_name(der) is None


def test_schemes_have_names_and_unknown_ones_numbers() -> None:
    assert CertificateRequest((), (0x0403, 0x0804, 0xFAFA)).scheme_names == (
        "ecdsa_secp256r1_sha256",
        "rsa_pss_rsae_sha256",
        "0xfafa",
    )
