"""`mutua inspect`: what files hold, told safely, whoever wrote them."""

import json
import subprocess
import sys
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chain import der_tree
from tests.chain.pki import box

from mutua.authority.issue import Issued, Template, chain, issue, key_usage
from mutua.authority.keys import KeyType, PrivateKey, generate, to_pem
from mutua.authority.request import Subject, build_request, parse_names
from mutua.chain.armour import blocks
from mutua.cli.holding import MAX_BLOCKS, read
from mutua.cli.main import mutua
from mutua.cli.x509_words import escaped, shown

PROGRAM = (sys.executable, "-c", "from mutua.cli.main import main; main()")
NOW = datetime.now(UTC)
NOT_AFTER = NOW + timedelta(days=98, hours=1)
CRL, CA_FILE, OCSP = "http://crl.example.net/lab.crl", "http://ca.example.net/lab.cer", "http://ocsp.example.net"


@pytest.fixture(scope="module")
def rsa_key() -> PrivateKey:
    return generate(KeyType.RSA_2048)


@pytest.fixture(scope="module")
def ec_key() -> PrivateKey:
    return generate(KeyType.EC_P256)


@pytest.fixture(scope="module")
def root() -> Issued:
    return issue(Template(common_name="Root-CA", is_ca=True, not_after=NOW + timedelta(days=3652)))


@pytest.fixture(scope="module")
def leaf(root: Issued, rsa_key: PrivateKey) -> Issued:
    """A leaf that has one of everything."""
    access = [
        x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(CA_FILE)),
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(OCSP)),
    ]
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(CRL)], None, None, None)
    template = Template(
        subject=x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Lab"),
                x509.NameAttribute(NameOID.COMMON_NAME, "om.example.net"),
                x509.NameAttribute(NameOID.EMAIL_ADDRESS, "ops@example.net"),
            ]
        ),
        names=[
            x509.DNSName("om.example.net"),
            x509.IPAddress(ip_address("10.0.0.5")),
            x509.RFC822Name("ops@example.net"),
            x509.UniformResourceIdentifier("spiffe://lab/om"),
            x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x01a"),
        ],
        not_after=NOT_AFTER,
        serial=0x0A0B0C,
        extra=[
            (x509.AuthorityInformationAccess(access), False),
            (x509.CRLDistributionPoints([point]), False),
            (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"), True),
        ],
    )
    return issue(template, key=rsa_key, issuer=root)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(content: bytes, *options: str) -> Result:
    Path("file").write_bytes(content)
    return CliRunner().invoke(mutua, ["inspect", "file", *options])


def clean(content: bytes, *options: str) -> str:
    result = run(content, *options)
    assert result.exit_code == 0, result.output
    return result.stdout


