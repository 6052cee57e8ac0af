"""`mutua explain`, as a person at a shell meets it: a code, a log or a whole bundle, and what to do."""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.logbook.article import INVALID_CHAIN as CHAIN
from tests.logbook.article import INVALID_CSR_KEY as CSR_KEY
from tests.logbook.article import INVALID_FILE as FILE
from tests.logbook.article import NO_AUTHENTICATION_USAGE as CLIENT_AUTHENTICATION
from tests.logbook.article import NOT_A_WEB_SERVER as KEY_ENCIPHERMENT

from mutua.chain import CATALOGUE, appliance
from mutua.cli.exits import Exit
from mutua.cli.main import mutua
from mutua.logbook.application_log import ApplicationLog, Operation
from mutua.peering.causes import CONNECTION_RULES

QUIET = "[INFO ] 2024-01-25 11:10:34.735 [main] JobService - moved\n"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, code: Exit) -> Result:
    result = CliRunner().invoke(mutua, ["explain", *arguments])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def explained(*arguments: str, code: Exit = Exit.FINDINGS) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(run(*arguments, "--format", "json", code=code).stdout)
    return said


def write(text: str, name: str = "application.log") -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return name


def zipped(files: dict[str, bytes], name: str = "bundle.zip") -> str:
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, content in files.items():
            archive.writestr(inside, content)
    return name


def causes(said: dict[str, Any]) -> list[tuple[str, list[str], int]]:
    return [
        (cause["code"], [meaning["requirement"] for meaning in cause["meanings"]], cause["count"])
        for log in said["logs"]
        for cause in log["causes"]
    ]


SKETCH = """\
 tomcat/application.log   2024-01-25 10:56 … 11:10   3 refusals, 3 causes

 3×  CGEN1008  Unable to process the request because an error occurred.
     1×  10:56:54  no client or server authentication in the leaf             R5
                   leaf.no-server-auth, leaf.no-client-auth
                   → request a certificate whose extended key usage lists server
                     and client authentication.
     1×  11:01:01  no key encipherment in the leaf                            R6
                   leaf.no-key-encipherment
                   → request a certificate whose key usage includes key
                     encipherment.
     1×  11:10:34  the leaf answers another signing request                   R3
                   leaf.csr-key-mismatch
                   → generate one signing request on the console, leave it
                     alone, and have the CA sign that one.

 These are attempts, one after the other. The appliance names one cause at a
 time, so the latest is the one that stands: the leaf answers another signing
 request (2024-01-25 11:10:34). Before, the signing request had fitted: it was
 generated anew since.

 → mend that, and before the next upload, to learn everything at once: mutua
   check FILE --csr CONSOLE.csr
"""


def test_a_bundle_is_told_as_the_attempts_of_one_person() -> None:
    log = (CLIENT_AUTHENTICATION + QUIET + KEY_ENCIPHERMENT + CSR_KEY).encode()
    assert run(zipped({"tomcat/application.log": log}), code=Exit.FINDINGS).output == SKETCH


def test_r18_the_samples_of_the_article_have_their_real_causes() -> None:
    log = write(QUIET + FILE + CSR_KEY + QUIET + CHAIN + CLIENT_AUTHENTICATION + KEY_ENCIPHERMENT)
    said = explained(log)
    assert causes(said) == [
        ("CGEN1008", ["R5"], 1),
        ("CGEN1008", ["R6"], 1),
        ("CGEN1008", ["R7, R8"], 1),
        ("CGEN1008", ["R3"], 1),
        ("CSEC9002", ["R4", "R6"], 1),
    ]
    (told,) = said["logs"]
    assert (told["first"], told["last"]) == ("2024-01-25T10:56:54.175", "2024-01-29T08:03:05.200")
    rules = [rule["id"] for cause in told["causes"] for meaning in cause["meanings"] for rule in meaning["rules"]]
    assert set(rules) <= set(CATALOGUE)
    assert {"leaf.no-client-auth", "chain.missing-root", "leaf.csr-key-mismatch", "file.not-base64"} <= set(rules)


