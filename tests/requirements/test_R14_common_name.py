"""R14: the answer to a chain without a common name in its leaf, or with a wildcard, to the letter."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from tests.requirements.administrator import Administrator, Authorities, cgen1008, chain_entry, is_entry, leaf

REFUSED = cgen1008()


@pytest.mark.parametrize("oid", [NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME])
def test_R14_no_common_name_or_a_wildcard(
    shared: Administrator, authorities: Authorities, oid: x509.ObjectIdentifier
) -> None:
    subject = x509.Name([x509.NameAttribute(oid, "*.example.net")])
    signed = leaf(shared.request(), authorities.inter1, subject=subject)
    answer = shared.upload_chain(signed, authorities.inter1, authorities.root)
    assert (answer.status_code, answer.text) == (400, REFUSED)
    assert is_entry(shared.log_entries()[-1], chain_entry(REFUSED))


def test_R14_the_names_are_looked_at_before_the_usages(shared: Administrator, authorities: Authorities) -> None:
    signed = leaf(shared.request(), authorities.inter1, subject=x509.Name([]), extended_key_usage=None, key_usage=None)
    assert shared.upload_chain(signed, authorities.inter1, authorities.root).text == REFUSED


def test_R14_a_plain_common_name_gets_no_such_answer(shared: Administrator, authorities: Authorities) -> None:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "om.example.net")])
    signed = leaf(shared.request(), authorities.inter1, subject=subject)
    answer = shared.upload_chain(signed, authorities.inter1, authorities.root)
    assert (answer.status_code, answer.content) == (200, b"")