def as_json(content: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(clean(content, "--format", "json"))
    assert answer["version"] == 1
    assert answer["verified"] is False
    (file,) = answer["files"]
    return dict(file)


def words(text: str) -> str:
    return " ".join(text.split())


def rows(text: str) -> dict[str, str]:
    """Label to value of the first table; what goes on below is joined."""
    found: dict[str, str] = {}
    label = ""
    for line in text.partition("\n\n")[2].partition("\n\n")[0].splitlines()[1:]:
        if line[4:5].strip():
            label, _gap, value = line.strip().partition("   ")
            found[label] = value.strip()
        else:
            found[label] += line.strip() if found[label].endswith(":") or not found[label] else f" {line.strip()}"
    return found


def request(key: PrivateKey) -> x509.CertificateSigningRequest:
    return build_request(key, Subject("om.example.net"), parse_names("om.example.net,10.0.0.5"))


def test_a_certificate_is_told_in_full(leaf: Issued, root: Issued) -> None:
    told = rows(clean(leaf.pem))
    certificate = leaf.certificate
    begin, end = (f"{moment:%Y-%m-%d %H:%M}" for moment in (certificate.not_valid_before_utc, NOT_AFTER))
    names = (
        "DNS:om.example.net, IP:10.0.0.5, email:ops@example.net, URI:spiffe://lab/om, otherName:1.3.6.1.4.1.311.20.2.3"
    )
    assert told == {
        "subject": "emailAddress=ops@example.net, CN=om.example.net, O=Example Lab",
        "issuer": "CN=Root-CA",
        "valid": f"{begin} → {end} UTC",
        "serial": "0A:0B:0C",
        "key": "RSA, 2048 bits",
        "signed with": "ECDSA with SHA256",
        "names": names,
        "key usage": "digitalSignature, keyEncipherment (critical)",
        "extended key usage": "serverAuth, clientAuth",
        "basic constraints": "no CA (critical)",
        "subject key id": identifier(certificate),
        "issuer key id": identifier(root.certificate),
        "issuer's file": CA_FILE,
        "OCSP": OCSP,
        "revocation list": CRL,
        "also": "1.3.6.1.4.1.99999.1 (critical)",
        "SHA-256": certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        "key SHA-256": key_digest(certificate.public_key()).hex(":").upper(),
    }


def key_digest(key: Any) -> bytes:
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def identifier(certificate: x509.Certificate) -> str:
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex(":").upper()


def test_short_is_short(leaf: Issued) -> None:
    told = rows(clean(leaf.pem, "--short"))
    assert list(told) == ["issued by", "names", "valid", "key", "SHA-256"]
    assert told["issued by"] == "Root-CA"
    assert told["key"] == "RSA, 2048 bits, signed with ECDSA with SHA256"


def test_what_is_not_there_is_a_dash() -> None:
    bare = issue(
        Template(
            common_name="bare",
            basic_constraints=None,
            key_usage=None,
            extended_key_usage=None,
            subject_key_identifier=False,
            authority_key_identifier=False,
        )
    )
    told = rows(clean(bare.pem))
    for label in ("names", "key usage", "extended key usage", "basic constraints", "subject key id", "issuer key id"):
        assert told[label] == "—"
    assert "OCSP" not in told


def test_an_authority_shows_its_path_length(root: Issued) -> None:
    limited = issue(Template(common_name="Inter", is_ca=True, path_length=0), issuer=root)
    assert rows(clean(limited.pem))["basic constraints"] == "CA, path length 0 (critical)"
    assert rows(clean(root.pem))["basic constraints"] == "CA (critical)"


@pytest.mark.parametrize(
    ("begin", "end", "said"),
    [
        (-10, 98, "98 days left"),
        (-10, 1, "1 day left"),
        (-10, 0, "0 days left"),
        (-10, -3, "expired 3 days ago"),
        (5, 10, "not valid for 5 days yet"),
    ],
)
def test_the_days_left(begin: int, end: int, said: str) -> None:
    spare = timedelta(hours=1) if end >= 0 else timedelta(hours=-1)
    template = Template(
        common_name="a",
        not_before=NOW + timedelta(days=begin, hours=1),
        not_after=NOW + timedelta(days=end) + spare,
    )
    assert clean(issue(template).pem).splitlines()[2].endswith(f"  {said}")


def test_every_certificate_of_the_file_is_told_in_its_order(leaf: Issued, root: Issued) -> None:
    said = clean(chain(root, leaf, leaf))
    assert "PEM, 3 certificates" in said
    titles = [line.split("  ")[:2] for line in said.splitlines() if line[1:2].isdigit()]
    assert titles == [[" 1", "Root-CA"], [" 2", "om.example.net"], [" 3", "om.example.net"]]
    assert [one["position"] for one in as_json(chain(root, leaf, leaf))["certificates"]] == [1, 2, 3]


@pytest.mark.parametrize("form", ["DER", "PKCS#7", "PEM"])
def test_the_encoding_is_told_by_the_content(form: str, leaf: Issued) -> None:
    certificate = leaf.certificate
    content = {
        "DER": certificate.public_bytes(Encoding.DER),
        "PKCS#7": pkcs7.serialize_certificates([certificate], Encoding.DER),
        "PEM": leaf.pem,
    }[form]
    told = as_json(content)
    assert told["encoding"] == form
    assert told["certificates"][0]["sha256"] == certificate.fingerprint(hashes.SHA256()).hex()


def test_json_has_the_same_facts(leaf: Issued) -> None:
    (told,) = as_json(leaf.pem)["certificates"]
    assert told["subject"] == leaf.certificate.subject.rfc4514_string()
    assert told["key"] == {"type": "RSA", "bits": 2048, "curve": None, "exponent": None}
    assert told["days_left"] == 98
    assert told["key_usage"] == {"values": ["digitalSignature", "keyEncipherment"], "critical": True}
    assert told["extended_key_usage"] == {"values": ["serverAuth", "clientAuth"], "critical": False}
    assert told["basic_constraints"] == {"ca": False, "path_length": None, "critical": True}
    assert told["names"]["values"][:2] == ["DNS:om.example.net", "IP:10.0.0.5"]
    assert (told["issuer_urls"], told["ocsp_urls"], told["revocation_urls"]) == ([CA_FILE], [OCSP], [CRL])
    assert told["other_extensions"] == [{"name": "1.3.6.1.4.1.99999.1", "critical": True}]


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_request_is_told_and_its_signature_verifies(encoding: Encoding, ec_key: PrivateKey) -> None:
    content = request(ec_key).public_bytes(encoding)
    said = clean(content)
    assert "1 signing request" in said
    assert "its signature verifies" in said
    told = rows(said)
    assert told["subject"] == "CN=om.example.net"
    assert told["names"] == "DNS:om.example.net, IP:10.0.0.5"
    assert told["key"] == "EC P-256, 256 bits"
    assert list(rows(clean(content, "--short"))) == ["subject", "key", "names"]


def test_a_request_that_was_tampered_with_is_told_and_does_not_verify(ec_key: PrivateKey) -> None:
    content = request(ec_key).public_bytes(Encoding.DER).replace(b"om.example.net", b"im.example.net")
    assert "its signature does NOT verify" in clean(content)
    assert as_json(content)["requests"][0]["signature_verifies"] is False
    assert as_json(request(ec_key).public_bytes(Encoding.DER))["requests"][0]["signature_verifies"] is True


def private(key: Any, encoding: Encoding, form: PrivateFormat, password: bytes | None = None) -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    content: bytes = key.private_bytes(encoding, form, encryption)
    return content


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_of_a_private_key_only_type_and_size_are_told(
    encoding: Encoding, form: PrivateFormat, rsa_key: PrivateKey
) -> None:
    content = private(rsa_key, encoding, form)
    said = clean(content) + clean(content, "--short") + clean(content, "--format", "json")
    assert "private key   RSA, 2048 bits" in said
    quoted = {line for line in content.decode("latin-1").splitlines() if len(line) > 20 and "-----" not in line}
    assert not any(line in said for line in quoted)
    assert key_digest(rsa_key.public_key()).hex() not in said.replace(":", "").lower()


def test_other_keys_are_named(ec_key: PrivateKey) -> None:
    modern = private(ed25519.Ed25519PrivateKey.generate(), Encoding.PEM, PrivateFormat.PKCS8)
    public = ec_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    said = clean(to_pem(ec_key, None) + modern + public)
    assert "PEM, 2 private keys, 1 public key" in said
    assert "private key   EC P-256, 256 bits" in said
    assert "private key   Ed25519" in said
    assert "public key   EC P-256, 256 bits" in said
    assert "not shown" not in said


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_an_encrypted_key_stays_closed(encoding: Encoding, ec_key: PrivateKey) -> None:
    content = private(ec_key, encoding, PrivateFormat.PKCS8, b"secret")
    assert "private key   encrypted, not opened" in clean(content)
    assert as_json(content)["private_keys"] == [
        {"line": 1 if encoding is Encoding.PEM else None, "key": None, "encrypted": True}
    ]


def test_a_traditional_encrypted_key_stays_closed(ec_key: PrivateKey) -> None:
    content = private(ec_key, Encoding.PEM, PrivateFormat.TraditionalOpenSSL, b"secret")
    assert b"Proc-Type: 4,ENCRYPTED" in content
    assert "private key   encrypted, not opened" in clean(content)


def test_everything_in_one_file_is_told(leaf: Issued, ec_key: PrivateKey) -> None:
    csr = request(ec_key).public_bytes(Encoding.PEM)
    other = b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    said = clean(leaf.pem + to_pem(ec_key, None) + csr + other + broken)
    assert "PEM, 1 certificate, 1 signing request, 1 private key, 1 unreadable block" in words(said)
    assert "· not shown: X509 CRL" in said
    lines_before = (leaf.pem + to_pem(ec_key, None) + csr + other).count(b"\n")
    assert f"✗ unreadable, line {lines_before + 1}: this is not a certificate that can be read" in words(said)


@pytest.mark.parametrize("label", ["CERTIFICATE REQUEST", "PRIVATE KEY", "PUBLIC KEY", "CERTIFICATE"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_damaged_block_is_told_with_its_line(label: str, whole: bool, leaf: Issued) -> None:
    block = f"-----BEGIN {label}-----\nAAAA\n" + (f"-----END {label}-----\n" if whole else "")
    content = leaf.pem + block.encode()
    (found,) = as_json(content)["unreadable"]
    assert found["line"] == leaf.pem.count(b"\n") + 1
    assert ("END line" in found["reason"]) is not whole
    assert f"unreadable, line {found['line']}" in clean(content)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x30\x03\x02\x01\x05", b"-----BEGIN CERTIFICATE-----\n", b"\x00" * 100], ids=range(5)
)
def test_where_nothing_is_readable_the_exit_code_says_so(content: bytes) -> None:
    result = run(content)
    assert result.exit_code == 3
    assert "nothing readable" in result.stdout or "unreadable" in result.stdout
    assert result.stdout.endswith("→ what it is instead: mutua check file\n")
    as_machine = run(content, "--format", "json")
    assert as_machine.exit_code == 3
    assert json.loads(as_machine.stdout)["files"][0]["certificates"] == []


def test_several_files_are_told_one_after_the_other(leaf: Issued, ec_key: PrivateKey) -> None:
    Path("a.pem").write_bytes(leaf.pem)
    Path("b.csr").write_bytes(request(ec_key).public_bytes(Encoding.PEM))
    result = CliRunner().invoke(mutua, ["inspect", "a.pem", "b.csr", "a.pem"])
    assert result.exit_code == 0
    headings = [line.split()[0] for line in result.stdout.splitlines() if line.endswith("nothing here is verified")]
    assert headings == ["a.pem", "b.csr"]
    assert result.stdout.endswith("→ whether it is any good: mutua check a.pem\n")


def test_a_missing_file_hides_none_of_the_others(leaf: Issued) -> None:
    Path("a.pem").write_bytes(leaf.pem)
    for form in ("text", "json"):
        result = CliRunner().invoke(mutua, ["inspect", "missing", "a.pem", "--format", form])
        assert result.exit_code == 3
        assert result.stderr.startswith("mutua: error: missing cannot be read: ")
        assert "om.example.net" in result.stdout
    alone = CliRunner().invoke(mutua, ["inspect", "missing"])
    assert (alone.exit_code, alone.stdout) == (3, "")


def test_standard_input_is_read(leaf: Issued) -> None:
    result = CliRunner().invoke(mutua, ["inspect", "-"], input=leaf.pem)
    assert result.exit_code == 0
    assert "om.example.net" in result.stdout


def test_nothing_is_verified_and_that_is_said(leaf: Issued) -> None:
    help_text = words(CliRunner().invoke(mutua, ["inspect", "--help"]).stdout)
    assert "Nothing is verified" in help_text
    assert "mutua inspect --short *.pem" in help_text
    assert "nothing here is verified" in clean(leaf.pem).splitlines()[0]


def test_without_a_file_the_usage_is_told() -> None:
    assert CliRunner().invoke(mutua, ["inspect"]).exit_code == 2


def test_a_pipe_gets_no_colour_and_80_columns(leaf: Issued, root: Issued, ec_key: PrivateKey) -> None:
    csr = request(ec_key).public_bytes(Encoding.PEM)
    Path("file").write_bytes(chain(leaf, root) + to_pem(ec_key, None) + csr)
    for options in ([], ["--short"]):
        result = subprocess.run(
            [*PROGRAM, "inspect", "file", *options], capture_output=True, text=True, env={"LANG": "C.UTF-8"}
        )
        assert result.returncode == 0
        assert "\x1b" not in result.stdout
        assert max(map(len, result.stdout.splitlines())) <= 80


def test_an_address_that_is_longer_than_the_page_is_not_broken() -> None:
    url = "http://crl.example.net/" + "a" * 70
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    long = issue(Template(common_name="a", extra=[(x509.CRLDistributionPoints([point]), False)]))
    assert url in clean(long.pem).split()


HOSTILE = "\x1b]0;owned\x07\x9b31m\u202eevil\r\n\x00"


def hostile() -> Issued:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier("http://a/\x1b[2J")], None, None, None)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, HOSTILE),
            x509.NameAttribute(NameOID.COMMON_NAME, HOSTILE),
        ]
    )
    return issue(
        Template(
            subject=subject,
            names=[x509.DNSName("a\x1b[31m"), x509.DirectoryName(subject)],
            extra=[(x509.CRLDistributionPoints([point]), False)],
        )
    )


