"""R9: every certificate has a common name, and none holds a wildcard."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from tests.requirements.administrator import Administrator, Authorities, leaf

from mutua.authority.issue import Template, issue
from mutua.authority.request import parse_names


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


NAMELESS = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example")])


@pytest.mark.parametrize(
    ("subject", "status"),
    [
        (_named("om.example.net"), 200),
        (_named("*.example.net"), 400),
        (_named("om.*.net"), 400),
        (NAMELESS, 400),
        (x509.Name([]), 400),
    ],
)
def test_R9_the_leaf(shared: Administrator, authorities: Authorities, subject: x509.Name, status: int) -> None:
    signed = leaf(shared.request(), authorities.inter1, subject=subject)
    assert shared.upload_chain(signed, authorities.inter1, authorities.root).status_code == status
    assert (shared.presented() == signed.certificate) is (status == 200)


@pytest.mark.parametrize(("names", "status"), [("om.example.net", 200), ("om.example.net,*.example.net", 400)])
def test_R9_the_alternative_names_of_the_leaf(
    shared: Administrator, authorities: Authorities, names: str, status: int
) -> None:
    plain = parse_names(names.replace("*", "x"))
    wild = tuple(x509.DNSName(name) for name in names.split(","))
    signed = leaf(shared.request(), authorities.inter1, names=wild if "*" in names else plain)
    assert shared.upload_chain(signed, authorities.inter1, authorities.root).status_code == status


@pytest.mark.parametrize(("subject", "status"), [(_named("Inter-CA3"), 200), (NAMELESS, 400), (_named("CA *"), 400)])
def test_R9_a_ca_of_the_chain(shared: Administrator, authorities: Authorities, subject: x509.Name, status: int) -> None:
    intermediate = issue(Template(subject=subject, is_ca=True), issuer=authorities.root)
    signed = leaf(shared.request(), intermediate)
    assert shared.upload_chain(signed, intermediate, authorities.root).status_code == status
    assert (shared.presented() == signed.certificate) is (status == 200)


@pytest.mark.parametrize(("name", "status"), [("om.example.net", 200), ("*.example.net", 400)])
def test_R9_a_single_certificate(shared: Administrator, authorities: Authorities, name: str, status: int) -> None:
    signed = leaf(shared.request(), authorities.inter1, subject=_named(name))
    assert shared.upload_certificate(signed).status_code == status
    assert (shared.presented() == signed.certificate) is (status == 200)
