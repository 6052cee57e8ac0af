"""The lists in docs/conformance.md are what the runner finds, and the runner can tell."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from tests.chain.asked import NAME, stranger, web_leaf
from tests.chain.pki import AT, intermediate, root
from tests.conformance.limbo import Case, read, run

from mutua.chain import Profile

PAGE = Path(__file__).parents[2] / "docs/conformance.md"
_LISTED = re.compile(r"(?:^- |^  |, )`([a-z0-9]+::[^`]+)`", re.MULTILINE)


def listed(heading: str) -> set[str]:
    """The cases that the page lists under a heading."""
    _before, found, after = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")
    assert found, heading
    return set(_LISTED.findall(re.sub(r",\n  ", ", ", after.partition("\n## ")[0])))


@pytest.mark.skipif("MUTUA_LIMBO" not in os.environ, reason="MUTUA_LIMBO does not name a corpus of x509-limbo")
@pytest.mark.parametrize(("name", "profile"), [("Default", None), ("`webpki`", Profile.WEBPKI)])
def test_the_page_lists_every_disagreement(name: str, profile: Profile | None) -> None:
    result = run(read(Path(os.environ["MUTUA_LIMBO"])), profile)
    assert set(result["false_accept"]) == listed(f"{name}: accepted, should be refused")
    assert set(result["false_reject"]) == listed(f"{name}: refused, should be accepted")
    assert result["unsupported"] == result["crashed"] == 0
    assert f"| {result['agree']} | {len(result['false_accept'])} | {len(result['false_reject'])} |" in PAGE.read_text()


def case(**changed: Any) -> Case:
    """A case as the suite has them, with a sound chain."""
    usual: Case = {
        "id": "mutua::sound",
        "validation_kind": "SERVER",
        "trusted_certs": [root().pem.decode()],
        "untrusted_intermediates": [intermediate().pem.decode()],
        "peer_certificate": web_leaf(intermediate()).pem.decode(),
        "validation_time": AT.isoformat(),
        "signature_algorithms": [],
        "extended_key_usage": [],
        "expected_peer_name": {"kind": "DNS", "value": NAME},
        "expected_peer_names": [],
        "max_chain_depth": None,
        "crls": [],
        "expected_result": "SUCCESS",
    }
    return usual | changed


WRONG: list[Case] = [
    {"trusted_certs": [stranger().pem.decode()]},
    {"untrusted_intermediates": []},
    {"validation_time": "2020-01-01T00:00:00Z"},
    {"expected_peer_name": {"kind": "DNS", "value": "om2.example.net"}},
    {"expected_peer_name": {"kind": "IP", "value": "192.0.2.1"}},
    {"validation_kind": "CLIENT", "expected_peer_name": None},
    {"extended_key_usage": ["clientAuth"]},
    {"max_chain_depth": 0},
]


def test_a_sound_case_is_accepted() -> None:
    assert run([case()])["agree"] == 1
    assert run([case(expected_result="FAILURE")])["false_accept"] == ["mutua::sound"]


@pytest.mark.parametrize("changed", WRONG)
def test_a_case_with_one_fault_is_not(changed: Case) -> None:
    assert run([case(**changed)])["false_reject"] == ["mutua::sound"]
    assert run([case(**changed, expected_result="FAILURE")])["agree"] == 1


def test_what_cannot_be_asked_or_answered_is_counted() -> None:
    result = run([case(signature_algorithms=["rsa"]), case(validation_time="noon")])
    assert (result["unsupported"], result["crashed"], result["agree"]) == (1, 1, 0)
