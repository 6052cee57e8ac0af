"""Sealed bytes: what was put in comes out at the same place, and nowhere else, and not after a change."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mutua.storage.sealing import SealBrokenError, Sealer

SEALER = Sealer(bytes(32))

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
places = st.text(max_size=20)


@patient
@given(st.binary(max_size=100), places)
def test_what_is_sealed_can_be_opened(secret: bytes, place: str) -> None:
    assert SEALER.open(SEALER.seal(secret, place), place) == secret


@patient
@given(st.binary(min_size=8, max_size=100), places, places)
def test_sealed_bytes_are_bound_to_their_place(secret: bytes, place: str, other: str) -> None:
    sealed = SEALER.seal(secret, place)
    assert secret not in sealed
    if place != other:
        with pytest.raises(SealBrokenError):
            SEALER.open(sealed, other)


@patient
@given(st.binary(max_size=50), st.data())
def test_any_change_is_noticed(secret: bytes, data: st.DataObject) -> None:
    sealed = bytearray(SEALER.seal(secret, "place"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBrokenError):
        SEALER.open(bytes(sealed), "place")


@patient
@given(st.binary(max_size=60))
def test_no_bytes_break_the_opening(sealed: bytes) -> None:
    with pytest.raises(SealBrokenError):
        SEALER.open(sealed, "place")


def test_the_same_secret_never_looks_the_same() -> None:
    assert len({SEALER.seal(b"secret", "place") for _time in range(100)}) == 100


def test_another_key_opens_nothing() -> None:
    with pytest.raises(SealBrokenError):
        Sealer(b"\x01" * 32).open(SEALER.seal(b"secret", "place"), "place")
