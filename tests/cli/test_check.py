"""`mutua check`: exit codes, both formats, the files given with it, and a page that fits any terminal."""

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES
from cryptography.x509.oid import NameOID
from tests.chain.examples import EXAMPLES
from tests.chain.pki import AT, Case, authority, box, der, intermediate, key, ladder, leaf, pem, root, sound
from tests.cli.program import PROGRAM, environment, run, sentence

from mutua.authority.issue import SERVER_AUTH, key_usage
from mutua.authority.keys import to_pem
from mutua.authority.request import Subject, build_request
from mutua.cli.check import PROFILES
from mutua.cli.exits import Exit
from mutua.cli.main import mutua
from mutua.cli.speaking import speak

THEN = ("--at", AT.isoformat())
REQUEST = build_request(key("leaf"), Subject("om.example.net")).public_bytes(Encoding.PEM)
OTHER_REQUEST = build_request(key("another"), Subject("om.example.net")).public_bytes(Encoding.PEM)
WRONG = pem(leaf(intermediate(), extended_key_usage=[SERVER_AUTH]), intermediate(), root())


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name, data in {
        "chain.pem": sound(),
        "wrong.pem": WRONG,
        "leaf.der": der(leaf(intermediate())),
        "request.pem": REQUEST,
        "other.csr": OTHER_REQUEST,
        "key.pem": to_pem(key("leaf"), None),
        "locked.pem": to_pem(key("leaf"), b"secret"),
        "empty": b"",
        "page.html": b"<!DOCTYPE html><html></html>",
        "bits": bytes(range(256)),
    }.items():
        Path(name).write_bytes(data)
    Path("folder").mkdir()
    yield
    speak("en")


def check(*arguments: str, data: bytes | None = None) -> Result:
    return CliRunner().invoke(mutua, ["check", *THEN, *arguments], input=data)


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_sound_chain_is_shown_as_a_tree() -> None:
    result = check("chain.pem")
    assert result.exit_code == Exit.CLEAN
    assert result.stdout == (
        "chain.pem   PEM, 3 certificates                                profile migration\n"
        "\n"
        " leaf   CN=om.example.net                          until 2026-07-31 (in 60 days)\n"
        "        issued by Inter-CA1\n"
        "   └─ CN=Inter-CA1                                 until 2026-07-31 (in 60 days)\n"
        "      issued by Root-CA\n"
        "      └─ CN=Root-CA                                until 2026-07-31 (in 60 days)\n"
        "         self-signed: the trust anchor\n"
        "\n"
        " ✓ No errors. Trust anchor: Root-CA, the chain's own root.\n"
    )
    assert result.stderr == ""


def test_a_wrong_chain_tells_what_is_wrong_what_the_appliance_says_and_what_to_do() -> None:
    result = check("wrong.pem")
    assert result.exit_code == Exit.FINDINGS
    finding, _below, rest = result.stdout.partition("   └─ CN=Inter-CA1")
    assert finding.startswith(
        "wrong.pem   PEM, 3 certificates                                profile migration\n"
        "\n"
        " leaf   CN=om.example.net                          until 2026-07-31 (in 60 days)\n"
        "        issued by Inter-CA1\n"
        "        ✗ no client authentication                       leaf.no-client-auth  R5\n"
        "          Extended key usage lists serverAuth only."
    )
    assert "→ request a certificate whose extended key usage lists client authentication too" in words(finding)
    assert 'AD CS: duplicate the template "Web Server", Extensions → Application Policies' in words(finding)
    assert "for other CAs: mutua rules leaf.no-client-auth" in words(finding)
    assert "OpenSSL" not in finding
    assert rest.endswith(
        "self-signed: the trust anchor\n"
        "\n"
        ' The appliance would answer   CGEN1008  "No Client/Server authentication EKU\n'
        '                              present in leaf certificate."\n'
        " It shows you                 Unable to process the request because an error\n"
        "                              occurred.\n"
        "\n"
        " 1 error.\n"
        " → mend what is marked ✗, then: mutua check wrong.pem\n"
    )


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("chain.pem", Exit.CLEAN),
        ("wrong.pem", Exit.FINDINGS),
        ("leaf.der", Exit.FINDINGS),
        ("request.pem", Exit.UNREADABLE),
        ("key.pem", Exit.UNREADABLE),
        ("empty", Exit.UNREADABLE),
        ("page.html", Exit.UNREADABLE),
        ("bits", Exit.UNREADABLE),
    ],
)
def test_the_exit_code_says_how_it_went(file: str, code: Exit) -> None:
    """As a process of its own, in both formats."""
    for form in ("text", "json"):
        ended = run("check", file, *THEN, "--format", form)
        assert ended.code == code
        assert ended.err == ""
        assert ended.out


