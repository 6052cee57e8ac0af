"""The authority in its folder: what it makes, what it signs, what it refuses."""

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from mutua.authority import ca
from mutua.authority.errors import (
    AuthorityFolderError,
    AuthorityNameError,
    AuthorityOutOfDateError,
    PassphraseNeededError,
    RequestRefusedError,
    UnreadableAuthorityError,
    WrongPassphraseError,
)
from mutua.authority.issue import Template, issue, key_usage
from mutua.authority.keys import KeyType, PrivateKey, generate, to_pem
from mutua.authority.request import Subject, build_request, parse_names

OpenSsl = Callable[..., subprocess.CompletedProcess[str]]
FILES = {"root.pem", "root.key", "intermediate.pem", "intermediate.key"}


@pytest.fixture
def asked(ec_key: PrivateKey) -> x509.CertificateSigningRequest:
    return build_request(
        ec_key, Subject("om.example.net", business="Example Lab"), parse_names("om.example.net,10.0.0.5")
    )


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A copy of the authority's folder that a test may damage."""
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def days_left(certificate: x509.Certificate) -> float:
    return (certificate.not_valid_after_utc - datetime.now(UTC)) / timedelta(days=1)


def test_four_files_are_made_and_the_secret_ones_are_closed(folder: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"root.pem": 0o644, "root.key": 0o600, "intermediate.pem": 0o644, "intermediate.key": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_root_and_intermediate_are_what_openssl_users_expect(
    authority: ca.Authority, folder: Path, openssl: OpenSsl
) -> None:
    intermediate = authority.intermediate.certificate
    assert (common_name(authority.root), common_name(intermediate)) == ("Lab Root CA", "Lab Intermediate CA")
    assert 3651 < days_left(authority.root) <= 3652
    assert 1825 < days_left(intermediate) <= 1826
    for certificate, path_length in ((authority.root, None), (intermediate, 0)):
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.critical
        assert constraints.value == x509.BasicConstraints(True, path_length)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value == key_usage("key_cert_sign", "crl_sign")
    said = openssl("verify", "-x509_strict", "-CAfile", folder / "root.pem", folder / "intermediate.pem")
    assert said.stdout.endswith(": OK\n")


@pytest.mark.parametrize(
    ("usage", "server", "client"), [("both", True, True), ("server", True, False), ("client", False, True)]
)
def test_r5_the_usage_decides_what_openssl_takes_the_leaf_for(
    authority: ca.Authority,
    asked: x509.CertificateSigningRequest,
    tmp_path: Path,
    openssl: OpenSsl,
    usage: str,
    server: bool,
    client: bool,
) -> None:
    """The chain file alone is given, as a peer gets it: the root comes from the folder."""
    signed = authority.sign(asked, usage=ca.LeafUsage(usage))
    (tmp_path / "chain").write_bytes(signed.chain_pem)
    (tmp_path / "root").write_bytes(authority.root.public_bytes(Encoding.PEM))
    for purpose, expected in (("sslserver", server), ("sslclient", client)):
        said = openssl(
            "verify", "-x509_strict", "-purpose", purpose, "-verify_hostname", "om.example.net",
            "-CAfile", tmp_path / "root", "-untrusted", tmp_path / "chain", tmp_path / "chain",
        )  # fmt: skip
        assert (said.returncode == 0) is expected, said.stderr


def test_r2_r7_the_chain_is_leaf_intermediate_root(
    authority: ca.Authority, asked: x509.CertificateSigningRequest
) -> None:
    signed = authority.sign(asked)
    assert x509.load_pem_x509_certificates(signed.chain_pem) == [
        signed.leaf,
        authority.intermediate.certificate,
        authority.root,
    ]
    signed.leaf.verify_directly_issued_by(authority.intermediate.certificate)


def test_subject_key_and_names_come_from_the_request(
    authority: ca.Authority, asked: x509.CertificateSigningRequest
) -> None:
    leaf = authority.sign(asked).leaf
    assert leaf.subject == asked.subject
    assert leaf.public_key() == asked.public_key()
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == list(parse_names("om.example.net,10.0.0.5"))


@pytest.mark.parametrize("kind", ["ec_key", "rsa_key"])
def test_r6_every_leaf_may_encipher_keys(authority: ca.Authority, kind: str, request: pytest.FixtureRequest) -> None:
    signed = authority.sign(build_request(request.getfixturevalue(kind), Subject("om.example.net")))
    usage = signed.leaf.extensions.get_extension_for_oid(ExtensionOID.KEY_USAGE).value
    assert usage == key_usage("digital_signature", "key_encipherment")


def test_a_request_cannot_make_itself_a_ca(authority: ca.Authority, ec_key: PrivateKey) -> None:
    ambitious = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "om.example.net")]))
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .add_extension(key_usage("key_cert_sign"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        .sign(ec_key, SHA256())
    )
    extensions = authority.sign(ambitious).leaf.extensions
    assert extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(False, None)
    assert not extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    assert ExtendedKeyUsageOID.CODE_SIGNING not in extensions.get_extension_for_class(x509.ExtendedKeyUsage).value


def test_a_refused_request_is_not_signed(authority: ca.Authority, ec_key: PrivateKey) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "*.example.net")])
    with pytest.raises(RequestRefusedError, match="wildcard"):
        authority.sign(x509.CertificateSigningRequestBuilder().subject_name(name).sign(ec_key, SHA256()))


