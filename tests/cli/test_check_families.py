"""mutua check says where verifiers differ, and only there."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from tests.chain.examples import EXAMPLES
from tests.chain.pki import AT, authority, intermediate, key, leaf, pem, root

from mutua.cli.main import mutua

NET = x509.DNSName("om.example.net")
SENTENCE = "Verifiers differ on this chain"


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    dead_end = authority("Inter-CA1", authority("Other-CA"), key("Inter-CA1"))
    end = leaf(intermediate(), names=[NET])
    unmarked = leaf(intermediate(), names=[NET], authority_key_identifier=False)
    for name, heap in {
        "sound.pem": [end, intermediate(), root()],
        "unmarked.pem": [unmarked, intermediate(), root()],
        "nameless.pem": [leaf(intermediate(), names=[]), intermediate(), root()],
        "expired.pem": [leaf(intermediate(), names=[NET], not_after=AT - timedelta(days=1)), intermediate(), root()],
        "astray.pem": [end, dead_end, intermediate()],
        "root.pem": [root()],
    }.items():
        Path(name).write_bytes(pem(*heap))


def check(*arguments: str) -> Result:
    return CliRunner().invoke(mutua, ["check", "--at", AT.isoformat(), "--profile", "mtls", *arguments])


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(("file", "told"), [("sound.pem", False), ("unmarked.pem", True), ("expired.pem", False)])
def test_verifiers_are_told_only_where_they_differ(file: str, told: bool) -> None:
    result = check(file)
    assert (SENTENCE in result.stdout) is told
    assert all(len(line) <= 80 for line in result.stdout.splitlines())


def test_who_accepts_and_who_refuses_and_why() -> None:
    said = words(check("unmarked.pem").stdout)
    assert (
        "accept OpenSSL 1.1.1 to 3.1 (security level 1); OpenSSL from 3.2 on, and Debian's (security level 2);" in said
    )
    assert "refuses Python from 3.13 on (OpenSSL, strict): error 85 at depth 0 (om.example.net), Missing Auth" in said


def test_a_leaf_without_names_costs_one_sentence() -> None:
    said = words(check("nameless.pem").stdout)
    assert f"{SENTENCE}: OpenSSL, Python and Java 17 accept a certificate without a subject alternative name" in said


def test_a_path_that_openssl_does_not_find_is_an_error_between_two_peers() -> None:
    result = check("astray.pem", "--trust", "root.pem")
    assert result.exit_code == 1
    said = words(result.stdout)
    assert "a valid path that OpenSSL does not find" in said
    assert "error 20 at depth 1, unable to get local issuer certificate" in said
    assert "accept pyca/cryptography; Go 1.19" in said


def test_json_has_both_answers_and_every_family() -> None:
    report = json.loads(check("astray.pem", "--trust", "root.pem", "--format", "json").stdout)
    assert report["valid"] is True
    assert report["openssl"] == {
        "accepts": False,
        "error": 20,
        "depth": 1,
        "text": "unable to get local issuer certificate",
        "accepts_ordered": True,
    }
    assert [family["answer"] for family in report["families"]] == ["refuses"] * 3 + ["accepts", "unknown", "accepts"]
    sound = json.loads(check("sound.pem", "--format", "json").stdout)
    assert [family["answer"] for family in sound["families"]] == ["accepts"] * 6
    assert sound["openssl"]["accepts"] is True


def test_a_disagreement_of_rules_and_engine_is_said() -> None:
    Path("refused.pem").write_bytes(EXAMPLES["engine.refused"].bad().data)
    Path("weak.pem").write_bytes(EXAMPLES["algorithm.weak-key"].bad().data)
    refused, weak = check("refused.pem"), check("weak.pem")
    assert (refused.exit_code, weak.exit_code) == (1, 1)
    assert "refuses the path and no rule says why, so the chain is not valid." in words(refused.stdout)
    assert "finds a valid path; algorithm.weak-key refuses it, so the chain is not valid." in words(weak.stdout)
    assert "so the chain is not valid" not in check("sound.pem").stdout
