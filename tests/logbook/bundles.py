"""Log bundles made for tests, and what reading them gives."""

import io
import tarfile
import zipfile
from collections.abc import Mapping

from mutua.logbook.bundle import LIMITS, Limits, Unread, read_stream
from mutua.logbook.entries import Readable

LOG = b"[INFO ] 2024-01-25 11:10:34.735 [main] JobService - moved\n" * 50
NAME = "tomcat/application.log"
SMALL = Limits(free_bytes=100_000, ratio=30, parts=20, held_bytes=50_000, directory_bytes=5_000)


class Read:
    """What a bundle was found to hold."""

    def __init__(self) -> None:
        self.parts: dict[str, bytes] = {}

    def visit(self, name: str, stream: Readable) -> None:
        content = bytearray()
        while piece := stream.read(1000):
            content += piece
        self.parts[name] = bytes(content)


def read(content: bytes, limits: Limits = LIMITS) -> tuple[dict[str, bytes], dict[str, str]]:
    """The parts by name, and what could not be read with the reason."""
    found = Read()
    stream = io.BytesIO(content)
    unread = read_stream(stream, "bundle", found.visit, len(content), limits)
    return found.parts, reasons(unread)


def reasons(unread: list[Unread]) -> dict[str, str]:
    assert len({part.name for part in unread}) == len(unread)
    return {part.name: str(part.reason) for part in unread}


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def tarred(files: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=form) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return content.getvalue()
