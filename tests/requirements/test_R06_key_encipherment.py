"""R6: the leaf's key usage includes key encipherment."""

import pytest
from cryptography import x509
from tests.requirements.administrator import Administrator, Authorities, leaf

from mutua.authority.issue import key_usage

WITH, WITHOUT = key_usage("digital_signature", "key_encipherment"), key_usage("digital_signature")


@pytest.mark.parametrize(("usage", "status"), [(WITH, 200), (WITHOUT, 400), (None, 400)])
def test_R6_the_leaf_of_a_chain_needs_it(
    shared: Administrator, authorities: Authorities, usage: x509.KeyUsage | None, status: int
) -> None:
    signed = leaf(shared.request(), authorities.inter1, key_usage=usage)
    assert shared.upload_chain(signed, authorities.inter1, authorities.root).status_code == status
    assert (shared.presented() == signed.certificate) is (status == 200)


@pytest.mark.parametrize(("usage", "status"), [(WITH, 200), (WITHOUT, 500), (None, 500)])
def test_R6_a_single_certificate_needs_it(
    shared: Administrator, authorities: Authorities, usage: x509.KeyUsage | None, status: int
) -> None:
    signed = leaf(shared.request(), authorities.inter1, key_usage=usage)
    assert shared.upload_certificate(signed).status_code == status
    assert (shared.presented() == signed.certificate) is (status == 200)
