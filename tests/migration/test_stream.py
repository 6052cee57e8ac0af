"""What a peer may send: everything else is refused, nothing of it goes live, and the target aborts."""

import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.migration.sides import Pair, ToSource, device, fleet

from mutua.inventory.records import Credential, CredentialKind, Fleet, Group
from mutua.inventory.store import Counts
from mutua.migration import stream
from mutua.migration.errors import RefusedError
from mutua.migration.phases import Outcome, Phase
from mutua.migration.stream import Chunk, Kind, Manifest

KEY = bytes(range(32))

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.just("\ud800")
    | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def kind_of(fragment: Fleet) -> Kind:
    return Kind.DEVICES if fragment.devices else Kind.GROUPS if fragment.groups else Kind.CREDENTIALS


def promise(fragments: Sequence[Fleet], contents: Sequence[bytes] | None = None) -> Manifest:
    """What a source says that is about to send these."""
    contents = contents or [stream.encode(fragment) for fragment in fragments]
    chunks = tuple(
        Chunk(number, kind_of(fragment), sum(map(len, fragment)), stream.digest(KEY, content))
        for number, (fragment, content) in enumerate(zip(fragments, contents, strict=True), start=1)
    )
    counts = Counts(*(sum(len(fragment[field]) for fragment in fragments) for field in range(3)))
    return Manifest(counts, chunks, stream.root_digest(KEY, (chunk.digest for chunk in chunks)), KEY)


FRAGMENTS = [
    Fleet(credentials=fleet("a", 1).credentials),
    Fleet(groups=fleet("a", 1).groups),
    Fleet(devices=fleet("a", 5).devices),
]
SOUND = promise(FRAGMENTS)


def on_the_wire(manifest: Manifest) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(json.dumps(manifest.to_json()))
    return value


def test_a_manifest_survives_the_way() -> None:
    assert Manifest.from_json(on_the_wire(SOUND)) == SOUND


@patient
@given(st.dictionaries(st.sampled_from(["Counts", "Chunks", "Digest", "DigestKey", "x"]), json_values))
def test_no_json_at_all_breaks_the_reading_of_a_manifest(value: dict[str, object]) -> None:
    with pytest.raises(RefusedError):
        Manifest.from_json(value)


places = st.sampled_from(
    [
        ("Counts",),
        *(("Counts", field) for field in Counts._fields),
        ("Chunks",),
        *(("Chunks", row) for row in range(3)),
        *(("Chunks", row, column) for row in range(3) for column in range(4)),
        ("Digest",),
        ("DigestKey",),
    ]
)


@patient
@given(places, json_values)
def test_whatever_is_put_into_a_sound_manifest_is_noticed(place: tuple[str | int, ...], value: object) -> None:
    manifest = on_the_wire(SOUND)
    inner = manifest
    for step in place[:-1]:
        inner = inner[step]  # type: ignore[index]  # The places lead through what is there.
    if inner[place[-1]] == value and type(inner[place[-1]]) is type(value):  # type: ignore[index]
        return
    inner[place[-1]] = value  # type: ignore[index]
    with pytest.raises(RefusedError):
        Manifest.from_json(manifest)


def resealed(change: Callable[[list[list[Any]]], object], **counts: int) -> dict[str, Any]:
    """A manifest that was changed by somebody who holds its key, so that its digest is right."""
    manifest = on_the_wire(SOUND)
    change(manifest["Chunks"])
    manifest["Digest"] = stream.root_digest(KEY, (str(row[3]) for row in manifest["Chunks"]))
    manifest["Counts"].update(counts)
    return manifest


HOSTILE_MANIFESTS = {
    "a number twice": resealed(lambda rows: rows[1].__setitem__(0, 1)),
    "out of order": resealed(lambda rows: rows.reverse()),
    "a gap": resealed(lambda rows: rows[2].__setitem__(0, 4)),
    "a huge number": resealed(lambda rows: rows[0].__setitem__(0, 10**30)),
    "no records": resealed(lambda rows: rows[2].__setitem__(2, 0), devices=0),
    "minus five records": resealed(lambda rows: rows[2].__setitem__(2, -5), devices=-5),
    "more records than a chunk holds": resealed(lambda rows: rows[2].__setitem__(2, 201), devices=201),
    "a true for a number": resealed(lambda rows: rows[0].__setitem__(0, True)),
    "a fraction": resealed(lambda rows: rows[2].__setitem__(2, 5.0)),
    "an unknown kind": resealed(lambda rows: rows[2].__setitem__(1, "users")),
    "a kind that is a list": resealed(lambda rows: rows[2].__setitem__(1, ["devices"])),
    "a digest in capitals": resealed(lambda rows: rows[2].__setitem__(3, "A" * 64)),
    "a digest that is no ASCII": resealed(lambda rows: rows[2].__setitem__(3, "é" * 64)),
    "a digest of a megabyte": resealed(lambda rows: rows[2].__setitem__(3, "a" * 1_000_000)),
    "a row too long": resealed(lambda rows: rows[2].append(1)),
    "a row too short": on_the_wire(SOUND) | {"Chunks": [[1, "devices", 5]]},
    "a row that is a text": on_the_wire(SOUND) | {"Chunks": ["1d1x"]},
    "counts that are not the sum": resealed(lambda rows: rows, devices=6),
    "fractions for counts": on_the_wire(SOUND) | {"Counts": {"devices": 5.0, "groups": 3.0, "credentials": 3.0}},
    "another digest": on_the_wire(SOUND) | {"Digest": "0" * 64},
    "a short key": on_the_wire(SOUND) | {"DigestKey": "00"},
    "too many chunks": on_the_wire(SOUND) | {"Chunks": [[1, "devices", 1, "0" * 64]] * (stream.MAX_CHUNKS + 1)},
    "nothing": {},
}


