"""The fuzz target runs without a fuzzer too: on its seeds, on damaged ones, and it notices what it must not let by."""

import random

import pytest
from tests.chain import der_tree
from tests.fuzz.target import answer, changed, seeds

from mutua.chain.decode import MAX_BYTES

SEEDS = seeds()
UTF8_STRING = 0x0C


@pytest.mark.parametrize("name", SEEDS)
def test_a_seed_and_its_fragments_are_answered(name: str) -> None:
    data = SEEDS[name]
    answer(data)
    chance = random.Random(name)  # noqa: S311  (the same fragments each time)
    for _number in range(5):
        at, length = chance.randrange(len(data)), chance.randrange(8)
        answer(data[:at])
        answer(data[:at] + chance.randbytes(length) + data[at + length :])
        answer(data[at:] + data[:at])
        assert changed(data, at) != data
        answer(changed(data, at))


@pytest.mark.parametrize("name", ["crl-der", "csr-der", "der"])
def test_no_warning_of_a_library_gets_out_for_an_empty_name(name: str) -> None:
    tree = der_tree.parse(SEEDS[name])
    for place in der_tree.places(tree):
        if place.node.tag == UTF8_STRING:
            place.node.content = b""
    assert der_tree.encode(tree) != SEEDS[name]
    answer(der_tree.encode(tree))


def test_what_is_too_large_is_an_answer_of_our_own() -> None:
    answer(bytes(MAX_BYTES + 1))


def test_an_exception_that_is_not_ours_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise RecursionError

    monkeypatch.setattr("mutua.chain.decode.decode_pem", fail)
    with pytest.raises(RecursionError):
        answer(SEEDS["pem"])
