"""The file of a backup: a zip, nothing in it compressed by zip itself.

`console.age`    the contents, encrypted to `identity.age`
`identity.age`   the age identity, under the passphrase; `age -d -i identity.age console.age` opens the contents
`manifest.json`  what it is and how much, for whoever has no passphrase; the contents repeat it, and so vouch for it
"""

import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import IO, Any, NamedTuple, Self

from mutua import __version__
from mutua.backup import encryption
from mutua.backup.encryption import Identity, Readable
from mutua.backup.errors import DamagedBackupError, NewerBackupError, UnreadableBackupError
from mutua.chain.certificate import printable
from mutua.message import message

FORMAT = 1
"""Of the container and of the contents. A change that this program could not read raises it."""

CONTENTS, IDENTITY, MANIFEST = "console.age", "identity.age", "manifest.json"
_MAX_IDENTITY_BYTES = 4 * 1024
_MAX_MANIFEST_BYTES = 64 * 1024
_MAX_TEXT = 1024
_MAX_TABLES = 200
_PIECE_BYTES = 256 * 1024
_UNREADABLE = (OSError, EOFError, ValueError, LookupError, RuntimeError, OverflowError, struct.error, zlib.error)
"""What reading a damaged or hostile zip can raise, besides its own error."""


class Header(NamedTuple):
    """What a backup says of itself."""

    program: str
    """The version of Mutua that took it."""
    schema: str
    """The schema step of the database that it was taken of."""
    taken_at: datetime
    """Aware, UTC, to the second."""
    console: str
    """Whom the console's certificate was issued to."""
    certificate_sha256: str
    """Of that certificate, in hex; empty where the console had none."""
    rows: Mapping[str, int]
    """How many rows of each table."""

    def to_json(self) -> dict[str, Any]:
        """As it stands in the manifest and at the head of the contents."""
        return {"format": FORMAT, **self._asdict(), "taken_at": self.taken_at.isoformat(), "rows": dict(self.rows)}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """The header again. Raises `NewerBackupError`, and `ValueError` for what is none."""
        if not isinstance(value, dict) or type(value.get("format")) is not int:
            raise ValueError("no header")
        if value["format"] > FORMAT:
            raise newer(_text(value.get("program", "?")))
        texts = {name: _text(value.get(name)) for name in ("program", "schema", "console", "certificate_sha256")}
        return cls(taken_at=_moment(value.get("taken_at")), rows=_counts(value.get("rows")), **texts)


def newer(program: str) -> NewerBackupError:
    """The error for a backup that a later version took."""
    return NewerBackupError(
        message("the backup was taken by Mutua {theirs}; this is {ours}.", theirs=program, ours=__version__),
        message("restore it with that version or a later one."),
    )


def write(file: IO[bytes], header: Header, contents: Readable, passphrase: str) -> None:
    """Write a whole backup. Memory does not grow with it."""
    identity = encryption.new_identity()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(_entry(CONTENTS), "w", force_zip64=True) as entry:
            digesting = _Digesting(entry)
            encryption.encrypt(contents, digesting, identity)
        archive.writestr(_entry(IDENTITY), encryption.protect(identity, passphrase))
        manifest = header.to_json() | {"sha256": digesting.digest.hexdigest()}
        archive.writestr(_entry(MANIFEST), json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


class Container:
    """A backup that is whole as far as can be seen without its passphrase."""

    def __init__(self, archive: zipfile.ZipFile, header: Header, protected_identity: bytes) -> None:
        self._archive = archive
        self._protected_identity = protected_identity
        self.header = header

    @classmethod
    def open(cls, file: IO[bytes]) -> Self:
        """Look at everything but what is encrypted: the form, the versions, the digest.

        Raises `UnreadableBackupError`, `DamagedBackupError`, `NewerBackupError`.
        """
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, *_UNREADABLE) as error:
            raise UnreadableBackupError(
                message("the file is no backup of Mutua, or it was cut off."),
                message("give a file that mutua backup create has written, whole."),
            ) from error
        manifest = _read(archive, MANIFEST, _MAX_MANIFEST_BYTES)
        protected_identity = _read(archive, IDENTITY, _MAX_IDENTITY_BYTES)
        if len(archive.namelist()) > len({CONTENTS, IDENTITY, MANIFEST}):
            raise DamagedBackupError(message("there is more in it than its contents"))
        try:
            said = json.loads(manifest)
            header, digest = Header.from_json(said), _text(said.get("sha256"))
        except (ValueError, RecursionError) as error:
            raise DamagedBackupError(message("its manifest is not readable")) from error
        if _digest(archive) != digest:
            raise DamagedBackupError(message("its digest is another one than its manifest says"))
        return cls(archive, header, protected_identity)

    def unlock(self, passphrase: str) -> Identity:
        """What opens the contents. Raises `WrongPassphraseError`, `UnreadableBackupError`."""
        return encryption.unprotect(self._protected_identity, passphrase)

    def contents(self) -> IO[bytes]:
        """What is encrypted, from its beginning. Raises `DamagedBackupError`."""
        return _open(self._archive, CONTENTS)


class _Digesting:
    """Passes on what is written, and takes its digest."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self.digest = sha256()

    def write(self, piece: bytes) -> int:
        self.digest.update(piece)
        return self._target.write(piece)


def _entry(name: str) -> zipfile.ZipInfo:
    """For its owner alone when it is unpacked."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o600 << 16
    return entry


def _open(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    try:
        entry = archive.getinfo(name)
        if entry.compress_type != zipfile.ZIP_STORED:
            raise ValueError("compressed")
        return archive.open(entry)
    except (zipfile.BadZipFile, *_UNREADABLE) as error:
        raise DamagedBackupError(message("{part} is missing or not readable", part=name)) from error


def _pieces(archive: zipfile.ZipFile, name: str, take: Callable[[bytes], object]) -> None:
    with _open(archive, name) as entry:
        try:
            while piece := entry.read(_PIECE_BYTES):
                take(piece)
        except (zipfile.BadZipFile, *_UNREADABLE) as error:
            raise DamagedBackupError(message("{part} is missing or not readable", part=name)) from error


def _read(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    content = bytearray()

    def take(piece: bytes) -> None:
        content.extend(piece)
        if len(content) > limit:
            raise ValueError("too large")

    _pieces(archive, name, take)
    return bytes(content)


def _digest(archive: zipfile.ZipFile) -> str:
    digest = sha256()
    _pieces(archive, CONTENTS, digest.update)
    return digest.hexdigest()


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise ValueError("no text")
    return printable(value)


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("no zone")
    return moment.astimezone(UTC)


def _counts(value: object) -> dict[str, int]:
    if not isinstance(value, dict) or len(value) > _MAX_TABLES:
        raise ValueError("no counts")
    for name, count in value.items():
        if len(name) > _MAX_TEXT or type(count) is not int or count < 0:
            raise ValueError("no count")
    return value
