"""`mutua ca`, as a person at a shell meets it: files, both streams, exit codes."""

import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mutua.authority.ca import LeafUsage, create, load
from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH, Template, issue
from mutua.authority.keys import KeyType, generate, to_pem
from mutua.authority.request import Subject, build_request, parse_names
from mutua.cli.ca import KEY_TYPES, USAGES
from mutua.cli.main import mutua

KEY = generate(KeyType.EC_P256)
PROGRAM = (sys.executable, "-c", "from mutua.cli.main import main; main()")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MUTUA_CA_PASSWORD", raising=False)


@pytest.fixture
def lab() -> Path:
    """An authority without a password, and a request, console.csr."""
    create(Path("lab"), name="Example Lab", key_type=KeyType.EC_P256)
    request = build_request(KEY, Subject("om.example.net"), parse_names("om.example.net,10.0.0.5"))
    Path("console.csr").write_bytes(request.public_bytes(Encoding.PEM))
    return Path("lab")


@pytest.fixture
def sealed_lab(lab: Path) -> Path:
    """A second authority, whose password is "right"."""
    create(Path("sealed"), name="Sealed", key_type=KeyType.EC_P256, passphrase=b"right")
    return Path("sealed")


def run(*arguments: str, stdin: str | bytes = "", **environment: str) -> Result:
    return CliRunner().invoke(mutua, ["ca", *arguments], input=stdin, env=environment)


def init(*arguments: str, **environment: str) -> Result:
    return run("init", "new", "--key-type", "ec-p256", *arguments, **environment)


def clean(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    return result


def chain(path: str = "chain.pem") -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(Path(path).read_bytes())


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_choices_are_those_of_the_authority() -> None:
    assert list(KEY_TYPES) == list(KeyType)
    assert list(USAGES) == list(LeafUsage)


def test_init_says_what_was_made_where_its_fingerprint_and_the_next_step() -> None:
    result = clean(init("--name", "Example Lab"))
    root = load(Path("new")).root
    fingerprint = root.fingerprint(SHA256()).hex(":").upper()
    assert fingerprint in result.stdout.replace("\n", "").replace(" ", "")
    for said in ("Example Lab Root CA", "Example Lab Intermediate CA", "new/root.pem", "new/intermediate.key"):
        assert said in result.stdout
    assert "not encrypted" in result.stdout
    assert result.stdout.splitlines()[-1] == " → next: mutua ca sign new console.csr -o chain.pem"
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in Path("new").iterdir()} == {
        "root.pem": 0o644,
        "root.key": 0o600,
        "intermediate.pem": 0o644,
        "intermediate.key": 0o600,
    }


def test_init_takes_its_name_from_the_folder() -> None:
    assert "new Root CA" in clean(init()).stdout


@pytest.mark.parametrize("source", ["file", "environment"])
def test_init_encrypts_the_keys_with_the_password(source: str) -> None:
    Path("password").write_bytes("contraseña\r\n".encode())
    if source == "file":
        result = clean(init("--password-file", "password"))
    else:
        result = clean(init(MUTUA_CA_PASSWORD="contraseña"))
    assert "not encrypted" not in result.output
    assert "contraseña" not in result.output
    for key in ("new/root.key", "new/intermediate.key"):
        assert Path(key).read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert load(Path("new"), "contraseña".encode())


@pytest.mark.parametrize(("content", "code"), [(b"", 2), (b"\n", 2), (b"x" * 1024, 2), (None, 3)])
def test_init_with_a_password_file_that_protects_nothing_makes_nothing(content: bytes | None, code: int) -> None:
    if content is not None:
        Path("password").write_bytes(content)
    result = init("--password-file", "password")
    assert result.exit_code == code
    assert "mutua: error: " in result.stderr
    assert not Path("new").exists()


def test_init_takes_no_folder_that_holds_something() -> None:
    Path("new").mkdir()
    Path("new/notes").write_text("mine")
    result = init()
    assert result.exit_code == 2
    assert "not empty" in result.stderr
    assert [path.name for path in Path("new").iterdir()] == ["notes"]


@pytest.mark.parametrize("place", ["file", "file/ca", "missing/ca"])
def test_init_in_a_place_that_cannot_be_a_folder_is_one_sentence(place: str) -> None:
    Path("file").write_text("here")
    result = run("init", place, "--name", "Lab", "--key-type", "ec-p256")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"mutua: error: {place} cannot be used: ")
    assert result.stderr.count("\n") == 2
    assert [path.name for path in Path().iterdir()] == ["file"]