def test_r17_both_causes_of_an_invalid_file_are_told() -> None:
    output = run(write(FILE), code=Exit.FINDINGS).output
    assert "one of 2 causes, which the log does not tell apart" in output
    assert "not whole certificates in Base 64" in output
    assert "on the upload of a single" in output
    assert "mutua check FILE --csr" in " ".join(output.split())


def test_r11_a_refused_signing_request_is_not_for_checking() -> None:
    refused = CSR_KEY.replace("CGEN1008", "CGEN6002").replace("Invalid CSR key.", "DistinguishedName")
    output = run(write(refused), code=Exit.FINDINGS).output
    assert "a value of the signing request is missing or invalid: DistinguishedName" in " ".join(output.split())
    assert output.endswith(" → mend that, and try again\n")


def test_r14_without_arguments_it_is_the_common_name() -> None:
    output = run(write(CSR_KEY.replace('"Invalid CSR key."', "")), code=Exit.FINDINGS).output
    assert "no common name, or a wildcard (*) in a name" in output
    assert "R9" in output


def test_a_blank_that_was_lost_in_wrapping_changes_nothing() -> None:
    log = write(
        CLIENT_AUTHENTICATION.replace("EKU present", "EKU\npresent") + CSR_KEY.replace("CSR key", "CSR\n   key")
    )
    assert causes(explained(log)) == [("CGEN1008", ["R5"], 1), ("CGEN1008", ["R3"], 1)]


def test_how_often_and_when() -> None:
    later = CSR_KEY.replace("11:10:34", "12:00:00")
    output = run(write(later + CSR_KEY + CSR_KEY), code=Exit.FINDINGS).output
    assert "3 refusals, 1 cause\n" in output
    assert "3×  11:10:34 … 12:00:00" in output
    assert "attempts" not in output


def test_what_this_console_writes_is_explained(tmp_path: Path) -> None:
    log = ApplicationLog(tmp_path)
    log.info("started")
    for answer in appliance.CHAIN_UPLOAD.values():
        log.refusal(Operation.UPLOAD_CHAIN, answer.body())
    log.refusal(Operation.UPLOAD_CERTIFICATE, appliance.INVALID_FILE.body())
    log.refusal(Operation.GENERATE_CSR, appliance.INVALID_DISTINGUISHED_NAME.body())
    counted = {(code, *requirements): count for code, requirements, count in causes(explained(str(tmp_path)))}
    assert counted == {
        ("CSEC9002", "R4", "R6"): 2,
        ("CGEN1008", "R3"): 1,
        ("CGEN1008", "R7, R8"): 1,
        ("CGEN1008", "R9"): 1,
        ("CGEN1008", "R5"): 1,
        ("CGEN1008", "R6"): 1,
        ("CGEN6002", "R11"): 1,
    }


def test_rotated_and_nested_files_are_one_log_each() -> None:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as archive:
        member = tarfile.TarInfo("tomcat/application.log")
        member.size = len(FILE.encode())
        archive.addfile(member, io.BytesIO(FILE.encode()))
    bundle = zipped(
        {
            "tomcat/application.log": CSR_KEY.encode(),
            "tomcat/application.log.1": CHAIN.encode(),
            "tomcat/application.log.2.gz": gzip.compress(KEY_ENCIPHERMENT.encode()),
            "other/node.tgz": inner.getvalue(),
            "readme.txt": b"no log",
        }
    )
    output = run(bundle, code=Exit.FINDINGS).output
    assert " tomcat/application.log\n   3 files   2024-01-25 11:01 … 11:10   3 refusals, 3 causes\n" in output
    assert " other/node.tgz/tomcat/application.log   2024-01-29 08:03   1 refusal, 1 cause\n" in output
    assert "4 logs were read: 4 refusals." in output
    assert list(Path().iterdir()) == [Path("bundle.zip")]


