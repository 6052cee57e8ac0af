"""R22: a chain has at most ten certificates below its root."""

from datetime import UTC, datetime

import pytest
from tests.requirements.administrator import Administrator, Authorities, cgen1008, leaf

from mutua.authority.issue import Issued, Template, chain, issue
from mutua.chain.decode import decode
from mutua.peering.identity import IdentityKind
from mutua.peering.standing import Standing
from mutua.peering.verify import judge


def _authorities(root: Issued, count: int) -> list[Issued]:
    """So many intermediates and the root, the lowest first."""
    above = [root]
    for number in range(count):
        above.insert(0, issue(Template(common_name=f"Inter-{number}", is_ca=True), issuer=above[0]))
    return above


@pytest.mark.parametrize(("leaf_side", "status"), [(10, 200), (11, 400), (40, 400)])
def test_R22_at_the_upload(shared: Administrator, authorities: Authorities, leaf_side: int, status: int) -> None:
    above = _authorities(authorities.root, leaf_side - 1)
    answer = shared.upload_chain(leaf(shared.request(), above[0]), *above)
    assert answer.status_code == status
    assert answer.text == ("" if status == 200 else cgen1008("Invalid certificate chain provided."))


@pytest.mark.parametrize(("leaf_side", "rules"), [(10, set()), (11, {"chain.too-deep"})])
def test_R22_at_the_verification(authorities: Authorities, leaf_side: int, rules: set[str]) -> None:
    """No console has such a chain, because no upload takes it; another program may claim one all the same."""
    above = _authorities(authorities.root, leaf_side - 1)
    certified = issue(Template(common_name="om.example.net"), issuer=above[0])
    certificates = decode(chain(certified, *above)).certificates
    standing = Standing("om", "1", datetime.now(UTC), IdentityKind.CHAIN, certificates, "127.0.0.1:8444")
    assert {cause.rule for cause in judge(standing, standing)} == rules


def test_R22_the_deepest_chain_connects(pair: tuple[Administrator, Administrator], authorities: Authorities) -> None:
    above = _authorities(authorities.root, 9)
    for console in pair:
        assert console.upload_chain(leaf(console.request(), above[0]), *above).status_code == 200
    answer = pair[0].verify(pair[1].running)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["Rows"]) == 11