def test_a_readable_and_an_unreadable_certificate_are_findings() -> None:
    Path("chain.pem").write_bytes(sound() + root().pem[:200])
    assert check("chain.pem").exit_code == Exit.FINDINGS
    Path("chain.pem").write_bytes(root().pem[:200])
    assert check("chain.pem").exit_code == Exit.UNREADABLE


def test_warnings_alone_are_clean() -> None:
    Path("chain.pem").write_bytes(sound() + to_pem(key("leaf"), None))
    result = check("chain.pem")
    assert result.exit_code == Exit.CLEAN
    assert "! a private key is in the file" in result.stdout
    assert result.stdout.endswith("✓ No errors. Trust anchor: Root-CA, the chain's own root.\n 1 warning.\n")


def test_a_notice_is_not_counted_as_a_warning() -> None:
    result = check("-", data=pem(leaf(intermediate(), names=[]), intermediate(), root()))
    assert result.exit_code == Exit.CLEAN
    assert "· no alternative name" in result.stdout
    assert result.stdout.endswith(" 1 notice.\n")


@pytest.mark.parametrize(
    ("name", "said"),
    [("nowhere.pem", "nowhere.pem cannot be read: No such file or directory."), ("folder", "Is a directory.")],
)
def test_a_file_that_cannot_be_read_is_one_sentence(name: str, said: str) -> None:
    for arguments in ([name], ["chain.pem", "--csr", name], ["chain.pem", "--key", name]):
        ended = run("check", *arguments)
        assert ended.code == Exit.UNREADABLE
        assert sentence(ended).endswith(said)


def test_a_file_beyond_the_limit_is_one_sentence() -> None:
    with Path("large").open("wb") as file:
        file.truncate(17 * 2**20)
    ended = run("check", "large")
    assert (ended.code, sentence(ended)) == (Exit.UNREADABLE, "large is larger than 16 MiB.")


def test_files_beyond_the_limit_together_are_one_sentence() -> None:
    with Path("large").open("wb") as file:
        file.truncate(14 * 2**20)
    assert run("check", *["large"] * 4).code == Exit.UNREADABLE
    ended = run("check", *["large"] * 5)
    assert (ended.code, sentence(ended)) == (Exit.UNREADABLE, "these files are larger than 64 MiB together.")
    assert ended.out == ""


def test_standard_input_is_read_for_a_dash() -> None:
    result = check("-", data=sound())
    assert result.exit_code == Exit.CLEAN
    assert result.stdout.startswith("-   PEM, 3 certificates")
    assert check("-", data=b"").exit_code == Exit.UNREADABLE
    piped = subprocess.run([*PROGRAM, "check", "-", *THEN], input=WRONG, capture_output=True, env=environment())
    assert piped.returncode == Exit.FINDINGS


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["chain.pem", "--at", "yesterday"],
        ["chain.pem", "--profile", "other"],
        ["chain.pem", "--format", "pdf"],
        ["chain.pem", "--nonsense"],
    ],
)
def test_wrong_usage_is_told_and_nothing_is_checked(arguments: list[str]) -> None:
    result = CliRunner().invoke(mutua, ["check", *arguments])
    assert result.exit_code == Exit.USAGE
    assert result.stdout == ""
    assert "Usage:" in result.stderr


def test_the_moment_decides() -> None:
    before, after = (AT - timedelta(days=90)).date(), (AT + timedelta(days=90)).date()
    for moment, said in ((before, "not valid yet"), (after, "expired")):
        result = CliRunner().invoke(mutua, ["check", "chain.pem", "--at", str(moment)])
        assert result.exit_code == Exit.FINDINGS
        assert result.stdout.count(f"✗ {said}") == 3
    for same in (AT.isoformat(), "2026-06-01T14:00:00+02:00", "2026-06-01T12:00:00Z", "2026-06-01"):
        assert CliRunner().invoke(mutua, ["check", "chain.pem", "--at", same]).exit_code == Exit.CLEAN
    for edge in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        assert CliRunner().invoke(mutua, ["check", "chain.pem", "--at", edge]).exit_code == Exit.FINDINGS


def test_the_profile_decides() -> None:
    expected = {"migration": Exit.FINDINGS, "server": Exit.CLEAN, "mtls": Exit.FINDINGS, "client": Exit.FINDINGS}
    for profile, code in expected.items():
        assert profile in PROFILES
        result = check("wrong.pem", "--profile", profile)
        assert result.exit_code == code
        assert result.stdout.splitlines()[0].endswith(f"profile {profile}")