@pytest.mark.parametrize("fault", HOSTILE_MANIFESTS)
def test_a_hostile_manifest_is_refused_in_few_words(fault: str) -> None:
    with pytest.raises(RefusedError) as refused:
        Manifest.from_json(HOSTILE_MANIFESTS[fault])
    assert len(str(refused.value)) < 200


def test_a_chunk_survives_the_way() -> None:
    for chunk, fragment in zip(SOUND.chunks, FRAGMENTS, strict=True):
        content = stream.unpack(stream.pack(stream.encode(fragment)), chunk, KEY)
        assert stream.decode(content, chunk) == fragment


@patient
@given(st.binary(max_size=200) | st.binary(max_size=200).map(zlib.compress))
def test_no_bytes_break_the_unpacking(packed: bytes) -> None:
    with pytest.raises(RefusedError):
        stream.unpack(packed, SOUND.chunks[2], KEY)


@patient
@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_break_the_decoding(content: bytes) -> None:
    with pytest.raises(RefusedError):
        stream.decode(content, SOUND.chunks[2])


@patient
@given(st.data())
def test_no_json_in_the_place_of_a_record_breaks_the_decoding(data: st.DataObject) -> None:
    chunk, fragment = SOUND.chunks[2], FRAGMENTS[2]
    body = json.loads(stream.encode(fragment))
    record = body["Devices"][data.draw(st.integers(0, 4))]
    field = data.draw(st.sampled_from([*record, "Unknown"]))
    value = data.draw(json_values)
    record[field] = value
    try:
        decoded = stream.decode(json.dumps(body).encode(), chunk)
    except RefusedError:
        return
    assert len(decoded.devices) == chunk.records


PACKED = stream.pack(stream.encode(FRAGMENTS[2]))
HOSTILE_CHUNKS = {
    "cut off": PACKED[:-1],
    "followed by more": PACKED + b"x",
    "two at once": PACKED + PACKED,
    "not compressed": stream.encode(FRAGMENTS[2]),
    "nothing": b"",
    "another chunk": stream.pack(stream.encode(FRAGMENTS[1])),
    "a bomb": zlib.compress(b"0" * (2 * stream.MAX_CHUNK_BYTES)),
}


@pytest.mark.parametrize("fault", HOSTILE_CHUNKS)
def test_a_hostile_chunk_is_refused(fault: str) -> None:
    with pytest.raises(RefusedError):
        stream.unpack(HOSTILE_CHUNKS[fault], SOUND.chunks[2], KEY)


@pytest.mark.parametrize(("size", "fits"), [(stream.MAX_CHUNK_BYTES, True), (stream.MAX_CHUNK_BYTES + 1, False)])
def test_a_chunk_may_have_so_many_bytes_whatever_its_digest_says(size: int, fits: bool) -> None:
    content = b"0" * size
    chunk = Chunk(1, Kind.DEVICES, 1, stream.digest(KEY, content))
    if fits:
        assert stream.unpack(stream.pack(content), chunk, KEY) == content
    else:
        with pytest.raises(RefusedError, match="too large"):
            stream.unpack(stream.pack(content), chunk, KEY)


class Hostile(ToSource):
    """A source with a right certificate and bad intentions: it promises and sends what it likes."""

    def __init__(self, pair: Pair, manifest: Manifest, packed: Sequence[bytes]) -> None:
        super().__init__(pair.source, "target")
        self._manifest = manifest
        self._packed = packed
        self.told: list[Outcome] = []

    def manifest(self, migration: str) -> Manifest:
        super().manifest(migration)
        return Manifest.from_json(on_the_wire(self._manifest))

    def chunk(self, migration: str, number: int) -> bytes:
        super().chunk(migration, 1)
        return self._packed[number - 1]

    def tell(self, migration: str, decided: Outcome) -> None:
        self.told.append(decided)
        super().tell(migration, decided)


def refuse(pair: Pair, manifest: Manifest, contents: Sequence[bytes]) -> str:
    """Have the target refuse what a hostile source sends, and see that nothing of it is left; why it refused."""
    pair.source.add(fleet("own", 2))
    before = [side.content() for side in pair]
    identifier = pair.prepare()
    hostile = Hostile(pair, manifest, [stream.pack(content) for content in contents])
    with pytest.raises(RefusedError) as refused:
        pair.target.target.run(identifier, hostile)
    assert hostile.told == [Outcome.ABORTED]
    assert pair.phases(identifier) == (Phase.ABORTED, Phase.ABORTED)
    assert [side.content() for side in pair] == before
    assert pair.target.staged() == 0
    assert pair.source.live() == {"own0", "own1"}
    return str(refused.value)


