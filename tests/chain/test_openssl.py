"""Our model of OpenSSL's path building says what the real one says: number, depth and text of the error."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chain.openssl_verify import measured, modelled, pems
from tests.chain.pki import AT, authority, key, leaf

from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH, Issued, key_usage
from mutua.chain.families.openssl import Purpose, Settings

DAY = timedelta(days=1)
TIMES: tuple[dict[str, Any], ...] = (
    {"not_before": AT - 9 * DAY, "not_after": AT - DAY},
    {"not_before": AT - 9 * DAY, "not_after": AT - 2 * DAY},
    {"not_before": AT + DAY, "not_after": AT + 9 * DAY},
    {"not_before": AT, "not_after": AT + DAY},
    {"not_before": AT - DAY, "not_after": AT},
)
CA_KNOBS: tuple[dict[str, Any], ...] = (
    {"path_length": 0},
    {"path_length": 1},
    {"authority_key_identifier": False},
    {"subject_key_identifier": False},
    {"authority_key_identifier": False, "subject_key_identifier": False},
    {"key_usage": None},
    {"key_usage": key_usage("crl_sign")},
    {"basic_constraints": None},
    {"basic_constraints": None, "key_usage": None},
    {"is_ca": False},
    {"extended_key_usage": [SERVER_AUTH]},
    {"extra": [(x509.NameConstraints([x509.DNSName("example.net")], None), True)]},
    {"extra": [(x509.NameConstraints(None, [x509.DNSName("net")]), True)]},
    {"extra": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)]},
)
LEAF_KNOBS: tuple[dict[str, Any], ...] = (
    {"names": [x509.DNSName("om.example.net")]},
    {"names": [x509.DNSName("om.example.org")]},
    {"authority_key_identifier": False},
    {"extended_key_usage": [SERVER_AUTH]},
    {"extended_key_usage": [CLIENT_AUTH]},
    {"extended_key_usage": None},
    {"key_usage": key_usage("key_encipherment")},
    {"key_usage": None},
    {"common_name": "Inter-CA1"},
    {"common_name": "Root-CA", "authority_key_identifier": False},
    {"common_name": None, "names": [x509.DNSName("om.example.net")]},
)


Signer = tuple[str, str]
"""A name and the name of a key; its own certificate need not be among those that are sent."""

ROOT, MIDDLE, LOW = LADDER = (("Root-CA", "a"), ("Other-CA", "b"), ("Inter-CA1", "c"))
STRANGERS = st.tuples(st.sampled_from([name for name, _key in LADDER]), st.sampled_from("abcd"))


@cache
def signer(who: Signer, has_key_id: bool) -> Issued:
    name, key_name = who
    return authority(name, signs_with=key(key_name), subject_key_identifier=has_key_id)


def seldom(draw: st.DrawFn, choices: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Nothing in three of four cases, so that what comes later in a verification is reached as well."""
    return draw(st.sampled_from(choices)) if draw(st.integers(0, 3)) == 0 else {}


def certified(draw: st.DrawFn, who: Signer, above: Signer | None) -> Issued:
    """A CA certificate for a name and key, signed by another or, where there is none, by itself."""
    name, key_name = who
    knobs = seldom(draw, CA_KNOBS) | seldom(draw, TIMES)
    issuer = signer(above, draw(st.integers(0, 4)) > 0) if above else None
    return authority(name, issuer, key(key_name), **knobs)


@st.composite
def heaps(draw: st.DrawFn) -> tuple[Issued, Sequence[Issued], Sequence[Issued]]:
    """A leaf, what is sent beside it and what is trusted.

    Three certificates make a path; others have the same names or keys and are signed by anybody.
    """
    path = [certified(draw, ROOT, None), certified(draw, MIDDLE, ROOT), certified(draw, LOW, MIDDLE)]
    others = [
        certified(draw, draw(STRANGERS), draw(st.none() | STRANGERS)) for _number in range(draw(st.integers(0, 3)))
    ]
    sent = draw(st.permutations(path + others))[draw(st.sampled_from([0, 0, 0, 1, 2])) :]
    trusted = draw(st.permutations([path[0], *others[:2]]))[draw(st.sampled_from([0, 0, 1])) :]
    above = draw(st.sampled_from([LOW, LOW, LOW, MIDDLE, None]) | STRANGERS)
    knobs = seldom(draw, LEAF_KNOBS) | seldom(draw, TIMES)
    return leaf(signer(above, True) if above else None, **knobs), sent, trusted


ANY_SETTINGS = st.builds(
    Settings,
    at=st.just(AT),
    purpose=st.sampled_from([None, Purpose.SERVER, Purpose.CLIENT]),
    level=st.sampled_from([0, 1, 2]),
    strict=st.booleans(),
    partial_chain=st.booleans(),
    knows_ml_dsa=st.just(False),
    names=st.sampled_from([(), (), ("om.example.net",)]),
    addresses=st.just(()),
)


@given(heap=heaps(), asked=ANY_SETTINGS)
@settings(max_examples=150, deadline=None)
def test_a_heap_of_namesakes_is_judged_as_openssl_does(
    tmp_path_factory: pytest.TempPathFactory, heap: tuple[Issued, Sequence[Issued], Sequence[Issued]], asked: Settings
) -> None:
    end, sent, trusted = heap
    question = end.pem, pems(sent), pems(trusted)
    assert modelled(*question, asked) == measured(tmp_path_factory.mktemp("openssl"), *question, asked)
