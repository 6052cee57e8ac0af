"""Which files are meant by names of files and folders."""

import os
from collections.abc import Sequence
from heapq import nsmallest
from typing import NamedTuple

from mutua.cli.judged import Unread
from mutua.message import message

MAX_FILES = 100_000
"""How many files of one call are looked at."""

MAX_DEPTH = 64
"""How many folders deep they may lie."""


class Listed(NamedTuple):
    """A file, and whether the person named it (or it was found in a folder)."""

    name: str
    named: bool


class Listing:
    """The files meant, in a stable order: that of the names given, within a folder that of the file names.

    Symbolic links in a folder are counted and not followed: what they lead to in the same folder is found anyway, and
    what lies outside was not asked for. `unread` has the folders that could not be listed.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.files: list[Listed] = []
        self.unread: list[Unread] = []
        self.links = 0
        for name in dict.fromkeys(names):
            if os.path.isdir(name):  # noqa: PTH112  (a thousand paths are cheaper as text)
                self._enter(name, 1)
            else:
                self.files.append(Listed(name, named=True))

    def _enter(self, folder: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            self.unread.append(Unread(folder, message("it lies more than {limit} folders deep", limit=MAX_DEPTH)))
            return
        try:
            with os.scandir(folder) as found:
                entries = nsmallest(MAX_FILES + 1, found, key=_name)
        except OSError as error:
            self.unread.append(Unread.because(folder, error))
            return
        for entry in entries:
            if entry.is_symlink():
                self.links += 1
            elif entry.is_dir(follow_symlinks=False):
                self._enter(entry.path, depth + 1)
            elif entry.is_file(follow_symlinks=False):
                if len(self.files) >= MAX_FILES:
                    reason = message("only the first {limit} files were looked at", limit=f"{MAX_FILES:,}")
                    self.unread.append(Unread(folder, reason))
                    return
                self.files.append(Listed(entry.path, named=False))


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name
