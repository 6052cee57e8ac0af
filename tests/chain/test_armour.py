"""The invariant of reading: every certificate is among the certificates or counted as unreadable. Nothing else is."""

from collections.abc import Callable
from typing import NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st
from tests.chain.pki import MODESTLY, authority, der, intermediate, leaf, root

from mutua.authority.issue import Issued
from mutua.chain.armour import blocks
from mutua.chain.decode import decode

POOL = [leaf(intermediate()), intermediate(), root(), authority("Other-CA")]

DAMAGE: list[Callable[[bytes], bytes]] = [
    lambda pem: pem.replace(b"-----BEGIN", "—–BEGIN".encode()),
    lambda pem: pem.replace(b"-----BEGIN", b"----BEGIN"),
    lambda pem: pem.replace(b"BEGIN ", b"BEGIN\xa0"),
    lambda pem: pem.replace(b"-----END", "—–END".encode()),
    lambda pem: pem.replace(b"END CERTIFICATE", b"END PRIVATE KEY"),
    lambda pem: pem.replace(b"\nMII", b"\nMI"),
    lambda pem: pem.replace(b"\nMII", b"\n(MII"),
    lambda pem: pem.replace(b"\nMII", b"\nAII"),
    lambda pem: pem.replace(b"\n", b"\\n") + b"\n",
    lambda pem: pem.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE"),
    lambda pem: pem.replace(b" CERTIFICATE", b" CA CERTIFICATE"),
    lambda pem: pem[:200] + b"\n",
    lambda _pem: b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
]
SPELLING: list[Callable[[bytes], bytes]] = [
    lambda pem: pem,
    lambda pem: pem.replace(b"\n", b"\r\n"),
    lambda pem: b"\xef\xbb\xbf" + pem,
    lambda pem: pem.replace(b"\n", b"\n   "),
    lambda pem: pem.replace(b"\n", b" \n\n"),
    lambda pem: pem.replace(b" CERTIFICATE", b" X509 CERTIFICATE"),
    lambda pem: pem.rstrip(),
]


class Piece(NamedTuple):
    """A part of a file: its text, and the certificate in it, or how many that cannot be read."""

    text: bytes
    certificate: Issued | None = None
    unreadable: int = 0


def is_noise(text: bytes) -> bool:
    return b"BEGIN" not in text.upper() and b"END" not in text.upper()


certificates = st.sampled_from(POOL)
pieces = st.one_of(
    st.builds(lambda one, spell: Piece(spell(one.pem), one), certificates, st.sampled_from(SPELLING)),
    st.builds(lambda one, damage: Piece(damage(one.pem), None, 1), certificates, st.sampled_from(DAMAGE)),
    st.binary(max_size=80).filter(is_noise).map(lambda noise: Piece(b"\n" + noise + b"\n")),
    st.sampled_from([b"-----\n", b"# BEGIN CERTIFICATE\n", b"MIIB\n", b"\n" * 3, b"subject=CN = x\n"]).map(Piece),
)
files = st.lists(pieces, max_size=12).filter(lambda parts: any(part.certificate or part.unreadable for part in parts))


@MODESTLY
@given(files)
@example([Piece(root().pem.rstrip(), root()), Piece(root().pem.rstrip(), root())])
def test_every_certificate_is_read_or_counted(parts: list[Piece]) -> None:
    material = decode(b"#\n" + b"".join(part.text for part in parts))
    assert [one.der for one in material.certificates] == [der(part.certificate) for part in parts if part.certificate]
    assert len(material.unreadable) == sum(part.unreadable for part in parts)
    assert all(str(unreadable.reason) for unreadable in material.unreadable)
    positions = {certificate.position for certificate in material.certificates}
    assert positions <= set(range(1, len(material.certificates) + len(material.unreadable) + 1))


armour = st.sampled_from(
    [
        *(
            b"-----BEGIN ",
            b"-----END ",
            b"-----",
            b"----------",
            b"CERTIFICATE",
            b"X509 CRL",
            b"BEGIN",
            b"END",
            b"\n",
            b"\r",
        ),
        *(b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----", "—".encode(), b"\xa0", b" ", b"\xef\xbb\xbf"),
    ]
)


@MODESTLY
@given(st.lists(armour | st.binary(max_size=8), max_size=40).map(b"".join))
def test_blocks_come_in_the_order_of_their_lines_and_are_sound_or_have_a_problem(data: bytes) -> None:
    found = list(blocks(data))
    assert [block.line for block in found] == sorted(block.line for block in found)
    newlines = data.count(b"\n") or data.count(b"\r")
    for block in found:
        assert 1 <= block.line <= newlines + 1
        if block.problem is None:
            label = block.label.encode("ascii", "replace")
            assert b"-----BEGIN " in data
            assert len(label) + len(block.body) < len(data)
        else:
            assert block.body == b""
            assert block.looseness is None


@MODESTLY
@given(st.lists(armour | st.binary(max_size=8), max_size=40).map(b"".join))
def test_what_begins_or_ends_a_certificate_is_never_passed_over(data: bytes) -> None:
    """Fewer findings than beginnings would be silence."""
    material = decode(b"#" + data + b"#")
    at_least = max(data.count(b"\n-----BEGIN CERTIFICATE-----\n"), data.count(b"\n-----END CERTIFICATE-----\n"))
    assert len(material.certificates) + len(material.unreadable) >= at_least
