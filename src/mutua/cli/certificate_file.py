"""A file that must hold certificates."""

from mutua.cli.exits import Exit, Failure
from mutua.cli.input import read_file
from mutua.message import message


def certificates_in(name: str) -> bytes:
    """The content of a file in which at least one certificate can be read. Raises `Failure`."""
    from mutua.chain.decode import decode

    data = read_file(name)
    if not decode(data).certificates:
        raise no_certificate(name)
    return data


def no_certificate(name: str) -> Failure:
    """What is said of a file that holds none."""
    from mutua.chain.certificate import printable

    return Failure(
        message("{name} holds no certificate that can be read.", name=printable(name)),
        Exit.UNREADABLE,
        message("mutua check {name} says what it is instead.", name=printable(name)),
    )