def test_only_a_client_may_lack_a_name_that_peers_verify(authority: ca.Authority, ec_key: PrivateKey) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Alice Smith")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(ec_key, SHA256())
    leaf = authority.sign(request, usage=ca.LeafUsage.CLIENT).leaf
    assert common_name(leaf) == "Alice Smith"
    for usage in (ca.LeafUsage.SERVER, ca.LeafUsage.BOTH):
        with pytest.raises(RequestRefusedError, match="Alice Smith"):
            authority.sign(request, usage=usage)


@pytest.mark.parametrize("days", [1, 90])
def test_the_leaf_lasts_as_long_as_asked(
    authority: ca.Authority, asked: x509.CertificateSigningRequest, days: int
) -> None:
    leaf = authority.sign(asked, days=days).leaf
    assert days - 0.1 < days_left(leaf) <= days
    assert leaf.not_valid_before_utc <= datetime.now(UTC)


def test_r21_the_leaf_never_leaves_the_time_of_the_intermediate(asked: x509.CertificateSigningRequest) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    begin, end = now - timedelta(minutes=1), now + timedelta(days=2)
    root = issue(Template(common_name="R", is_ca=True))
    young = issue(Template(common_name="I", is_ca=True, not_before=begin, not_after=end), issuer=root)
    leaf = ca.Authority(root.certificate, young).sign(asked, days=3).leaf
    assert (leaf.not_valid_before_utc, leaf.not_valid_after_utc) == (begin, end)


@pytest.mark.parametrize(("begins", "ends"), [(-2, -1), (1, 2)])
def test_r21_an_intermediate_that_is_not_valid_now_signs_nothing(
    asked: x509.CertificateSigningRequest, begins: int, ends: int
) -> None:
    now = datetime.now(UTC)
    root = issue(Template(common_name="R", is_ca=True))
    template = Template(
        common_name="I",
        is_ca=True,
        not_before=now + timedelta(days=begins),
        not_after=now + timedelta(days=ends),
    )
    with pytest.raises(AuthorityOutOfDateError, match=str(now.date())):
        ca.Authority(root.certificate, issue(template, issuer=root)).sign(asked)


@pytest.mark.parametrize("days", [0, -1])
def test_a_leaf_lasts_at_least_a_day(authority: ca.Authority, asked: x509.CertificateSigningRequest, days: int) -> None:
    with pytest.raises(ValueError, match="days"):
        authority.sign(asked, days=days)


def test_with_a_passphrase_both_keys_are_encrypted_and_it_alone_opens_them(
    tmp_path: Path, openssl: OpenSsl, asked: x509.CertificateSigningRequest
) -> None:
    folder = tmp_path / "ca"
    ca.create(folder, name="Lab", key_type=KeyType.EC_P256, passphrase=b"right")
    for key in ("root.key", "intermediate.key"):
        assert openssl("pkey", "-in", folder / key, "-noout", "-passin", "pass:right").returncode == 0
        assert openssl("pkey", "-in", folder / key, "-noout", "-passin", "pass:wrong").returncode != 0
    assert ca.load(folder, b"right").sign(asked).leaf
    with pytest.raises(WrongPassphraseError):
        ca.load(folder, b"wrong")
    with pytest.raises(PassphraseNeededError):
        ca.load(folder)


