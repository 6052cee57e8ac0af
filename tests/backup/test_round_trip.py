"""What goes into a backup comes out of it, into an empty folder or over a console, and nothing else does."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.backup.taken import PASSPHRASE, change, console, content, dump, filled, put_back, taken, transaction
from tests.migration.sides import device
from tests.running import PASSWORD, USER

from mutua.backup.container import Container
from mutua.backup.create import create
from mutua.backup.rows import Row
from mutua.console.accounts import SessionKind
from mutua.inventory import store
from mutua.inventory.records import Fleet, Group
from mutua.storage import numbering
from mutua.storage.state import StateFolder, StateFolderError
from mutua.storage.tables import credentials, devices, group_members, groups, signing_requests

HERE = "127.0.0.1"


def test_everything_arrives_and_is_sealed_with_another_key(source: Path, backup: bytes, tmp_path: Path) -> None:
    preview = put_back(backup, tmp_path / "new")
    assert preview.over_empty
    assert content(tmp_path / "new") == content(source)
    before, after = dump(source), dump(tmp_path / "new")
    sealed, told = {"credentials", "identities", "signing_requests"}, {"audit_entries", "audit_head"}
    assert {name for name in before if before[name] != after[name]} - told == sealed
    assert (tmp_path / "new/sealing.key").read_bytes() != (source / "sealing.key").read_bytes()


def test_it_is_the_same_console_to_those_who_sign_in_and_to_those_who_meet_it(backup: bytes, tmp_path: Path) -> None:
    before = filled(tmp_path / "before")
    with console(before) as old:
        guid, certificate, key = old.guid, old.identity.pem, old.identity.presented.key
        request = old.identities.latest_request()
    put_back(taken(before), tmp_path / "new")
    assert (tmp_path / "new/certificate.pem").read_bytes() == certificate
    with console(tmp_path / "new") as new:
        assert (new.guid, new.identity.pem) == (guid, certificate)
        assert new.identity.presented.key.private_numbers() == key.private_numbers()
        assert new.identities.latest_request() == request
        assert new.accounts.authenticate(USER, PASSWORD, HERE) is not None


def test_nobody_stays_signed_in(tmp_path: Path) -> None:
    before = filled(tmp_path / "before")
    with console(before) as old:
        user = old.accounts.authenticate(USER, PASSWORD, HERE)
        assert user is not None
        _session, token = old.accounts.sign_in(user, SessionKind.API, HERE)
        assert old.accounts.authenticate(USER, "wrong", HERE) is None
        backup = taken(before)
        assert old.accounts.session_of(token) is not None
    put_back(backup, tmp_path / "new")
    assert dump(before)["sessions"]
    assert dump(before)["sign_in_failures"]
    assert dump(tmp_path / "new")["sessions"] == []
    assert dump(tmp_path / "new")["sign_in_failures"] == []


def test_a_running_console_may_be_backed_up_and_not_restored_over(backup: bytes, tmp_path: Path) -> None:
    folder = filled(tmp_path / "console")
    with console(folder):
        assert Container.open(BytesIO(taken(folder))).header.rows["devices"] == 7
        with pytest.raises(StateFolderError, match="another console is running"):
            put_back(backup, folder)
    assert put_back(backup, folder).changes


def test_a_backup_shows_one_moment(tmp_path: Path) -> None:
    """What is written while it is taken is not in it."""
    folder = filled(tmp_path / "console")
    file = BytesIO()

    def meanwhile(passing: Iterable[Row], _total: int) -> Iterator[Row]:
        for number, row in enumerate(passing):
            if number == 0:
                with transaction(folder) as connection:
                    store.add_devices(connection, [device("LATE")])
            yield row

    create(folder, file, PASSPHRASE, meanwhile)
    put_back(file.getvalue(), tmp_path / "new")
    assert len(content(folder).devices) == 8
    assert len(content(tmp_path / "new").devices) == 7


def test_numbers_that_were_given_are_not_given_again(tmp_path: Path) -> None:
    folder = filled(tmp_path / "console")
    with transaction(folder) as connection:
        highest = max(connection.execute(select(devices.c.id)).scalars())
        connection.execute(devices.delete().where(devices.c.id == highest))
        connection.execute(signing_requests.delete())
    put_back(taken(folder), tmp_path / "new")
    with transaction(tmp_path / "new") as connection:
        store.add_devices(connection, [device("NEXT")])
        added = connection.execute(select(devices.c.id).where(devices.c.service_tag == "NEXT")).scalar_one()
        assert numbering.last_numbers(connection)["signing_requests"] == 1
    assert added == highest + 1


def test_groups_whose_parent_came_later(tmp_path: Path) -> None:
    folder = filled(tmp_path / "console")
    with transaction(folder) as connection:
        store.add_groups(connection, [Group("late", "")])
        late = select(groups.c.id).where(groups.c.name == "late").scalar_subquery()
        connection.execute(groups.update().where(groups.c.name == "a top").values(parent_id=late))
    put_back(taken(folder), tmp_path / "new")
    assert ("a top", "above", store.USER_DEFINED, "late") in content(tmp_path / "new").groups
    assert content(tmp_path / "new") == content(folder)


def test_the_preview_says_what_changes(backup: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "console"
    put_back(backup, folder)
    with transaction(folder) as connection:
        sealer = StateFolder.beside(folder).sealer()
        store.add_fleet(connection, Fleet(devices=(device("NEW"),)), sealer)
        connection.execute(devices.delete().where(devices.c.service_tag == "a1"))
        connection.execute(devices.update().where(devices.c.service_tag == "a2").values(name="renamed"))
        number = select(devices.c.id).where(devices.c.service_tag == "a3").scalar_subquery()
        connection.execute(group_members.delete().where(group_members.c.device_id == number))
        other = sealer.seal(b"another password", "credential:a c1")
        connection.execute(credentials.update().where(credentials.c.name == "a c1").values(password_sealed=other))
    before = dump(folder)
    preview = put_back(backup, folder, answer=lambda _preview: False)
    assert change(preview, "devices") == ("devices", 7, 7, ("a1",), ("NEW",), ("a2", "a3"))
    assert change(preview, "credentials") == ("credentials", 3, 3, (), (), ("a c1",))
    assert change(preview, "groups")[3:] == ((), (), ())
    assert not preview.over_empty
    assert dump(folder) == before
