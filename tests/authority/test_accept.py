"""Requests that openssl made: which are signed, and why the others are not."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mutua.authority.accept import MAX_REQUEST_BYTES, Accepted, accept, read_request
from mutua.authority.errors import RequestRefusedError, UnreadableRequestError
from mutua.authority.issue import Template, issue
from mutua.authority.keys import PrivateKey, to_pem
from mutua.authority.request import Subject, build_request, parse_names

OpenSsl = Callable[..., subprocess.CompletedProcess[str]]
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")


@pytest.fixture
def asked(tmp_path: Path, openssl: OpenSsl) -> Callable[..., bytes]:
    """A request that the real openssl makes, as the file that an administrator would have."""

    def ask(*arguments: str, subject: str = "/CN=om.example.net", key: tuple[str, ...] = EC) -> bytes:
        out = tmp_path / "csr"
        made = openssl(
            "req", "-new", "-nodes", "-keyout", tmp_path / "key", "-out", out, "-subj", subject, *key, *arguments
        )
        assert made.returncode == 0, made.stderr
        return out.read_bytes()

    return ask


def accepted(data: bytes) -> Accepted:
    return accept(read_request(data), needs_name=True)


def refusal(data: bytes) -> str:
    with pytest.raises(RequestRefusedError) as refused:
        accepted(data)
    return str(refused.value.problem)


def test_subject_and_alternative_names_are_taken_over(asked: Callable[..., bytes]) -> None:
    got = accepted(asked("-addext", "subjectAltName=DNS:a.example,IP:10.0.0.5,email:ops@example.net"))
    assert got.subject.rfc4514_string() == "CN=om.example.net"
    assert got.names[:2] == parse_names("a.example,10.0.0.5")
    assert got.names[2] == x509.RFC822Name("ops@example.net")


def test_without_alternative_names_the_common_name_becomes_one(asked: Callable[..., bytes]) -> None:
    assert accepted(asked()).names == parse_names("om.example.net")
    assert accepted(asked(subject="/O=Lab/CN=10.0.0.5")).names == parse_names("10.0.0.5")


def test_a_common_name_that_is_no_host_needs_alternative_names_unless_it_is_a_client(
    asked: Callable[..., bytes],
) -> None:
    data = asked(subject="/CN=Alice Smith")
    assert "'Alice Smith'" in refusal(data)
    assert accept(read_request(data), needs_name=False).names == ()
    assert accepted(asked("-addext", "subjectAltName=DNS:a.example", subject="/CN=Alice Smith")).names


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        ("/CN=*.example.net", "wildcard"),
        ("/CN=om.example.net/CN=*", "wildcard"),
        ("/O=Example Lab", "common name is missing"),
        ("/", "common name is missing"),
    ],
)
def test_r9_r11_a_missing_common_name_or_a_wildcard_is_refused(
    asked: Callable[..., bytes], subject: str, reason: str
) -> None:
    assert reason in refusal(asked("-addext", "subjectAltName=DNS:a.example", subject=subject))


def test_a_request_changed_after_it_was_made_is_refused(ec_key: PrivateKey) -> None:
    der = build_request(ec_key, Subject("om.example.net")).public_bytes(Encoding.DER)
    assert accepted(der).names == parse_names("om.example.net")
    assert "changed" in refusal(der.replace(b"om.example.net", b"ox.example.net"))


@pytest.mark.parametrize(
    "key",
    [
        ("-newkey", "rsa:1024"),
        ("-newkey", "ed25519"),
        ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
        ("-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:1024"),
    ],
    ids=lambda key: key[-1],
)
def test_keys_that_peers_would_not_take_are_refused(asked: Callable[..., bytes], key: tuple[str, ...]) -> None:
    assert "key" in refusal(asked(key=key))


@pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521"])
def test_keys_that_peers_take_are_taken(asked: Callable[..., bytes], curve: str) -> None:
    assert accepted(asked(key=("-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}"))).public_key.key_size > 255


def test_a_request_signed_with_sha1_is_refused(asked: Callable[..., bytes]) -> None:
    assert "SHA1" in refusal(asked("-sha1"))
    assert accepted(asked("-sha384"))


@pytest.mark.parametrize(
    ("business", "reason"), [("a" * 65, "at most 64"), ("\x1b[31mred", "cannot be printed"), ("a" * 64, None)]
)
def test_r11_holds_for_the_rest_of_the_subject_too(ec_key: PrivateKey, business: str, reason: str | None) -> None:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, business),
            x509.NameAttribute(NameOID.COMMON_NAME, "om.example.net"),
        ]
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(ec_key, SHA256())
    if reason is None:
        assert accept(request, needs_name=True).subject == name
    else:
        assert reason in refusal(request.public_bytes(Encoding.DER))


def test_a_request_with_a_malformed_extension_is_refused(asked: Callable[..., bytes]) -> None:
    assert "cannot be read" in refusal(asked("-addext", "2.5.29.17=DER:3003820100ff"))


def test_a_request_as_long_as_a_book_is_refused(ec_key: PrivateKey) -> None:
    names = [x509.DNSName(f"host-{number}.example.net") for number in range(4000)]
    assert str(MAX_REQUEST_BYTES) in refusal(build_request(ec_key, Subject("a"), names).public_bytes(Encoding.PEM))


@pytest.mark.parametrize("change", ["der", "crlf", "bom", "text", "new", "nothing"])
def test_the_files_that_people_have_are_read(
    asked: Callable[..., bytes], tmp_path: Path, openssl: OpenSsl, change: str
) -> None:
    data = asked("-text") if change == "text" else asked()
    if change == "der":
        assert openssl("req", "-in", tmp_path / "csr", "-outform", "DER", "-out", tmp_path / "der").returncode == 0
        data = (tmp_path / "der").read_bytes()
    changed = {
        "crlf": data.replace(b"\n", b"\r\n"),
        "bom": b"\xef\xbb\xbf" + data,
        "new": data.replace(b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"),
    }
    assert accepted(changed.get(change, data)).names == parse_names("om.example.net")


def test_what_is_no_request_is_called_by_its_name(ec_key: PrivateKey, asked: Callable[..., bytes]) -> None:
    certificate = issue(Template(common_name="om.example.net")).pem
    request = asked()
    cases = {
        b"": "empty",
        b"<html>": "no signing request",
        b"\x30\x03\x02\x01\x01": "no signing request",
        certificate: "a certificate",
        to_pem(ec_key, None): "private key",
        request + request: "2 signing requests",
        request.decode().encode("utf-16"): "UTF-16",
        request[:200]: "damaged",
        request.replace(b"M", b"!", 1): "damaged",
        b"x" * (16 * 1024 * 1024 + 1): "larger",
    }
    for data, reason in cases.items():
        with pytest.raises(UnreadableRequestError) as refused:
            read_request(data)
        assert reason in str(refused.value.problem)