@pytest.mark.parametrize("options", [[], ["--short"], ["--format", "json"]], ids=" ".join)
def test_names_of_strangers_never_reach_the_terminal_as_they_are(options: list[str], ec_key: PrivateKey) -> None:
    label = b"-----BEGIN \x1b[31mX-----\n-----END \x1b[31mX-----\n"
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTILE)])
    signed = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(ec_key, hashes.SHA256())
    csr = signed.public_bytes(Encoding.PEM)
    name = "evil\x1b[2J\x9b.pem"
    Path(name).write_bytes(hostile().pem + csr + label)
    result = CliRunner().invoke(mutua, ["inspect", name, *options])
    assert result.exit_code == 0, result.output
    assert "owned" in result.stdout
    assert result.output.replace("\n", "").isprintable()


def test_json_keeps_the_names_of_strangers_to_the_letter() -> None:
    (told,) = as_json(hostile().pem)["certificates"]
    assert told["names"]["values"][0] == "DNS:a\x1b[31m"
    assert told["revocation_urls"] == ["http://a/\x1b[2J"]


@pytest.mark.parametrize(
    ("octets", "said"), [(b"\x0a\x0b\x0c", "0A:0B:0C"), (b"\xfa\x0b\x0c", "-05:F4:F4"), (b"\x00", "00")]
)
def test_a_serial_number_that_is_not_positive_is_shown(octets: bytes, said: str) -> None:
    first = int.from_bytes(b"\x01" * len(octets), "big")
    der = issue(Template(common_name="a", serial=first)).certificate.public_bytes(Encoding.DER)
    field = bytes([0x02, len(octets)])
    patched = der.replace(field + b"\x01" * len(octets), field + octets, 1)
    assert rows(clean(patched))["serial"] == said


