"""Writing files that nobody may lose or read by accident."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import IO, NamedTuple

SECRET = 0o600
PUBLIC = 0o644


class NewFile(NamedTuple):
    """A file to be written: where, what, and the permission bits that it is born with."""

    path: Path
    content: bytes
    mode: int


def write_all(files: Sequence[NewFile], *, overwrite: bool = False) -> None:
    """Write every file or none. A file has its final mode from its first moment.

    Without `overwrite` an existing file is never touched: raises `FileExistsError`. With it, every new file
    is complete beside its target before the first target changes. Raises `OSError` where the system refuses;
    `filename` is then the file that was wanted.
    """
    made: list[Path] = []
    staged = [_beside(file.path) if overwrite else file.path for file in files]
    try:
        for file, path in zip(files, staged, strict=True):
            if overwrite:
                _check_replaceable(file.path)
            _create(path, file, made)
        if overwrite:
            for file, path in zip(files, staged, strict=True):
                path.replace(file.path)
    except BaseException as error:
        for path in made:
            with suppress(OSError):
                path.unlink()
        if isinstance(error, OSError):
            error.filename = str(file.path)
        raise


@contextmanager
def writing(path: Path, mode: int, *, overwrite: bool = False) -> Iterator[IO[bytes]]:
    """A file to be written piece by piece; it gets its name, whole and on the disk, at the end of the block.

    Until then, and for good where the block raises, what was there stays. Without `overwrite` an existing file is
    never touched: raises `FileExistsError`. Raises `OSError` where the system refuses; `filename` is then
    `path`.
    """
    fresh = _beside(path)
    try:
        _check_free(path, overwrite)
        descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _check_free(path, overwrite)
        fresh.replace(path)
    except OSError as error:
        if error.filename in (None, str(fresh)):
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):
            fresh.unlink()


def _check_free(path: Path, overwrite: bool) -> None:
    if overwrite:
        _check_replaceable(path)
    elif path.is_symlink() or path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _beside(path: Path) -> Path:
    return path.with_name(f".{token_hex(8)}.new")


def _check_replaceable(path: Path) -> None:
    """A device, a folder or a link (/dev/stdout is one) is not what the person meant to replace."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise OSError(errno.EINVAL, "it is not a regular file")


def _create(path: Path, file: NewFile, made: list[Path]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, file.mode)
    made.append(path)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(file.content)
        stream.flush()
        os.fsync(stream.fileno())
