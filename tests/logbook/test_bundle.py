"""Log bundles: everything in them is read or told."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.logbook.bundles import LOG, NAME, Read, read, reasons, tarred, zipped

from mutua.logbook.bundle import LIMITS, read_path, read_stream


def gzipped(files: Mapping[str, bytes]) -> bytes:
    (data,) = files.values()
    return gzip.compress(data)


@pytest.mark.parametrize("packed", [zipped, tarred, lambda files: gzip.compress(tarred(files))])
def test_every_file_of_an_archive_is_read(packed: Callable[[Mapping[str, bytes]], bytes]) -> None:
    files = {NAME: LOG, "a/b/c/d/other.log": b"x", "empty": b"", "naïve ✓.log": b"y", "n" * 180: b"z"}
    parts, unread = read(packed(files))
    assert parts == {f"bundle/{name}": content for name, content in files.items()}
    assert unread == {}


def test_a_plain_file_is_one_part() -> None:
    assert read(LOG) == ({"bundle": LOG}, {})
    assert read(b"") == ({"bundle": b""}, {})


def test_a_gzip_may_have_several_members_and_padding() -> None:
    content = gzip.compress(LOG) + gzip.compress(b"") + gzip.compress(b"more") + b"\0" * 40_000
    assert read(content) == ({"bundle": LOG + b"more"}, {})


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_in_each_of_its_forms(form: int) -> None:
    assert read(tarred({NAME: LOG, "n" * 90: b"x"}, form))[0] == {f"bundle/{NAME}": LOG, f"bundle/{'n' * 90}": b"x"}


def test_archives_inside_each_other() -> None:
    inner = zipped({NAME: LOG, "application.log.1.gz": gzip.compress(b"older")})
    content = zipped({"node1.zip": inner, "node2.tar.gz": gzip.compress(tarred({NAME: LOG}))})
    assert read(content) == (
        {
            f"bundle/node1.zip/{NAME}": LOG,
            "bundle/node1.zip/application.log.1.gz": b"older",
            f"bundle/node2.tar.gz/{NAME}": LOG,
        },
        {},
    )


def test_they_are_known_by_content_and_not_by_name() -> None:
    assert read(zipped({"log.txt": gzip.compress(LOG), "log.gz": LOG}))[0] == {
        "bundle/log.txt": LOG,
        "bundle/log.gz": LOG,
    }


def nested(depth: int, pack: Callable[[Mapping[str, bytes]], bytes]) -> bytes:
    content = LOG
    for _level in range(depth):
        content = pack({"x": content})
    return content


@pytest.mark.parametrize("pack", [zipped, tarred, gzipped])
def test_archives_are_nested_only_so_deep(pack: Callable[[Mapping[str, bytes]], bytes]) -> None:
    parts, unread = read(nested(LIMITS.depth, pack))
    assert (list(parts.values()), unread) == ([LOG], {})
    parts, unread = read(nested(LIMITS.depth + 1, pack))
    assert (parts, list(unread.values())) == ({}, [f"archives are nested more than {LIMITS.depth} deep"])


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_text_from_windows_is_read_as_utf_8(mark: bytes) -> None:
    text = "niño ✓ 🔒\n" * 500
    order = "utf-16-le" if mark == b"\xff\xfe" else "utf-16-be"
    assert read(mark + text.encode(order))[0] == {"bundle": text.encode()}
    assert read(mark + text.encode(order) + b"\x00")[0]["bundle"].startswith(text.encode())


def test_links_and_devices_in_a_tar_have_no_content() -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            member = tarfile.TarInfo("../../etc/passwd")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    assert read(content.getvalue()) == ({}, {})


def test_a_locked_file_is_told_and_the_rest_read() -> None:
    content = bytearray(zipped({"locked.log": LOG, NAME: LOG}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    parts, unread = read(bytes(content))
    assert parts == {f"bundle/{NAME}": LOG}
    assert "locked with a password" in unread["bundle/locked.log"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_cost_memory_are_not_unpacked(method: int) -> None:
    parts, unread = read(zipped({NAME: LOG}, method))
    assert parts == {}
    assert f"method {method} of zip" in unread[f"bundle/{NAME}"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (bz2.compress(LOG), "bzip2"),
        (lzma.compress(LOG), "xz"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7-Zip"),
        (b"\x28\xb5\x2f\xfd\0", "Zstandard"),
        (b"Rar!\x1a\x07\x01\x00", "RAR"),
    ],
)
def test_other_archives_are_told(content: bytes, kind: str) -> None:
    parts, unread = read(zipped({"x": content, NAME: LOG}))
    assert parts == {f"bundle/{NAME}": LOG}
    assert unread["bundle/x"] == f"it is packed as {kind}, which is not read here: unpack it first"


def test_a_gzip_that_ends_too_early_is_read_up_to_there() -> None:
    log = b"".join(b"%d\n" % number for number in range(50_000))
    content = gzip.compress(log)
    parts, unread = read(content[: len(content) // 2])
    assert log.startswith(parts["bundle"])
    assert len(parts["bundle"]) > len(log) // 4
    assert unread == {"bundle": "it ends too early; what is there has been read"}


def test_a_damaged_gzip_is_told() -> None:
    log = LOG * 20
    content = bytearray(gzip.compress(log))
    content[-8] ^= 1  # the checksum
    parts, unread = read(bytes(content))
    assert log.startswith(parts["bundle"])
    assert len(log) - len(parts["bundle"]) <= 16 * 1024
    assert "it is damaged" in unread["bundle"]
    assert "it is damaged" in read(gzip.compress(LOG) + b"junk")[1]["bundle"]


def test_a_damaged_file_of_a_zip_archive_is_told_and_the_rest_read() -> None:
    content = bytearray(zipped({"damaged.log": LOG, NAME: LOG}, zipfile.ZIP_STORED))
    content[content.index(LOG) + 100] ^= 1
    parts, unread = read(bytes(content))
    assert parts[f"bundle/{NAME}"] == LOG
    assert list(unread) == ["bundle/damaged.log"]
    assert "Bad CRC-32" in unread["bundle/damaged.log"]


def test_a_tar_that_ends_too_early_or_is_damaged_is_told() -> None:
    content = tarred({"a.log": LOG, NAME: LOG}, tarfile.USTAR_FORMAT)
    second = 512 + (len(LOG) + 511) // 512 * 512
    parts, unread = read(content[: second + 700])
    assert parts["bundle/a.log"] == LOG
    assert list(unread) == ["bundle"]
    damaged = content[: second + 10] + b"\xff" + content[second + 11 :]
    parts, unread = read(damaged)
    assert parts == {"bundle/a.log": LOG}
    assert "bad checksum" in unread["bundle"]


def test_only_the_first_cause_of_a_damage_is_told() -> None:
    content = gzip.compress(tarred({"a.log": LOG, "b.log.gz": gzip.compress(os.urandom(20_000))}))
    parts, unread = read(content[:-5_000])
    assert parts["bundle/a.log"] == LOG
    assert unread == {"bundle": "it ends too early; what is there has been read"}


def test_a_file_that_is_no_zip_archive_to_its_end() -> None:
    assert "it is damaged" in read(zipped({NAME: LOG})[:-10])[1]["bundle"]


class Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


def test_from_a_pipe_all_but_zip_is_read() -> None:
    found = Read()
    assert read_stream(Pipe(gzip.compress(tarred({NAME: LOG}))), "-", found.visit) == []
    assert found.parts == {f"-/{NAME}": LOG}
    (part,) = read_stream(Pipe(zipped({NAME: LOG})), "-", found.visit)
    assert str(part.reason) == "a zip archive cannot be read from a pipe: name the file"


def test_a_folder_with_everything_in_it(tmp_path: Path) -> None:
    (tmp_path / "tomcat").mkdir()
    (tmp_path / "tomcat" / "application.log").write_bytes(LOG)
    (tmp_path / "tomcat" / "application.log.1.gz").write_bytes(gzip.compress(b"older"))
    (tmp_path / "other.zip").write_bytes(zipped({NAME: LOG}))
    (tmp_path / "broken.gz").write_bytes(gzip.compress(LOG)[:-3])
    (tmp_path / "link.log").symlink_to(tmp_path / "tomcat" / "application.log")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    found = Read()
    unread = read_path(tmp_path, "logs", found.visit)
    assert found.parts == {
        "logs/tomcat/application.log": LOG,
        "logs/tomcat/application.log.1.gz": b"older",
        f"logs/other.zip/{NAME}": LOG,
        "logs/broken.gz": LOG,
    }
    assert list(reasons(unread)) == ["logs/broken.gz"]


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_path(tmp_path / "nothing", "nothing", Read().visit)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_in_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret.log").write_bytes(LOG)
    (tmp_path / "secret.log").chmod(0)
    (tmp_path / "closed").mkdir(mode=0)
    assert set(reasons(read_path(tmp_path, "logs", Read().visit)).values()) == {"it cannot be read: Permission denied"}
