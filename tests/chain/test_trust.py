"""What was asked for besides the chain itself: names, addresses, trust, depth, revocation lists."""

import json
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from tests.chain.asked import NAME, Asked, crl, issued, stranger, web, web_leaf, with_crl
from tests.chain.pki import AT, MODESTLY, authority, der, ids, intermediate, key, ladder, leaf, pem, root, sound
from tests.chain.test_order import mesh

from mutua import chain
from mutua.authority.issue import SERVER_AUTH, key_usage
from mutua.chain import Profile
from mutua.chain.decode import MAX_BYTES, MAX_CERTIFICATES, decode, decode_all

_DAY = timedelta(days=1)


def trusting(*anchors: bytes, data: bytes | None = None, profile: Profile = Profile.MTLS, **more: Any) -> chain.Report:
    return Asked(sound() if data is None else data, profile, trust=anchors, **more).check()


def named(*names: x509.GeneralName) -> bytes:
    return pem(leaf(intermediate(), names=names), intermediate(), root())


# --- names and addresses ---


@pytest.mark.parametrize(
    ("listed", "wanted", "covered"),
    [
        ("om.example.net", "om.example.net", True),
        ("om.example.net", "OM.Example.NET.", True),
        ("OM.example.net", "om.example.net", True),
        ("om.example.net", "om.example.ne", False),
        ("om.example.net", "x.om.example.net", False),
        ("*.example.net", "om.example.net", True),
        ("*.example.net", "example.net", False),
        ("*.example.net", "a.om.example.net", False),
        ("om.*.net", "om.example.net", False),
        ("o*.example.net", "om.example.net", False),
    ],
)
@pytest.mark.parametrize("trust", [None, [root().pem]], ids=["own root", "trusted root"])
def test_a_name_is_covered_label_by_label(listed: str, wanted: str, covered: bool, trust: list[bytes] | None) -> None:
    report = Asked(named(x509.DNSName(listed)), Profile.MTLS, trust=trust, names=[wanted]).check()
    assert report.valid is covered
    assert ids(report) == ([] if covered else ["leaf.name-not-covered"])


@pytest.mark.parametrize(
    ("wanted", "covered"), [("192.0.2.1", True), ("192.0.2.2", False), ("2001:DB8::0:1", True), ("2001:db8::2", False)]
)
def test_an_address_is_compared_as_an_address(wanted: str, covered: bool) -> None:
    data = named(x509.IPAddress(ip_address("192.0.2.1")), x509.IPAddress(ip_address("2001:db8::1")))
    report = Asked(data, Profile.MTLS, addresses=[wanted]).check()
    assert report.valid is covered
    assert ids(report) == ([] if covered else ["leaf.name-not-covered"])


def test_an_address_written_as_a_name_covers_no_address() -> None:
    report = Asked(named(x509.DNSName("192.0.2.1")), Profile.MTLS, addresses=["192.0.2.1"]).check()
    assert ids(report) == ["leaf.name-not-covered"]


def test_the_common_name_covers_nothing() -> None:
    report = Asked(named(), Profile.MTLS, names=[NAME]).check()
    assert ids(report) == ["leaf.name-not-covered"]
    assert "no alternative name" in str(report.findings[0].found)
    assert not report.valid


def test_every_name_must_be_covered_and_each_that_is_not_is_told() -> None:
    wanted = [NAME, "a.example.net", "b.example.net"]
    report = Asked(named(x509.DNSName(NAME)), Profile.MTLS, names=wanted).check()
    assert [str(finding.found).split()[0] for finding in report.findings] == wanted[1:]
    assert not report.verdict.valid


@pytest.mark.parametrize("more", [{"names": ["ñandú.example"]}, {"addresses": ["om.example.net"]}, {"max_depth": -1}])
def test_what_is_no_name_no_address_or_no_depth_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        trusting(root().pem, **more)


