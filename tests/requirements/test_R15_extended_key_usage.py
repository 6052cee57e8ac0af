"""R15: the answer to a chain whose leaf is not made for both sides of a connection, to the letter."""

import pytest
from cryptography import x509
from tests.requirements.administrator import Administrator, Authorities, cgen1008, chain_entry, is_entry, leaf

from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH

REFUSED = cgen1008("No Client/Server authentication EKU present in leaf certificate.")


@pytest.mark.parametrize("purposes", [(SERVER_AUTH,), (CLIENT_AUTH,), None])
def test_R15_one_of_the_two_is_missing(
    shared: Administrator, authorities: Authorities, purposes: tuple[x509.ObjectIdentifier, ...] | None
) -> None:
    signed = leaf(shared.request(), authorities.inter1, extended_key_usage=purposes)
    answer = shared.upload_chain(signed, authorities.inter1, authorities.root)
    assert (answer.status_code, answer.text) == (400, REFUSED)
    assert is_entry(shared.log_entries()[-1], chain_entry(REFUSED))


def test_R15_it_is_looked_at_before_the_key_encipherment(shared: Administrator, authorities: Authorities) -> None:
    signed = leaf(shared.request(), authorities.inter1, extended_key_usage=(SERVER_AUTH,), key_usage=None)
    assert shared.upload_chain(signed, authorities.inter1, authorities.root).text == REFUSED


def test_R15_both_get_no_such_answer(shared: Administrator, authorities: Authorities) -> None:
    signed = leaf(shared.request(), authorities.inter1, extended_key_usage=(SERVER_AUTH, CLIENT_AUTH))
    answer = shared.upload_chain(signed, authorities.inter1, authorities.root)
    assert (answer.status_code, answer.content) == (200, b"")
