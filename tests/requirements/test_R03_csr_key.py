"""R3: only a certificate for a key that this console made with its own signing request is taken."""

import pytest
from tests.requirements.administrator import Administrator, Authorities, Consoles, administrators, leaf

from mutua.authority.issue import Template, issue

UPLOADS = ("chain", "certificate")


def _upload(administrator: Administrator, kind: str, authorities: Authorities, **altered: object) -> int:
    signed = leaf(administrator.request(), authorities.inter1, **altered)
    if kind == "chain":
        return administrator.upload_chain(signed, authorities.inter1, authorities.root).status_code
    return administrator.upload_certificate(signed).status_code


@pytest.mark.parametrize("kind", UPLOADS)
def test_R3_the_answer_to_this_consoles_own_request_is_taken(
    shared: Administrator, authorities: Authorities, kind: str
) -> None:
    before = shared.presented()
    assert _upload(shared, kind, authorities) == 200
    assert shared.presented() != before


@pytest.mark.parametrize("kind", UPLOADS)
def test_R3_a_key_of_somebody_elses_is_refused(shared: Administrator, authorities: Authorities, kind: str) -> None:
    before = shared.presented()
    own = issue(Template(common_name="om.example.net"), issuer=authorities.inter1)
    upload = shared.upload_chain if kind == "chain" else shared.upload_certificate
    certificates = (own, authorities.inter1, authorities.root) if kind == "chain" else (own,)
    assert upload(*certificates).status_code == 400
    assert shared.presented() == before


def test_R3_the_request_of_another_console_is_refused_here_and_taken_there(
    consoles: Consoles, authorities: Authorities
) -> None:
    here, there = consoles("here", "there")
    signed = leaf(there.request(), authorities.inter1)
    chain = (signed, authorities.inter1, authorities.root)
    assert here.upload_chain(*chain).status_code == 400
    assert there.upload_chain(*chain).status_code == 200
    assert there.presented() == signed.certificate


def test_R3_a_refused_upload_leaves_the_roots_alone(consoles: Consoles, authorities: Authorities) -> None:
    (console,) = consoles("console")
    own = issue(Template(common_name="om.example.net"), issuer=authorities.inter1)
    assert console.upload_chain(own, authorities.inter1, authorities.root).status_code == 400
    assert (console.state / "trusted-roots.pem").read_bytes() == b""


def test_R3_the_identity_and_the_request_outlive_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder, authorities = tmp_path_factory.mktemp("restarted"), Authorities.create()
    with administrators(folder, "console") as (console,):
        signed = leaf(console.request(), authorities.inter1)
    with administrators(folder, "console") as (console,):
        assert console.upload_chain(signed, authorities.inter1, authorities.root).status_code == 200
    with administrators(folder, "console") as (console,):
        assert console.presented() == signed.certificate
