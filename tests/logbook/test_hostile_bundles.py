"""Log bundles that are made to do harm: nothing is written, and no archive costs more than it may."""

import gzip
import io
import os
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.logbook.bundles import LOG, NAME, SMALL, read, tarred, zipped

BOMB = b"\0" * 5_000_000


@pytest.mark.parametrize(
    "content",
    [
        zipped({"bomb.log": BOMB}),
        gzip.compress(BOMB),
        gzip.compress(tarred({"bomb.log": BOMB})),
        zipped({"inner.zip": zipped({"bomb.log": BOMB})}),
        zipped({f"{number}.log": b"\0" * 9_000 for number in range(15)}),
        gzip.compress(gzip.compress(BOMB)),
    ],
    ids=["zip", "gzip", "tar.gz", "zip in zip", "many files", "gzip in gzip"],
)
def test_a_bomb_is_stopped(content: bytes) -> None:
    parts, unread = read(content, SMALL)
    assert set(unread) == {"bundle"}
    assert "may be a bomb" in unread["bundle"]
    assert sum(map(len, parts.values())) <= allowed(content)


def allowed(content: bytes | bytearray) -> int:
    return max(SMALL.free_bytes, SMALL.ratio * len(content))


def test_what_expands_as_logs_do_is_none() -> None:
    log = b"".join(b"[INFO ] 2024-01-25 11:%06d [main] JobService - moved\n" % number for number in range(9_000))
    assert read(gzip.compress(log), SMALL) == ({"bundle": log}, {})


def test_what_was_read_before_a_bomb_stays() -> None:
    parts, unread = read(zipped({NAME: LOG, "bomb.log": BOMB, "later.log": LOG}), SMALL)
    assert parts[f"bundle/{NAME}"] == LOG
    assert "bundle/later.log" not in parts
    assert list(unread) == ["bundle"]


def test_too_many_files_are_told() -> None:
    parts, unread = read(zipped({f"{number}.log": b"x" for number in range(SMALL.parts + 1)}), SMALL)
    assert len(parts) == SMALL.parts
    assert "more than 20 files" in unread["bundle"]
    assert read(zipped({f"{number}.log": b"x" for number in range(SMALL.parts)}), SMALL)[1] == {}


def test_a_tar_of_nothing_but_folders_ends_too() -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for number in range(SMALL.parts + 1):
            folder = tarfile.TarInfo(f"{number}")
            folder.type = tarfile.DIRTYPE
            archive.addfile(folder)
    assert "more than 20 files" in read(content.getvalue(), SMALL)[1]["bundle"]


def test_a_zip_archive_in_another_is_held_only_up_to_a_size() -> None:
    inner = zipped({"noise": os.urandom(SMALL.held_bytes)}, zipfile.ZIP_STORED)
    parts, unread = read(zipped({"inner.zip": inner, NAME: LOG}), SMALL)
    assert parts == {f"bundle/{NAME}": LOG}
    assert "unpack the outer one" in unread["bundle/inner.zip"]


def test_the_table_of_contents_of_a_zip_archive_is_bounded() -> None:
    assert "table of contents" in read(zipped({"n" * 6_000: b"x"}), SMALL)[1]["bundle"]
    content = zipped({NAME: LOG})
    end = content.rindex(b"PK\x05\x06")
    lying = content[: end + 12] + struct.pack("<L", 0x7FFFFFFF) + content[end + 16 :]
    assert list(read(lying)[1]) == ["bundle"]


def tar_header(name: bytes, kind: bytes, size: bytes) -> bytes:
    header = bytearray(name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + size + b"00000000000\0")
    header += b" " * 8 + kind + b"\0" * 100 + b"ustar\x0000"
    header += b"\0" * (512 - len(header))
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
def test_the_description_of_a_file_in_a_tar_is_bounded(kind: bytes) -> None:
    content = tar_header(b"x", kind, b"00777777777\0") + b"1" * 3_000_000
    assert "larger than 1 MiB" in read(content)[1]["bundle"]


@pytest.mark.parametrize("size", [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"not octal!!\0"])
def test_a_tar_with_an_absurd_size_ends(size: bytes) -> None:
    parts, unread = read(tar_header(NAME.encode(), b"0", size) + LOG)
    assert list(unread) == ["bundle"]
    assert len(parts) <= 1


def test_a_sparse_file_of_many_gigabytes_is_a_bomb() -> None:
    header = bytearray(tar_header(b"sparse.log", b"S", b"00000000000\0"))
    header[386:410] = b"%011o\0%011o\0" % (8**11 - 1, 0)
    header[483:495] = b"%011o\0" % (8**11 - 1)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    assert "bomb" in read(bytes(header) + b"\0" * 1024, SMALL)[1]["bundle"]


def test_nothing_is_written_whatever_the_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    names = ["../escaped.log", "/tmp/absolute.log", "C:\\windows.log", "a/../../b.log", "nul\nline.log"]  # noqa: S108
    for content in (zipped(dict.fromkeys(names, LOG)), tarred(dict.fromkeys(names, LOG))):
        parts, unread = read(content)
        assert list(parts) == [f"bundle/{name}" for name in names]
        assert unread == {}
    assert [path.name for path in tmp_path.rglob("*")] == ["inside"]


ARCHIVES = [
    zipped({NAME: LOG, "inner.zip": zipped({"x.gz": gzip.compress(LOG)})}),
    tarred({NAME: LOG, "inner.tar.gz": gzip.compress(tarred({"n" * 150: LOG}))}),
    gzip.compress(LOG) + gzip.compress(tarred({NAME: LOG})),
    zipped({NAME: LOG}, zipfile.ZIP_STORED),
    tarred({"n" * 150: LOG}, tarfile.GNU_FORMAT),
    b"\xff\xfe" + "text".encode("utf-16-le"),
]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(ARCHIVES), st.data())
def test_a_damaged_archive_is_never_more_than_told(archive: bytes, data: st.DataObject) -> None:
    damaged = bytearray(archive)
    for _change in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(damaged)))
        damaged[start : start + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    parts, _unread = read(bytes(damaged), SMALL)
    assert sum(map(len, parts.values())) <= allowed(damaged) + len(damaged)


@settings(deadline=None)
@given(st.sampled_from([b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"", b"\xfe\xff"]), st.binary(max_size=2_000))
@example(b"", tar_header(b"x", b"S", b"00000000000\0"))
@example(b"\x1f\x8b\x08", zlib.compress(LOG))
def test_arbitrary_bytes_are_read_or_told(mark: bytes, content: bytes) -> None:
    parts, unread = read(mark + content, SMALL)
    assert parts or unread or not content or mark.startswith(b"PK")
