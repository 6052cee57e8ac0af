"""Many files, each judged on its own: one after the other, and on all cores where that is worth its start."""

import os
import stat
import time
from collections.abc import Generator, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

from mutua import chain
from mutua.chain.decode import MAX_BYTES, Encoding
from mutua.cli.judged import Judged, Unread, judged, places_in
from mutua.cli.tree import Listed
from mutua.cli.workers import in_processes, undisturbed
from mutua.language import translate
from mutua.message import message

PATIENCE_S = 0.1
"""For how long one process works before it is asked whether more of them are worth it."""

WORTH_S = 0.4
"""How much work must be left, for one process: to start others takes some hundredths of a second on each core."""

_CHUNKS_PER_CORE = 8
_MOST_IN_CHUNK = 64
_HEAD = 64 * 1024
_HOLDERS = (Encoding.PKCS7, Encoding.PKCS12)
_BOX_OR_CERTIFICATE = b"\x30"

Result: TypeAlias = Judged | Unread | None
"""None is a file that holds nothing like a certificate."""


class Question(NamedTuple):
    """What is asked about every file: see `chain.check`. `whole` asks for the whole reports, and `places`
    for where the certificates stand."""

    profile: chain.Profile
    at: datetime
    trust: Sequence[chain.Certificate | bytes] | None = None
    names: Sequence[str] = ()
    addresses: Sequence[str] = ()
    crls: Sequence[bytes] = ()
    password: bytes | None = None
    whole: bool = False
    places: bool = False


def judge_all(files: Sequence[Listed], question: Question, *, patience_s: float = PATIENCE_S) -> Generator[Result]:
    """The answer for each file, in order."""
    begun = time.monotonic()
    cores = len(os.sched_getaffinity(0))
    for done, file in enumerate(files, 1):
        with undisturbed():
            result = judge(file, question)
        yield result
        spent = time.monotonic() - begun
        if cores > 1 and spent > patience_s:
            if spent / done * (len(files) - done) > WORTH_S:
                yield from _on_all_cores(files[done:], question, cores)
                return
            patience_s += spent


def _on_all_cores(files: Sequence[Listed], question: Question, cores: int) -> Iterator[Result]:
    def judge_chunk(chunk: Sequence[Listed]) -> list[Result]:
        return [judge(file, question) for file in chunk]

    size = max(1, min(_MOST_IN_CHUNK, len(files) // (cores * _CHUNKS_PER_CORE)))
    chunks = [files[start : start + size] for start in range(0, len(files), size)]
    for results in in_processes(judge_chunk, chunks, cores):
        yield from results


def judge(file: Listed, question: Question) -> Result:
    """The answer for one file."""
    data = content_of(file)
    if not isinstance(data, bytes):
        return data
    report = chain.check(
        data,
        at=question.at,
        profile=question.profile,
        trust=question.trust,
        names=question.names,
        addresses=question.addresses,
        crls=question.crls,
        password=question.password,
        sources=(file.name,),
    )
    material = report.material
    if not (file.named or material.has_certificates or material.encoding in _HOLDERS):
        return None
    if question.whole:
        return judged([file.name], report)._replace(report=report.to_json(translate))
    if not report.findings:
        return Judged((file.name,), len(material.certificates))
    return judged([file.name], report, places_in({file.name: data}, question.password) if question.places else None)


def content_of(file: Listed) -> bytes | Unread | None:
    """What is in the file, if that can be a chain. Nothing that was swapped for a link or a pipe meanwhile is read."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if file.named else os.O_NOFOLLOW)
    try:
        descriptor = os.open(file.name, flags)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return Unread(file.name, message("it is not a file")) if file.named else None
            if status.st_size > MAX_BYTES:
                return _too_large(file, os.read(descriptor, _HEAD))
            return _read(descriptor, status.st_size)
        finally:
            os.close(descriptor)
    except OSError as error:
        return Unread.because(file.name, error)


def _read(descriptor: int, expected: int) -> bytes:
    data = os.read(descriptor, expected + 1)
    while len(data) <= MAX_BYTES and (more := os.read(descriptor, _HEAD)):
        data += more
    return data[:MAX_BYTES]


def _too_large(file: Listed, head: bytes) -> Unread | None:
    """A chain is never that large: it is told only of files that begin like one, and of those that were named."""
    if file.named or b"-----BEGIN " in head or head.startswith(_BOX_OR_CERTIFICATE):
        return Unread(file.name, message("it is larger than {limit} MiB", limit=MAX_BYTES // 2**20))
    return None
