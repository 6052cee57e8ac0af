"""What the verifying side trusts."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mutua.chain.certificate import Certificate, read_certificate
from mutua.chain.decode import Unreadable, decode


class Trust(NamedTuple):
    """The trust anchors, each with position 0, and what should have been one and cannot be read."""

    anchors: tuple[Certificate, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


def read_trust(trust: Sequence[Certificate | bytes]) -> Trust:
    """The anchors in certificates and in files of any form that `decode` reads. Raises `InputTooLargeError`."""
    anchors: list[Certificate] = []
    unreadable: list[Unreadable] = []
    for given in trust:
        if isinstance(given, Certificate):
            anchors.append(read_certificate(given.der, 0))
            continue
        material = decode(given)
        unreadable.extend(material.unreadable)
        anchors.extend(read_certificate(certificate.der, 0) for certificate in material.certificates)
    return Trust(tuple(anchors), tuple(unreadable))


def has_namesake(others: Iterable[Certificate], path: Sequence[Certificate]) -> bool:
    """Whether one of the others, which is not in the path itself, has the name of an authority of the path."""
    names, members = {one.comparable_subject for one in path[1:]}, {one.der for one in path}
    return any(other.comparable_subject in names and other.der not in members for other in others)
