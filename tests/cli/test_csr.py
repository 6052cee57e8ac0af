"""`mutua csr new`, as a person at a shell meets it: a key for its owner alone, and a request for a CA."""

import stat
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mutua.authority.keys import KeyType
from mutua.authority.request import parse_names
from mutua.cli.csr_new import KEY_TYPES
from mutua.cli.main import mutua


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MUTUA_KEY_PASSWORD", raising=False)


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(mutua, ["csr", "new", *arguments], env=environment)


def make(*arguments: str, cn: str = "web.example.net", **environment: str) -> Result:
    return run(
        "--cn", cn, "--key-type", "ec-p256", "--key-out", "web.key", "-o", "web.csr", *arguments, **environment
    )  # fmt: skip


def clean(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    return result


def request() -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(Path("web.csr").read_bytes())


def names() -> list[x509.GeneralName]:
    return list(request().extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


def test_the_choices_are_those_of_the_authority() -> None:
    assert list(KEY_TYPES) == list(KeyType)


def test_a_key_and_a_request_that_openssl_takes_are_made() -> None:
    result = clean(make("--san", "web.example.net, 10.0.0.5"))
    assert names() == list(parse_names("web.example.net,10.0.0.5"))
    key = load_pem_private_key(Path("web.key").read_bytes(), None)
    assert key.public_key() == request().public_key()
    assert stat.S_IMODE(Path("web.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(Path("web.csr").stat().st_mode) == 0o644
    said = subprocess.run(["openssl", "req", "-in", "web.csr", "-verify", "-noout"], capture_output=True, text=True)
    assert said.returncode == 0
    assert result.stdout == ""
    assert "mutua ca sign DIR web.csr -o chain.pem" in result.stderr
    assert max(map(len, result.stderr.splitlines())) <= 80


def test_every_value_of_the_subject_finds_its_place() -> None:
    clean(
        make(
            "--department", "Ops", "--business", "Example Lab", "--locality", "Logroño", "--state", "La Rioja",
            "--country", "es", "--email", "ops@example.net",
        )
    )  # fmt: skip
    assert request().subject.rfc4514_string() == (
        "1.2.840.113549.1.9.1=ops@example.net,CN=web.example.net,OU=Ops,O=Example Lab,L=Logroño,ST=La Rioja,C=ES"
    )


def test_without_alternative_names_the_common_name_becomes_one() -> None:
    clean(make(cn="10.0.0.5"))
    assert names() == list(parse_names("10.0.0.5"))


def test_the_usual_key_is_rsa_2048() -> None:
    clean(run("--cn", "web.example.net", "--key-out", "web.key", "-o", "web.csr"))
    key = request().public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048


def test_without_a_file_the_request_alone_goes_to_standard_output() -> None:
    result = clean(run("--cn", "web.example.net", "--key-type", "ec-p256", "--key-out", "web.key"))
    assert result.stdout.startswith("-----BEGIN CERTIFICATE REQUEST-----\n")
    assert x509.load_pem_x509_csr(result.stdout.encode()).is_signature_valid
    assert "PRIVATE" not in result.output


@pytest.mark.parametrize("source", ["file", "environment"])
def test_the_password_encrypts_the_key(source: str) -> None:
    Path("password").write_text("right\n")
    result = make("--password-file", "password") if source == "file" else make(MUTUA_KEY_PASSWORD="right")
    assert "right" not in clean(result).output
    pem = Path("web.key").read_bytes()
    assert load_pem_private_key(pem, b"right").public_key() == request().public_key()
    # One wrong password in 256 happens to give sound padding, and then something that is no key.
    with pytest.raises(ValueError, match=r"password|deserialize"):
        load_pem_private_key(pem, b"wrong")


def test_an_empty_password_makes_nothing() -> None:
    assert make(MUTUA_KEY_PASSWORD="").exit_code == 2
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("arguments", "cn", "said"),
    [
        ([], "*.example.net", "wildcard"),
        ([], "", "missing"),
        ([], "Alice Smith", "--san"),
        (["--san", "a b"], "web.example.net", "neither a host name nor an IP address"),
        (["--san", "a,,b"], "web.example.net", "empty"),
        (["--country", "Spain"], "web.example.net", "two letters"),
        (["--business", "x" * 65], "web.example.net", "at most 64"),
        (["--key-type", "dsa"], "web.example.net", "ec-p256"),
    ],
)
def test_r11_wrong_values_are_one_sentence_and_make_nothing(arguments: list[str], cn: str, said: str) -> None:
    result = make(*arguments, cn=cn)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not list(Path().iterdir())


@pytest.mark.parametrize("existing", ["web.key", "web.csr"])
def test_existing_files_are_replaced_only_when_forced(existing: str) -> None:
    Path(existing).write_text("mine")
    result = make()
    assert result.exit_code == 2
    assert f"{existing} exists already" in result.stderr
    assert {path.name: path.read_text() for path in Path().iterdir()} == {existing: "mine"}
    clean(make("--force"))
    assert {path.name for path in Path().iterdir()} == {"web.key", "web.csr"}
    assert Path(existing).read_text() != "mine"
    assert stat.S_IMODE(Path("web.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_when_the_request_cannot_be_written_no_key_is_left(force: list[str]) -> None:
    result = run(
        "--cn", "a", "--key-type", "ec-p256", "--key-out", "web.key", "-o", "missing/web.csr", *force
    )  # fmt: skip
    assert result.exit_code == 2
    assert result.stderr.startswith("mutua: error: missing/web.csr cannot be written: ")
    assert not list(Path().iterdir())


def test_the_key_and_the_request_need_two_files() -> None:
    result = run("--cn", "a", "--key-out", "web.key", "-o", "./web.key", "--force")
    assert result.exit_code == 2
    assert "same file" in result.stderr
    assert not list(Path().iterdir())


@pytest.mark.parametrize("missing", ["--cn", "--key-out"])
def test_what_is_needed_is_asked_for(missing: str) -> None:
    arguments = {"--cn": "a", "--key-out": "web.key"}
    del arguments[missing]
    result = run(*[word for pair in arguments.items() for word in pair])
    assert result.exit_code == 2
    assert missing in result.stderr


def test_help_has_examples() -> None:
    said = clean(run("--help")).stdout
    assert "mutua csr new --cn web.example.net --key-out web.key -o web.csr" in said
