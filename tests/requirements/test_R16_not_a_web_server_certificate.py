"""R16: the answer to a chain whose leaf lacks key encipherment, to the letter."""

import pytest
from cryptography import x509
from tests.requirements.administrator import Administrator, Authorities, cgen1008, chain_entry, is_entry, leaf

from mutua.authority.issue import key_usage

REFUSED = cgen1008("User Certificate is not a web server certificate.")


@pytest.mark.parametrize("usage", [key_usage("digital_signature"), None])
def test_R16_no_key_encipherment(shared: Administrator, authorities: Authorities, usage: x509.KeyUsage | None) -> None:
    signed = leaf(shared.request(), authorities.inter1, key_usage=usage)
    answer = shared.upload_chain(signed, authorities.inter1, authorities.root)
    assert (answer.status_code, answer.text) == (400, REFUSED)
    assert is_entry(shared.log_entries()[-1], chain_entry(REFUSED))


def test_R16_key_encipherment_gets_no_such_answer(shared: Administrator, authorities: Authorities) -> None:
    signed = leaf(shared.request(), authorities.inter1, key_usage=key_usage("key_encipherment"))
    answer = shared.upload_chain(signed, authorities.inter1, authorities.root)
    assert (answer.status_code, answer.content) == (200, b"")
