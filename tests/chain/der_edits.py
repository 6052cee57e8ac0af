"""Changes anywhere in DER that leave all its lengths right: so they are not stopped at the door."""

from tests.chain import der_tree

EDITS = ("drop", "double", "tag", "value", "swap", "move")

TAGS = [
    0x01,
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x0A,
    0x0C,
    0x13,
    0x14,
    0x16,
    0x17,
    0x18,
    0x1C,
    0x1E,
    0x30,
    0x31,
    0x80,
    0x82,
    0xA0,
    0xA3,
]
VALUES = [
    b"", b"\x00", b"\x01", b"\xff", b"\x01\xff", b"\x80" * 20, b"\xff" * 300, b"*", b"\x1b[31m", b"\xd8\x00",
    b"20500101000000Z", b"99991231235959Z", b"00010101000000Z", b"500101000000Z", b"\x2b\x65\x70", b"\x55\x1d\x25",
]  # fmt: skip


def edit(nodes: der_tree.Nodes, how: str, where: float, what: float) -> None:
    """Change one value; `where` and `what`, from 0 up to 1, say which one and into what."""
    places = list(der_tree.places(nodes))
    if not places:
        return
    among, number = places[int(where * len(places))]
    other = places[int(what * len(places))].node
    match how:
        case "drop":
            del among[number]
        case "double":
            among.insert(number, among[number])
        case "tag":
            among[number].tag = TAGS[int(what * len(TAGS))]
        case "value":
            among[number].content = VALUES[int(what * len(VALUES))]
        case "swap":
            among[number] = der_tree.Node(
                other.tag, der_tree.encode(other.content) if isinstance(other.content, list) else other.content
            )
        case "move":
            among.reverse()
