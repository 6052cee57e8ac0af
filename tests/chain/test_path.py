"""The path is the one that the signatures prove, whatever the certificates claim, and issuers are read once."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from tests.chain.pki import AT, MODESTLY, authority, der, intermediate, key, leaf, pem, root, sound

from mutua import chain
from mutua.authority.issue import Issued
from mutua.chain.certificate import Certificate, read_certificate
from mutua.chain.decode import decode
from mutua.chain.order import arrange
from mutua.chain.path import settle
from mutua.chain.trust import Trust
from mutua.chain.verdict import Demand


def _lying(issuer: Issued) -> list[tuple[x509.ExtensionType, bool]]:
    """The key identifier of an issuer that did not sign."""
    return [(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.certificate.public_key()), False)]  # type: ignore[arg-type]


@cache
def _heap() -> Mapping[str, bytes]:
    """Certificates of two roots of one name and their intermediates: sound, crossed, expired, and lying."""
    other_root = authority("Root-CA", signs_with=key("other root"))
    other = authority("Inter-CA1", other_root, signs_with=key("other"))
    crossed = authority("Inter-CA1", other_root, signs_with=key("Inter-CA1"))
    silent = {"authority_key_identifier": False, "subject_key_identifier": False}
    issued = {
        "root": root(),
        "other root": other_root,
        "intermediate": intermediate(),
        "other": other,
        "crossed": crossed,
        "expired": authority("Inter-CA1", root(), not_after=AT - timedelta(days=1)),
        "silent": authority("Inter-CA1", other_root, signs_with=key("silent"), **silent),
        "lying": authority("Inter-CA1", root(), authority_key_identifier=False, extra=_lying(other_root)),
        "leaf": leaf(intermediate()),
        "silent leaf": leaf(intermediate(), authority_key_identifier=False),
        "lying leaf": leaf(intermediate(), authority_key_identifier=False, extra=_lying(other)),
    }
    return {name: der(one) for name, one in issued.items()}


@MODESTLY
@given(st.lists(st.sampled_from(sorted(_heap())), min_size=1, max_size=7), st.sets(st.sampled_from(["root", "other"])))
def test_what_certificates_claim_changes_no_path(names: list[str], trusted: set[str]) -> None:
    certificates = [Certificate(_heap()[name], position) for position, name in enumerate(names, 1)]
    anchors = tuple(Certificate(_heap()[name], 0) for name in sorted(trusted))
    arrangement, verdict = settle(certificates, (), Trust(anchors) if anchors else None, Demand(AT), None)
    proven = arrange(certificates, AT, (), anchors)
    if verdict.valid:
        assert [c.x509 for c in arrangement.path] == list(verdict.path)
        assert all(
            below.is_signed_by(above) for below, above in zip(arrangement.path, arrangement.path[1:], strict=False)
        )
    if not anchors or not verdict.valid:
        assert arrangement == proven


def test_an_issuer_met_again_is_the_same_and_one_in_another_place_is_not() -> None:
    first, again = decode(sound()).certificates, decode(sound()).certificates
    assert all(one is another for one, another in zip(first, again, strict=True))
    elsewhere = read_certificate(first[1].der, 7)
    assert (elsewhere.position, first[1].position) == (7, 2)
    assert elsewhere.fingerprint == first[1].fingerprint


def test_a_certificate_of_many_kilobytes_is_not_kept() -> None:
    names = [x509.DNSName(f"host{number}.example.net") for number in range(500)]
    large = der(leaf(intermediate(), names=names))
    assert len(large) > 8 * 1024
    assert read_certificate(large, 1) is not read_certificate(large, 1)


def test_what_is_kept_of_one_report_is_not_seen_in_the_next() -> None:
    before = chain.check(sound(), at=AT)
    late = chain.check(sound(), at=AT + timedelta(days=3650))
    assert before.errors == ()
    assert {finding.rule.id for finding in late.errors} == {"validity.expired"}
    assert chain.check(sound(), at=AT).errors == ()


@pytest.mark.parametrize("constrained", ["root", "intermediate"])
def test_a_sound_leaf_does_not_vouch_for_the_next_one_under_name_constraints(constrained: str) -> None:
    only_net = [(x509.NameConstraints([x509.DNSName("example.net")], None), True)]
    top = authority("Root-CA", extra=only_net if constrained == "root" else ())
    between = authority("Inter-CA1", top, extra=only_net if constrained == "intermediate" else ())
    inside = pem(leaf(between, names=[x509.DNSName("om.example.net")]), between, top)
    outside = pem(leaf(between, names=[x509.DNSName("om.example.org")]), between, top)
    assert chain.check(inside, at=AT).verdict.valid
    assert not chain.check(outside, at=AT).verdict.valid
    assert chain.check(inside, at=AT).verdict.valid


@pytest.mark.parametrize(
    "knobs", [{"not_after": AT - timedelta(seconds=1)}, {"extended_key_usage": [ExtendedKeyUsageOID.CODE_SIGNING]}]
)
def test_a_sound_leaf_does_not_vouch_for_an_unsound_one(knobs: dict[str, Any]) -> None:
    trusted = [pem(root())]
    assert chain.check(sound(), at=AT, trust=trusted).verdict.valid
    unsound = pem(leaf(intermediate(), **knobs), intermediate(), root())
    assert not chain.check(unsound, at=AT, trust=trusted).verdict.valid
    altered = bytearray(decode(sound()).certificates[0].der)
    altered[-1] ^= 1
    assert not chain.check([bytes(altered), pem(intermediate(), root())], at=AT, trust=trusted).verdict.valid


def test_issuers_that_were_valid_once_are_judged_by_the_moment_asked_about() -> None:
    short = authority("Inter-CA1", root(), not_after=AT + timedelta(days=1))
    data = pem(leaf(short), short, root())
    assert chain.check(data, at=AT).verdict.valid
    assert not chain.check(data, at=AT + timedelta(days=2)).verdict.valid


def test_a_bundle_of_root_and_intermediate_is_trusted_up_to_the_root() -> None:
    bundle = pem(intermediate(), root())
    report = chain.check(sound(), at=AT, trust=[bundle])
    assert [certificate.issued_to for certificate in report.path] == ["om.example.net", "Inter-CA1", "Root-CA"]
    assert report.errors == ()
    only_intermediate = chain.check(sound(), at=AT, trust=[pem(intermediate())])
    assert only_intermediate.arrangement.anchor is only_intermediate.path[1]
    assert "chain.wrong-issuer-key" not in {finding.rule.id for finding in only_intermediate.findings}
