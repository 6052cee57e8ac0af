"""Looking for CA certificates that a chain lacks: in folders and files, and at the addresses in certificates."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from mutua.authority.fetch import FetchError, PrivateAddressError, Way, fetch
from mutua.chain import Report
from mutua.chain.certificate import printable, read_certificate
from mutua.chain.decode import decode
from mutua.chain.repair import Asked, Candidate, Plan, plan
from mutua.cli.judged import Unread
from mutua.cli.many import content_of
from mutua.cli.tree import Listing
from mutua.message import Message, message

MAX_FETCHES = 10
"""How many addresses are asked for one chain."""

MAX_SECONDS = 30.0
"""How long all of them may take together."""

MAX_TOTAL_BYTES = 512 * 1024 * 1024
"""How much of all files in folders is read."""

MAX_CANDIDATES = 20_000
"""How many CA certificates are kept in mind."""


class Found(NamedTuple):
    """What the folders hold: the CA certificates, how many files were read, and what was not."""

    candidates: Sequence[Candidate] = ()
    files: int = 0
    unread: Sequence[Unread] = ()
    links: int = 0


class Fetched(NamedTuple):
    """An address that was asked: the number of certificates in its answer, or why there is none."""

    url: str
    certificates: int
    problem: Message | None
    private: bool = False


def search(names: Sequence[str]) -> Found:
    """All CA certificates in files and folders, each once; what is in the way is told and does not stop the search."""
    unread: list[Unread] = []
    found: dict[bytes, Candidate] = {}
    files = links = total = 0
    for name in dict.fromkeys(names):
        listing = Listing([name])
        unread += listing.unread
        links += listing.links
        for file in listing.files:
            content = content_of(file)
            if isinstance(content, Unread):
                unread.append(content)
            if not isinstance(content, bytes):
                continue
            files += 1
            total += len(content)
            for candidate in _authorities(content, printable(file.name)):
                found.setdefault(candidate.certificate.der, candidate)
            if total > MAX_TOTAL_BYTES or len(found) > MAX_CANDIDATES:
                unread.append(Unread(file.name, message("the search ends here: there is too much to look through")))
                return Found(tuple(found.values()), files, tuple(unread), links)
    return Found(tuple(found.values()), files, tuple(unread), links)


def _authorities(content: bytes, origin: str) -> Sequence[Candidate]:
    return [
        Candidate(read_certificate(certificate.der, 0), origin)
        for certificate in decode(content).certificates
        if certificate.is_ca or certificate.is_self_issued
    ]


def plan_with_fetching(
    before: Report, candidates: Sequence[Candidate], asked: Asked, way: Way | None
) -> tuple[Plan, tuple[Fetched, ...]]:
    """The plan; given a way to fetch, as long as an issuer is wanting, the address that is named for it is asked."""
    known = list(candidates)
    fetched: dict[str, Fetched] = {}
    best = plan(before, known, asked)
    end = time.monotonic() + MAX_SECONDS
    while way is not None and best.wanting is not None:
        url = next((url for url in best.wanting.issuer_locations if url not in fetched), None)
        left = end - time.monotonic()
        if url is None or left <= 0 or len(fetched) >= MAX_FETCHES:
            break
        fetched[url], more = _fetch(url, way._replace(seconds=min(way.seconds, left)))
        if more:
            known += more
            best = plan(before, known, asked)
    return best, tuple(fetched.values())


def _fetch(url: str, way: Way) -> tuple[Fetched, Sequence[Candidate]]:
    try:
        material = decode(fetch(url, way))
    except FetchError as error:
        return Fetched(url, 0, error.reason, isinstance(error, PrivateAddressError)), ()
    if not material.certificates:
        problem = message("the answer holds no certificate; its form is: {form}", form=material.encoding)
        return Fetched(url, 0, problem), ()
    candidates = [Candidate(read_certificate(certificate.der, 0), url) for certificate in material.certificates]
    return Fetched(url, len(candidates), None), candidates
