"""Whatever happens to a backup, by accident or on purpose: our error and nothing changed, or exactly what it held."""

import io
import json
import zipfile
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.backup.age import under_passphrase
from tests.backup.taken import PASSPHRASE, dump, put_back
from tests.backup.test_versions import manifest_changed

from mutua.backup import encryption
from mutua.backup.container import CONTENTS, IDENTITY, MANIFEST, Container
from mutua.backup.encryption import Identity
from mutua.backup.errors import BackupError, DamagedBackupError, UnreadableBackupError, WrongPassphraseError

Edit = Callable[[list[bytes]], list[bytes]]


def unlocked(backup: bytes) -> Identity:
    return Container.open(io.BytesIO(backup)).unlock(PASSPHRASE)


def parts(backup: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(backup)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    """A backup of these parts, whose manifest has the right digest."""
    manifest = json.loads(parts[MANIFEST]) | {"sha256": sha256(parts[CONTENTS]).hexdigest()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in (parts | {MANIFEST: json.dumps(manifest).encode()}).items():
            archive.writestr(name, part)
    return file.getvalue()


def clear(backup: bytes) -> list[bytes]:
    """The lines of its contents."""
    opened = Container.open(io.BytesIO(backup))
    with opened.contents() as sealed, encryption.decrypted(sealed, opened.unlock(PASSPHRASE)) as stream:
        content = stream.read()
    return zlib.decompress(content, wbits=31).splitlines(keepends=True)


def sealed(backup: bytes, content: bytes) -> bytes:
    """The backup with other contents, sealed for its own identity: as somebody who has the passphrase could."""
    file = io.BytesIO()
    encryption.encrypt(io.BytesIO(content), file, unlocked(backup))
    return packed(parts(backup) | {CONTENTS: file.getvalue()})


def edited(backup: bytes, edit: Edit) -> bytes:
    """Edit the rows; the last line is made to fit what it can."""
    lines = edit(clear(backup))
    last = json.loads(lines[-1]) | {"sha256": sha256(b"".join(lines[:-1])).hexdigest()}
    return sealed(backup, zlib.compress(b"".join([*lines[:-1], json.dumps(last).encode() + b"\n"]), wbits=31))


def refused(backup: bytes, folder: Path, error: type[BackupError], match: str) -> None:
    """It is refused, into an empty place and over a console alike, and nothing has changed."""
    before = dump(folder)
    for place in (folder.parent / "new", folder):
        with pytest.raises(error, match=match):
            put_back(backup, place)
    assert dump(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.fixture
def over(backup: bytes, tmp_path: Path) -> Path:
    """A console that a backup could be restored over."""
    put_back(backup, tmp_path / "console")
    return tmp_path / "console"


@given(data=st.data())
def test_whatever_byte_is_changed_it_is_found_or_does_not_matter(backup: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(backup) - 1))
    other = data.draw(st.integers(0, 255))
    damaged = backup[:place] + bytes([other]) + backup[place + 1 :]
    same_or_refused(damaged, backup)


@given(data=st.data())
def test_wherever_it_is_cut_off_it_is_found(backup: bytes, data: st.DataObject) -> None:
    with pytest.raises(UnreadableBackupError):
        Container.open(io.BytesIO(backup[: data.draw(st.integers(0, len(backup) - 1))]))


@given(st.binary(max_size=300))
def test_bytes_that_are_no_backup(content: bytes) -> None:
    with pytest.raises(UnreadableBackupError):
        Container.open(io.BytesIO(content))


def same_or_refused(damaged: bytes, backup: bytes) -> None:
    whole = Container.open(io.BytesIO(backup))
    try:
        opened = Container.open(io.BytesIO(damaged))
        with opened.contents() as content:
            found = content.read()
    except BackupError:
        return
    assert opened.header == whole.header
    assert found == parts(backup)[CONTENTS]
    assert str(opened.unlock(PASSPHRASE).key) == str(unlocked(backup).key)


@given(data=st.data())
def test_a_change_of_what_is_encrypted_is_found_though_the_digest_fits(backup: bytes, data: st.DataObject) -> None:
    content = parts(backup)[CONTENTS]
    place = data.draw(st.integers(0, len(content) - 1))
    change = data.draw(st.sampled_from(["flip", "cut", "insert"]))
    rest = {"flip": bytes([content[place] ^ 1]) + content[place + 1 :], "cut": b"", "insert": b"x" + content[place:]}
    changed = io.BytesIO(content[:place] + rest[change])
    with pytest.raises(DamagedBackupError), encryption.decrypted(changed, unlocked(backup)) as stream:
        stream.read()


def test_a_change_that_only_the_encryption_shows(backup: bytes, over: Path) -> None:
    content = parts(backup)[CONTENTS]
    for changed in (content[:-1] + bytes([content[-1] ^ 1]), content[:-20], content + b"more"):
        refused(packed(parts(backup) | {CONTENTS: changed}), over, DamagedBackupError, "cut off or changed")


def test_a_wrong_passphrase(backup: bytes) -> None:
    for wrong in ("", "a passphrase for test", PASSPHRASE + " "):
        with pytest.raises(WrongPassphraseError, match="not the one of this backup"):
            Container.open(io.BytesIO(backup)).unlock(wrong)


def test_contents_of_another_backup(backup: bytes, over: Path) -> None:
    file = io.BytesIO()
    encryption.encrypt(io.BytesIO(b"anything"), file, encryption.new_identity())
    refused(packed(parts(backup) | {CONTENTS: file.getvalue()}), over, DamagedBackupError, "cut off or changed")


def test_a_manifest_that_promises_something_else(backup: bytes, over: Path) -> None:
    refused(manifest_changed(backup, console="another"), over, DamagedBackupError, "says something else")


def test_a_passphrase_that_would_take_for_ever_to_try(backup: bytes) -> None:
    slow = under_passphrase(b"AGE-SECRET-KEY-1", PASSPHRASE).replace(b" 1\n", b" 40\n", 1)
    with pytest.raises(UnreadableBackupError, match="too long"):
        Container.open(io.BytesIO(packed(parts(backup) | {IDENTITY: slow}))).unlock(PASSPHRASE)


def test_an_identity_that_is_none(backup: bytes) -> None:
    other = under_passphrase(b"hello", PASSPHRASE)
    with pytest.raises(DamagedBackupError, match="something else than an identity"):
        Container.open(io.BytesIO(packed(parts(backup) | {IDENTITY: other}))).unlock(PASSPHRASE)


def swapped(lines: list[bytes], old: bytes, new: bytes) -> list[bytes]:
    assert any(old in line for line in lines)
    return [line.replace(old, new, 1) for line in lines]


def doubled_device(lines: list[bytes]) -> list[bytes]:
    first, second = [number for number, line in enumerate(lines) if line.startswith(b'["devices"')][:2]
    return [*lines[:second], lines[first], *lines[second + 1 :]]


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (lambda lines: lines[:1] + lines[2:], "do not fit"),
        (lambda lines: [*lines[:2], *lines[1:]], "do not fit"),
        (lambda lines: [*lines[:-2], lines[-1]], "not readable"),
        (lambda lines: [*lines[:-1], lines[-2], lines[-1]], "others than their last line"),
        (lambda lines: swapped(lines, b'["devices"', b'["sessions"'), "do not fit"),
        (lambda lines: swapped(lines, b'"service_tag"', b'"tag"'), "do not fit"),
        (lambda lines: swapped(lines, b'"password_sealed":"', b'"password_sealed":"!'), "do not fit"),
        (lambda lines: swapped(lines, b'"model":"Model"', b'"model":null'), "do not fit"),
        (lambda lines: swapped(lines, b'"model":"Model"', b'"model":{}'), "do not fit"),
        (lambda lines: swapped(lines, b'"added_at":"', b'"added_at":"x'), "do not fit"),
        (lambda lines: [lines[0], b"not JSON\n", *lines[2:]], "not readable"),
        (lambda lines: [lines[0], b"[]\n", *lines[2:]], "not readable"),
        (lambda lines: [lines[0], b"[" * 100_000 + b"\n", *lines[2:]], "not readable"),
        (lambda lines: [b"{}\n", *lines[1:]], "not readable"),
        (doubled_device, "do not fit"),
    ],
)
def test_contents_that_somebody_with_the_passphrase_made_up(backup: bytes, over: Path, edit: Edit, match: str) -> None:
    refused(edited(backup, edit), over, DamagedBackupError, match)


