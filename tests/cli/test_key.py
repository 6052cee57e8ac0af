"""`mutua key`: keys are made for their owner alone, shown without their private part, and matched."""

import json
import stat
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from tests.chain.pki import intermediate, key, leaf, pem, root, spki
from tests.chain.request_examples import request

from mutua.authority.keys import to_pem
from mutua.cli.main import mutua


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MUTUA_KEY_PASSWORD", raising=False)


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(mutua, ["key", *arguments], env=environment)


def answer(*arguments: str, code: int = 0, **environment: str) -> dict[str, Any]:
    result = run(*arguments, "--format", "json", **environment)
    assert result.exit_code == code, result.output
    answered: dict[str, Any] = json.loads(result.stdout)
    return answered


def digest() -> str:
    return sha256(spki(key("leaf"))).hexdigest()


def files() -> tuple[str, str, str]:
    """A key, its request, and the chain that answers it."""
    Path("om.key").write_bytes(to_pem(key("leaf"), None))
    Path("om.csr").write_bytes(request().public_bytes(Encoding.PEM))
    Path("om.pem").write_bytes(pem(leaf(intermediate()), intermediate(), root()))
    return "om.key", "om.csr", "om.pem"


@pytest.mark.parametrize("kind", ["ec-p256", "ec-p384"])
def test_a_new_key_is_its_owners_alone(kind: str) -> None:
    result = run("new", "--key-type", kind, "-o", "new.key")
    assert result.exit_code == 0
    assert stat.S_IMODE(Path("new.key").stat().st_mode) == 0o600
    made = load_pem_private_key(Path("new.key").read_bytes(), None)
    [shown] = answer("show", "new.key")["keys"]
    assert shown["key_sha256"] == sha256(spki(made)).hexdigest()  # type: ignore[arg-type]
    assert shown["key"]["curve"] == {"ec-p256": "secp256r1", "ec-p384": "secp384r1"}[kind]
    assert (shown["kind"], shown["encrypted"]) == ("private key", False)


def test_a_key_is_never_overwritten_unasked() -> None:
    Path("new.key").write_text("mine")
    assert run("new", "--key-type", "ec-p256", "-o", "new.key").exit_code == 2
    assert Path("new.key").read_text() == "mine"
    assert run("new", "--key-type", "ec-p256", "-o", "new.key", "--force").exit_code == 0
    assert Path("new.key").read_text() != "mine"


def test_an_encrypted_key_is_opened_by_its_password_only() -> None:
    Path("password").write_text("right\n")
    assert run("new", "--key-type", "ec-p256", "-o", "new.key", "--password-file", "password").exit_code == 0
    [locked] = answer("show", "new.key")["keys"]
    assert (locked["encrypted"], locked["key"], locked["key_sha256"]) == (True, None, None)
    [opened] = answer("show", "new.key", MUTUA_KEY_PASSWORD="right")["keys"]
    assert (opened["encrypted"], opened["key"]["bits"]) == (True, 256)
    wrong = run("show", "new.key", MUTUA_KEY_PASSWORD="wrong")
    assert wrong.exit_code == 3
    assert "new.key: unreadable: the password does not open this private key" in " ".join(wrong.stderr.split())


def test_the_digest_is_the_one_that_openssl_shows() -> None:
    file, _request, _chain = files()
    public = subprocess.run(["openssl", "pkey", "-in", file, "-pubout", "-outform", "DER"], capture_output=True)
    [shown] = answer("show", file)["keys"]
    assert shown["key_sha256"] == sha256(public.stdout).hexdigest()


def test_the_private_part_is_never_shown() -> None:
    file, *_others = files()
    private = key("leaf").private_numbers()
    number = private.private_value  # type: ignore[union-attr]
    for form in ("text", "json"):
        said = run("show", file, "--format", form).output + run("match", file, "--format", form).output
        assert digest()[:16] in said.replace(":", "").replace("\n", "").replace(" ", "").lower()
        assert str(number) not in said
        assert f"{number:x}"[:16] not in said.lower().replace(":", "")


def test_a_key_in_binary_is_shown_too() -> None:
    binary = key("leaf").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    Path("om.key").write_bytes(binary)
    assert answer("show", "om.key")["keys"][0]["key_sha256"] == digest()


def test_what_belongs_together_is_found_in_files_of_any_kind() -> None:
    found = answer("match", *files())
    assert found["match"] is True
    [members] = found["groups"]
    assert [member["kind"] for member in members] == ["private key", "signing request", "certificate"]
    said = run("match", *files()).stdout
    assert "All of it belongs together: it is one key." in said
    assert said.count("an authority, not counted") == 2


def test_what_does_not_belong_together_is_a_finding() -> None:
    Path("other.key").write_bytes(to_pem(key("another"), None))
    found = answer("match", *files(), "other.key", code=1)
    assert found["match"] is False
    assert [len(members) for members in found["groups"]] == [3, 1]
    assert "these are 2 keys" in run("match", *files(), "other.key").stdout


def test_the_key_of_an_authority_counts_when_it_is_given() -> None:
    Path("ca.key").write_bytes(to_pem(key("Root-CA"), None))
    found = answer("match", *files(), "ca.key", code=1)
    assert [[member["name"] for member in members] for members in found["groups"]][1] == ["Root-CA", None]


def test_a_key_that_is_not_opened_matches_nothing() -> None:
    Path("locked.key").write_bytes(to_pem(key("leaf"), b"right"))
    found = answer("match", *files(), "locked.key", code=3)
    assert found["match"] is False
    assert [holder["file"] for holder in found["unknown"]] == ["locked.key"]
    assert answer("match", *files(), "locked.key", MUTUA_KEY_PASSWORD="right")["match"] is True


@pytest.mark.parametrize("verb", ["show", "match"])
def test_a_file_without_a_key_is_said_to_have_none(verb: str) -> None:
    Path("empty.txt").write_text("hello")
    result = run(verb, "empty.txt")
    assert result.exit_code == 3
    assert result.stderr == "mutua: error: there is no key in empty.txt.\n"
    assert run(verb, *files(), "empty.txt").exit_code == 3


def test_help_has_examples() -> None:
    for arguments in ((), ("new",), ("show",), ("match",)):
        assert "Examples:" in run(*arguments, "--help").stdout
