"""`mutua connect`: one command says what a server presents, demands, and makes of our certificate."""

import json
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from tests.cli import program
from tests.peering.certified import LOOPBACK, Authority
from tests.peering.servers import HOST, answering, cut_off_after, openssl_server, plain_server, silent, tls_server

from mutua.authority.issue import SERVER_AUTH, Issued
from mutua.authority.keys import to_pem
from mutua.cli.main import mutua
from mutua.peering.contexts import Presented, peer_listener, public_listener

NAMED = (*LOOPBACK, x509.DNSName("server.example.net"))


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("Inter-CA1", "Root-CA")


@pytest.fixture(scope="module")
def stranger() -> Authority:
    return Authority.create("Inter-CA2", "Other-Root")


@pytest.fixture(scope="module")
def server(authority: Authority) -> Presented:
    return authority.presented(authority.leaf("server.example.net", names=NAMED))


@pytest.fixture(scope="module")
def mutual_port(authority: Authority, server: Presented) -> Iterator[int]:
    """A peer listener that trusts `authority`."""
    with tls_server(peer_listener(server, authority.root_pem)) as port:
        yield port


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: Authority) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MUTUA_KEY_PASSWORD", raising=False)
    Path("root.pem").write_text(authority.root_pem)


def run(port: int, *arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(mutua, ["connect", f"{HOST}:{port}", *arguments], env=environment)


def answer(port: int, *arguments: str, code: int = 0) -> dict[str, Any]:
    result = run(port, *arguments, "--format", "json")
    assert result.exit_code == code, result.output
    answered: dict[str, Any] = json.loads(result.stdout)
    return answered


def shown(authority: Authority, leaf: Issued, *path: Issued, passphrase: bytes | None = None) -> tuple[str, ...]:
    assert leaf.key is not None
    Path("own.pem").write_bytes(b"".join(one.pem for one in (leaf, *(path or authority.path))))
    Path("own.key").write_bytes(to_pem(leaf.key, passphrase))
    return ("--trust", "root.pem", "--cert", "own.pem", "--key", "own.key")


def rules(report: dict[str, Any]) -> set[str]:
    return {finding["rule"] for finding in report["findings"] if finding["severity"] == "error"}


def test_a_sound_server_is_clean(server: Presented) -> None:
    with tls_server(public_listener(server)) as port:
        result = run(port, "--trust", "root.pem")
        assert result.exit_code == 0, result.output
        by_name = run(port, "--trust", "root.pem", "--name", "server.example.net")
    assert by_name.exit_code == 0
    for text in ("TLSv1.3", "sends 2 certificates: server.example.net ← Inter-CA1", "asks for no client certificate"):
        assert text in result.stdout
    assert "✓ No errors." in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_a_wrong_name_is_a_finding(server: Presented) -> None:
    with tls_server(public_listener(server)) as port:
        found = answer(port, "--trust", "root.pem", "--name", "other.example.net", code=1)
    assert rules(found["server"]["report"]) == {"leaf.name-not-covered"}


def test_without_its_root_nothing_is_trusted(server: Presented) -> None:
    with tls_server(public_listener(server)) as port:
        result = run(port)
    assert result.exit_code == 1
    assert "the roots of this system" in result.stdout
    assert "say which one you trust with --trust" in result.stdout


def test_an_incomplete_chain_is_told_by_what_is_missing(authority: Authority) -> None:
    leaf = authority.leaf("server.example.net", names=NAMED)
    assert leaf.key is not None
    with tls_server(public_listener(Presented(leaf.pem, leaf.key))) as port:
        found = answer(port, "--trust", "root.pem", code=1)
    assert "chain.missing-intermediate" in rules(found["server"]["report"])
    assert "Inter-CA1" in json.dumps(found["server"]["report"])


def test_the_chain_is_kept_as_it_is_sent(authority: Authority) -> None:
    leaf = authority.leaf("server.example.net", names=NAMED)
    assert leaf.key is not None
    muddled = b"".join(one.pem for one in (leaf, authority.path[1], authority.path[0]))
    with tls_server(public_listener(Presented(muddled, leaf.key))) as port:
        assert run(port, "--trust", "root.pem", "--save", "sent.pem").exit_code in (0, 1)
        assert Path("sent.pem").read_bytes() == muddled
        again = run(port, "--save", "sent.pem")
        assert again.exit_code == 2
        assert "sent.pem exists already" in again.stderr
        assert run(port, "--save", "sent.pem", "--force").exit_code == 1


def test_a_server_that_demands_a_certificate_is_no_finding(mutual_port: int) -> None:
    result = run(mutual_port, "--trust", "root.pem")
    assert result.exit_code == 0, result.output
    assert "demands a client certificate, and ends the connection without one" in result.stdout
    assert "--cert CHAIN --key KEY" in result.stdout
    found = answer(mutual_port, "--trust", "root.pem")
    assert found["server"]["insists_on_client_certificate"] is True
    assert found["server"]["alert"] == {"number": 116, "name": "certificate_required (116)"}
    assert found["client"] is None


def test_a_certificate_that_fits_is_accepted(mutual_port: int, authority: Authority) -> None:
    options = shown(authority, authority.leaf("client.example.net"))
    result = run(mutual_port, *options)
    assert result.exit_code == 0, result.output
    assert "✓ The handshake: It accepts the certificate." in result.stdout
    found = answer(mutual_port, *options)["client"]
    assert (found["accepted"], found["certificates_shown"], found["causes"]) == (True, 3, [])
    assert [fit["fits"] for fit in found["fits"]] == [None, True, True]


@pytest.mark.parametrize(
    ("knobs", "alert", "cause"),
    [
        ({"extended_key_usage": (SERVER_AUTH,)}, "unsupported_certificate (43)", "no-client-auth"),
        (
            {
                "not_before": datetime.now(UTC) - timedelta(days=9),
                "not_after": datetime.now(UTC) - timedelta(days=1),
            },
            "certificate_expired (45)",
            "expired",
        ),
    ],
    ids=["no client authentication", "expired"],
)
def test_a_refusal_is_explained(
    mutual_port: int, authority: Authority, knobs: dict[str, Any], alert: str, cause: str
) -> None:
    options = shown(authority, authority.leaf("client.example.net", **knobs))
    found = answer(mutual_port, *options, code=1)["client"]
    assert found["accepted"] is False
    assert found["alert"]["name"] == alert
    assert [each["id"] for each in found["causes"] if each["standing"] == "likely"] == [cause]
    result = run(mutual_port, *options)
    assert result.exit_code == 1
    assert f"✗ The handshake: It ends the connection with the alert {alert}." in " ".join(result.stdout.split())
    assert "ruled out" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_another_root_is_unknown_to_openssl_too(tmp_path: Path, authority: Authority, stranger: Authority) -> None:
    leaf = authority.leaf("server.example.net", names=NAMED)
    assert leaf.key is not None
    Path("leaf.pem").write_bytes(leaf.pem)
    Path("leaf.key").write_bytes(to_pem(leaf.key, None))
    Path("between.pem").write_bytes(authority.path[0].pem)
    options = ("-cert", "leaf.pem", "-key", "leaf.key", "-cert_chain", "between.pem")
    demanding = ("-Verify", "3", "-CAfile", "root.pem", "-verify_return_error")
    with openssl_server(tmp_path, *options, *demanding) as port:
        found = answer(port, *shown(stranger, stranger.leaf("client.example.net")), code=1)["client"]
        good = answer(port, *shown(authority, authority.leaf("client.example.net")))["client"]
    assert [fit["fits"] for fit in found["fits"]] == [False, True, True]
    assert found["alert"]["number"] == 48
    assert [each["id"] for each in found["causes"] if each["standing"] == "likely"] == ["other-authority"]
    assert good["accepted"] is True
    assert [fit["fits"] for fit in good["fits"]] == [True, True, True]


def test_tls_1_2_alone_is_spoken_too(authority: Authority, server: Presented) -> None:
    context = public_listener(server)
    context.load_verify_locations(cadata=authority.root_pem)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with tls_server(context) as port:
        found = answer(port, "--trust", "root.pem")
        accepted = answer(port, *shown(authority, authority.leaf("client.example.net")))
    assert (found["server"]["tls"], found["server"]["completed"]) == ("TLSv1.2", False)
    assert found["server"]["causes"][0]["id"] == "no-certificate"
    assert accepted["client"]["accepted"] is True


def test_old_tls_is_a_finding(tmp_path: Path, authority: Authority) -> None:
    leaf = authority.leaf("server.example.net", names=NAMED)
    assert leaf.key is not None
    Path("leaf.pem").write_bytes(leaf.pem + authority.path[0].pem)
    Path("leaf.key").write_bytes(to_pem(leaf.key, None))
    old = ("-cert", "leaf.pem", "-key", "leaf.key", "-cert_chain", "leaf.pem", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    with openssl_server(tmp_path, *old) as port:
        result = run(port, "--trust", "root.pem")
    assert result.exit_code == 1
    assert "TLSv1.1" in result.stdout
    assert "TLS 1.1 and older are broken" in result.stdout


@pytest.mark.parametrize(
    ("serve", "said"),
    [
        (answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "it speaks plain HTTP, without TLS"),
        (answering(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), "an HTTP proxy answers there"),
        (answering(b""), "it hung up in the middle of the handshake"),
        (silent, "it took the connection and then said nothing in time"),
    ],
    ids=["plain HTTP", "proxy", "hung up", "silent"],
)
def test_what_is_no_tls_is_one_sentence_and_exit_4(serve: Any, said: str) -> None:
    with plain_server(serve) as port:
        result = run(port, "--timeout", "0.5")
    assert result.exit_code == 4
    assert result.stdout == ""
    assert result.stderr.startswith(f"mutua: error: {said}")
    assert len(result.stderr.splitlines()) == 2


def test_a_refused_connection_is_exit_4_of_the_whole_program() -> None:
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    ended = program.run("connect", f"{HOST}:{port}")
    assert ended.code == 4
    assert program.sentence(ended) == f"nothing listens on {HOST}:{port}: the connection was refused."


def test_an_alert_at_once_is_no_connection_and_its_cause_is_told() -> None:
    with plain_server(answering(bytes.fromhex("15030100020246"))) as port:
        result = run(port)
    assert result.exit_code == 4
    assert "protocol_version (70)" in result.stdout
    assert "no version of TLS in common" in result.stdout


def test_a_handshake_that_is_cut_off_after_the_first_answer_is_told(server: Presented) -> None:
    with tls_server(public_listener(server)) as real, plain_server(cut_off_after(real, 200)) as port:
        result = run(port)
    assert result.exit_code == 4
    assert "It hung up without a word." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--key", "root.pem"), 2, "--key is of no use without --cert"),
        (("--cert", "root.pem"), 3, "there is no private key in root.pem"),
        (("--name", "a b"), 2, "neither a host name nor an IP address"),
        (("--trust", "nothing.pem"), 3, "nothing.pem cannot be read"),
        (("--cert", "root.pem", "--key", "root.pem"), 3, "there is no private key in root.pem"),
        (("--timeout", "0"), 2, "--timeout"),
    ],
)
def test_wrong_options_are_told_before_anything_is_sent(
    mutual_port: int, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = run(mutual_port, *arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert result.stdout == ""


def test_a_key_of_another_certificate_is_told(mutual_port: int, authority: Authority) -> None:
    shown(authority, authority.leaf("client.example.net"))
    other = authority.leaf("other.example.net").key
    assert other is not None
    Path("own.key").write_bytes(to_pem(other, None))
    result = run(mutual_port, "--cert", "own.pem", "--key", "own.key")
    assert result.exit_code == 1
    assert "own.key is not the key of client.example.net in own.pem" in result.stderr


def test_an_encrypted_key_needs_its_password(mutual_port: int, authority: Authority) -> None:
    options = shown(authority, authority.leaf("client.example.net"), passphrase=b"right")
    assert run(mutual_port, *options, MUTUA_KEY_PASSWORD="right").exit_code == 0
    locked = run(mutual_port, *options)
    assert locked.exit_code == 3
    assert "the private key in own.key cannot be read: it is encrypted." in locked.stderr


def test_certificate_and_key_may_be_in_one_file_of_pkcs12_or_pem(mutual_port: int, authority: Authority) -> None:
    leaf = authority.leaf("client.example.net")
    assert leaf.key is not None
    between = [one.certificate for one in authority.path]
    box = serialize_key_and_certificates(b"om", leaf.key, leaf.certificate, between, BestAvailableEncryption(b"right"))
    Path("om.pfx").write_bytes(box)
    Path("om.pem").write_bytes(to_pem(leaf.key, None) + leaf.pem + authority.path[0].pem)
    assert run(mutual_port, "--trust", "root.pem", "--cert", "om.pfx", MUTUA_KEY_PASSWORD="right").exit_code == 0
    assert run(mutual_port, "--trust", "root.pem", "--cert", "om.pfx").exit_code == 3
    in_pem = run(mutual_port, "--trust", "root.pem", "--cert", "om.pem")
    assert "It accepts the certificate." in in_pem.stdout


@pytest.mark.parametrize("address", ["nowhere", "host:0", "host:70000", ":443"])
def test_what_is_no_address_is_a_usage_error(address: str) -> None:
    assert CliRunner().invoke(mutua, ["connect", address]).exit_code == 2


def test_help_has_examples() -> None:
    said = CliRunner().invoke(mutua, ["connect", "--help"]).stdout
    assert "mutua connect om.example.net:443" in said