def test_init_refuses_a_name_that_r9_forbids() -> None:
    result = init("--name", "*")
    assert result.exit_code == 2
    assert "--name" in result.stderr
    assert not Path("new").exists()


def test_sign_writes_the_chain_and_says_what_to_do_next(lab: Path) -> None:
    result = clean(run("sign", str(lab), "console.csr", "-o", "chain.pem"))
    leaf, intermediate, root = chain()
    assert leaf.public_key() == KEY.public_key()
    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(root)
    assert stat.S_IMODE(Path("chain.pem").stat().st_mode) == 0o644
    assert result.stdout == ""
    assert "om.example.net, 10.0.0.5" in result.stderr
    assert "→ next: mutua check chain.pem --csr console.csr, then upload it" in words(result.stderr)


def test_what_sign_writes_satisfies_the_checker(lab: Path) -> None:
    clean(run("sign", str(lab), "console.csr", "-o", "chain.pem"))
    assert CliRunner().invoke(mutua, ["check", "chain.pem", "--csr", "console.csr"]).exit_code == 0
    clean(run("sign", str(lab), "console.csr", "-o", "chain.pem", "--usage", "server", "--force"))
    assert CliRunner().invoke(mutua, ["check", "chain.pem", "--csr", "console.csr"]).exit_code == 1


def test_the_next_step_that_sign_names_is_clean_for_every_usage(lab: Path) -> None:
    for usage in USAGES:
        said = words(clean(run("sign", str(lab), "console.csr", "-o", f"{usage}.pem", "--usage", usage)).stderr)
        next_step = said.rpartition("next: mutua ")[2].partition(",")[0]
        assert CliRunner().invoke(mutua, next_step.split()).exit_code == 0


def test_without_a_file_the_chain_alone_goes_to_standard_output(lab: Path) -> None:
    result = clean(run("sign", str(lab), "-", stdin=Path("console.csr").read_bytes()))
    assert len(x509.load_pem_x509_certificates(result.stdout.encode())) == 3
    assert result.stdout.startswith("-----BEGIN CERTIFICATE-----\n")
    assert result.stdout.endswith("-----END CERTIFICATE-----\n")
    assert "→ next: " in result.stderr