def test_r3_the_request_decides_whether_the_leaf_is_the_answer() -> None:
    assert check("chain.pem", "--csr", "request.pem").exit_code == Exit.CLEAN
    result = check("chain.pem", "--csr", "other.csr")
    assert result.exit_code == Exit.FINDINGS
    assert "leaf.csr-key-mismatch" in result.stdout
    assert '"Invalid CSR key."' in result.stdout


def test_a_fitting_request_can_be_signed_again() -> None:
    said = words(check("wrong.pem", "--csr", "request.pem").stdout)
    assert "1 error. The signing request fits: request.pem can be signed again." in said
    assert "can be signed again" not in check("wrong.pem", "--csr", "other.csr").stdout


def test_the_request_may_be_in_any_form() -> None:
    binary = build_request(key("leaf"), Subject("om.example.net")).public_bytes(Encoding.DER)
    for data in (binary, REQUEST.replace(b"\n", b"\r\n"), b"\xef\xbb\xbfhello\n" + root().pem + REQUEST):
        Path("any.csr").write_bytes(data)
        assert check("chain.pem", "--csr", "any.csr").exit_code == Exit.CLEAN


def test_the_private_key_must_be_that_of_the_leaf() -> None:
    assert check("chain.pem", "--key", "key.pem").exit_code == Exit.CLEAN
    Path("key.pem").write_bytes(to_pem(key("another"), None))
    result = check("chain.pem", "--key", "key.pem")
    assert result.exit_code == Exit.FINDINGS
    assert "leaf.key-mismatch" in result.stdout


@pytest.mark.parametrize(
    ("option", "file", "said"),
    [
        ("--key", "locked.pem", "is no private key that can be read: it is encrypted."),
        (
            "--key",
            "chain.pem",
            "is no private key that can be read: there is no block BEGIN PRIVATE KEY in it.",
        ),
        ("--key", "empty", "is no private key that can be read: there is no block BEGIN PRIVATE KEY in it."),
        ("--key", "leaf.der", "is no private key that can be read: it is damaged."),
        (
            "--csr",
            "chain.pem",
            "is no signing request that can be read: there is no block BEGIN CERTIFICATE REQUEST in it.",
        ),
        ("--csr", "leaf.der", "is no signing request that can be read: it is damaged."),
    ],
)
def test_a_wrong_file_beside_the_chain_is_one_sentence(option: str, file: str, said: str) -> None:
    ended = run("check", "chain.pem", option, file)
    assert (ended.code, sentence(ended)) == (Exit.UNREADABLE, f"{file} {said}")


def test_a_request_that_was_changed_is_refused() -> None:
    binary = bytearray(build_request(key("leaf"), Subject("om.example.net")).public_bytes(Encoding.DER))
    binary[-1] ^= 1
    Path("changed.csr").write_bytes(binary)
    result = check("chain.pem", "--csr", "changed.csr")
    assert result.exit_code == Exit.UNREADABLE
    assert "the signature of the request does not verify" in result.stderr


def test_no_private_key_appears_in_what_is_said() -> None:
    secret = Path("key.pem").read_text().splitlines()[1]
    Path("chain.pem").write_bytes(sound() + Path("key.pem").read_bytes())
    for arguments in (["chain.pem"], ["key.pem"], ["chain.pem", "--key", "key.pem", "--format", "json"]):
        assert secret not in check(*arguments).output


def test_json_is_whole_and_stable() -> None:
    result = check("wrong.pem", "--format", "json")
    report = json.loads(result.stdout)
    assert result.exit_code == Exit.FINDINGS
    assert {"version", "profile", "at", "input", "chain", "complete", "verdict"} <= set(report)
    assert {"findings", "appliance", "errors", "warnings"} <= set(report)
    assert report["version"] == 1
    assert report["profile"] == "migration"
    assert report["at"] == AT.isoformat()
    assert report["input"] == {"encoding": "PEM", "certificates": 3, "unreadable": 0}
    assert [certificate["issued_to"] for certificate in report["chain"]] == ["om.example.net", "Inter-CA1", "Root-CA"]
    assert {"position", "issued_to", "issued_by", "not_before", "not_after", "sha256"} <= set(report["chain"][0])
    assert (report["complete"], report["errors"], report["warnings"]) == (True, 1, 0)
    assert (report["verdict"]["asked"], report["verdict"]["valid"]) == (True, True)
    (finding,) = report["findings"]
    assert {
        "rule", "requirement", "severity", "certificate", "title", "reason", "found", "fix", "source",
    } <= set(finding)  # fmt: skip
    assert (finding["rule"], finding["requirement"], finding["severity"]) == ("leaf.no-client-auth", "R5", "error")
    assert finding["certificate"] == 1
    information = report["appliance"]["error"]["@Message.ExtendedInfo"][0]
    assert information["MessageArgs"] == ["No Client/Server authentication EKU present in leaf certificate."]
    assert json.loads(check("chain.pem", "--format", "json").stdout)["appliance"] is None