def test_a_source_that_only_looks_hostile_is_served(pair: Pair) -> None:
    pair.source.add(fleet("own", 2))
    identifier = pair.prepare()
    hostile = Hostile(pair, SOUND, [stream.pack(stream.encode(fragment)) for fragment in FRAGMENTS])
    pair.target.target.run(identifier, hostile)
    assert pair.target.live() == {f"a{number}" for number in range(5)}


HOSTILE_FLEETS: dict[str, tuple[list[Fleet], str]] = {
    "a group that is not there": ([*FRAGMENTS[:2], Fleet((device("d", ("nowhere",)),))], "no group named nowhere"),
    "a credential that is not there": ([*FRAGMENTS[:2], Fleet((device("d", (), "x"),))], "no credential named x"),
    "a parent that is not there": ([Fleet(groups=(Group("g", "", "nowhere"),))], "no group named nowhere"),
    "parents in a circle": ([Fleet(groups=(Group("g", "", "h"), Group("h", "", "g")))], "each other's parents"),
    "a circle over two chunks": (
        [Fleet(groups=(Group("g", "", "h"),)), Fleet(groups=(Group("h", "", "g"),))],
        "no group named h",
    ),
    "a device in two chunks": ([Fleet((device("d"),)), Fleet((device("d"),))], "service tag d is already here"),
    "a device twice in one chunk": ([Fleet((device("d"), device("d")))], "already"),
    "a group in two chunks": ([Fleet(groups=(Group("g"),)), Fleet(groups=(Group("g"),))], "named g is already here"),
    "a credential in two chunks": ([FRAGMENTS[0], FRAGMENTS[0]], "already here"),
    "the name of a built-in group": ([Fleet(groups=(Group("All Devices"),))], "named All Devices is already here"),
    "a service tag that is none": ([Fleet((device("d e"),))], "service tag"),
    "a device before its group": ([FRAGMENTS[0], FRAGMENTS[2], FRAGMENTS[1]], "no group named a sub"),
}


@pytest.mark.parametrize("fault", HOSTILE_FLEETS)
def test_a_fleet_that_does_not_hold_together_is_refused(pair: Pair, fault: str) -> None:
    fragments, problem = HOSTILE_FLEETS[fault]
    contents = [stream.encode(fragment) for fragment in fragments]
    assert problem in refuse(pair, promise(fragments), contents)


DEVICES = FRAGMENTS[2]
ENCODED = stream.encode(DEVICES)
HOSTILE_CONTENTS = {
    "no JSON": (b"nonsense", "no JSON"),
    "no UTF-8": (b'{"Devices":["\xff"]}', "no JSON"),
    "deeper than any record": (b"[" * 200_000, "no JSON"),
    "fewer records than promised": (stream.encode(Fleet(DEVICES.devices[:4])), "promised"),
    "more records than promised": (stream.encode(fleet("a", 6, groups=False)), "promised"),
    "another kind than promised": (stream.encode(FRAGMENTS[1]), "promised"),
    "a second kind beside it": (stream.encode(DEVICES._replace(groups=(Group("g"),))), "promised"),
    "a broken record": (ENCODED.replace(b"10.0.0.1", b"10 0 0 1"), "broken records"),
    "a key that nobody knows": (ENCODED.replace(b'"Model"', b'"Root"'), "broken records"),
}


@pytest.mark.parametrize("fault", HOSTILE_CONTENTS)
def test_a_chunk_with_a_right_digest_and_wrong_records_is_refused(pair: Pair, fault: str) -> None:
    content, problem = HOSTILE_CONTENTS[fault]
    assert problem in refuse(pair, promise([DEVICES], [content]), [content])


def test_chunks_in_another_order_are_refused(pair: Pair) -> None:
    contents = [stream.encode(fragment) for fragment in FRAGMENTS]
    assert "chunk 1 is not what the source promised" in refuse(pair, SOUND, contents[::-1])


def test_a_promise_that_changes_in_between_is_refused(pair: Pair) -> None:
    """What was staged for one promise does not go live for another."""
    pair.source.add(fleet("own", 2))
    identifier = pair.prepare()
    contents = [stream.pack(stream.encode(fragment)) for fragment in FRAGMENTS]
    with pytest.raises(IndexError):
        pair.target.target.run(identifier, Hostile(pair, SOUND, contents[:2]))
    assert pair.target.staged() == 2
    other = [Fleet(credentials=(Credential("z", CredentialKind.SSH, "", ""),)), *FRAGMENTS[1:]]
    changed = [stream.pack(stream.encode(fragment)) for fragment in other]
    with pytest.raises(RefusedError, match="not those that were promised"):
        pair.target.target.run(identifier, Hostile(pair, promise(other), changed))
    assert pair.phases(identifier) == (Phase.ABORTED, Phase.ABORTED)
    assert pair.target.held() == set()
    assert pair.target.staged() == 0