def test_a_folder_and_several_files() -> None:
    write(CSR_KEY, "logs/a.log")
    write(CHAIN, "logs/deep/b.log")
    other = write(FILE, "c.log")
    output = run("logs/", other, code=Exit.FINDINGS).output
    for name in (" logs/a.log ", " logs/deep/b.log ", " c.log "):
        assert name in output


def test_standard_input() -> None:
    packed = gzip.compress(CSR_KEY.encode())
    result = CliRunner().invoke(mutua, ["explain", "-"], input=packed)
    assert result.exit_code == Exit.FINDINGS
    assert " standard input   2024-01-25 11:10   1 refusal, 1 cause\n" in result.output


def test_no_refusals() -> None:
    output = run(write(QUIET), code=Exit.CLEAN).output
    assert output.startswith(" ✓ No refusals in 1 log.\n")
    assert explained(write(QUIET), code=Exit.CLEAN)["refusals"] == 0


def test_entries_that_are_cut_off_are_told() -> None:
    before_the_code, before_the_cause = CHAIN[:300], CSR_KEY[: CSR_KEY.index('"MessageArgs"')]
    log = write(f"{KEY_ENCIPHERMENT}{before_the_code}\n{before_the_cause}")
    output = run(log, code=Exit.FINDINGS).output
    assert "3 refusals" in output
    assert "1×  11:10:34  cut off before its cause\n" in output
    assert "1×  entries that are cut off before their code\n" in output
    assert "2 entries are cut off: the log ends there, or was copied in part." in output
    assert "common name" not in output
    assert explained(log)["logs"][0]["cut_off"] == 2


def test_a_cause_that_is_not_known_is_shown_as_it_is() -> None:
    log = write(CSR_KEY.replace("Invalid CSR key.", "Something \\u001b[31mnew.") + CHAIN.replace("CGEN1008", "CNEW1"))
    output = run(log, code=Exit.FINDINGS).output
    assert 'a cause that is not known here: MessageArgs ["Something �[31mnew."]' in " ".join(output.split())
    assert "CNEW1" in output
    assert "\x1b" not in output


def test_parts_that_cannot_be_read_are_told_beside_what_was_found() -> None:
    bundle = zipped({"application.log": CSR_KEY.encode(), "cut.gz": gzip.compress(CHAIN.encode() * 99)[:-9]})
    output = run(bundle, code=Exit.FINDINGS).output
    assert "1 part could not be read:" in output
    assert "bundle.zip/cut.gz: it ends too early" in output
    assert [part["name"] for part in explained(bundle)["unread"]] == ["bundle.zip/cut.gz"]


def test_no_refusals_in_what_could_be_read_is_not_clean() -> None:
    bundle = zipped({"application.log": QUIET.encode(), "cut.gz": gzip.compress(QUIET.encode() * 99)[:-9]})
    assert "No refusals in what could be read." in run(bundle, code=Exit.UNREADABLE).output


def test_a_bomb_is_stopped_with_a_word() -> None:
    bundle = zipped({"tomcat/application.log": CSR_KEY.encode(), "x.log": b"\0" * 80_000_000})
    output = run(bundle, code=Exit.FINDINGS).output
    assert "bundle.zip: it expands to more than 64 MiB and may be a bomb" in output
    assert "the leaf answers another signing request" in output


def test_a_file_that_is_no_log() -> None:
    result = run(write("a shopping list\n", "list.txt"), code=Exit.UNREADABLE)
    assert "list.txt: there is no application log in it" in result.stderr
    assert "[ERROR] 2024-01-25 11:10:34.735 [thread] SSLController" in result.stderr
    assert result.stdout == ""


def test_a_file_that_is_no_log_beside_one_that_is() -> None:
    output = run(write("a shopping list\n", "list.txt"), write(CSR_KEY), code=Exit.FINDINGS).output
    assert "list.txt: there is no application log in it" in output