def test_a_passphrase_that_no_key_needs_does_no_harm(folder: Path) -> None:
    assert ca.load(folder, b"whatever").root == ca.load(folder).root


def test_signing_does_not_need_the_root_key(copy: Path, asked: x509.CertificateSigningRequest) -> None:
    (copy / "root.key").unlink()
    assert ca.load(copy).sign(asked).leaf


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    ca.create(tmp_path, name="Lab", key_type=KeyType.EC_P256)
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_an_authority_is_never_overwritten(copy: Path) -> None:
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    with pytest.raises(AuthorityFolderError, match="not empty"):
        ca.create(copy, name="Other", key_type=KeyType.EC_P256)
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


@pytest.mark.parametrize("place", ["a-file", "a-file/ca", "missing/ca", "x" * 300])
def test_a_place_that_cannot_be_a_folder_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "a-file").write_text("here")
    with pytest.raises(AuthorityFolderError) as refused:
        ca.create(tmp_path / place, name="Lab", key_type=KeyType.EC_P256)
    assert refused.value.advice
    assert {path.name for path in tmp_path.iterdir()} == {"a-file"}


def test_when_a_file_cannot_be_written_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full at the third file."""
    real, calls = os.fsync, [0]

    def full(descriptor: int) -> None:
        calls[0] += 1
        if calls[0] == 3:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AuthorityFolderError, match="No space left"):
        ca.create(tmp_path / "ca", name="Lab", key_type=KeyType.EC_P256)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", " ", "*", "La*b", "a\nb", "a" * 49, "ñ" * 25, "\ud800"])
def test_r9_a_name_that_cannot_be_a_common_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(AuthorityNameError):
        ca.create(tmp_path / "ca", name=name, key_type=KeyType.EC_P256)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a" * 48, "ñ" * 24, " Laboratorio de Logroño "])
def test_r9_the_longest_names_fit(tmp_path: Path, name: str) -> None:
    made = ca.create(tmp_path / "ca", name=name, key_type=KeyType.EC_P256)
    assert common_name(made.intermediate.certificate) == f"{name.strip()} Intermediate CA"


@pytest.mark.parametrize("file", ["root.pem", "intermediate.pem", "intermediate.key"])
@pytest.mark.parametrize("damage", ["missing", "noise", "folder", "huge"])
def test_a_missing_or_damaged_file_is_named(copy: Path, file: str, damage: str) -> None:
    (copy / file).unlink()
    if damage == "noise":
        (copy / file).write_text("not PEM")
    elif damage == "folder":
        (copy / file).mkdir()
    elif damage == "huge":
        (copy / file).write_bytes(b"x" * 100_000)
    with pytest.raises(UnreadableAuthorityError) as refused:
        ca.load(copy)
    assert str(copy / file) in str(refused.value.problem)


def test_the_key_of_another_certificate_is_found_out(copy: Path) -> None:
    (copy / "intermediate.key").write_bytes(to_pem(generate(KeyType.EC_P256), None))
    with pytest.raises(UnreadableAuthorityError, match="another certificate"):
        ca.load(copy)


def test_the_root_of_another_authority_is_found_out(copy: Path) -> None:
    (copy / "root.pem").write_bytes(issue(Template(common_name="Lab Root CA", is_ca=True)).pem)
    with pytest.raises(UnreadableAuthorityError, match="another root"):
        ca.load(copy)


def test_a_key_that_is_neither_rsa_nor_ec_is_found_out(copy: Path, openssl: OpenSsl) -> None:
    assert openssl("genpkey", "-algorithm", "ed25519", "-out", copy / "intermediate.key").returncode == 0
    with pytest.raises(UnreadableAuthorityError, match="neither an RSA nor an EC"):
        ca.load(copy)
