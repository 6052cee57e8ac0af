"""What was found out about a file, in a form that every output is made of and that processes can hand on."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from mutua.chain import Profile, Report, Severity
from mutua.language import translate
from mutua.message import Message, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.chain.report_json import FindingJson, ReportJson


class Place(NamedTuple):
    """Where a certificate stands: the file, and the line (from 1) where the file has lines."""

    file: str
    line: int | None


class Judged(NamedTuple):
    """A file, or several that were read as one, with everything that is wrong with it.

    `files` are their names. Where somebody asked for them, `places` are those of the certificates, by SHA-256, and
    `report` is the whole report.
    """

    files: tuple[str, ...]
    certificates: int
    findings: "tuple[FindingJson, ...]" = ()
    places: Mapping[str, Place] = {}
    report: "ReportJson | None" = None

    @property
    def name(self) -> str:
        """What the input is called."""
        return " ".join(self.files)

    def at_least(self, least: Severity) -> "Iterator[FindingJson]":
        """The findings that matter as much, or more."""
        return (finding for finding in self.findings if severity_of(finding) >= least)


class Unread(NamedTuple):
    """A file or folder that could not be read, and why."""

    name: str
    reason: Message

    @classmethod
    def because(cls, name: str, error: OSError) -> "Unread":
        """What the system says."""
        return cls(name, message("it cannot be read: {reason}", reason=error.strerror or error))


class Judgement(NamedTuple):
    """All that came of a call: `others` counts the files without certificates, `links` those that were not followed."""

    profile: Profile
    at: datetime
    judged: Sequence[Judged]
    unread: Sequence[Unread] = ()
    others: int = 0
    links: int = 0

    @property
    def with_errors(self) -> Sequence[Judged]:
        """The files that have errors."""
        return [judged for judged in self.judged if any(judged.at_least(Severity.ERROR))]

    @property
    def with_warnings(self) -> int:
        """How many files have warnings or notices, and no errors."""
        return sum(bool(judged.findings) for judged in self.judged) - len(self.with_errors)


def judged(files: Sequence[str], report: Report, places: Mapping[str, Place] | None = None) -> Judged:
    """What is wrong, in the form that processes can hand on."""
    from mutua.chain.report_json import finding_json

    findings = tuple(finding_json(finding, translate) for finding in report.findings)
    return Judged(tuple(files), len(report.material.certificates), findings, places or {})


def severity_of(finding: "FindingJson") -> Severity:
    """How much the finding matters."""
    return Severity[finding["severity"].upper()]


def places_in(contents: Mapping[str, bytes], password: bytes | None = None) -> dict[str, Place]:
    """Where each certificate stands in the files, by its SHA-256; the first place of one that stands twice."""
    from mutua.chain.decode import decode

    places: dict[str, Place] = {}
    for name, data in contents.items():
        lines = _lines(data)
        for certificate in decode(data, password=password).certificates:
            sha256 = certificate.fingerprint
            places.setdefault(sha256, Place(name, lines.get(sha256)))
    return places


def _lines(data: bytes) -> dict[str, int]:
    from binascii import Error, a2b_base64
    from contextlib import suppress
    from hashlib import sha256

    from mutua.chain.armour import blocks

    lines: dict[str, int] = {}
    for block in blocks(data):
        with suppress(Error):
            lines.setdefault(sha256(a2b_base64(block.body)).hexdigest(), block.line)
    return lines