def test_many_names_are_cut_in_text_and_whole_in_json() -> None:
    names = [x509.DNSName(f"host{number}.example.net") for number in range(150)]
    pem = issue(Template(common_name="a", names=names)).pem
    said = words(clean(pem))
    assert "DNS:host99.example.net and 50 more" in said
    assert "host100." not in said
    assert len(as_json(pem)["certificates"][0]["names"]["values"]) == 150


def test_more_blocks_than_are_read_are_told() -> None:
    content = b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n" * (MAX_BLOCKS + 5)
    found = read(content).unreadable
    assert len(found) == MAX_BLOCKS + 1
    assert "more than 1000" in str(found[-1].reason)
    result = run(content)
    assert result.exit_code == 3
    assert f"and {MAX_BLOCKS + 1 - 20} more" in result.stdout


def test_other_uses_and_purposes_have_their_names() -> None:
    purposes = [ExtendedKeyUsageOID.OCSP_SIGNING, x509.ObjectIdentifier("1.2.3.4")]
    usage = key_usage("key_agreement", "encipher_only", "crl_sign")
    told = rows(clean(issue(Template(common_name="a", key_usage=usage, extended_key_usage=purposes)).pem))
    assert told["key usage"] == "keyAgreement, cRLSign, encipherOnly (critical)"
    assert told["extended key usage"] == "OCSPSigning, 1.2.3.4"


