"""Writing files that nobody may lose or read by accident."""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

SECRET = 0o600
PUBLIC = 0o644


class NewFile(NamedTuple):
    """A file to be written: where, what, and the permission bits that it is born with."""

    path: Path
    content: bytes
    mode: int


def write_all(files: list[NewFile], *, overwrite: bool = False) -> None:
    """Write every file or none. A file has its final mode from its first moment.

    Without `overwrite` an existing file is never touched: raises `FileExistsError`, which names it. Raises
    `OSError` where the folder does not allow it; the files already made are removed again.
    """
    if overwrite:
        _replace_all(files)
    else:
        _create_all(files)


def _create_all(files: list[NewFile]) -> None:
    made: list[Path] = []
    try:
        for file in files:
            with open(os.open(file.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode), "wb") as stream:  # noqa: PTH123
                made.append(file.path)
                stream.write(file.content)
                stream.flush()
                os.fsync(stream.fileno())
    except BaseException:
        _remove(made)
        raise


def _replace_all(files: list[NewFile]) -> None:
    """Each file is complete beside its target before the first target changes."""
    staged = [file._replace(path=file.path.with_name(f".{file.path.name}.{os.getpid()}.new")) for file in files]
    _create_all(staged)
    try:
        for ready, file in zip(staged, files, strict=True):
            ready.path.replace(file.path)
    except BaseException:
        _remove([ready.path for ready in staged])
        raise


def _remove(paths: list[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()