@MODESTLY
@given(st.lists(st.text(max_size=30), max_size=3), st.lists(st.text(max_size=30), max_size=2))
def test_whatever_is_asked_for_is_answered_or_refused(names: list[str], addresses: list[str]) -> None:
    try:
        report = Asked(named(x509.DNSName(NAME)), Profile.MTLS, names=names, addresses=addresses).check()
    except ValueError:
        return
    assert report.valid is (not names and not addresses)


def test_a_wrong_name_hides_no_other_fault() -> None:
    data = pem(leaf(intermediate(), names=[x509.DNSName(NAME)]), intermediate())
    report = trusting(stranger().pem, data=data, profile=Profile.SERVER, names=["om2.example.net"])
    assert {"leaf.name-not-covered", "engine.no-trusted-path"} <= set(ids(report))
    report = trusting(root().pem, data=data, profile=Profile.SERVER, names=["om2.example.net"])
    assert [finding.rule.id for finding in report.errors] == ["leaf.name-not-covered"]


# --- trust ---


def test_without_trust_the_own_root_is_the_anchor_and_the_report_says_so() -> None:
    report = Asked(sound(), Profile.MTLS).check()
    said = report.to_json(str)["trust"]
    assert said == {"given": False, "anchor": decode(root().pem).certificates[0].fingerprint}
    assert trusting(root().pem).to_json(str)["trust"] == {**said, "given": True}
    assert trusting(stranger().pem).to_json(str)["trust"] == {**said, "given": True}


@pytest.mark.parametrize("form", [root().pem, der(root()), pem(stranger(), root())], ids=["PEM", "DER", "bundle"])
def test_trust_comes_in_any_form(form: bytes) -> None:
    assert trusting(form).valid
    assert trusting(form, data=pem(issued(), intermediate())).valid


def test_trust_comes_as_certificates() -> None:
    certificates = decode(pem(stranger(), root())).certificates
    assert chain.check(sound(), at=AT, profile=Profile.MTLS, trust=certificates).valid
    assert not chain.check(sound(), at=AT, profile=Profile.MTLS, trust=certificates[:1]).valid
    assert [certificate.position for certificate in certificates] == [1, 2]


def test_a_root_that_is_sent_but_not_trusted_is_named() -> None:
    report = trusting(stranger().pem)
    assert ids(report) == ["chain.untrusted"]
    assert "Root-CA" in str(report.findings[0].found)
    assert "Other-CA" in str(report.findings[0].found)
    assert not report.valid


def test_nothing_trusted_trusts_nothing() -> None:
    report = trusting()
    assert ids(report) == ["chain.untrusted"]
    assert report.verdict.detail == "nothing is trusted"


def test_a_root_that_is_trusted_need_not_be_sent_for_tls_and_must_be_for_the_appliance() -> None:
    sent = pem(issued(), intermediate())
    report = trusting(root().pem, data=sent)
    assert report.valid
    assert report.findings == ()
    assert [certificate.position for certificate in report.path] == [1, 2, 0]
    told = json.loads(json.dumps(report.to_json(str)))
    assert [one["position"] for one in told["chain"]] == [1, 2, None]
    assert ids(trusting(root().pem, data=sent, profile=Profile.MIGRATION)) == ["chain.missing-root"]


def test_the_missing_intermediate_is_missing_whoever_trusts_the_root() -> None:
    assert ids(trusting(root().pem, data=issued().pem)) == ["chain.missing-intermediate"]


def test_a_trusted_intermediate_is_an_anchor() -> None:
    assert trusting(intermediate().pem, data=pem(issued(), intermediate())).valid
    assert trusting(intermediate().pem, data=issued().pem).valid


def test_a_pinned_leaf_needs_no_authority() -> None:
    own = leaf()
    assert trusting(own.pem, data=own.pem).findings == ()
    assert ids(trusting(stranger().pem, data=own.pem)) == ["chain.self-signed-leaf", "chain.untrusted"]


