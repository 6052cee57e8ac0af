"""R7: the chain includes the self-signed root, which becomes a trusted root; ten certificates below it at most."""

from tests.requirements.administrator import Administrator, Authorities, Consoles, leaf

from mutua.authority.issue import Issued, Template, issue


def _roots(administrator: Administrator) -> bytes:
    return (administrator.state / "trusted-roots.pem").read_bytes()


def test_R7_the_root_becomes_a_trusted_root(consoles: Consoles, authorities: Authorities) -> None:
    (console,) = consoles("console")
    console.certify(authorities, authorities.inter1)
    assert _roots(console) == authorities.root.pem


def test_R7_the_same_root_is_kept_once_and_another_one_beside_it(consoles: Consoles, authorities: Authorities) -> None:
    (console,) = consoles("console")
    for _ in range(2):
        console.certify(authorities, authorities.inter1)
    assert _roots(console) == authorities.root.pem
    signed = leaf(console.request(), authorities.stranger)
    assert console.upload_chain(signed, authorities.stranger).status_code == 200
    assert _roots(console) == authorities.root.pem + authorities.stranger.pem


def test_R7_a_chain_without_its_root_is_refused(consoles: Consoles, authorities: Authorities) -> None:
    (console,) = consoles("console")
    before = console.presented()
    signed = leaf(console.request(), authorities.inter1)
    assert console.upload_chain(signed, authorities.inter1).status_code == 400
    assert (console.presented(), _roots(console)) == (before, b"")


def test_R7_a_chain_without_an_intermediate_is_refused(shared: Administrator, authorities: Authorities) -> None:
    before = shared.presented()
    signed = leaf(shared.request(), authorities.inter1)
    assert shared.upload_chain(signed, authorities.root).status_code == 400
    assert shared.presented() == before


def test_R7_a_single_certificate_adds_no_root(consoles: Consoles, authorities: Authorities) -> None:
    (console,) = consoles("console")
    signed = leaf(console.request(), authorities.inter1)
    assert console.upload_certificate(signed, authorities.inter1, authorities.root).status_code == 200
    assert _roots(console) == b""


def _deep(shared: Administrator, authorities: Authorities, leaf_side: int) -> list[Issued]:
    """A chain with so many certificates below its root."""
    above = [authorities.root]
    for number in range(1, leaf_side):
        above.insert(0, issue(Template(common_name=f"Inter-{number}", is_ca=True), issuer=above[0]))
    return [leaf(shared.request(), above[0]), *above]


def test_R7_ten_certificates_below_the_root_are_taken(shared: Administrator, authorities: Authorities) -> None:
    deep = _deep(shared, authorities, 10)
    assert shared.upload_chain(*deep).status_code == 200
    assert shared.presented() == deep[0].certificate


def test_R7_eleven_certificates_below_the_root_are_refused(shared: Administrator, authorities: Authorities) -> None:
    deep = _deep(shared, authorities, 11)
    assert shared.upload_chain(*deep).status_code == 400
    assert shared.presented() != deep[0].certificate