def test_json_is_the_same_from_a_process_and_for_every_language_but_for_the_sentences() -> None:
    english, spanish = (
        json.loads(run("check", "wrong.pem", *THEN, "--format", "json", "--lang", spoken).out)
        for spoken in ("en", "es")
    )
    (told,), (dicho,) = english.pop("findings"), spanish.pop("findings")
    reasons, motives = ([one.pop("reason") for one in said["families"]] for said in (english, spanish))
    assert english == spanish
    assert reasons[0] == "as a client: error 26 at depth 0 (om.example.net), unsuitable certificate purpose."
    assert motives[0] == "como cliente: error 26 en la profundidad 0 (om.example.net), unsuitable certificate purpose."
    assert told["rule"] == dicho["rule"]
    assert told["title"] == "no client authentication"
    assert dicho["title"] == "sin autenticación de cliente"


def test_it_speaks_spanish() -> None:
    said = words(check("wrong.pem", "--lang", "es").stdout)
    assert "sin autenticación de cliente" in said
    assert "No Client/Server authentication EKU present in leaf certificate." in said
    assert check("nowhere.pem", "--lang", "es").stderr.startswith("mutua: error: nowhere.pem no ")


def seen_on_a_terminal(**values: str) -> bytes:
    """What the command writes to a terminal."""
    leader, follower = pty.openpty()
    try:
        command = [*PROGRAM, "check", "wrong.pem", *THEN]
        subprocess.run(command, stdout=follower, stderr=follower, env=environment(TERM="xterm", **values), check=False)
        return os.read(leader, 65536)
    finally:
        os.close(leader)
        os.close(follower)


def test_colour_is_for_terminals_that_want_it() -> None:
    assert b"\x1b[" in seen_on_a_terminal()
    assert b"\x1b[" not in seen_on_a_terminal(NO_COLOR="1")
    assert "\x1b" not in run("check", "wrong.pem", *THEN).out


@pytest.mark.parametrize("spoken", ["en", "es"])
@pytest.mark.parametrize("rule", EXAMPLES)
def test_every_finding_fits_80_columns(rule: str, spoken: str) -> None:
    case = EXAMPLES[rule].bad()
    Path("bad").write_bytes(case.data)
    result = check("bad", "--profile", case.profile, "--lang", spoken)
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    assert all(character.isprintable() for character in result.stdout.replace("\n", ""))


def test_a_chain_of_any_depth_and_names_of_any_length_fit_80_columns() -> None:
    long = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x" * 64), x509.NameAttribute(NameOID.COMMON_NAME, "y")])
    endless = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "a" * 64) for _ in range(20)])
    deep = ladder(30)
    between = authority("x", root(), subject=endless, key_usage=key_usage("crl_sign"))
    for heap in ([leaf(between, subject=long), between, root()], deep, deep[::-1], [leaf(between, subject=endless)]):
        Path("heap").write_bytes(pem(*heap))
        for profile in PROFILES:
            said = check("heap", "--profile", profile).stdout
            assert all(len(line) <= 80 for line in said.splitlines())
            assert said.count("└─") == len(Case(pem(*heap)).check().path) - 1


def test_nothing_in_a_file_or_its_name_steers_the_terminal() -> None:
    hostile = "\x1b]0;owned\x07\x1b[31m\u202e\u009b2J\r{count}%s"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostile)])
    between = authority("x", root(), subject=name)
    end = leaf(between, subject=name, names=[x509.DNSName("*\x1b[31m.example.net")])
    for heap in ([end, between, root()], [end], [end, end, root(), between]):
        Path("a\x1b[31mb").write_bytes(pem(*heap))
        for form in ("text", "json"):
            said = check("a\x1b[31mb", "--format", form).stdout
            assert all(character.isprintable() for character in said.replace("\n", ""))
            assert "�" in said


def test_help_has_examples_and_the_exit_codes() -> None:
    result = CliRunner().invoke(mutua, ["check", "--help"])
    assert result.exit_code == Exit.CLEAN
    assert "mutua check chain.pem --csr console.csr" in result.stdout
    assert "Exit code 0: clean" in words(result.stdout)