def test_a_valid_path_is_found_whatever_the_other_branches_are() -> None:
    """One intermediate with two certificates: by a root that is not trusted, and by the one that is."""
    crossed = authority("Inter-CA1", stranger(), key("Inter-CA1"))
    for order in ((crossed, intermediate()), (intermediate(), crossed)):
        report = trusting(root().pem, data=pem(issued(), *order, stranger()))
        assert report.valid
        assert [certificate.issued_to for certificate in report.path] == [NAME, "Inter-CA1", "Root-CA"]
        dead_end = {"chain.openssl-dead-end"} if order[0] is crossed else set()
        assert set(ids(report)) == {"chain.alternative-path"} | dead_end


def test_the_engine_goes_back_where_the_shortest_path_is_not_valid() -> None:
    """Straight to the root stands a certificate for another purpose; the way around is sound."""
    narrow = authority("Inter-CA1", root(), extended_key_usage=[ExtendedKeyUsageOID.CODE_SIGNING])
    upper = authority("Inter-CA2", root())
    around = authority("Inter-CA1", upper, key("Inter-CA1"))
    report = trusting(root().pem, data=pem(issued(), narrow, around, upper))
    assert report.valid
    assert [certificate.issued_by for certificate in report.path] == ["Inter-CA1", "Inter-CA2", "Root-CA", "Root-CA"]
    assert not trusting(root().pem, data=pem(issued(), narrow)).valid


def test_a_path_in_a_mesh_of_namesakes_is_judged_though_the_engine_alone_gives_up() -> None:
    *heap, anchor = mesh(20)
    assert trusting(anchor.pem, data=pem(*heap)).valid
    assert not trusting(stranger().pem, data=pem(*heap)).valid


@pytest.mark.parametrize("purpose", ["leaf.no-client-auth", "leaf.no-server-auth"])
def test_the_engine_is_asked_about_the_purposes_too(purpose: str) -> None:
    only = [SERVER_AUTH] if purpose == "leaf.no-client-auth" else [ExtendedKeyUsageOID.CLIENT_AUTH]
    report = trusting(root().pem, data=pem(leaf(intermediate(), extended_key_usage=only), intermediate()))
    assert ids(report) == [purpose]
    assert not report.verdict.valid


def test_a_server_is_judged_where_it_is_said_what_its_clients_trust() -> None:
    assert trusting(root().pem, profile=Profile.SERVER).valid
    report = trusting(root().pem, data=issued().pem, profile=Profile.SERVER)
    assert ids(report) == ["engine.no-trusted-path"]
    assert not report.valid
    assert Asked(issued().pem, Profile.SERVER).check().findings == ()


def test_the_depth_is_limited() -> None:
    *rungs, top = ladder(4)
    assert trusting(top.pem, data=pem(*rungs), max_depth=3).valid
    assert not trusting(top.pem, data=pem(*rungs), max_depth=2).valid
    assert trusting(top.pem, data=pem(*rungs), max_depth=1000).valid


# --- revocation lists ---


def test_a_revoked_certificate_is_found_wherever_it_is_in_the_path() -> None:
    report = with_crl(crl(root(), intermediate()), crl(intermediate())).check()
    assert ids(report) == ["crl.revoked"]
    assert report.findings[0].certificate is report.path[1]
    assert "Root-CA" in str(report.findings[0].found)
    assert not report.valid


def test_a_revocation_of_tomorrow_does_not_count_today() -> None:
    assert with_crl(crl(intermediate(), issued(), since=AT + _DAY)).check().valid


def test_lists_are_read_in_der_and_several_from_one_file() -> None:
    binary = x509.load_pem_x509_crl(crl(intermediate(), issued()))
    from cryptography.hazmat.primitives.serialization import Encoding

    assert ids(with_crl(binary.public_bytes(Encoding.DER)).check()) == ["crl.revoked"]
    assert ids(with_crl(crl(root()) + crl(intermediate(), issued())).check()) == ["crl.revoked"]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda: crl(intermediate(), end=AT - timedelta(seconds=1)), "was valid until"),
        (lambda: crl(intermediate(), start=AT + timedelta(seconds=1)), "is valid from"),
        (lambda: crl(stranger(), name=intermediate().certificate.subject), "signed by another key"),
        (lambda: crl(intermediate(), extra=[(x509.DeltaCRLIndicator(1), True)]), "2.5.29.27"),
        (lambda: b"", "no revocation list"),
        (lambda: root().pem, "no revocation list"),
        (lambda: b"\x30\x03\x02\x01\x01", "damaged"),
        (lambda: crl(intermediate()).replace(b"MI", b"AA", 1), "damaged"),
    ],
)
def test_a_list_that_proves_nothing_is_told(bad: Any, said: str) -> None:
    report = with_crl(bad()).check()
    assert ids(report) == ["crl.unusable"]
    assert said in str(report.findings[0].found)
    assert not report.valid


