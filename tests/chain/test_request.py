"""Signing requests: each rule is broken by its example and by nothing else, and its twin breaks none."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from tests.chain.pki import MODESTLY
from tests.chain.request_examples import NAME, REQUEST_EXAMPLES, Asking, answered, request, web

from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH
from mutua.chain import CATALOGUE, Profile
from mutua.chain.pair import PAIR_RULES
from mutua.chain.request import REQUEST_RULES, SigningRequest, check_request


def test_the_examples_are_those_of_the_rules() -> None:
    assert list(REQUEST_EXAMPLES) == list(REQUEST_RULES)
    assert not REQUEST_RULES.keys() & (CATALOGUE.keys() | PAIR_RULES.keys())


@pytest.mark.parametrize("rule", REQUEST_EXAMPLES)
def test_the_bad_example_breaks_this_rule_and_no_other(rule: str) -> None:
    asked = REQUEST_EXAMPLES[rule].bad()
    findings = asked.check()
    told = {finding.rule.id for finding in findings}
    assert told == {rule}
    assert all(finding.severity is REQUEST_RULES[finding.rule.id].severities[asked.profile] for finding in findings)
    assert all(str(finding.found) for finding in findings)


@pytest.mark.parametrize("rule", REQUEST_EXAMPLES)
def test_its_twin_breaks_none(rule: str) -> None:
    assert REQUEST_EXAMPLES[rule].good().check() == ()


@pytest.mark.parametrize("rule", REQUEST_RULES.values(), ids=REQUEST_RULES)
def test_every_rule_has_all_its_texts(rule: object) -> None:
    entry = REQUEST_RULES[rule.id]  # type: ignore[attr-defined]
    assert entry.title
    assert entry.reason.endswith(".")
    assert entry.fix.endswith(".")
    assert entry.severities


@pytest.mark.parametrize(
    ("names", "private"),
    [
        (("om.example.net",), False),
        (("om",), True),
        (("om.local",), True),
        (("OM.LAN.",), True),
        (("nas.home.arpa",), True),
        (("local.example.net",), False),
    ],
)
def test_names_that_no_public_ca_certifies(names: tuple[str, ...], private: bool) -> None:
    found = [finding.found for finding in web(names=(NAME, *names)).check()]
    assert bool(found) is private
    assert all(names[0] in str(text) for text in found)


def test_private_addresses_are_counted_beyond_the_first() -> None:
    asked = web(names=(NAME, *(f"host{number}.corp" for number in range(10))))
    said = [str(finding.found) for finding in asked.check()]
    assert len(said) == 4
    assert said[-1] == "And 7 more."


def test_a_client_needs_no_name_and_a_server_does() -> None:
    nameless = request("Alice Smith", (), purposes=(CLIENT_AUTH,))
    asked = SigningRequest.of(nameless)
    assert check_request(asked, profile=Profile.CLIENT) == ()
    told = {finding.rule.id for finding in check_request(asked, profile=Profile.MTLS)}
    assert told == {"request.no-alternative-name", "request.no-server-auth"}


def test_a_certificate_without_purposes_gives_every_purpose() -> None:
    assert answered(extended_key_usage=None).check() == ()


def test_without_a_certificate_nothing_is_said_of_what_the_ca_did() -> None:
    asked = Asking(request(purposes=(SERVER_AUTH,)), Profile.SERVER)
    assert asked.check() == ()


@MODESTLY
@given(position=st.integers(0, 2000), value=st.integers(0, 255), profile=st.sampled_from(Profile))
def test_a_changed_byte_is_a_finding_or_a_refusal_to_read_and_nothing_else(
    position: int, value: int, profile: Profile
) -> None:
    whole = bytearray(request().public_bytes(Encoding.DER))
    position %= len(whole)
    changed = whole[position] != value
    whole[position] = value
    try:
        asked = SigningRequest.of(x509.load_der_x509_csr(bytes(whole)))
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        assert changed
        return
    told = {finding.rule.id for finding in check_request(asked, profile=profile)}
    assert not changed or told & {"request.bad-signature", "request.weak-signature"}
