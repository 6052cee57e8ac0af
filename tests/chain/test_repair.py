"""A repair changes what it says, says all that it changes, and makes nothing worse."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates
from hypothesis import given
from hypothesis import strategies as st
from tests.chain.examples import EXAMPLES
from tests.chain.pki import AT, MODESTLY, Case, authority, der, ids, intermediate, key, leaf, pem, root, sound, spki

from mutua import chain
from mutua.authority.issue import SERVER_AUTH, Issued
from mutua.authority.keys import to_pem
from mutua.authority.request import Subject, build_request
from mutua.chain import Profile
from mutua.chain.decode import decode
from mutua.chain.repair import (
    NOTHING_ASKED,
    Added,
    Asked,
    Candidate,
    LeftOut,
    Ordered,
    Plan,
    Removed,
    Rewritten,
    Unread,
    Why,
    plan,
)

DAY = timedelta(days=1)
LEAF = leaf(intermediate())
RENEWED = authority("Inter-CA1", root(), path_length=0, not_after=AT + 59 * DAY)
EXPIRED = authority("Inter-CA1", root(), path_length=0, not_after=AT - DAY)
REKEYED = authority("Inter-CA1", root(), key("Inter-CA1 renewed"))
EXPIRED_ROOT = authority("Root-CA", not_after=AT - DAY)
OTHER_ROOT = authority("Other-CA")
CROSSED = authority("Inter-CA1", OTHER_ROOT, path_length=0)
ROOT_BY_OTHER = authority("Root-CA", OTHER_ROOT)
LIMITED = authority("Inter-CA1", root(), extended_key_usage=[SERVER_AUTH])
STRANGER = authority("other.example.net", OTHER_ROOT, is_ca=False)
TWIN = leaf(OTHER_ROOT, common_name="twin.example.net")
POOL = [
    LEAF,
    intermediate(),
    root(),
    RENEWED,
    EXPIRED,
    REKEYED,
    EXPIRED_ROOT,
    OTHER_ROOT,
    CROSSED,
    ROOT_BY_OTHER,
    LIMITED,
    STRANGER,
    TWIN,
]
REQUEST = build_request(key("leaf"), Subject("om.example.net")).public_bytes(Encoding.PEM)
KEY = to_pem(key("leaf"), None)
NOISE = [KEY, REQUEST, root().pem[:200] + b"\n", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"]
CHAINS = st.lists(st.sampled_from(POOL), min_size=1, max_size=7)


def candidates(*issued: Issued) -> list[Candidate]:
    return [Candidate(one, "ca.pem") for one in decode(pem(*issued)).certificates]


def planned(data: bytes, *found: Issued, profile: Profile = Profile.MIGRATION, asked: Asked = NOTHING_ASKED) -> Plan:
    before = chain.check(
        data, at=AT, profile=profile, request_keys=asked.request_keys, private_key=asked.private_key
    )  # fmt: skip
    return plan(before, candidates(*found), asked)


def result(repair: Plan) -> list[bytes]:
    return [certificate.der for certificate in repair.certificates]


def ders(*issued: Issued) -> list[bytes]:
    return [der(one) for one in issued]


def removed(repair: Plan) -> dict[str, Why]:
    return {step.certificate.issued_to: step.why for step in repair.steps if isinstance(step, Removed)}


def added(repair: Plan) -> list[str]:
    return [step.certificate.issued_to for step in repair.steps if isinstance(step, Added)]


@MODESTLY
@given(CHAINS, st.lists(st.sampled_from(POOL), max_size=5), st.lists(st.sampled_from(NOISE)), st.sampled_from(Profile))
def test_of_any_heap(heap: list[Issued], found: list[Issued], noise: Sequence[bytes], profile: Profile) -> None:
    data = pem(*heap) + b"".join(noise)
    repair = planned(data, *found, profile=profile)

    assert set(result(repair)) <= set(ders(*heap, *found)), "nothing is invented"
    kept = {certificate.position for certificate in repair.certificates if certificate.position}
    told = {step.certificate.position for step in repair.steps if isinstance(step, Removed)}
    assert kept | told == set(range(1, len(heap) + 1)), "what is not kept is told"
    assert not kept & told
    assert len(repair.after.errors) <= len(repair.before.errors), "nothing gets worse"
    assert ids(repair.after) == ids(chain.check(repair.pem, at=AT, profile=profile)), "what is told is what is written"
    own_root = repair.before.arrangement.root
    if own_root is not None:
        assert repair.after.arrangement.root is not None
        assert repair.after.arrangement.root.der == own_root.der, "trust is not replaced"
    assert repair.after.path[0].der == repair.before.path[0].der, "the leaf stays"

    again = planned(repair.pem, *found, profile=profile)
    assert (again.pem, again.steps) == (repair.pem, ()), "a repaired chain stays as it is"
    alone = planned(repair.pem, profile=profile)
    assert (alone.pem, alone.steps) == (repair.pem, ())


@pytest.mark.parametrize("rule", EXAMPLES)
def test_no_bad_example_gets_worse_and_no_good_one_changes(rule: str) -> None:
    for case, sound_before in ((EXAMPLES[rule].bad(), False), (EXAMPLES[rule].good(), True)):
        if not isinstance(case, Case):
            continue
        before = case.check()
        repair = plan(before, (), Asked(case.request_keys, case.private_key))
        assert len(repair.after.errors) <= len(before.errors)
        if sound_before:
            assert {type(step) for step in repair.steps} <= {Ordered, Rewritten, LeftOut}
            assert {*repair.certificates} == {*before.material.certificates}
            assert not repair.after.errors


def test_a_missing_intermediate_and_root_are_added_and_the_root_is_not_vouched_for() -> None:
    repair = planned(LEAF.pem, root(), intermediate(), OTHER_ROOT)
    assert result(repair) == ders(LEAF, intermediate(), root())
    assert added(repair) == ["Inter-CA1", "Root-CA"]
    assert not repair.after.findings
    intermediate_step, root_step = (step for step in repair.steps if isinstance(step, Added))
    assert intermediate_step.warned() is None
    assert "the other side must trust it" in str(root_step.warned())
    assert str(root_step.told()) == "add Root-CA, found in ca.pem"
    assert repair.improves
    assert repair.wanting is None


def test_what_is_found_is_added_even_if_the_chain_ends_early_all_the_same() -> None:
    repair = planned(LEAF.pem, intermediate())
    assert result(repair) == ders(LEAF, intermediate())
    assert ids(repair.after) == ["chain.missing-root"]
    assert repair.wanting is not None
    assert repair.wanting.issued_to == "Inter-CA1"
    assert not repair.improves


def test_for_a_single_certificate_nothing_is_added() -> None:
    assert planned(LEAF.pem, intermediate(), root(), profile=Profile.SERVER).steps == ()


def test_a_certificate_that_names_the_issuer_and_was_not_signed_by_it_is_no_help() -> None:
    repair = planned(LEAF.pem, REKEYED, root())
    assert result(repair) == ders(LEAF)
    assert repair.steps == ()


def test_the_right_authority_takes_the_place_of_its_namesake() -> None:
    repair = planned(pem(LEAF, REKEYED, root()), intermediate())
    assert result(repair) == ders(LEAF, intermediate(), root())
    assert removed(repair) == {"Inter-CA1": Why.FOREIGN}
    assert not repair.after.findings


def test_an_expired_intermediate_is_replaced_by_the_renewed_one_below_the_same_root() -> None:
    repair = planned(pem(LEAF, EXPIRED, root()), CROSSED, OTHER_ROOT, RENEWED)
    assert result(repair) == ders(LEAF, RENEWED, root())
    assert removed(repair) == {"Inter-CA1": Why.SUPERSEDED}
    assert not repair.after.errors


def test_an_expired_root_is_never_replaced() -> None:
    repair = planned(pem(LEAF, intermediate(), EXPIRED_ROOT), root(), CROSSED, OTHER_ROOT)
    assert repair.steps == ()
    assert ids(repair.after) == ["validity.expired"]


def test_a_chain_below_the_root_that_was_given_goes_before_any_other() -> None:
    lasting = authority("Inter-CA1", OTHER_ROOT, path_length=0, not_after=AT + 59 * DAY)
    assert result(planned(pem(LEAF, root()), lasting, OTHER_ROOT, intermediate())) == ders(LEAF, intermediate(), root())
    assert result(planned(LEAF.pem, lasting, OTHER_ROOT)) == ders(LEAF, lasting, OTHER_ROOT)


def test_a_path_that_is_good_for_the_purpose_is_found_beside_one_that_is_not() -> None:
    longer = authority("Inter-CA1", ROOT_BY_OTHER, path_length=0, not_after=AT + DAY)
    limited = authority("Inter-CA1", root(), path_length=0, extended_key_usage=[SERVER_AUTH], not_after=AT + 59 * DAY)
    repair = planned(pem(LEAF, limited), longer, root())
    assert result(repair) == ders(LEAF, longer, root())
    assert not repair.after.errors


def test_strangers_duplicates_and_disorder_are_mended_and_named() -> None:
    repair = planned(pem(root(), STRANGER, LEAF, intermediate(), root(), OTHER_ROOT), asked=Asked([spki(key("leaf"))]))
    assert result(repair) == ders(LEAF, intermediate(), root())
    positions = {step.certificate.position: step.why for step in repair.steps if isinstance(step, Removed)}
    assert positions == {2: Why.FOREIGN, 5: Why.DUPLICATE, 6: Why.FOREIGN}
    assert repair.steps[-1] == Ordered()
    assert not repair.after.errors


def test_what_may_belong_above_a_gap_is_kept() -> None:
    repair = planned(pem(LEAF, root(), OTHER_ROOT, STRANGER), asked=Asked([spki(key("leaf"))]))
    assert result(repair) == ders(LEAF, root(), OTHER_ROOT)
    assert removed(repair) == {"other.example.net": Why.FOREIGN}


@pytest.mark.parametrize(
    "profile", [Profile.MIGRATION, Profile.MTLS, Profile.CLIENT], ids=lambda profile: profile.value
)
def test_other_forms_become_pem(profile: Profile) -> None:
    certificates = [LEAF.certificate, intermediate().certificate, root().certificate]
    for encoding in (Encoding.DER, Encoding.PEM):
        repair = planned(serialize_certificates(certificates, encoding), profile=profile)
        assert sorted(result(repair)) == sorted(ders(LEAF, intermediate(), root()))
        assert isinstance(repair.steps[0], Rewritten)
        assert str(repair.steps[0].told()) == "write the certificates as PEM; they were given as PKCS#7"
        assert not repair.after.errors
    loose = planned(sound().replace(b"\n", b"\r"), profile=profile)
    assert (loose.pem, len(loose.steps)) == (sound(), 1)
    assert "3 of the blocks" in str(loose.steps[0].told())


def test_whatever_is_no_certificate_is_left_out_and_told() -> None:
    repair = planned(sound() + b"".join(NOISE))
    assert repair.pem == sound()
    said = [str(step.told()) for step in repair.steps]
    assert [type(step) for step in repair.steps] == [LeftOut, LeftOut, LeftOut, Unread]
    assert said[0].startswith("leave out 1 private key(s): a key must never travel")
    assert said[1:3] == ["leave out 1 signing request(s)", "leave out what is no certificate: X509 CRL"]
    assert said[3].startswith("leave out line ")


@pytest.mark.parametrize("data", [b"", REQUEST, KEY, b"<html>"], ids=["empty", "request", "key", "page"])
def test_nothing_comes_of_nothing(data: bytes) -> None:
    repair = planned(data, intermediate(), root())
    assert (repair.certificates, repair.pem, repair.steps) == ((), b"", ())
    assert not repair.improves
    assert repair.wanting is None


def test_the_right_one_of_many_namesakes_is_found() -> None:
    silent = {"subject_key_identifier": False, "authority_key_identifier": False}
    mesh = [authority("Inter-CA1", root(), key(f"mesh {number}"), **silent) for number in range(60)]
    repair = planned(LEAF.pem, *mesh, intermediate(), root())
    assert result(repair) == ders(LEAF, intermediate(), root())
