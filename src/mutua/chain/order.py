"""From a heap of certificates to leaf … root, whatever order they came in."""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from mutua.chain.certificate import Certificate, ComparableName

MAX_SIGNATURE_CHECKS = 2000
"""How many signatures are verified for one input, so that a mesh of namesakes costs a second at the worst."""


_Test = Callable[[Certificate], bool]
_Signed = Callable[[Certificate, Certificate], bool]


class Arrangement(NamedTuple):
    """How the certificates of an input belong together.

    `path` runs from the leaf as far up as signatures lead. `namesake` is a certificate that has the name
    of the issuer wanted at the top of an incomplete path, but not the key that signed. `given_up` says that
    the search ended at `MAX_SIGNATURE_CHECKS`, so that the path may be shorter than it could be. `anchor` is
    the trusted certificate that the path ends in, where it was said what is trusted; it need not be in the input.
    """

    path: tuple[Certificate, ...] = ()
    duplicates: tuple[Certificate, ...] = ()
    foreign: tuple[Certificate, ...] = ()
    in_order: bool = True
    namesake: Certificate | None = None
    given_up: bool = False
    anchor: Certificate | None = None

    @property
    def leaf(self) -> Certificate:
        """The first certificate of the path. Only for an arrangement that has one."""
        return self.path[0]

    @property
    def root(self) -> Certificate | None:
        """The anchor, else the self-signed certificate that the path ends in, or None where it ends before."""
        if self.anchor is not None:
            return self.anchor
        return self.path[-1] if self.path and self.path[-1].is_self_signed else None


def arrange(
    certificates: Sequence[Certificate],
    at: datetime,
    leaf_keys: Collection[bytes] = (),
    trusted: Sequence[Certificate] = (),
    is_signed_by: _Signed = Certificate.is_signed_by,
) -> Arrangement:
    """Find the leaf and follow the signatures up.

    `at` is the moment (aware) whose valid certificates are preferred where paths fork. `leaf_keys` are public
    keys (DER SubjectPublicKeyInfo) that the leaf is known to have, if any are. A path to one of the `trusted`
    certificates (position 0 where they are not in the input) is preferred to one that ends elsewhere. The order
    of the input decides only between leaves that are equally good. At most `MAX_SIGNATURE_CHECKS` signatures
    are verified. `is_signed_by` tells whether the first of two certificates is signed by the second, where nobody
    else has that one's name; with `Certificate.seems_signed_by` such a certificate is taken at its word.
    """
    distinct = _without_duplicates(certificates)
    if not distinct:
        return Arrangement()
    known = _without_duplicates([*distinct, *trusted]) if trusted else distinct
    search = _Search(known, at, frozenset(anchor.der for anchor in trusted), is_signed_by)
    path = max((search.path_from(leaf) for leaf in _leaves(distinct, leaf_keys)), key=_completeness)
    kept = {certificate.position for certificate in distinct}
    arrangement = Arrangement(
        duplicates=tuple(certificate for certificate in certificates if certificate.position not in kept),
        namesake=search.namesake(path[-1]),
        given_up=search.given_up,
        anchor=path[-1] if search.is_trusted(path[-1]) else None,
    )
    return _along(arrangement, distinct, path)


def follow(arrangement: Arrangement, certificates: Sequence[Certificate], path: Sequence[Certificate]) -> Arrangement:
    """The arrangement with the path that was found valid, leaf first and trust anchor last, in place of its own."""
    sound = arrangement._replace(namesake=None, given_up=False, anchor=path[-1])
    return _along(sound, _without_duplicates(certificates), path)


def _along(arrangement: Arrangement, distinct: Sequence[Certificate], path: Sequence[Certificate]) -> Arrangement:
    positions = [certificate.position for certificate in path if certificate.position]
    return arrangement._replace(
        path=tuple(path),
        foreign=tuple(certificate for certificate in distinct if certificate.position not in positions),
        in_order=positions == sorted(positions),
    )


def _without_duplicates(certificates: Sequence[Certificate]) -> tuple[Certificate, ...]:
    first: dict[bytes, Certificate] = {}
    for certificate in certificates:
        first.setdefault(certificate.der, certificate)
    return tuple(first.values())


def _completeness(path: Sequence[Certificate]) -> tuple[bool, int, bool, int]:
    """Best is a path from a leaf to a root of its own; then the longer one, and the one whose leaf comes first."""
    complete = path[-1].is_self_signed
    return complete and len(path) > 1, len(path), complete, -path[0].position


def _leaves(certificates: Sequence[Certificate], leaf_keys: Collection[bytes]) -> Sequence[Certificate]:
    """The certificates that may be the leaf: by the key that it must have, else because they issued no other."""
    if leaf_keys:
        known = [certificate for certificate in certificates if certificate.key_id in leaf_keys]
        if known:
            return known
    issuers: dict[ComparableName, int] = {}
    for certificate in certificates:
        issuers[certificate.comparable_issuer] = issuers.get(certificate.comparable_issuer, 0) + 1
    lowest = [certificate for certificate in certificates if not _issues_another(certificate, issuers)]
    return [certificate for certificate in lowest if not certificate.is_ca] or lowest or certificates[:1]


