"""R8: every certificate is signed by the one that follows, up to the root that all of them are validated against."""

import pytest
from tests.requirements.administrator import Administrator, Authorities, leaf

from mutua.authority.issue import Template, issue


def test_R8_each_one_signed_by_the_next_is_taken(shared: Administrator, authorities: Authorities) -> None:
    signed = leaf(shared.request(), authorities.inter1)
    assert shared.upload_chain(signed, authorities.inter1, authorities.root).status_code == 200
    assert shared.presented() == signed.certificate


@pytest.mark.parametrize("order", [(0, 2, 1), (1, 0, 2), (2, 1, 0), (1, 2, 0)])
def test_R8_another_order_is_refused(shared: Administrator, authorities: Authorities, order: tuple[int, ...]) -> None:
    certificates = (leaf(shared.request(), authorities.inter1), authorities.inter1, authorities.root)
    assert shared.upload_chain(*(certificates[number] for number in order)).status_code == 400
    assert shared.presented() != certificates[0].certificate


def test_R8_a_root_of_the_right_name_with_another_key_is_refused(
    shared: Administrator, authorities: Authorities
) -> None:
    signed = leaf(shared.request(), authorities.inter1)
    assert authorities.stranger.certificate.subject == authorities.root.certificate.subject
    assert shared.upload_chain(signed, authorities.inter1, authorities.stranger).status_code == 400
    assert shared.presented() != signed.certificate


def test_R8_another_intermediate_of_the_same_root_is_refused(shared: Administrator, authorities: Authorities) -> None:
    signed = leaf(shared.request(), authorities.inter1)
    assert shared.upload_chain(signed, authorities.inter2, authorities.root).status_code == 400
    assert shared.presented() != signed.certificate


def test_R8_a_certificate_too_many_is_refused(shared: Administrator, authorities: Authorities) -> None:
    signed = leaf(shared.request(), authorities.inter1)
    chain = (signed, authorities.inter1, authorities.inter2, authorities.root)
    assert shared.upload_chain(*chain).status_code == 400
    assert shared.presented() != signed.certificate


def test_R8_an_issuer_that_is_no_ca_is_refused(shared: Administrator, authorities: Authorities) -> None:
    no_ca = issue(Template(common_name="Not a CA"), issuer=authorities.root)
    signed = leaf(shared.request(), no_ca)
    assert shared.upload_chain(signed, no_ca, authorities.root).status_code == 400
    assert shared.presented() != signed.certificate
