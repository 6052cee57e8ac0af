"""Two files held against each other: each one's own report, R20's table, and what TLS alone would say."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from mutua import chain
from mutua.chain.certificate import printable
from mutua.chain.pair import Comparison, compare
from mutua.cli.exits import Exit, Failure
from mutua.cli.input import read_file
from mutua.message import message


class Side(NamedTuple):
    """One of the two files: what the appliance would find in it, and what any TLS peer would."""

    name: str
    report: chain.Report
    tls: chain.Report

    @property
    def shown(self) -> str:
        """The file's name, safe for a terminal."""
        return printable(self.name)


class TlsAnswer(StrEnum):
    """What mutual TLS comes to where each side trusts its own chain's root and nothing else."""

    ACCEPTS = "accepts"
    OTHER_ROOT = "other-root"
    OWN_ERRORS = "own-errors"
    NO_ROOT = "no-root"
    """A chain stops below its root, so it cannot be said what its side trusts."""


class Pair(NamedTuple):
    """All that is to be said about two files."""

    source: Side
    target: Side
    comparison: Comparison

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both files."""
        return self.source, self.target

    @property
    def tls(self) -> TlsAnswer:
        """Whether a handshake between the two would succeed."""
        if any(side.report.arrangement.root is None for side in self.sides):
            return TlsAnswer.NO_ROOT
        if not self.comparison.same_root:
            return TlsAnswer.OTHER_ROOT
        return TlsAnswer.OWN_ERRORS if any(side.tls.errors for side in self.sides) else TlsAnswer.ACCEPTS

    @property
    def clean(self) -> bool:
        """Whether both files can be uploaded and the appliance then connects the two consoles."""
        return self.comparison.same_authorities and not any(side.report.errors for side in self.sides)


def read_pair(source: str, target: str, at: datetime) -> Pair:
    """Read and compare two files by the moment `at`. Raises `Failure` where one cannot be read."""
    if source == target == "-":
        raise Failure(message("only one of the two chains can come from standard input."), Exit.USAGE)
    left, right = _read_side(source, at), _read_side(target, at)
    return Pair(left, right, compare(left.report.path, right.report.path))


def _read_side(name: str, at: datetime) -> Side:
    data = read_file(name)
    side = Side(
        name,
        chain.check(data, at=at, profile=chain.Profile.MIGRATION),
        chain.check(data, at=at, profile=chain.Profile.MTLS),
    )
    if not side.report.path:
        raise Failure(
            message("{name} holds no certificate that can be read.", name=side.shown),
            Exit.UNREADABLE,
            message("mutua check {name} says what it is instead.", name=side.shown),
        )
    return side
