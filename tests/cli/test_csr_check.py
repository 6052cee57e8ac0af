"""`mutua csr show` and `mutua csr check`: what a request asks for, what is wrong with it, what the CA changed."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.chain.pki import intermediate, key, leaf, pem, root
from tests.chain.request_examples import NAME, REQUEST_EXAMPLES, request, tampered
from tests.cli import program

from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH
from mutua.authority.keys import to_pem
from mutua.cli.main import mutua


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MUTUA_KEY_PASSWORD", raising=False)


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(mutua, ["csr", *arguments], env=environment)


def write(asked: x509.CertificateSigningRequest, encoding: Encoding = Encoding.PEM) -> str:
    Path("om.csr").write_bytes(asked.public_bytes(encoding))
    return "om.csr"


def answer(**knobs: Any) -> str:
    certificate = leaf(intermediate(), **({"names": (x509.DNSName(NAME),)} | knobs))
    Path("chain.pem").write_bytes(pem(certificate, intermediate(), root()))
    return "chain.pem"


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_what_a_request_asks_for_is_shown(encoding: Encoding) -> None:
    result = run("show", write(request(purposes=(SERVER_AUTH, CLIENT_AUTH)), encoding))
    assert result.exit_code == 0
    for text in (f"CN={NAME}", "EC P-256, 256 bits", f"DNS:{NAME}", "serverAuth, clientAuth", "its signature verifies"):
        assert text in result.stdout
    short = run("show", "om.csr", "--short").stdout
    assert len(short.splitlines()) < len(result.stdout.splitlines())
    found = json.loads(run("show", "om.csr", "--format", "json").stdout)["files"][0]["requests"]
    assert [entry["names"]["values"] for entry in found] == [[f"DNS:{NAME}"]]


def test_of_a_file_with_more_in_it_only_the_request_is_shown() -> None:
    everything = request().public_bytes(Encoding.PEM) + root().pem + to_pem(key("leaf"), None)
    Path("all.pem").write_bytes(everything)
    said = run("show", "all.pem").stdout
    assert "1 signing request " in said
    assert "Root-CA" not in said
    assert "private" not in said


@pytest.mark.parametrize("verb", ["show", "check"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (root().pem, "it holds a certificate"),
        (to_pem(key("leaf"), None), "it holds a private key"),
        (b"hello", "there is no signing request in it"),
    ],
)
def test_what_is_no_request_is_called_what_it_is(verb: str, content: bytes, said: str) -> None:
    Path("om.csr").write_bytes(content)
    result = run(verb, "om.csr")
    assert result.exit_code == 3
    assert result.stderr.startswith(f"mutua: error: om.csr cannot be used: {said}")


def test_a_sound_request_is_clean() -> None:
    result = run("check", write(request()))
    assert result.exit_code == 0
    assert "✓ Nothing stands in the way of sending it to the CA." in result.stdout
    assert result.stdout.endswith("→ when the answer is there: mutua csr check om.csr --cert CHAIN\n")


@pytest.mark.parametrize("rule", REQUEST_EXAMPLES)
def test_each_finding_is_told_with_its_id_and_the_exit_code_says_whether_it_is_an_error(rule: str) -> None:
    asked = REQUEST_EXAMPLES[rule].bad()
    arguments = ["check", write(asked.request), "--profile", asked.profile.value]
    if asked.answer is not None:
        Path("chain.pem").write_bytes(asked.answer.pem)
        arguments += ["--cert", "chain.pem"]
    if asked.private_key is not None:
        Path("om.key").write_bytes(to_pem(key("another"), None))
        arguments += ["--key", "om.key"]
    severities = {finding.severity.name.lower() for finding in asked.check()}
    result = run(*arguments)
    assert rule in result.stdout
    assert result.exit_code == (1 if "error" in severities else 0)
    assert max(map(len, result.stdout.splitlines())) <= 80
    found = json.loads(run(*arguments, "--format", "json").stdout)
    assert [entry["rule"] for entry in found["findings"]] == [rule]
    assert {entry["severity"] for entry in found["findings"]} == severities


def test_a_certificate_that_answers_is_recognised_in_its_chain() -> None:
    result = run("check", write(request()), "--cert", answer())
    assert result.exit_code == 0
    assert "✓ The certificate answers this request." in result.stdout
    assert "mutua check chain.pem --csr om.csr" in result.stdout


def test_what_the_ca_left_out_is_told() -> None:
    result = run("check", write(request()), "--cert", answer(extended_key_usage=(SERVER_AUTH,), names=()))
    assert result.exit_code == 1
    assert "Asked for and not in the certificate: clientAuth." in result.stdout
    assert f"Asked for and not in the certificate: {NAME}." in " ".join(result.stdout.split())


def test_an_encrypted_key_needs_its_password() -> None:
    Path("om.key").write_bytes(to_pem(key("leaf"), b"right"))
    arguments = ("check", write(request()), "--key", "om.key")
    assert run(*arguments, MUTUA_KEY_PASSWORD="right").exit_code == 0
    locked = run(*arguments)
    assert locked.exit_code == 3
    assert "om.key is no private key that can be read: it is encrypted." in locked.stderr
    assert "MUTUA_KEY_PASSWORD" in locked.stderr


def _changed(old: bytes, new: bytes) -> bytes:
    whole = request(NAME, ()).public_bytes(Encoding.DER)
    assert whole.count(old) == 1
    return whole.replace(old, new)


@pytest.mark.parametrize("verb", [("csr", "show"), ("csr", "check"), ("key", "show"), ("inspect",)], ids=" ".join)
def test_a_subject_that_is_no_text_is_not_readable_in_any_verb(verb: tuple[str, ...]) -> None:
    Path("om.csr").write_bytes(_changed(NAME.encode(), b"\xff" + NAME[1:].encode()))
    result = CliRunner().invoke(mutua, [*verb, "om.csr"])
    assert (result.exit_code, type(result.exception)) == (3, SystemExit)


@pytest.mark.parametrize("verb", [("csr", "show"), ("csr", "check"), ("key", "show"), ("inspect",)], ids=" ".join)
def test_a_value_of_an_odd_length_is_shown_and_nothing_of_the_library(verb: tuple[str, ...]) -> None:
    common_name, country = bytes.fromhex("0603550403"), bytes.fromhex("0603550406")
    Path("om.csr").write_bytes(_changed(common_name, country))
    ended = program.run(*verb, "om.csr")
    assert ended.code in (0, 1)
    assert ended.err == ""
    assert f"C={NAME}" in ended.out


def test_several_requests_are_one_too_many() -> None:
    Path("om.csr").write_bytes(request().public_bytes(Encoding.PEM) * 2)
    result = run("check", "om.csr")
    assert result.exit_code == 3
    assert "holds 2 signing requests; expected one" in result.stderr


def test_a_file_without_a_certificate_answers_nothing() -> None:
    result = run("check", write(request()), "--cert", "om.csr")
    assert result.exit_code == 3
    assert "om.csr holds no certificate that can be read." in result.stderr


def test_standard_input_is_read_once() -> None:
    assert run("check", "-", "--cert", "-").exit_code == 2
    given = request().public_bytes(Encoding.PEM)
    assert CliRunner().invoke(mutua, ["csr", "check", "-"], input=given).exit_code == 0


def test_the_whole_program_says_it_and_ends_with_1() -> None:
    ended = program.run("csr", "check", write(tampered()))
    assert ended.code == 1
    assert "request.bad-signature" in ended.out


@pytest.mark.parametrize("arguments", [(), ("show",), ("check",)])
def test_help_has_examples(arguments: tuple[str, ...]) -> None:
    assert "mutua csr check" in run("check", "--help").stdout
    assert "Examples:" in run(*arguments, "--help").stdout
