"""Leaf to root, whatever the order of the file: one heap of certificates, one path."""

import base64
import time
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.chain.pki import AT, MODESTLY, Case, authority, der, ids, intermediate, key, ladder, leaf, pem, root, spki

from mutua.authority.issue import Issued
from mutua.chain import Profile
from mutua.chain.decode import decode
from mutua.chain.order import MAX_SIGNATURE_CHECKS, Arrangement, arrange

LEAF = leaf(intermediate())
CHAIN = [LEAF, intermediate(), root()]
OTHER = authority("Other-CA")
FOREIGN = [OTHER, authority("Other-Inter", OTHER), authority("Inter-CA1", OTHER, key("namesake")), leaf(OTHER)]

OLD_ROOT = authority("Old-Root", not_after=AT - timedelta(days=1))
NEW_ROOT = authority("New-Root")
NEW_BY_OLD = authority("New-Root", OLD_ROOT)
LONG_OLD_ROOT = authority("Lasting-Root")
NEW_BY_LASTING = authority("New-Root", LONG_OLD_ROOT)
BELOW_NEW = authority("Inter-CA9", NEW_ROOT)
CROSSED_LEAF = leaf(BELOW_NEW)


def arranged(*issued: Issued) -> Arrangement:
    return arrange(decode(pem(*issued)).certificates, AT)


def path(*issued: Issued) -> list[bytes]:
    return [certificate.der for certificate in arranged(*issued).path]


def ders(*issued: Issued) -> list[bytes]:
    return [der(one) for one in issued]


@MODESTLY
@given(st.lists(st.sampled_from([*CHAIN, *FOREIGN]), max_size=6).flatmap(lambda more: st.permutations([*CHAIN, *more])))
def test_one_chain_among_duplicates_and_strangers_is_found_in_any_order(heap: list[Issued]) -> None:
    arrangement = arranged(*heap)
    assert [certificate.der for certificate in arrangement.path] == ders(*CHAIN)
    assert len(arrangement.path) + len(arrangement.duplicates) + len(arrangement.foreign) == len(heap)
    assert len(arrangement.duplicates) == len(heap) - len({der(one) for one in heap})
    assert {certificate.der for certificate in arrangement.foreign} == set(ders(*heap)) - set(ders(*CHAIN))
    assert arrangement.root is arrangement.path[-1]


@pytest.mark.parametrize(
    "heap", list(permutations(CHAIN)), ids=lambda heap: "".join(str(CHAIN.index(one)) for one in heap)
)
def test_in_order_is_the_order_of_the_file(heap: tuple[Issued, ...]) -> None:
    assert arranged(*heap).in_order == (list(heap) == CHAIN)


@MODESTLY
@given(st.permutations([CROSSED_LEAF, BELOW_NEW, NEW_ROOT, NEW_BY_OLD, NEW_BY_LASTING, OLD_ROOT, LONG_OLD_ROOT]))
def test_of_cross_signed_paths_the_shortest_to_a_root_is_taken(heap: list[Issued]) -> None:
    assert path(*heap) == ders(CROSSED_LEAF, BELOW_NEW, NEW_ROOT)


@MODESTLY
@given(st.permutations([CROSSED_LEAF, BELOW_NEW, NEW_BY_OLD, NEW_BY_LASTING, OLD_ROOT, LONG_OLD_ROOT]))
def test_a_path_that_is_valid_now_goes_before_an_expired_one(heap: list[Issued]) -> None:
    """The AddTrust case of 2020: an expired root beside one that lasts."""
    assert path(*heap) == ders(CROSSED_LEAF, BELOW_NEW, NEW_BY_LASTING, LONG_OLD_ROOT)
    report = Case(pem(*heap), Profile.MTLS).check()
    assert report.verdict.valid
    assert {finding.rule.id for finding in report.errors} <= {"chain.leaf-not-first", "chain.openssl-dead-end"}


@MODESTLY
@given(st.permutations([CROSSED_LEAF, BELOW_NEW, NEW_BY_OLD, OLD_ROOT]))
def test_an_expired_path_is_found_where_there_is_no_other(heap: list[Issued]) -> None:
    assert path(*heap) == ders(CROSSED_LEAF, BELOW_NEW, NEW_BY_OLD, OLD_ROOT)
    assert "validity.expired" in ids(Case(pem(*heap), Profile.MTLS).check())


def test_a_renewed_root_goes_before_the_expired_one_of_the_same_key() -> None:
    expired = authority("Root-CA", not_after=AT - timedelta(days=1))
    for heap in permutations([LEAF, intermediate(), expired, root()]):
        assert path(*heap) == ders(*CHAIN)


def test_the_leaf_is_the_one_whose_key_is_known() -> None:
    other = leaf(intermediate(), common_name="om2.example.net")
    mine = pem(other, LEAF, intermediate(), root())
    certificates = decode(mine).certificates
    assert arrange(certificates, AT).leaf.issued_to == "om2.example.net"
    assert arrange(certificates[1:], AT).leaf.issued_to == "om.example.net"
    known = decode(OTHER.pem + mine).certificates
    assert arrange(known, AT, [spki(key("Other-CA"))]).leaf.issued_to == "Other-CA"
    assert arrange(known, AT, [spki(key("nobody's"))]).leaf.issued_to == "om2.example.net"


def test_a_leaf_with_a_chain_goes_before_one_without() -> None:
    console = leaf(common_name="omeprod")
    for heap in permutations([console, LEAF, intermediate()]):
        assert path(*heap) == ders(LEAF, intermediate())


def test_nothing_is_arranged_into_nothing() -> None:
    assert arrange((), AT) == Arrangement()
    assert Arrangement().root is None


