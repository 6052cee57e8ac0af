"""A console and its state folder: what a start makes, what a restart keeps, what keeps it from starting."""

from pathlib import Path

import pytest
from sqlalchemy import text

from mutua.authority.request import InvalidAlternativeName, InvalidDistinguishedName, Subject
from mutua.console.console import Addresses, Console
from mutua.storage.database import Database
from mutua.storage.state import StateFolderError

HERE = Addresses("127.0.0.1", 8443, 8444)


def _start(folder: Path, addresses: Addresses = HERE) -> Console:
    return Console.open(folder, "console", addresses)


def test_a_restart_keeps_who_it_is(tmp_path: Path) -> None:
    first = _start(tmp_path / "state")
    kept = (first.guid, first.identity.leaf.fingerprint)
    first.close()
    second = _start(tmp_path / "state")
    assert (second.guid, second.identity.leaf.fingerprint) == kept
    second.close()


def test_two_consoles_are_two(tmp_path: Path) -> None:
    one, other = _start(tmp_path / "one"), _start(tmp_path / "other")
    assert one.guid != other.guid
    assert one.identity.leaf.fingerprint != other.identity.leaf.fingerprint
    one.close()
    other.close()


def test_the_first_certificate_is_for_every_name_that_it_can_be_reached_by(tmp_path: Path) -> None:
    console = _start(tmp_path / "state", Addresses("om.example.net", 8443, 8444))
    leaf = console.identity.leaf
    assert leaf.issued_to == "om.example.net"
    assert {"om.example.net", "localhost"} <= set(leaf.dns_names)
    assert {"127.0.0.1", "::1"} <= set(leaf.addresses)
    console.close()


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1:8444"), ("::1", "[::1]:8444")])
def test_the_address_for_peers_is_one_that_can_be_connected_to(tmp_path: Path, host: str, shown: str) -> None:
    console = _start(tmp_path / "state", Addresses(host, 8443, 8444))
    assert console.standing().peer_address == shown
    console.close()


def test_a_refused_request_costs_no_key_and_is_written_down(tmp_path: Path) -> None:
    console = _start(tmp_path / "state")
    with pytest.raises(InvalidDistinguishedName):
        console.generate_request(Subject("*"), "not a name")
    with pytest.raises(InvalidAlternativeName):
        console.generate_request(Subject("om"), "not a name")
    assert console.identities.latest_request() is None
    entries = console.log.path.read_text()
    assert entries.count("CGEN6002") == entries.count("CGEN1004") == 1
    console.close()


def test_the_sealing_key_of_another_folder_is_refused(tmp_path: Path) -> None:
    for name in ("one", "other"):
        _start(tmp_path / name).close()
    (tmp_path / "one" / "sealing.key").write_bytes((tmp_path / "other" / "sealing.key").read_bytes())
    with pytest.raises(StateFolderError, match="sealing key"):
        _start(tmp_path / "one")
    _start(tmp_path / "other").close()


def test_a_folder_that_could_not_be_used_is_given_back(tmp_path: Path) -> None:
    _start(tmp_path / "state").close()
    whole = (tmp_path / "state" / "console.db").read_bytes()
    (tmp_path / "state" / "console.db").write_bytes(b"no database" * 100)
    for _ in range(2):
        with pytest.raises(StateFolderError, match="database"):
            _start(tmp_path / "state")
    (tmp_path / "state" / "console.db").write_bytes(whole)
    _start(tmp_path / "state").close()


def test_a_running_console_keeps_others_from_its_folder(tmp_path: Path) -> None:
    console = _start(tmp_path / "state")
    with pytest.raises(StateFolderError, match="another console"):
        _start(tmp_path / "state")
    console.close()
    _start(tmp_path / "state").close()


def test_keys_and_passwords_in_the_database_are_sealed(tmp_path: Path) -> None:
    console = _start(tmp_path / "state")
    console.generate_request(Subject("om.example.net"), "")
    console.create_administrator("admin", "the planted password")
    console.close()
    database = Database.open(f"sqlite:///{tmp_path / 'state' / 'console.db'}")
    with database.writing() as connection:
        sealed = connection.execute(
            text("SELECT key_sealed FROM identities UNION SELECT key_sealed FROM signing_requests")
        )
        keys = sealed.scalars().all()
    database.close()
    assert len(keys) == 2
    assert not any(b"PRIVATE KEY" in key or key.startswith(b"\x30\x82") for key in keys)
    files = [file.read_bytes() for file in (tmp_path / "state").rglob("*") if file.is_file()]
    assert not any(b"the planted password" in content or b"PRIVATE KEY" in content for content in files)
