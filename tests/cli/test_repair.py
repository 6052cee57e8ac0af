"""`mutua repair`, as a person at a shell and a script meet it."""

import json
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    pkcs12,
)
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates
from cryptography.x509.oid import AuthorityInformationAccessOID
from tests.authority.publishing import answer, publishing, redirect
from tests.chain.pki import AT, authority, der, intermediate, key, leaf, pem, root

from mutua.authority.issue import SERVER_AUTH, Issued
from mutua.authority.keys import to_pem
from mutua.authority.request import Subject, build_request
from mutua.cli.main import mutua
from mutua.cli.speaking import speak

CHAIN = Path("chain.pem")
LEAF = leaf(intermediate())
SOUND = pem(LEAF, intermediate(), root())


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """And in English again at the end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MUTUA_KEY_PASSWORD", raising=False)
    yield
    speak("en")


def repair(*arguments: str, **more: Any) -> Result:
    return CliRunner().invoke(mutua, ["repair", "--at", AT.isoformat(), *arguments], **more)


def flat(text: str) -> str:
    return " ".join(text.split())


def file(name: str, *content: bytes) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(content))
    return name


def asked(result: Result) -> dict[str, Any]:
    answered: dict[str, Any] = json.loads(result.stdout)
    return answered


def publishes(url: str, signed: Issued | None = None, **knobs: Any) -> Issued:
    """A leaf that says where its issuer is."""
    location = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(url))
    return leaf(signed or intermediate(), extra=[(x509.AuthorityInformationAccess([location]), False)], **knobs)


def test_a_heap_becomes_the_chain_and_each_step_is_told() -> None:
    heap = file("heap.pem", pem(root(), authority("Other-CA")), to_pem(key("leaf"), None), pem(intermediate(), root()))
    result = repair(heap, file("leaf.cer", der(LEAF)), "-o", "chain.pem")
    assert result.exit_code == 0, result.output
    assert [one.subject.rfc4514_string() for one in x509.load_pem_x509_certificates(CHAIN.read_bytes())] == [
        "CN=om.example.net",
        "CN=Inter-CA1",
        "CN=Root-CA",
    ]
    assert stat.S_IMODE(CHAIN.stat().st_mode) == 0o644
    said = flat(result.stdout)
    for step in (
        "1 write the certificates as PEM; they were given as DER",
        "2 leave out 1 private key(s)",
        "! If the file was ever sent to anybody, the key is known",
        "3 remove Other-CA (number 2): it is neither the leaf nor an authority above it",
        "4 remove Root-CA (number 4): it is there twice",
        "5 put the certificates in order",
        "chain.pem is written. → next: mutua check chain.pem",
    ):
        assert step in said, said
    assert b"PRIVATE" not in CHAIN.read_bytes()
    assert all(len(line) <= 80 for line in result.stdout.splitlines())


def test_missing_authorities_are_found_in_a_folder_however_deep_and_in_whatever_form() -> None:
    file("cas/deep/er/inter.p7b", serialize_certificates([intermediate().certificate], Encoding.DER))
    file("cas/root.der", der(root()))
    file("cas/notes.txt", b"nothing")
    Path("cas/link.pem").symlink_to("root.der")
    result = repair(file("leaf.pem", LEAF.pem), "--from", "cas", "-o", "chain.pem")
    assert result.exit_code == 0, result.output
    assert len(x509.load_pem_x509_certificates(CHAIN.read_bytes())) == 3
    said = flat(result.stdout)
    assert "add Inter-CA1, found in cas/deep/er/inter.p7b" in said
    assert "add Root-CA, found in cas/root.der" in said
    assert "the other side must trust it for its own reasons" in said
    digest = sha256(der(root())).digest().hex(":").upper()
    assert digest in said.replace(": ", ":")
    assert "Looked through cas: 3 files, 2 CA certificates. 1 link was not followed." in said


def test_what_only_the_ca_can_mend_is_listed_and_what_was_mended_is_written() -> None:
    faulty = leaf(intermediate(), extended_key_usage=[SERVER_AUTH])
    result = repair(file("leaf.pem", pem(root(), intermediate(), faulty)), "-o", "chain.pem")
    assert result.exit_code == 1
    said = flat(result.stdout)
    assert "leaf.no-client-auth" in said
    assert "Of 2: 1 error is mended, 1 is left. chain.pem is written; it is not good yet." in said
    assert said.endswith("ask the CA for another certificate, then repair that")
    assert CHAIN.read_bytes() == pem(faulty, intermediate(), root())


def test_where_nothing_can_be_mended_nothing_is_written() -> None:
    result = repair(file("leaf.pem", LEAF.pem), "-o", "chain.pem")
    assert result.exit_code == 1
    said = flat(result.stdout)
    assert "Nothing is written: it would have no fewer errors than before." in said
    assert "→ Inter-CA1 is missing: get its certificate from the CA" in said
    assert not CHAIN.exists()


def test_to_standard_output_goes_the_chain_alone() -> None:
    result = repair(file("chain.crt", pem(root(), intermediate(), LEAF)))
    assert result.exit_code == 0
    assert result.stdout_bytes == SOUND
    assert "The chain is on standard output." in result.stderr
    nothing = repair(file("leaf.pem", LEAF.pem))
    assert (nothing.exit_code, nothing.stdout) == (1, "")


def test_a_dry_run_shows_the_same_steps_and_writes_nothing() -> None:
    heap = file("heap.pem", pem(root(), intermediate(), LEAF))
    shown = repair(heap, "--dry-run", "-o", "chain.pem")
    assert shown.exit_code == 0
    assert not CHAIN.exists()
    assert "Nothing is written: this is a dry run." in shown.stdout
    done = repair(heap, "-o", "chain.pem")
    steps = shown.stdout.partition("What would be done")[2].partition("The chain that")[0]
    assert steps == done.stdout.partition("What is done")[2].partition("The chain that")[0] != ""
    again = repair("chain.pem", "--dry-run")
    assert "There is nothing to convert, to order, to remove or to add." in again.stdout
    assert "without --dry-run the chain is written" in again.stdout


def test_no_file_is_overwritten_unasked() -> None:
    file("chain.pem", b"precious")
    heap = file("heap.pem", SOUND)
    kept = repair(heap, "-o", "chain.pem")
    assert (kept.exit_code, kept.stdout) == (2, "")
    assert "exists already and was left alone" in kept.stderr
    assert CHAIN.read_bytes() == b"precious"
    assert repair(heap, "-o", "chain.pem", "--force").exit_code == 0
    assert CHAIN.read_bytes() == SOUND
    assert sorted(path.name for path in Path().iterdir()) == ["chain.pem", "heap.pem"]


def test_a_file_with_a_private_key_is_never_replaced_by_its_chain() -> None:
    both = file("both.pem", SOUND, to_pem(key("leaf"), None))
    Path("alias.pem").symlink_to("both.pem")
    for name in ("both.pem", "./both.pem"):
        result = repair(both, "-o", name, "--force")
        assert result.exit_code == 2
        assert "holds a private key, which the chain would replace" in result.stderr
    assert Path("both.pem").read_bytes().startswith(SOUND)
    beside = file("beside.pem", root().pem)
    assert repair(both, beside, "-o", beside, "--force").exit_code == 0
    alone = file("alone.pem", pem(root(), intermediate(), LEAF))
    assert repair(alone, "-o", alone, "--force").exit_code == 0
    assert Path("alone.pem").read_bytes() == SOUND


def test_the_leaf_is_the_one_with_the_key_of_the_request_or_the_private_key() -> None:
    other = authority("other.example.net", intermediate(), is_ca=False)
    heap = file("heap.pem", pem(other, intermediate(), root(), LEAF))
    request = file("om.csr", build_request(key("leaf"), Subject("om.example.net")).public_bytes(Encoding.PEM))
    private = file("om.key", to_pem(key("leaf"), None))
    for options in (["--csr", request], ["--key", private]):
        assert repair(heap, *options).stdout_bytes == SOUND
    assert repair(heap).stdout_bytes == pem(other, intermediate(), root())


def test_a_locked_box_is_opened_by_its_password() -> None:
    box = pkcs12.serialize_key_and_certificates(
        b"om",
        key("leaf"),
        LEAF.certificate,
        [root().certificate, intermediate().certificate],
        BestAvailableEncryption(b"secret"),
    )
    file("om.p12", box)
    locked = repair("om.p12", "-o", "chain.pem")
    assert (locked.exit_code, locked.stdout) == (3, "")
    assert "give the password with --password-file, or set MUTUA_KEY_PASSWORD" in flat(locked.stderr)
    wrong = repair("om.p12", "-o", "chain.pem", env={"MUTUA_KEY_PASSWORD": "wrong"})
    assert wrong.exit_code == 3
    opened = repair("om.p12", "-o", "chain.pem", "--password-file", file("password", b"secret\n"))
    assert opened.exit_code == 0, opened.output
    assert "they were given as PKCS#12" in flat(opened.stdout)
    assert CHAIN.read_bytes() == SOUND


def test_as_json_every_step_has_its_certificate_and_both_reports_are_there() -> None:
    heap = file("heap.pem", pem(intermediate(), LEAF, intermediate()))
    result = repair(heap, "--from", file("root.pem", root().pem), "--format", "json", "-o", "chain.pem")
    assert result.exit_code == 0, result.output
    said = asked(result)
    assert [(step["action"], step.get("why"), step.get("origin"), step.get("root")) for step in said["steps"]] == [
        ("remove", "duplicate", None, None),
        ("add", None, "root.pem", True),
        ("order", None, None, None),
    ]
    assert said["steps"][1]["certificate"]["issued_to"] == "Root-CA"
    assert said["steps"][1]["certificate"]["position"] is None
    assert [one["position"] for one in said["chain"]] == [2, 1, None]
    assert (said["before"]["errors"], said["after"]["errors"]) == (3, 0)
    assert (said["written"], said["dry_run"]) == ("chain.pem", False)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a.pem", "--allow-private"], "--allow-private is about --fetch"),
        (["a.pem", "--format", "json"], "cannot both go to standard output"),
        (["-", "-"], "only one of the files can come from standard input"),
        (["-", "--csr", "-"], "only one of the files can come from standard input"),
        ([], "Missing argument"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(arguments: list[str], sentence: str) -> None:
    file("a.pem", SOUND)
    result = repair(*arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr


@pytest.mark.parametrize("content", [b"", b"text", root().pem[:200]], ids=["empty", "text", "cut off"])
def test_what_holds_no_certificate_is_not_readable(content: bytes) -> None:
    result = repair(file("a.pem", content), "-o", "chain.pem")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "a.pem holds no certificate that can be read." in result.stderr
    assert not CHAIN.exists()


def test_a_file_or_folder_that_is_not_there_is_told() -> None:
    assert repair("nowhere.pem").exit_code == 3
    result = repair(file("a.pem", SOUND), "--from", "nowhere", "-o", "chain.pem")
    assert result.exit_code == 0
    assert "nowhere: it cannot be read: No such file or directory." in flat(result.stdout)


def test_standard_input_is_read() -> None:
    result = repair("-", "-o", "chain.pem", input=pem(root(), intermediate(), LEAF))
    assert result.exit_code == 0
    assert CHAIN.read_bytes() == SOUND


@pytest.mark.parametrize("form", ["der", "pem", "p7c"])
def test_the_issuer_is_fetched_in_every_form(form: str) -> None:
    above = {
        "der": der(intermediate()),
        "pem": pem(intermediate()),
        "p7c": serialize_certificates([intermediate().certificate, root().certificate], Encoding.DER),
    }[form]
    with publishing(answer(above)) as publisher:
        name = file("leaf.pem", publishes(publisher.url()).pem)
        result = repair(name, "--fetch", "--allow-private", "--from", file("root.pem", root().pem), "-o", "chain.pem")
        assert len(publisher.asked) == 1
    assert result.exit_code == 0, result.output
    count = {"p7c": "2 certificates"}.get(form, "1 certificate")
    assert f"Fetched {publisher.url()}: {count}." in flat(result.stdout)
    assert f"add Inter-CA1, found in {publisher.url()}" in flat(result.stdout)


def test_issuers_are_fetched_one_above_the_other() -> None:
    with publishing(answer(der(root()))) as upper:
        location = x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(upper.url("/root.cer"))
        )
        between = authority("Inter-CA1", root(), extra=[(x509.AuthorityInformationAccess([location]), False)])
        with publishing(answer(der(between))) as lower:
            name = file("leaf.pem", publishes(lower.url(), between).pem)
            result = repair(name, "--fetch", "--allow-private", "-o", "chain.pem")
    assert result.exit_code == 0, result.output
    assert len(x509.load_pem_x509_certificates(CHAIN.read_bytes())) == 3
    assert "This is a root." in result.stdout


def test_a_private_address_is_not_asked_unless_that_is_allowed() -> None:
    with publishing(answer(der(intermediate()))) as publisher:
        name = file("leaf.pem", publishes(publisher.url()).pem)
        result = repair(name, "--fetch", "-o", "chain.pem")
        assert result.exit_code == 1
        assert publisher.asked == []
        hint = repair(name, "-o", "chain.pem")
        assert publisher.asked == []
    assert "which is this machine or in a private network" in flat(result.stdout)
    assert flat(result.stdout).endswith("is in a private network: if it is yours, add --allow-private")
    assert f"Inter-CA1 is missing: add --fetch, which asks {publisher.url()}, or --from DIR" in flat(hint.stdout)


def test_what_is_fetched_is_not_believed() -> None:
    """A stranger's CA of the same name, and a page where the certificate should be."""
    stranger = authority("Inter-CA1", authority("Other-CA"), key("a stranger"))
    for content, told in ((der(stranger), "1 certificate."), (b"<html>not here</html>", "its form is: HTML.")):
        with publishing(answer(content)) as publisher:
            name = file("leaf.pem", publishes(publisher.url()).pem)
            result = repair(name, "--fetch", "--allow-private", "-o", "chain.pem")
            assert len(publisher.asked) == 1
        assert result.exit_code == 1
        assert told in flat(result.stdout), result.stdout
        assert "There is nothing to convert" in result.stdout
        assert not CHAIN.exists()


def test_a_ring_of_redirects_and_a_long_list_of_addresses_end() -> None:
    with publishing(redirect("/again")) as publisher:
        locations = [
            x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(publisher.url(f"/{number}"))
            )
            for number in range(30)
        ]
        many = leaf(intermediate(), extra=[(x509.AuthorityInformationAccess(locations), False)])
        result = repair(file("leaf.pem", many.pem), "--fetch", "--allow-private", "-o", "chain.pem")
        assert len(publisher.asked) == 40
    assert result.exit_code == 1
    assert flat(result.stdout).count("there are more than 3 redirects") == 10


def test_in_spanish_no_english_is_left() -> None:
    heap = file("heap.pem", pem(root(), LEAF, root()))
    english = repair(heap, "--from", file("inter.pem", intermediate().pem), "--dry-run", "--lang", "en")
    spanish = repair(heap, "--from", "inter.pem", "--dry-run", "--lang", "es")
    same = set(english.stdout.splitlines()) & set(spanish.stdout.splitlines())
    assert not [line for line in same if any(word in line for word in ("add", "remove", "order", "written"))]