def test_authorities_that_sign_each_other_have_a_path_all_the_same() -> None:
    one, two = authority("One"), authority("Two")
    circle = [authority("One", two), authority("Two", one)]
    arrangement = arranged(*circle)
    assert len(arrangement.path) == 2
    assert arrangement.root is None


def mesh(count: int, **knobs: Any) -> list[Issued]:
    """CAs of one name, every one signed by every other, a leaf of the first, and the last as the root."""
    signers = [authority("Mesh", signs_with=key(f"Mesh {number}"), **knobs) for number in range(count)]
    crossed = [
        authority("Mesh", above, key(f"Mesh {number}"), **knobs)
        for number in range(count)
        for above in signers
        if above is not signers[number]
    ]
    names_no_key: dict[str, Any] = {"authority_key_identifier": False} if knobs else {}
    return [leaf(signers[0], **names_no_key), *crossed, signers[-1]]


@pytest.mark.parametrize("silent", [False, True], ids=["with key identifiers", "without"])
def test_a_mesh_of_thirty_namesakes_is_searched_in_bounded_time(silent: bool) -> None:
    knobs: dict[str, Any] = {"subject_key_identifier": False, "authority_key_identifier": False} if silent else {}
    heap = mesh(30, **knobs)[: -1 if silent else None]
    before = time.process_time()
    report = Case(pem(*heap), Profile.MTLS).check()
    assert time.process_time() - before < 60
    assert len(report.material.certificates) == len(heap) >= 30 * 29 + 1
    if silent:
        assert report.arrangement.given_up
        assert f"after {MAX_SIGNATURE_CHECKS} signatures" in str(report.findings[0].found)
        assert ids(report) == ["chain.too-many-namesakes"]
    else:
        # The leaf's issuer, as every one of the others signed it, and the only root.
        assert [certificate.issued_to for certificate in report.path] == ["om.example.net", "Mesh", "Mesh"]
        assert report.verdict.valid
        assert not report.arrangement.given_up


def test_a_bundle_of_roots_has_no_chain_and_takes_no_time() -> None:
    report = Case(pem(*(authority(f"CA {number}") for number in range(150))), Profile.MTLS).check()
    assert len(report.path) == 1
    assert "leaf.is-a-ca" in ids(report)
    assert not report.arrangement.given_up


def test_a_very_long_chain_is_found_and_not_validated() -> None:
    report = Case(pem(*reversed(ladder(120))), Profile.MTLS).check()
    assert len(report.path) == 121
    assert report.verdict.refuses
    assert "longer than 100 certificates" in report.verdict.detail
    assert ids(report) == ["chain.leaf-not-first", "chain.wrong-order", "engine.refused"]


RENEWED = authority("Inter-CA1", root(), key("Inter-CA1 renewed"))


def key_id(issued: Issued) -> str:
    (certificate,) = decode(issued.pem).certificates
    assert certificate.key_identifier is not None
    return certificate.key_identifier


def wrong_key(*heap: Issued) -> str:
    report = Case(pem(*heap)).check()
    assert ids(report) == ["chain.wrong-issuer-key"]
    return str(report.findings[0].found)


def test_a_ca_that_was_rekeyed_is_told_with_the_key_wanted_and_the_key_found() -> None:
    told = wrong_key(LEAF, RENEWED, root())
    assert told == (
        "Inter-CA1 is in the file (number 2), but its key did not sign om.example.net. "
        f"Wanted: key id {key_id(intermediate())}. Found: {key_id(RENEWED)}."
    )


def test_without_identifiers_only_what_is_known_is_told() -> None:
    silent = authority("Inter-CA1", root(), key("Inter-CA1 renewed"), subject_key_identifier=False)
    assert wrong_key(LEAF, silent, root()).endswith(f"Wanted: key id {key_id(intermediate())}.")
    assert wrong_key(leaf(intermediate(), authority_key_identifier=False), RENEWED, root()).endswith("om.example.net.")


def test_an_altered_certificate_is_told_as_such() -> None:
    (whole,) = decode(LEAF.pem).certificates
    changed = bytearray(whole.der)
    changed[-1] ^= 1
    altered = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(changed) + b"-----END CERTIFICATE-----\n"
    report = Case(altered + pem(intermediate(), root())).check()
    assert ids(report) == ["chain.wrong-issuer-key"]
    assert str(report.findings[0].found).endswith("one of the two was changed after it was signed.")


def test_of_two_namesakes_the_one_in_force_signs_and_the_other_is_foreign() -> None:
    for above in permutations([RENEWED, intermediate(), root()]):
        report = Case(pem(LEAF, *above), Profile.MTLS).check()
        assert [certificate.der for certificate in report.path] == ders(*CHAIN)
        assert report.errors == ()


def test_while_there_is_a_gap_no_authority_is_called_foreign() -> None:
    assert ids(Case(pem(LEAF, root(), OTHER)).check()) == ["chain.missing-intermediate"]
    assert ids(Case(pem(LEAF, intermediate(), OTHER)).check()) == ["chain.missing-intermediate"]
    assert ids(Case(pem(LEAF, intermediate())).check()) == ["chain.missing-root"]
    assert ids(Case(pem(*CHAIN, OTHER)).check()) == ["chain.foreign-certificate"]
    assert ids(Case(pem(LEAF, intermediate(), leaf(OTHER))).check()) == [
        "chain.missing-root",
        "chain.foreign-certificate",
    ]


def test_what_is_missing_is_named_with_its_key() -> None:
    (finding,) = Case(LEAF.pem).check().findings
    assert str(finding.found) == (
        "The chain stops at om.example.net. Inter-CA1, which signed it, is not in the file. "
        f"Wanted: key id {key_id(intermediate())}."
    )
