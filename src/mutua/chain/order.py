"""From a heap of certificates to leaf … root, whatever order they came in."""

from collections import deque
from collections.abc import Collection, Sequence
from typing import NamedTuple

from cryptography import x509

from mutua.chain.certificate import Certificate


class Arrangement(NamedTuple):
    """How the certificates of an input belong together.

    `path` runs from the leaf as far up as signatures lead. `namesake` is a certificate that has the name
    of the issuer wanted at the top of an incomplete path, but not the key that signed.
    """

    path: tuple[Certificate, ...] = ()
    duplicates: tuple[Certificate, ...] = ()
    foreign: tuple[Certificate, ...] = ()
    in_order: bool = True
    namesake: Certificate | None = None

    @property
    def leaf(self) -> Certificate:
        """The first certificate of the path. Only for an arrangement that has one."""
        return self.path[0]

    @property
    def root(self) -> Certificate | None:
        """The self-signed certificate that the path ends in, or None where it ends before."""
        return self.path[-1] if self.path and self.path[-1].is_self_signed else None


def arrange(certificates: Sequence[Certificate], leaf_keys: Collection[bytes] = ()) -> Arrangement:
    """Find the leaf and follow the signatures up.

    `leaf_keys` are public keys (DER SubjectPublicKeyInfo) that the leaf is known to have, if any are.
    Each certificate is looked at once, so a mesh of cross-signed certificates costs no more than a list.
    """
    distinct = tuple({certificate.fingerprint: certificate for certificate in reversed(certificates)}.values())
    distinct = tuple(sorted(distinct, key=lambda certificate: certificate.position))
    if not distinct:
        return Arrangement()
    path = _climb(_find_leaf(distinct, leaf_keys), distinct)
    kept = {certificate.position for certificate in distinct}
    on_path = {certificate.position for certificate in path}
    return Arrangement(
        path=path,
        duplicates=tuple(certificate for certificate in certificates if certificate.position not in kept),
        foreign=tuple(certificate for certificate in distinct if certificate.position not in on_path),
        in_order=[certificate.position for certificate in path] == sorted(on_path),
        namesake=_namesake(path[-1], distinct),
    )


def _find_leaf(certificates: Sequence[Certificate], leaf_keys: Collection[bytes]) -> Certificate:
    for certificate in certificates:
        if certificate.key_id in leaf_keys:
            return certificate
    for certificate in certificates:
        if not certificate.is_ca and not _issues_another(certificate, certificates):
            return certificate
    for certificate in certificates:
        if not _issues_another(certificate, certificates):
            return certificate
    return certificates[0]


def _issues_another(certificate: Certificate, certificates: Sequence[Certificate]) -> bool:
    return any(
        other.issuer == certificate.subject and other.fingerprint != certificate.fingerprint for other in certificates
    )


def _climb(leaf: Certificate, certificates: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """The shortest signed path from the leaf to a self-signed root, else the longest one there is."""
    by_subject: dict[x509.Name, list[Certificate]] = {}
    for certificate in certificates:
        by_subject.setdefault(certificate.subject, []).append(certificate)
    below: dict[str, Certificate | None] = {leaf.fingerprint: None}
    queue = deque([leaf])
    top = leaf
    while queue:
        top = queue.popleft()
        if top.is_self_signed:
            break
        for issuer in by_subject.get(top.issuer, ()):
            if issuer.fingerprint not in below and top.is_signed_by(issuer):
                below[issuer.fingerprint] = top
                queue.append(issuer)
    path = [top]
    while (child := below[path[-1].fingerprint]) is not None:
        path.append(child)
    return tuple(reversed(path))


def _namesake(top: Certificate, certificates: Sequence[Certificate]) -> Certificate | None:
    if top.is_self_signed:
        return None
    for certificate in certificates:
        if certificate.subject == top.issuer and not top.is_signed_by(certificate):
            return certificate
    return None