def _issues_another(certificate: Certificate, issuers: Mapping[ComparableName, int]) -> bool:
    return issuers.get(certificate.comparable_subject, 0) > certificate.is_self_issued


class _Search:
    """Paths among the certificates of one input, with every signature verified once at most."""

    def __init__(
        self, certificates: Sequence[Certificate], at: datetime, trusted: Collection[bytes], is_signed_by: _Signed
    ) -> None:
        self._at = at
        self._is_signed_by = is_signed_by
        self._trusted = trusted
        self._checks_left = MAX_SIGNATURE_CHECKS
        self._known_issuers: dict[bytes, Sequence[Certificate]] = {}
        self._by_subject: dict[ComparableName, list[Certificate]] = {}
        for certificate in certificates:
            self._by_subject.setdefault(certificate.comparable_subject, []).append(certificate)
        self.given_up = False

    def path_from(self, leaf: Certificate) -> tuple[Certificate, ...]:
        """The shortest path to a trusted root, else a trusted certificate, else a root, preferably all valid now.

        Where there is none of them, the longest path.
        """
        path: tuple[Certificate, ...] = (leaf,)
        ends = (self._is_trusted_root, self.is_trusted, self._is_root) if self._trusted else (self._is_root,)
        for is_end in ends:
            for allowed in (self._is_valid, _is_any):
                path = self._climb(leaf, is_end, allowed)
                if is_end(path[-1]):
                    return path
        return path

    def is_trusted(self, certificate: Certificate) -> bool:
        """Whether it is one of those that the verifying side trusts."""
        return certificate.der in self._trusted

    def namesake(self, top: Certificate) -> Certificate | None:
        """A certificate that has the name of the issuer of `top` and did not sign it: the likeliest one."""
        if top.is_self_signed or self.given_up:
            return None
        namesakes = [c for c in self._by_subject.get(top.comparable_issuer, ()) if c is not top]
        return min(namesakes, key=lambda c: (c.key_identifier != top.authority_key, *_preference(c)), default=None)

    def _is_root(self, certificate: Certificate) -> bool:
        return any(issuer is certificate for issuer in self._issuers(certificate))

    def _is_trusted_root(self, certificate: Certificate) -> bool:
        return self.is_trusted(certificate) and self._is_root(certificate)

    def _is_valid(self, certificate: Certificate) -> bool:
        return certificate.not_before <= self._at and self._at.replace(microsecond=0) <= certificate.not_after

    def _climb(self, leaf: Certificate, is_end: _Test, allowed: _Test) -> tuple[Certificate, ...]:
        below: dict[bytes, Certificate | None] = {leaf.der: None}
        queue = deque([leaf])
        top = leaf
        while queue:
            top = queue.popleft()
            if is_end(top):
                break
            for issuer in filter(allowed, self._issuers(top)):
                if issuer.der not in below:
                    below[issuer.der] = top
                    queue.append(issuer)
        path = [top]
        while (child := below[path[-1].der]) is not None:
            path.append(child)
        return tuple(reversed(path))

    def _issuers(self, certificate: Certificate) -> Sequence[Certificate]:
        """Every certificate of the key that signed this one, roots first, then those that last longest."""
        if certificate.der not in self._known_issuers:
            self._known_issuers[certificate.der] = self._find_issuers(certificate)
        return self._known_issuers[certificate.der]

    def _find_issuers(self, certificate: Certificate) -> Sequence[Certificate]:
        candidates = self._candidates(certificate)
        is_signed_by = self._is_signed_by if len(candidates) == 1 else Certificate.is_signed_by
        for same_key in candidates:
            if not self._checks_left:
                self.given_up = True
                break
            self._checks_left -= 1
            if is_signed_by(certificate, same_key[0]):
                return sorted(same_key, key=_preference)
        return ()

    def _candidates(self, certificate: Certificate) -> Sequence[Sequence[Certificate]]:
        """The certificates with the issuer's name, key by key: its own first, then the key that it names."""
        namesakes = self._by_subject.get(certificate.comparable_issuer, [])
        if len(namesakes) < 2:
            return [namesakes] if namesakes else []
        by_key: dict[bytes, list[Certificate]] = {}
        for namesake in namesakes:
            by_key.setdefault(namesake.key_id, []).append(namesake)
        wanted = certificate.authority_key
        return sorted(
            by_key.values(),
            key=lambda same: (same[0].key_id != certificate.key_id, same[0].key_identifier != wanted, same[0].key_id),
        )


def _preference(certificate: Certificate) -> tuple[bool, float, bytes]:
    """Self-issued first, then the one that lasts longest; the bytes decide the rest, so the order never matters."""
    return not certificate.is_self_issued, -certificate.not_after.timestamp(), certificate.der


def _is_any(_certificate: Certificate) -> bool:
    return True
