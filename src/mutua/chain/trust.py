"""What the verifying side trusts."""

from collections.abc import Sequence
from typing import NamedTuple

from mutua.chain.certificate import Certificate
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
            anchors.append(Certificate(given.der, 0))
            continue
        material = decode(given)
        unreadable.extend(material.unreadable)
        for certificate in material.certificates:
            certificate.position = 0
            anchors.append(certificate)
    return Trust(tuple(anchors), tuple(unreadable))
