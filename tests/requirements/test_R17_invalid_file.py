"""R17: the answer to a file that is not Base 64, or a single certificate without key encipherment, to the letter."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.requirements.administrator import CSEC9002, Administrator, Authorities, is_entry, leaf

from mutua.authority.issue import key_usage


@pytest.mark.parametrize("action", ["UploadCertChain", "UploadCertificate"])
def test_R17_another_encoding(shared: Administrator, authorities: Authorities, action: str) -> None:
    der = leaf(shared.request(), authorities.inter1).certificate.public_bytes(Encoding.DER)
    answer = shared.upload(action, der)
    assert (answer.status_code, answer.text) == (500, CSEC9002)
    assert is_entry(shared.log_entries()[-1], CSEC9002)


def test_R17_a_single_certificate_without_key_encipherment(shared: Administrator, authorities: Authorities) -> None:
    signed = leaf(shared.request(), authorities.inter1, key_usage=key_usage("digital_signature"))
    answer = shared.upload_certificate(signed)
    assert (answer.status_code, answer.text) == (500, CSEC9002)
    assert is_entry(shared.log_entries()[-1], CSEC9002)


def test_R17_the_encoding_is_looked_at_first(shared: Administrator, authorities: Authorities) -> None:
    foreign = authorities.inter1.certificate.public_bytes(Encoding.DER)
    assert shared.upload("UploadCertChain", foreign).text == CSEC9002


def test_R17_a_sound_certificate_in_base_64_gets_no_such_answer(
    shared: Administrator, authorities: Authorities
) -> None:
    entries = len(shared.log_entries())
    answer = shared.upload_certificate(leaf(shared.request(), authorities.inter1))
    assert (answer.status_code, answer.content) == (200, b"")
    assert len(shared.log_entries()) == entries