@given(st.text())
def test_what_is_shown_is_printable_and_bounded(text: str) -> None:
    assert escaped(text).isprintable()
    assert len(escaped(text)) == len(text)
    assert shown(text * 200).isprintable()
    assert len(shown(text * 200)) <= 2001


ARMOUR = st.sampled_from(
    [
        b"-----BEGIN PRIVATE KEY-----",
        b"-----END PRIVATE KEY-----",
        b"-----BEGIN CERTIFICATE REQUEST-----",
        b"-----END CERTIFICATE REQUEST-----",
        b"-----BEGIN RSA PUBLIC KEY-----",
        b"-----END RSA PUBLIC KEY-----",
        b"-----BEGIN CERTIFICATE-----",
        b"\n",
        b"MIIB",
        b"\x30\x82",
    ]
)


@settings(max_examples=200)
@given(st.one_of(st.binary(), st.lists(st.one_of(ARMOUR, st.binary(max_size=8))).map(b"".join)))
def test_whatever_the_bytes_are_reading_them_is_an_answer(data: bytes) -> None:
    holding = read(data)
    found = [block for block in blocks(data) if block.label.endswith(("REQUEST", "PRIVATE KEY", "PUBLIC KEY"))]
    assert len(holding.requests) + len(holding.keys) + len(holding.unreadable) >= len(found)


@given(st.data())
def test_a_request_with_changed_bytes_is_an_answer_too(data: st.DataObject) -> None:
    content = bytearray(REQUEST)
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[position] = data.draw(st.integers(0, 255))
    read(bytes(content))
    assert not read(bytes(content)).material.certificates


REQUEST = request(generate(KeyType.EC_P256)).public_bytes(Encoding.DER)