@pytest.fixture
def _boxes() -> None:
    for name, data in {
        "console.p12": box(),
        "old.p12": box(cipher=PBES.PBESv1SHA1And3KeyTripleDESCBC),
        "open.p12": box(None),
        "password": b"secret\n",
        "wrong": b"wrong",
    }.items():
        Path(name).write_bytes(data)


@pytest.mark.usefixtures("_boxes")
def test_a_locked_file_is_opened_with_the_password_of_a_file_or_of_the_environment() -> None:
    mtls = ("--profile", "mtls")
    assert check("console.p12", *mtls, "--password-file", "password").exit_code == Exit.CLEAN
    assert check("open.p12", *mtls).exit_code == Exit.CLEAN
    assert check("open.p12", *mtls, "--password-file", "wrong").exit_code == Exit.CLEAN
    opened = run("check", "console.p12", *THEN, *mtls, MUTUA_KEY_PASSWORD="secret")
    assert opened.code == Exit.CLEAN
    assert "PKCS#12, 3 certificates" in opened.out
    for arguments in ([], ["--password-file", "wrong"]):
        result = check("console.p12", *mtls, *arguments)
        assert result.exit_code == Exit.UNREADABLE
        assert "✗ the file is locked" in result.stdout
        assert "--password-file" in result.stdout
    assert run("check", "console.p12", *THEN, MUTUA_KEY_PASSWORD="wrong").code == Exit.UNREADABLE


@pytest.mark.usefixtures("_boxes")
def test_what_could_be_read_here_and_what_the_appliance_refuses_are_two_things() -> None:
    result = check("old.p12", "--password-file", "password")
    assert result.exit_code == Exit.FINDINGS
    said = words(result.stdout)
    assert "The file is PKCS#12. Mutua could read it, the appliance will refuse it." in said
    assert "--password-file FILE -o repaired.pem" in said
    assert "mutua convert FILE -o FILE.pem --to pem" in said
    assert "The file is encrypted with 3DES." in said
    assert "CSEC9002" in said


@pytest.mark.usefixtures("_boxes")
def test_the_password_opens_the_private_key_too() -> None:
    assert check("chain.pem", "--key", "locked.pem", "--password-file", "password").exit_code == Exit.CLEAN
    assert check("chain.pem", "--key", "key.pem", "--password-file", "password").exit_code == Exit.CLEAN
    for arguments, advice in ([], "--password-file"), (["--password-file", "wrong"], "--csr"):
        result = check("chain.pem", "--key", "locked.pem", *arguments)
        assert result.exit_code == Exit.UNREADABLE
        assert advice in result.stderr


@pytest.mark.usefixtures("_boxes")
def test_a_password_that_is_none_is_refused() -> None:
    Path("password").write_bytes(b"\n")
    assert check("console.p12", "--password-file", "password").exit_code == Exit.USAGE
    assert check("console.p12", "--password-file", "nowhere").exit_code == Exit.UNREADABLE


@pytest.mark.usefixtures("_boxes")
def test_of_several_files_it_is_said_what_each_is_and_which_one_is_meant() -> None:
    Path("damaged.pem").write_bytes(b"\n\n" + intermediate().pem[:200])
    Path("request.p10").write_bytes(REQUEST)
    files = ["leaf.der", "damaged.pem", "request.p10", "locked.pem", "console.p12"]
    said = words(check(*files).stdout)
    for detected in (
        "leaf.der DER, 1 certificate",
        "damaged.pem PEM, 1 unreadable block",
        "request.p10 PEM, 1 signing request",
        "locked.pem PEM, 1 private key",
        "console.p12 PKCS#12, 1 unreadable block",
    ):
        assert detected in said
    assert "damaged.pem, line 3: its END line is missing or damaged" in said
    assert "leaf.der: The file is DER." in said
    assert "console.p12: this is PKCS#12" in said
    assert "locked.pem: The file holds 1 private key(s), encrypted." in said
    told = json.loads(check(*files, "--format", "json").stdout)["inputs"]
    assert [one["name"] for one in told] == files
    assert told[3] == {
        "name": "locked.pem", "encoding": "PEM", "certificates": 0, "requests": 0, "private_keys": 1,
        "encrypted_keys": 1, "public_keys": 0, "unreadable": 0,
    }  # fmt: skip
    assert [one["encoding"] for one in told] == ["DER", "PEM", "PEM", "PEM", "PKCS#12"]


def test_several_files_without_a_certificate_are_named_one_by_one() -> None:
    said = words(check("request.pem", "key.pem", "page.html").stdout)
    assert "request.pem: The file holds the signing request itself" in said
    assert "key.pem: The file holds a private key." in said
    assert "page.html: The file is a web page" in said
