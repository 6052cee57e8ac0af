"""Taking all certificates out of a container: PKCS#7 (RFC 2315) and PKCS#12 (RFC 7292)."""

import warnings

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

from mutua.chain.certificate import printable
from mutua.chain.decode import Haul
from mutua.chain.derivation import MAX_ROUNDS
from mutua.message import message


def take_pkcs7(haul: Haul, der: bytes, line: int | None) -> None:
    """All certificates of a PKCS#7 container."""
    try:
        with warnings.catch_warnings():
            # Windows writes containers that are not quite DER; pyca/cryptography warns and reads them.
            warnings.simplefilter("ignore")
            found = load_der_pkcs7_certificates(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        haul.refuse(line, message("this PKCS#7 file cannot be read ({detail})", detail=printable(str(error))))
        return
    for certificate in found:
        haul.take_der(certificate.public_bytes(Encoding.DER), line)


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