def test_the_last_second_of_a_list_counts() -> None:
    assert with_crl(crl(intermediate(), start=AT, end=AT)).check().valid


def test_only_who_may_sign_lists_is_believed() -> None:
    may_not = authority("Inter-CA1", root(), key_usage=key_usage("key_cert_sign"))
    data = pem(leaf(may_not), may_not, root())
    assert ids(Asked(data, Profile.MTLS, crls=[crl(may_not), crl(root())]).check()) == ["crl.unusable"]


def test_one_bad_list_does_not_hide_what_another_says() -> None:
    report = with_crl(b"nonsense", crl(stranger()), crl(intermediate(), issued())).check()
    assert sorted(ids(report)) == ["crl.revoked", "crl.unrelated", "crl.unusable"]


def test_a_list_beyond_all_measure_is_refused() -> None:
    with pytest.raises(chain.InputTooLargeError):
        with_crl(b"0" * (MAX_BYTES + 1)).check()


@MODESTLY
@given(st.binary(max_size=200), st.integers(0, 400), st.binary(max_size=3))
def test_whatever_a_list_holds_is_answered(noise: bytes, where: int, change: bytes) -> None:
    binary = der(intermediate())
    sound_list = crl(intermediate(), issued())
    for data in (noise, binary, sound_list[:where] + change + sound_list[where + len(change) :]):
        assert set(ids(with_crl(data).check())) <= {"crl.revoked", "crl.unusable", "crl.unrelated", "crl.missing"}


# --- the Web PKI ---


def test_the_web_wants_a_name_and_takes_one_of_its_own_where_none_is_asked_for() -> None:
    assert web(names=[x509.DNSName("*.example.net"), x509.DNSName(NAME)]).check().valid
    by_address = web(common_name="192.0.2.1", names=[x509.IPAddress(ip_address("192.0.2.1"))])
    assert by_address.check().valid
    assert not web(names=[x509.IPAddress(ip_network("192.0.2.0/24"))]).check().valid
    assert not web(names=()).check().valid


def test_what_the_web_refuses_is_a_warning_for_mutual_tls() -> None:
    data = pem(web_leaf(intermediate(), authority_key_identifier=False), intermediate(), root())
    assert not Asked(data, Profile.WEBPKI).check().valid
    report = Asked(data, Profile.SERVER, trust=[root().pem]).check()
    assert report.valid
    assert report.errors == ()
    assert "certificate.authority-key-id" in ids(report)


# --- several inputs ---


def test_several_inputs_are_one_and_their_certificates_are_numbered_through() -> None:
    report = chain.check([issued().pem, der(intermediate()), root().pem], at=AT, profile=Profile.MTLS)
    assert report.valid
    assert [certificate.position for certificate in report.path] == [1, 2, 3]
    assert report.material.encoding == "DER"
    assert chain.check([], at=AT).material.certificates == ()
    assert chain.check([sound()], at=AT).to_json(str) == chain.check(sound(), at=AT).to_json(str)


def test_certificates_beyond_the_limit_are_counted_whichever_input_they_are_in() -> None:
    half = root().pem * (MAX_CERTIFICATES // 2 + 1)
    material = decode_all([half, half])
    assert len(material.certificates) == MAX_CERTIFICATES
    assert len(material.unreadable) == 2
    assert decode_all([half, root().pem]).unreadable == ()
