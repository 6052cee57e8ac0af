"""`mutua convert`: what went in comes out, in the other form, and secrets stay secret."""

import stat
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates, serialize_certificates
from tests.chain.pki import authority, der, intermediate, key, leaf, pem, root

from mutua.authority.issue import Issued
from mutua.authority.keys import to_pem
from mutua.authority.request import Subject, build_request
from mutua.cli.convert import FORMS
from mutua.cli.converting import Form
from mutua.cli.main import mutua

LEAF = leaf(intermediate())
CHAIN = pem(LEAF, intermediate(), root())
KEY = to_pem(key("leaf"), None)
LOCKED = to_pem(key("leaf"), b"secret")
REQUEST = build_request(key("leaf"), Subject("om.example.net")).public_bytes(Encoding.PEM)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MUTUA_KEY_PASSWORD", raising=False)
    Path("password").write_text("secret\n")
    Path("other").write_text("other\n")


def convert(*arguments: str, **more: Any) -> Result:
    return CliRunner().invoke(mutua, ["convert", *arguments], **more)


def done(*arguments: str, **more: Any) -> Result:
    result = convert(*arguments, **more)
    assert result.exit_code == 0, result.output
    return result


def refused(*arguments: str, code: int = 2) -> str:
    result = convert(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert not Path("out").exists()
    return flat(result.stderr)


def flat(text: str) -> str:
    return " ".join(text.split())


def file(name: str, *content: bytes) -> str:
    Path(name).write_bytes(b"".join(content))
    return name


def out() -> bytes:
    return Path("out").read_bytes()


def mode() -> int:
    return stat.S_IMODE(Path("out").stat().st_mode)


def box(password: bytes | None = b"secret") -> bytes:
    others = [intermediate().certificate, root().certificate]
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return pkcs12.serialize_key_and_certificates(b"om", key("leaf"), LEAF.certificate, others, encryption)


def unlocked(private: PrivateKeyTypes | None) -> bytes:
    assert private is not None
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def in_order(*issued: Issued) -> list[bytes]:
    return [der(one) for one in issued]


def ders(certificates: list[x509.Certificate]) -> list[bytes]:
    return [certificate.public_bytes(Encoding.DER) for certificate in certificates]


def test_the_forms_are_those_that_are_written() -> None:
    assert list(FORMS) == list(Form)


INPUTS = {
    "PEM": CHAIN,
    "UTF-16": CHAIN.decode().encode("utf-16"),
    "Base 64 of PEM": b64encode(CHAIN),
    "DER": b"".join(in_order(LEAF, intermediate(), root())),
    "PKCS#7": serialize_certificates([one.certificate for one in (LEAF, intermediate(), root())], Encoding.DER),
}


@pytest.mark.parametrize("form", INPUTS)
def test_certificates_of_every_form_become_pem_and_pkcs7(form: str) -> None:
    file("in", INPUTS[form])
    said = flat(done("in", "--to", "pem", "-o", "out").stdout)
    assert f"read in: {form} 3 certificates written out: PEM 3 certificates → next: mutua inspect out" in said
    assert sorted(ders(x509.load_pem_x509_certificates(out()))) == sorted(in_order(LEAF, intermediate(), root()))
    if form != "PKCS#7":
        assert out() == CHAIN
    assert mode() == 0o644
    again = done("in", "--to", "pkcs7", "-o", "out.p7b")
    found = load_der_pkcs7_certificates(Path("out.p7b").read_bytes())
    assert sorted(ders(found)) == sorted(in_order(LEAF, intermediate(), root()))
    assert "the order of the certificates is not kept" in flat(again.stdout)


def test_one_certificate_becomes_der_and_comes_back() -> None:
    done(file("in", root().pem), "--to", "der", "-o", "out")
    assert out() == der(root())
    done("out", "--to", "pem", "-o", "back")
    assert Path("back").read_bytes() == root().pem


@pytest.mark.parametrize(
    ("content", "count"), [(CHAIN, 3), (root().pem + KEY, 2), (KEY + REQUEST, 2)], ids=["chain", "with key", "no cert"]
)
def test_der_holds_one_thing(content: bytes, count: int) -> None:
    assert f"there are {count}." in refused(file("in", content), "--to", "der", "-o", "out")


@pytest.mark.parametrize("content", [KEY, REQUEST], ids=["key", "request"])
def test_a_key_or_a_request_becomes_der_and_comes_back(content: bytes) -> None:
    done(file("in", content), "--to", "der", "-o", "out")
    assert mode() == (0o600 if content == KEY else 0o644)
    done("out", "--to", "pem", "-o", "back")
    assert Path("back").read_bytes() == content


def test_chain_and_key_become_a_box_that_openssl_opens() -> None:
    file("chain", root().pem, CHAIN)
    said = flat(done("chain", file("key", KEY), "--to", "pkcs12", "--password-file", "password", "-o", "out").stdout)
    assert "written out: PKCS#12 1 private key, 4 certificates the private key is encrypted" in said
    assert mode() == 0o600
    opened = pkcs12.load_pkcs12(out(), b"secret")
    assert unlocked(opened.key) == KEY
    assert opened.cert is not None
    assert (opened.cert.certificate, opened.cert.friendly_name) == (LEAF.certificate, b"om.example.net")
    assert len(opened.additional_certs) == 3
    shown = subprocess.run(
        ["openssl", "pkcs12", "-in", "out", "-info", "-noout", "-passin", "file:password"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stderr.count("PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256") == 2
    assert "MAC: sha256," in shown.stderr


def test_a_box_becomes_pem_and_its_key_stays_locked_unless_somebody_says_otherwise() -> None:
    file("in.pfx", box())
    said = flat(done("in.pfx", "--to", "pem", "--password-file", "password", "-o", "out").stdout)
    assert "read in.pfx: PKCS#12 1 private key, 3 certificates" in said
    assert "the private key is encrypted" in said
    assert unlocked(load_pem_private_key(out(), b"secret")) == KEY
    assert ders(x509.load_pem_x509_certificates(out())) == in_order(LEAF, intermediate(), root())
    assert mode() == 0o600
    done(
        "in.pfx", "--to", "pem", "--out-password-file", "other", "-o", "other.pem", env={"MUTUA_KEY_PASSWORD": "secret"}
    )
    assert unlocked(load_pem_private_key(Path("other.pem").read_bytes(), b"other")) == KEY
    plain = done("in.pfx", "--to", "pem", "--plain", "--password-file", "password", "-o", "plain.pem")
    assert "the private key is not encrypted: only you can read the file" in flat(plain.stdout)
    assert Path("plain.pem").read_bytes() == KEY + CHAIN
    assert stat.S_IMODE(Path("plain.pem").stat().st_mode) == 0o600


def test_a_box_gets_another_password() -> None:
    file("in.pfx", box())
    done("in.pfx", "--to", "pkcs12", "--password-file", "password", "--out-password-file", "other", "-o", "out")
    assert unlocked(pkcs12.load_pkcs12(out(), b"other").key) == KEY
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_pkcs12(out(), b"secret")


def test_a_box_without_a_password_is_opened() -> None:
    done(file("in.pfx", box(None)), "--to", "pem", "-o", "out")
    assert out() == KEY + CHAIN


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_an_encrypted_key_is_read_by_its_password(encoding: Encoding) -> None:
    locked = key("leaf").private_bytes(encoding, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    file("in", locked)
    assert "it is encrypted. → give the password" in refused("in", "--to", "pem", "-o", "out", code=3)
    result = convert("in", "--to", "pem", "-o", "out", "--password-file", "other")
    assert result.exit_code == 3
    assert "the password is wrong" in flat(result.stderr)
    done("in", "--to", "der", "--password-file", "password", "-o", "out")
    assert unlocked(load_der_private_key(out(), b"secret")) == KEY


def test_a_plain_key_stays_plain_and_for_its_owner() -> None:
    done(file("in", CHAIN, KEY), "--to", "pem", "--password-file", "password", "-o", "out")
    assert (out(), mode()) == (KEY + CHAIN, 0o600)


def test_certificates_alone_can_stand_in_a_box() -> None:
    done(file("in", CHAIN), "--to", "pkcs12", "--password-file", "password", "-o", "out")
    opened = pkcs12.load_pkcs12(out(), b"secret")
    assert (opened.key, len(opened.additional_certs)) == (None, 3)


@pytest.mark.parametrize(
    ("content", "to", "reason"),
    [
        (CHAIN + KEY, "pkcs7", "PKCS#7 holds certificates alone; there are 1 private key(s)"),
        (CHAIN + REQUEST, "pkcs7", "PKCS#7 holds certificates alone"),
        (CHAIN + REQUEST, "pkcs12", "PKCS#12 holds no signing requests"),
        (CHAIN + KEY + KEY, "pkcs12", "there are 2 private keys; in PKCS#12 there is one"),
        (pem(root()) + KEY, "pkcs12", "the private key belongs to none of the 1 certificates"),
        (KEY, "pkcs12", "the private key belongs to none of the 0 certificates"),
    ],
    ids=["key", "request", "request in a box", "two keys", "stranger", "key alone"],
)
def test_what_a_form_cannot_hold_is_refused(content: bytes, to: str, reason: str) -> None:
    assert reason in refused(file("in", content), "--to", to, "--password-file", "password", "-o", "out")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (CHAIN + root().pem[:200], "line 35 of in cannot be read"),
        (b"text", "in holds no certificate, private key or signing request"),
        (b"", "in holds no certificate, private key or signing request"),
        (CHAIN + KEY.replace(b"\n", b"\n!", 2), "the private key in in cannot be read"),
        (REQUEST.replace(b"M", b"N", 1), "in holds"),
        (box(), "it needs its password. → give the password"),
    ],
    ids=["cut off", "text", "empty", "key", "request", "locked"],
)
def test_what_cannot_be_read_is_not_passed_over(content: bytes, reason: str) -> None:
    assert reason in refused(file("in", content), "--to", "pem", "-o", "out", code=3)


def test_what_is_left_out_is_told() -> None:
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    said = flat(done(file("in", parameters, KEY), "--to", "pem", "-o", "out").stdout)
    assert "left out EC PARAMETERS: not converted" in said
    assert out() == KEY


def test_no_file_is_overwritten_unasked() -> None:
    file("out", b"precious")
    result = convert(file("in", CHAIN), "--to", "pem", "-o", "out")
    assert (result.exit_code, out()) == (2, b"precious")
    done("in", "--to", "pem", "-o", "out", "--force")
    assert out() == CHAIN


def test_to_standard_output_goes_the_content_alone() -> None:
    result = done("-", "--to", "der", "-o", "-", input=root().pem)
    assert result.stdout_bytes == der(root())
    assert "standard output: DER" in flat(result.stderr)


def test_a_box_needs_a_password_and_there_is_none_to_ask() -> None:
    assert "a password is needed" in refused(file("in", CHAIN), "--to", "pkcs12", "-o", "out")


def test_plain_does_not_go_with_a_password_or_a_box() -> None:
    file("in", CHAIN)
    for more in (["--to", "pem", "--out-password-file", "other"], ["--to", "pkcs12"]):
        assert "--plain does not go with" in refused("in", "--plain", "-o", "out", *more)


def test_a_key_of_another_kind_is_converted() -> None:
    content = unlocked(ed25519.Ed25519PrivateKey.generate())
    done(file("in", content), "--to", "der", "-o", "out")
    assert unlocked(load_der_private_key(out(), None)) == content


def test_duplicates_are_kept() -> None:
    twice = pem(root(), authority("Other-CA"), root())
    done(file("in", twice), "--to", "pem", "-o", "out")
    assert out().count(root().pem) == 2
