"""R5: server and client authentication in the leaf of a chain; for a single certificate server alone will do."""

import pytest
from tests.requirements.administrator import Administrator, Authorities, leaf

from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH

ONLY_SERVER, ONLY_CLIENT, BOTH, NONE = (SERVER_AUTH,), (CLIENT_AUTH,), (SERVER_AUTH, CLIENT_AUTH), None


@pytest.mark.parametrize(("purposes", "status"), [(BOTH, 200), (ONLY_SERVER, 400), (ONLY_CLIENT, 400), (NONE, 400)])
def test_R5_a_chain_needs_both(
    shared: Administrator, authorities: Authorities, purposes: tuple[object, ...] | None, status: int
) -> None:
    signed = leaf(shared.request(), authorities.inter1, extended_key_usage=purposes)
    assert shared.upload_chain(signed, authorities.inter1, authorities.root).status_code == status
    assert (shared.presented() == signed.certificate) is (status == 200)


@pytest.mark.parametrize(("purposes", "status"), [(BOTH, 200), (ONLY_SERVER, 200), (ONLY_CLIENT, 400), (NONE, 400)])
def test_R5_a_single_certificate_needs_server_authentication_alone(
    shared: Administrator, authorities: Authorities, purposes: tuple[object, ...] | None, status: int
) -> None:
    signed = leaf(shared.request(), authorities.inter1, extended_key_usage=purposes)
    assert shared.upload_certificate(signed).status_code == status
    assert (shared.presented() == signed.certificate) is (status == 200)
