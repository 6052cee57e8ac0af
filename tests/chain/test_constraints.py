"""Name constraints are read as the engine reads them, and names that are spelled otherwise are told by their type."""

from ipaddress import ip_address, ip_network

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st
from tests.chain.pki import MODESTLY, Case, authority, ids, leaf, pem, root

from mutua.authority.issue import Issued
from mutua.chain import Profile, Report

LABELS = st.sampled_from(["a", "b", "net", "xa"])
HOSTS = st.lists(LABELS, min_size=1, max_size=3).map(".".join)
WILDCARDS = HOSTS.map(lambda host: f"*.{host}")
NETWORKS = st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24", "2001:db8::/32"])
ADDRESSES = st.sampled_from(["10.1.2.3", "10.2.2.3", "192.0.2.1", "2001:db8::1", "2001:db9::1"])
MAILBOXES = st.sampled_from(["om@a.net", "OM@a.net", "om@b.net", "om@x.a.net"])

BASES = st.one_of(
    HOSTS.map(x509.DNSName),
    NETWORKS.map(lambda text: x509.IPAddress(ip_network(text))),
    st.sampled_from(["a.net", "om@a.net"]).map(x509.RFC822Name),
)
NAMES = st.one_of(
    st.one_of(HOSTS, WILDCARDS).map(x509.DNSName),
    ADDRESSES.map(lambda text: x509.IPAddress(ip_address(text))),
    MAILBOXES.map(x509.RFC822Name),
)


def report(
    permitted: list[x509.GeneralName], excluded: list[x509.GeneralName], names: list[x509.GeneralName]
) -> Report:
    constraints = x509.NameConstraints(permitted or None, excluded or None)
    between = authority("Inter-CA1", root(), extra=[(constraints, True)])
    end = leaf(between, names=names, common_name="console")
    return Case(pem(end, between, root()), Profile.MTLS).check()


@MODESTLY
@given(st.lists(BASES, max_size=3), st.lists(BASES, max_size=2), st.lists(NAMES, min_size=1, max_size=3))
def test_a_name_is_not_permitted_exactly_where_the_engine_says_so(
    permitted: list[x509.GeneralName], excluded: list[x509.GeneralName], names: list[x509.GeneralName]
) -> None:
    if not permitted and not excluded:
        return
    found = report(permitted, excluded, names)
    assert ("chain.name-not-permitted" in ids(found)) is found.verdict.refuses
    assert "engine.refused" not in ids(found)


def spelled(oid: ObjectIdentifier, value: str, string_type: _ASN1Type) -> Issued:
    attributes = [
        x509.NameAttribute(oid, value, string_type),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "same"),
    ]
    return authority("Inter-CA1", root(), subject=x509.Name(attributes))


@pytest.mark.parametrize("oid", [NameOID.COMMON_NAME, NameOID.LOCALITY_NAME, ObjectIdentifier("1.3.6.1.4.1.99999.300")])
@pytest.mark.parametrize("written", [_ASN1Type.PrintableString, _ASN1Type.BMPString, _ASN1Type.T61String])
def test_the_string_type_of_any_attribute_is_told(oid: ObjectIdentifier, written: _ASN1Type) -> None:
    issuer, read = spelled(oid, "Example", written), spelled(oid, "Example", _ASN1Type.UTF8String)
    found = Case(pem(leaf(issuer), read, root()), Profile.MTLS).check()
    (finding,) = (one for one in found.findings if one.rule.id == "chain.name-bytes-differ")
    name = "TeletexString" if written is _ASN1Type.T61String else written.name
    assert f": {name} 'Example' there, UTF8String 'Example' here." in str(finding.found)


def test_names_with_the_same_bytes_are_not_mentioned() -> None:
    issuer = spelled(NameOID.COMMON_NAME, "Example", _ASN1Type.BMPString)
    assert Case(pem(leaf(issuer), issuer, root()), Profile.MTLS).check().findings == ()
