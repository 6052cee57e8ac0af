"""Taking all certificates out of a container: PKCS#7 (RFC 2315) and PKCS#12 (RFC 7292)."""

from collections.abc import Iterator

from mutua.chain.ber import CONTEXT_0, SEQUENCE, NotBerError, Walk
from mutua.chain.decode import Haul
from mutua.chain.derivation import MAX_ROUNDS
from mutua.message import message


def take_pkcs7(haul: Haul, der: bytes, line: int | None) -> None:
    """All certificates of a PKCS#7 container, each by itself."""
    try:
        found = list(_certificates(der))
    except NotBerError:
        haul.refuse(line, message("this PKCS#7 file is damaged or cut off"))
        return
    for certificate in found:
        haul.take_der(certificate, line)


def _certificates(der: bytes) -> Iterator[bytes]:
    """The certificates of SignedData (RFC 2315, section 9.1); attribute certificates are none."""
    walk = Walk()
    content = walk.children(walk.first(der), least=2)[1]
    signed = walk.children(content, CONTEXT_0, least=1)[0]
    _version, _digests, _content, *rest = walk.children(signed, least=3)
    for field in rest:
        if field.tag == CONTEXT_0:
            yield from (one.encoding for one in walk.children(field, CONTEXT_0) if one.tag == SEQUENCE)


def take_pkcs12(haul: Haul, der: bytes, line: int | None) -> None:
    """All certificates of a PKCS#12 file, and the public half of its key."""
    from mutua.chain.pkcs12 import NotOpenedError, open_box

    try:
        opened = open_box(der, haul.password, MAX_ROUNDS - haul.rounds)
    except NotOpenedError as error:
        haul.rounds += error.rounds
        haul.refuse(line, error.reason, locked=error.locked)
        return
    haul.rounds += opened.rounds
    haul.old_ciphers += opened.old_ciphers
    haul.opened_keys += [opened.key] if opened.key else []
    for certificate in opened.certificates:
        haul.take_der(certificate, line)
