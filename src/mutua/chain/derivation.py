"""What it costs to make a key of a password, read before it is paid (RFC 8018; RFC 7292, appendix B; RFC 7914)."""

from typing import NamedTuple

from mutua.chain.ber import OBJECT_IDENTIFIER, Element, NotBerError, Walk, number

MAX_ROUNDS = 10_000_000
"""How many rounds of key derivation one input may take: one to three seconds of a processor."""

_PKCS5 = bytes.fromhex("2a864886f70d0105")
_PKCS12_PBE = bytes.fromhex("2a864886f70d010c01")
_PBKDF2, _PBES2, PBMAC1 = _PKCS5 + b"\x0c", _PKCS5 + b"\x0d", _PKCS5 + b"\x0e"
_SCRYPT = bytes.fromhex("2b06010401da47040b")
_SCRYPT_ROUNDS = 4

_OLD_CIPHERS = {
    **{_PKCS5 + bytes([kind]): "DES" for kind in (1, 3, 10)},
    **{_PKCS5 + bytes([kind]): "RC2" for kind in (4, 6, 11)},
    _PKCS12_PBE + b"\x01": "RC4",
    _PKCS12_PBE + b"\x02": "RC4, 40 bits",
    _PKCS12_PBE + b"\x03": "3DES",
    _PKCS12_PBE + b"\x04": "3DES",
    _PKCS12_PBE + b"\x05": "RC2",
    _PKCS12_PBE + b"\x06": "RC2, 40 bits",
    bytes.fromhex("2b0e030207"): "DES",
    bytes.fromhex("2a864886f70d0307"): "3DES",
    bytes.fromhex("2a864886f70d0302"): "RC2",
}


class Encryption(NamedTuple):
    """How something is encrypted: rounds of key derivation, and the name of the cipher if that is an old one."""

    rounds: int
    old_cipher: str | None


def encryption(walk: Walk, algorithm: Element) -> Encryption:
    """What an AlgorithmIdentifier of password-based encryption says. Raises `NotBerError` for any other one."""
    identifier, parameters = identified(walk, algorithm)
    if identifier != _PBES2:
        return Encryption(_rounds(walk, identifier, parameters), _OLD_CIPHERS.get(identifier))
    derivation, cipher = walk.children(parameters, least=2)[:2]
    return Encryption(
        _rounds(walk, *identified(walk, derivation)), _OLD_CIPHERS.get(walk.children(cipher, least=1)[0].content)
    )


def mac_rounds(walk: Walk, algorithm: Element) -> int:
    """The rounds of a message authentication code by PBMAC1 (RFC 9579). Raises `NotBerError`."""
    _identifier, parameters = identified(walk, algorithm)
    return _rounds(walk, *identified(walk, walk.children(parameters, least=1)[0]))


def identified(walk: Walk, algorithm: Element) -> tuple[bytes, Element]:
    """The object identifier of an AlgorithmIdentifier, and its parameters. Raises `NotBerError`."""
    match walk.children(algorithm):
        case [Element(tag=tag, content=identifier), parameters] if tag == OBJECT_IDENTIFIER:
            return identifier, parameters
        case _:
            raise NotBerError("no algorithm with parameters")


def _rounds(walk: Walk, identifier: bytes, parameters: Element) -> int:
    """Salt and number of rounds stand first in the parameters of each derivation, but for scrypt."""
    values = walk.children(parameters, least=2)
    if identifier == _SCRYPT and len(values) >= 4:
        cost, block_size, parallel = map(number, values[1:4])
        return _SCRYPT_ROUNDS * cost * block_size * parallel
    if identifier in _OLD_CIPHERS or identifier == _PBKDF2:
        return number(values[1])
    raise NotBerError("unknown key derivation")