@pytest.mark.parametrize(
    ("usage", "purposes"),
    [("both", {SERVER_AUTH, CLIENT_AUTH}), ("server", {SERVER_AUTH}), ("client", {CLIENT_AUTH})],
)
def test_r5_the_usage_is_in_the_leaf(lab: Path, usage: str, purposes: set[x509.ObjectIdentifier]) -> None:
    clean(run("sign", str(lab), "console.csr", "-o", "chain.pem", "--usage", usage))
    assert set(chain()[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == purposes


def test_sign_overwrites_only_when_forced(lab: Path) -> None:
    Path("chain.pem").write_text("mine")
    result = run("sign", str(lab), "console.csr", "-o", "chain.pem")
    assert result.exit_code == 2
    assert "chain.pem exists already" in result.stderr
    assert "--force" in result.stderr
    assert Path("chain.pem").read_text() == "mine"
    clean(run("sign", str(lab), "console.csr", "-o", "chain.pem", "--force"))
    assert len(chain()) == 3


@pytest.mark.parametrize("days", ["0", "-1", "1827", "many", "9" * 30])
def test_sign_refuses_a_life_that_is_none(lab: Path, days: str) -> None:
    assert run("sign", str(lab), "console.csr", "-o", "chain.pem", "--days", days).exit_code == 2
    assert not Path("chain.pem").exists()


def test_sign_opens_the_key_with_the_password(sealed_lab: Path) -> None:
    Path("password").write_text("right\n")
    clean(run("sign", str(sealed_lab), "console.csr", "-o", "a.pem", "--password-file", "password"))
    clean(run("sign", str(sealed_lab), "console.csr", "-o", "b.pem", MUTUA_CA_PASSWORD="right"))
    assert len(chain("a.pem")) == len(chain("b.pem")) == 3


def test_sign_with_a_wrong_password_signs_nothing(sealed_lab: Path) -> None:
    result = run("sign", str(sealed_lab), "console.csr", "-o", "chain.pem", MUTUA_CA_PASSWORD="wrong")
    assert result.exit_code == 3
    assert "the password does not open sealed/intermediate.key" in result.stderr
    assert not Path("chain.pem").exists()


def test_sign_without_a_password_or_a_terminal_says_how_to_give_one(sealed_lab: Path) -> None:
    result = run("sign", str(sealed_lab), "console.csr", "-o", "chain.pem")
    assert result.exit_code == 2
    assert "--password-file" in result.stderr
    assert "MUTUA_CA_PASSWORD" in result.stderr
    assert not Path("chain.pem").exists()


@pytest.mark.parametrize(("typed", "code"), [("right", 0), ("wrong", 3)])
def test_sign_asks_for_the_password_on_a_terminal_and_does_not_show_it(sealed_lab: Path, typed: str, code: int) -> None:
    ours, theirs = pty.openpty()
    command = [*PROGRAM, "ca", "sign", str(sealed_lab), "console.csr", "-o", "chain.pem"]
    with (
        subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process,
        os.fdopen(ours, "r+b", buffering=0) as terminal,
    ):
        os.close(theirs)
        shown = b""
        while b"Password of the authority" not in shown:
            shown += terminal.read(1024)
        terminal.write(f"{typed}\n".encode())
        assert process.wait(timeout=30) == code
        shown += terminal.read(4096)
    assert typed.encode() not in shown
    assert Path("chain.pem").exists() == (code == 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"not a request", "no signing request"),
        (to_pem(KEY, None), "private key"),
        (issue(Template(common_name="om.example.net")).pem, "certificate"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nMIIB", "damaged"),
    ],
)
def test_what_is_no_request_is_not_signed(lab: Path, content: bytes, said: str) -> None:
    Path("odd.csr").write_bytes(content)
    result = run("sign", str(lab), "odd.csr", "-o", "chain.pem")
    assert result.exit_code == 3
    assert result.stderr.startswith("mutua: error: odd.csr is no signing request: ")
    assert said in result.stderr
    assert not Path("chain.pem").exists()


def test_a_request_that_is_not_there_is_one_sentence(lab: Path) -> None:
    result = run("sign", str(lab), "missing.csr")
    assert result.exit_code == 3
    assert result.stderr == "mutua: error: missing.csr cannot be read: No such file or directory.\n"


def test_a_tampered_request_is_refused(lab: Path) -> None:
    der = build_request(KEY, Subject("om.example.net")).public_bytes(Encoding.DER)
    Path("odd.csr").write_bytes(der.replace(b"om.example.net", b"ox.example.net"))
    result = run("sign", str(lab), "odd.csr", "-o", "chain.pem")
    assert result.exit_code == 1
    assert "odd.csr is not signed: its signature does not fit its key" in result.stderr
    assert not Path("chain.pem").exists()


@pytest.mark.parametrize("common_name", ["*.example.net", None])
def test_r9_r11_a_wildcard_or_no_common_name_is_refused(lab: Path, common_name: str | None) -> None:
    oid, value = (NameOID.COMMON_NAME, common_name) if common_name else (NameOID.ORGANIZATION_NAME, "Example Lab")
    name = x509.Name([x509.NameAttribute(oid, value)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(KEY, SHA256())
    Path("odd.csr").write_bytes(request.public_bytes(Encoding.PEM))
    result = run("sign", str(lab), "odd.csr", "-o", "chain.pem")
    assert result.exit_code == 1
    assert "common name" in result.stderr
    assert not Path("chain.pem").exists()


def test_a_folder_that_is_no_authority_is_one_sentence(lab: Path) -> None:
    result = run("sign", "missing", "console.csr")
    assert result.exit_code == 3
    assert result.stderr.startswith("mutua: error: missing/root.pem cannot be read: ")
    assert result.stderr.count("\n") == 2


def test_the_installed_program_signs_and_fails_without_a_traceback(lab: Path) -> None:
    """The whole program in a process of its own: exit codes and streams as a script sees them."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    signed = subprocess.run(
        [*PROGRAM, "ca", "sign", "lab", "console.csr"], capture_output=True, text=True, env=environment
    )
    assert signed.returncode == 0
    assert signed.stdout.count("BEGIN CERTIFICATE") == 3
    refused = subprocess.run([*PROGRAM, "ca", "init", "lab"], capture_output=True, text=True, env=environment)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("verb", [[], ["init"], ["sign"]])
def test_help_has_examples_and_no_verb_is_cut_off(verb: list[str]) -> None:
    said = clean(run(*verb, "--help")).stdout
    assert "Examples:" in said
    assert f"mutua ca {' '.join(verb)}".strip() in said
    assert "..." not in said.replace("[ARGS]...", "")
