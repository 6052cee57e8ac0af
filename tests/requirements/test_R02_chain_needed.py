"""R2: a console certified by a third party needs its whole chain uploaded before a migration."""

from tests.requirements.administrator import Administrator, Authorities, Consoles, leaf

from mutua.authority.issue import Template, issue


def _rules(administrator: Administrator, other: Administrator) -> set[str]:
    answer = administrator.verify(other.running)
    assert answer.status_code == 400
    return {cause["Rule"] for cause in answer.json()["Verification"]["Causes"] if cause["Side"] == "source"}


def test_R2_a_single_certificate_is_not_enough_to_migrate(
    pair: tuple[Administrator, Administrator], authorities: Authorities
) -> None:
    source, target = pair
    assert source.verify(target.running).status_code == 200
    assert source.upload_certificate(leaf(source.request(), authorities.inter1)).status_code == 200
    assert "pair.no-chain" in _rules(source, target)


def test_R2_a_chain_after_the_single_certificate_is_enough(consoles: Consoles, authorities: Authorities) -> None:
    source, target = consoles("source", "target")
    target.certify(authorities, authorities.inter1)
    signed = leaf(source.request(), authorities.inter1)
    assert source.upload_certificate(signed).status_code == 200
    assert source.upload_chain(signed, authorities.inter1, authorities.root).status_code == 200
    assert source.verify(target.running).status_code == 200


def test_R2_a_chain_may_have_no_intermediate(shared: Administrator, authorities: Authorities) -> None:
    signed = leaf(shared.request(), authorities.root)
    assert shared.upload_chain(signed, authorities.root).status_code == 200
    assert shared.presented() == signed.certificate


def test_R2_a_chain_may_have_several_intermediates(shared: Administrator, authorities: Authorities) -> None:
    deeper = issue(Template(common_name="Inter-CA1-A", is_ca=True), issuer=authorities.inter1)
    signed = leaf(shared.request(), deeper)
    assert shared.upload_chain(signed, deeper, authorities.inter1, authorities.root).status_code == 200
    assert shared.presented() == signed.certificate


def test_R2_a_chain_without_its_leaf_is_refused(shared: Administrator, authorities: Authorities) -> None:
    before = shared.presented()
    assert shared.upload_chain(authorities.inter1, authorities.root).status_code == 400
    assert shared.presented() == before