BOXED = box()


def test_a_locked_file_is_opened_with_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("password").write_bytes(b"secret\n")
    Path("wrong").write_bytes(b"wrong")
    said = words(clean(BOXED, "--password-file", "password"))
    assert "PKCS#12, 3 certificates, 1 private key" in said
    assert "private key EC P-256, 256 bits keep it secret" in said
    monkeypatch.setenv("MUTUA_KEY_PASSWORD", "secret")
    told = as_json(BOXED)
    assert (len(told["certificates"]), told["encoding"], told["unreadable"]) == (3, "PKCS#12", [])
    assert told["private_keys"][0]["encrypted"] is True
    result = run(BOXED, "--password-file", "wrong")
    assert result.exit_code == 3
    assert "the password does not open this PKCS#12 file" in words(result.stdout)
    monkeypatch.delenv("MUTUA_KEY_PASSWORD")
    assert "it needs its password" in words(run(BOXED).stdout)


def test_the_password_opens_encrypted_keys_and_a_wrong_one_does_not(ec_key: PrivateKey) -> None:
    Path("password").write_bytes(b"secret\n")
    for encoding in (Encoding.PEM, Encoding.DER):
        content = private(ec_key, encoding, PrivateFormat.PKCS8, b"secret")
        assert "private key   EC P-256, 256 bits" in clean(content, "--password-file", "password")
        other = private(ec_key, encoding, PrivateFormat.PKCS8, b"another")
        assert "the password does not open this private key" in words(run(other, "--password-file", "password").stdout)


def test_a_box_in_armour_hides_nothing_beside_it(ec_key: PrivateKey) -> None:
    armoured = b"-----BEGIN PKCS12-----\n" + b64encode(box(None)) + b"\n-----END PKCS12-----\n"
    csr = request(ec_key).public_bytes(Encoding.PEM)
    said = clean(csr + armoured + to_pem(ec_key, None))
    assert "PKCS#12, 3 certificates, 1 signing request, 2 private keys" in said


def test_of_a_folder_every_file_that_holds_something_is_shown(leaf: Issued, ec_key: PrivateKey) -> None:
    Path("store/below").mkdir(parents=True)
    Path("store/a.pem").write_bytes(leaf.pem)
    Path("store/below/key.pem").write_bytes(to_pem(ec_key, None))
    Path("store/notes.txt").write_bytes(b"nothing of the kind")
    result = CliRunner().invoke(mutua, ["inspect", "store"])
    assert result.exit_code == 0
    headings = [line.split()[0] for line in result.stdout.splitlines() if line.endswith("nothing here is verified")]
    assert headings == ["store/a.pem", "store/below/key.pem"]
    assert "notes.txt" not in result.stdout
    named = CliRunner().invoke(mutua, ["inspect", "store", "store/notes.txt"])
    assert named.exit_code == 3
    assert "notes.txt" in named.stdout


def test_a_folder_of_nothing_and_one_of_too_much_are_said_to_be_such(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("store").mkdir()
    empty = CliRunner().invoke(mutua, ["inspect", "store"])
    assert (empty.exit_code, empty.stdout) == (3, "")
    assert "no file in store holds certificates, signing requests or keys." in empty.stderr
    monkeypatch.setattr("mutua.cli.inspect.MAX_FILES", 2)
    for number in range(3):
        Path(f"store/{number}").touch()
    result = CliRunner().invoke(mutua, ["inspect", "store"])
    assert result.exit_code == 2
    assert "there are 3 files in it; up to 2 are shown." in words(result.stderr)


def test_what_it_costs_to_open_keys_is_counted_together(ec_key: PrivateKey) -> None:
    keys = [private(ec_key, Encoding.DER, PrivateFormat.PKCS8, b"secret") for _number in range(3)]
    costly = [der_tree.parse(one) for one in keys]
    for tree in costly:
        for place in der_tree.places(tree):
            if place.node.tag == 0x02 and place.number and place.among[place.number - 1].tag == 0x04:
                place.node.content = (4_000_000).to_bytes(4, "big")
    blocks = [b64encode(der_tree.encode(tree)) for tree in costly]
    armoured = [b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n%b\n-----END ENCRYPTED PRIVATE KEY-----\n" % b for b in blocks]
    reasons = [str(block.reason) for block in read(b"".join(armoured), b"secret").unreadable]
    assert ["12,000,000 rounds" in reason for reason in reasons] == [False, False, True]
