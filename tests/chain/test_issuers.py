"""A yes or no about many leaves is the verdict of the full report, whatever was vouched for before."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from tests.chain.pki import AT, MODESTLY, authority, der, intermediate, key, leaf, pem, root

from mutua import chain


@cache
def _leaves() -> Mapping[str, bytes]:
    altered = bytearray(der(leaf(intermediate())))
    altered[-1] ^= 1
    stranger = authority("Inter-CA1", signs_with=key("stranger"))
    sound = der(leaf(intermediate()))
    return {
        "sound": sound,
        "another": der(leaf(intermediate(), common_name="other.example.net")),
        "under the root": der(leaf(root())),
        "altered": bytes(altered),
        "expired": der(leaf(intermediate(), not_after=AT - timedelta(seconds=1))),
        "of a namesake": der(leaf(stranger)),
        "for code": der(leaf(intermediate(), extended_key_usage=[ExtendedKeyUsageOID.CODE_SIGNING])),
        "cut off": sound[:-9],
        "empty": b"",
    }


@MODESTLY
@given(st.lists(st.sampled_from(sorted(_leaves())), min_size=1, max_size=6), st.booleans())
def test_the_answer_is_the_verdict_of_the_full_report(names: list[str], trusting: bool) -> None:
    above = pem(intermediate(), root())
    trust = [pem(root())] if trusting else None
    issuers = chain.Issuers(above, at=AT, trust=trust)
    for name in names:
        report = chain.check([_leaves()[name], above], at=AT, profile=chain.Profile.MTLS, trust=trust)
        about_the_leaf = bool(report.path) and report.path[0].der == _leaves()[name]
        assert issuers.vouch_for(_leaves()[name]) is (report.verdict.valid and about_the_leaf)


@pytest.mark.parametrize("constrained", [0, 1])
def test_name_constraints_of_every_issuer_hold_for_every_leaf(constrained: int) -> None:
    only_net: list[dict[str, Any]] = [{}, {}]
    only_net[constrained] = {"extra": [(x509.NameConstraints([x509.DNSName("example.net")], None), True)]}
    top = authority("Root-CA", **only_net[0])
    between = authority("Inter-CA1", top, **only_net[1])
    issuers = chain.Issuers(pem(between), pem(top), at=AT)
    inside = der(leaf(between, names=[x509.DNSName("om.example.net")]))
    outside = der(leaf(between, names=[x509.DNSName("om.example.org")]))
    assert [issuers.vouch_for(one) for one in (inside, outside, inside)] == [True, False, True]


def test_nobody_is_vouched_for_where_nothing_is_trusted() -> None:
    assert not chain.Issuers(pem(intermediate(), root()), at=AT, trust=[]).vouch_for(_leaves()["sound"])
    assert not chain.Issuers(pem(intermediate()), at=AT).vouch_for(_leaves()["sound"])


def test_a_stranger_among_the_issuers_does_not_stand_for_the_leaf() -> None:
    stranger = leaf(authority("Inter-CA2", intermediate(), path_length=None), common_name="other.example.net")
    long_way = authority("Inter-CA3", root())
    other = leaf(authority("Inter-CA4", long_way), common_name="other.example.net")
    for bundle in (
        pem(stranger, intermediate(), root()),
        pem(other, authority("Inter-CA4", long_way), long_way, root()),
    ):
        issuers = chain.Issuers(bundle, at=AT)
        assert issuers.vouch_for(_leaves()["under the root"])
        assert not issuers.vouch_for(_leaves()["expired"])
