"""`mutua check` asked for more than the chain itself: trust, names, lists, several files, and how it ends."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from tests.chain.asked import NAME, crl, issued, stranger, web_leaf
from tests.chain.pki import AT, der, intermediate, leaf, pem, root, sound

from mutua.cli.main import mutua


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    listed = leaf(intermediate(), names=[x509.DNSName(NAME)])
    for name, data in {
        "chain.pem": sound(),
        "leaf.pem": listed.pem,
        "issued.pem": issued().pem,
        "web.pem": web_leaf(intermediate()).pem,
        "server-only.pem": web_leaf(intermediate(), names=()).pem,
        "ca.pem": pem(intermediate(), root()),
        "ca.der": der(intermediate()),
        "root.pem": root().pem,
        "other.pem": stranger().pem,
        "backwards.pem": pem(listed, root(), intermediate()),
        "empty.pem": b"",
        "ca.crl": crl(intermediate(), issued()),
        "clean.crl": crl(intermediate()),
        "other.crl": crl(stranger()) + crl(intermediate()) + crl(root()),
    }.items():
        (tmp_path / name).write_bytes(data)


def check(*arguments: str, stdin: bytes | None = None) -> Result:
    result = CliRunner().invoke(mutua, ["check", "--at", AT.isoformat(), "--lang", "en", *arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def words(result: Result) -> str:
    return " ".join(result.output.split())


def test_a_sound_chain_is_clean_and_its_anchor_is_named() -> None:
    result = check("chain.pem")
    assert result.exit_code == 0
    assert "✓ No errors. Trust anchor: Root-CA, the chain's own root." in words(result)
    assert "self-signed: the trust anchor" in words(result)


def test_several_files_are_read_as_one() -> None:
    assert check("leaf.pem", "ca.pem").exit_code == 0
    result = check("leaf.pem", "root.pem")
    assert result.exit_code == 1
    assert "chain.missing-intermediate" in result.output
    assert words(result).endswith("mutua repair leaf.pem root.pem --from DIR -o repaired.pem")


def test_several_files_may_be_of_several_forms() -> None:
    assert check("leaf.pem", "ca.der", "root.pem", "--profile", "mtls").exit_code == 0
    result = check("leaf.pem", "ca.der", "root.pem", "--format", "json")
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert [finding["rule"] for finding in told["findings"]] == ["file.not-base64"]
    assert [one["position"] for one in told["chain"]] == [1, 2, 3]


def test_standard_input_is_one_of_the_files_and_only_once() -> None:
    assert check("leaf.pem", "-", stdin=pem(intermediate(), root())).exit_code == 0
    result = check("-", "--trust", "-", stdin=sound())
    assert result.exit_code == 2
    assert "only one of the files can come from standard input" in words(result)


def test_trust_is_what_the_other_side_has() -> None:
    result = check("chain.pem", "--profile", "mtls", "--trust", "root.pem")
    assert result.exit_code == 0
    assert "No errors. Trust anchor: Root-CA, which the other side trusts." in words(result)
    assert "trusted by the other side: the trust anchor" in words(result)
    result = check("chain.pem", "--profile", "mtls", "--trust", "other.pem")
    assert result.exit_code == 1
    assert "chain.untrusted" in result.output
    assert "self-signed, and not trusted by the other side" in words(result)
    assert check("chain.pem", "--profile", "mtls", "--trust", "other.pem", "--trust", "root.pem").exit_code == 0


def test_the_trusted_root_need_not_be_in_the_files() -> None:
    result = check("leaf.pem", "ca.der", "--profile", "mtls", "--trust", "root.pem")
    assert result.exit_code == 0
    assert "Root-CA" in result.output


@pytest.mark.parametrize("trust", ["empty.pem", "ca.crl", "nowhere.pem"])
def test_trust_without_a_certificate_is_no_trust(trust: str) -> None:
    result = check("chain.pem", "--trust", trust)
    assert result.exit_code == 3
    assert trust in result.output


def test_the_names_must_be_covered() -> None:
    mtls = ("leaf.pem", "ca.pem", "--profile", "mtls")
    assert check(*mtls, "--name", NAME).exit_code == 0
    result = check(*mtls, "--name", NAME, "--name", "om2.example.net", "--ip", "192.0.2.1")
    assert result.exit_code == 1
    assert words(result).count("was asked for; the certificate lists") == 2
    assert "om2.example.net was asked for; the certificate lists om.example.net." in words(result)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--name", "ñandú.example"),
        ("--name", ""),
        ("--name", "a..b"),
        ("--name", "*.example.net"),
        ("--ip", NAME),
        ("--ip", "192.0.2.256"),
        ("--profile", "web"),
        ("--fail-on", "notice"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(arguments: tuple[str, str]) -> None:
    result = check("chain.pem", *arguments)
    assert result.exit_code == 2
    assert "Error: Invalid value for" in result.output


def test_without_a_file_nothing_is_checked() -> None:
    assert check().exit_code == 2


def test_a_revoked_leaf_is_refused() -> None:
    mtls = ("issued.pem", "ca.pem", "--profile", "mtls")
    assert check(*mtls, "--crl", "clean.crl").exit_code == 0
    result = check(*mtls, "--crl", "clean.crl", "--crl", "ca.crl")
    assert result.exit_code == 1
    assert "crl.revoked" in result.output
    assert check(*mtls, "--crl", "root.pem").exit_code == 1
    assert check(*mtls, "--crl", "nowhere.crl").exit_code == 3


def test_warnings_count_where_they_are_asked_to_and_notices_never() -> None:
    backwards = ("backwards.pem", "--profile", "mtls")
    assert check(*backwards).exit_code == 0
    assert check(*backwards, "--fail-on", "warning").exit_code == 1
    noticed = ("chain.pem", "--profile", "mtls", "--crl", "other.crl")
    assert "crl.unrelated" in check(*noticed).output
    assert check(*noticed, "--fail-on", "warning").exit_code == 0


def test_the_web_wants_more_than_a_private_authority() -> None:
    assert check("web.pem", "ca.pem", "--profile", "webpki", "--trust", "root.pem", "--name", NAME).exit_code == 0
    result = check("server-only.pem", "ca.pem", "--profile", "webpki")
    assert result.exit_code == 1
    assert "leaf.common-name-not-listed" in result.output


@pytest.mark.parametrize(("file", "code"), [("chain.pem", 0), ("leaf.pem", 1), ("empty.pem", 3)])
@pytest.mark.parametrize("form", ["text", "json"])
def test_quietly_only_the_exit_code_answers(file: str, code: int, form: str) -> None:
    result = check(file, "--quiet", "--format", form)
    assert result.exit_code == code
    assert result.output == ""
    assert check(file, "--format", form).exit_code == code


def test_json_says_what_was_trusted() -> None:
    told = json.loads(check("chain.pem", "--profile", "mtls", "--trust", "root.pem", "--format", "json").output)
    assert told["valid"] is True
    assert told["trust"]["given"] is True
    assert told["chain"][-1]["sha256"] == told["trust"]["anchor"]