def test_lines_that_were_changed_without_their_digest(backup: bytes, over: Path) -> None:
    lines = swapped(clear(backup), b'"model":"Model"', b'"model":"Other"')
    refused(sealed(backup, zlib.compress(b"".join(lines), wbits=31)), over, DamagedBackupError, "last line")


def test_contents_that_end_early_or_late(backup: bytes, over: Path) -> None:
    whole = zlib.compress(b"".join(clear(backup)), wbits=31)
    for content in (whole[:-1], b"", b"not gzip", whole + whole, whole + b"x"):
        refused(sealed(backup, content), over, DamagedBackupError, "not readable|more in it")


def test_an_edit_that_changes_nothing_is_taken(backup: bytes, over: Path) -> None:
    """The tests above fail for their own reasons."""
    put_back(edited(backup, lambda lines: lines), over)
    assert len(dump(over)["devices"]) == 7


@pytest.mark.parametrize("name", [CONTENTS, IDENTITY, MANIFEST])
def test_a_part_that_is_missing_or_compressed(backup: bytes, name: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for part, content in parts(backup).items():
            if part != name:
                archive.writestr(part, content)
    with pytest.raises(DamagedBackupError, match=f"{name} is missing"):
        Container.open(io.BytesIO(file.getvalue()))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, b"0" * 10_000_000, zipfile.ZIP_DEFLATED)
    with pytest.raises(DamagedBackupError, match=f"{name} is missing"):
        Container.open(io.BytesIO(file.getvalue()))


def test_a_part_that_does_not_belong(backup: bytes) -> None:
    with pytest.raises(DamagedBackupError, match="more in it"):
        Container.open(io.BytesIO(packed(parts(backup) | {"more": b""})))


@pytest.mark.parametrize("name", [IDENTITY, MANIFEST])
def test_a_part_that_is_too_large(backup: bytes, name: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for part, content in parts(backup).items():
            archive.writestr(part, b" " * 100_000 + content if part == name else content)
    with pytest.raises(DamagedBackupError, match=f"{name} is missing"):
        Container.open(io.BytesIO(file.getvalue()))