@pytest.mark.parametrize("name", ["missing.log", "logs/missing"])
def test_a_file_that_is_not_there(name: str) -> None:
    assert "No such file" in run(name, code=Exit.UNREADABLE).stderr


@pytest.mark.parametrize(
    "code", ["CGEN1008", "cgen1008", " CGEN1008 ", "Unable to process the request because an error"]
)
def test_a_code_is_explained_with_all_that_it_can_mean(code: str) -> None:
    output = run(code, code=Exit.CLEAN).output
    assert "It can mean 5 things:" in output
    for answer in (appliance.INVALID_CSR_KEY, appliance.INVALID_CHAIN, appliance.NOT_A_WEB_SERVER):
        assert f'MessageArgs ["{answer.arguments[0]}"]' in " ".join(output.split())
    assert "MessageArgs []" in output
    for rule in ("leaf.csr-key-mismatch", "chain.missing-root", "leaf.no-client-auth", "name.wildcard"):
        assert CATALOGUE[rule].reason.split()[0] in output
        assert f"{rule}  {CATALOGUE[rule].requirement}" in output
    assert "for other CAs: mutua rules leaf.no-client-auth" in output
    assert all(len(line) <= 80 for line in output.splitlines())


def test_every_known_code_has_reasons_and_fixes_for_machines() -> None:
    said = explained("CGEN1008", "CSEC9002", "CGEN6002", "CMIG1001", code=Exit.CLEAN)
    assert [code["code"] for code in said["codes"]] == ["CGEN1008", "CSEC9002", "CGEN6002", "CMIG1001"]
    requirements = [[cause["requirement"] for cause in code["causes"]] for code in said["codes"]]
    connection = ["R19", "R20", "R21", "R22", "R19"]
    assert requirements == [["R3", "R7, R8", "R9", "R5", "R6"], ["R4", "R6"], ["R11"], connection]
    for code in said["codes"]:
        for cause in code["causes"]:
            assert cause["title"]
            assert cause["fix"]
            assert cause["rules"] or code["code"] == "CGEN6002"
            assert all(rule["reason"] and rule["fix"] for rule in cause["rules"])


@pytest.mark.parametrize(
    "sentence",
    [
        "Unable to mutually authenticate and connect to the remote appliance.",
        "Unable to mutually authenticate and connect to the remote appliance. Please check the source and target "
        "appliances has valid certificate chain uploaded which are signed by the same CA.",
    ],
)
def test_r23_the_sentence_is_explained(sentence: str) -> None:
    output = run(sentence, code=Exit.CLEAN).output
    for requirement in ("R19", "R20", "R21", "R22"):
        assert requirement in output
    for rule in (*CONNECTION_RULES, "pair.authorities-differ"):
        assert rule in output
    assert "mutua compare" in output


def test_what_the_log_says_can_be_asked_for_alone() -> None:
    output = run("No Client/Server authentication EKU present in leaf certificate.", code=Exit.CLEAN).output
    assert "It can mean 1 thing:" in output
    assert "leaf.no-client-auth" in output
    assert "leaf.csr-key-mismatch" not in output


@pytest.mark.parametrize("code", ["CGEN9999", "nonsense", "Unable to", "a\x1b[31mb"])
def test_an_unknown_code_is_answered_with_the_known_ones(code: str) -> None:
    stderr = run(code, code=Exit.USAGE).stderr
    assert "neither a file nor a code that is known" in stderr
    assert "known: CSEC9002, CGEN1008, CGEN6002, CMIG1001" in stderr
    assert "\x1b" not in stderr


def test_codes_and_logs_are_not_mixed() -> None:
    assert "codes and logs" in run("CGEN1008", write(CSR_KEY), code=Exit.USAGE).stderr
    assert run(code=Exit.USAGE).stdout == ""
