"""R13: the answer to a chain that lacks an authority, or whose authorities do not fit, to the letter."""

import pytest
from tests.requirements.administrator import Administrator, Authorities, cgen1008, chain_entry, is_entry, leaf

from mutua.authority.issue import Issued

REFUSED = cgen1008("Invalid certificate chain provided.")


def _chain(name: str, authorities: Authorities, signed: Issued) -> tuple[Issued, ...]:
    return {
        "whole": (signed, authorities.inter1, authorities.root),
        "no root": (signed, authorities.inter1),
        "no intermediate": (signed, authorities.root),
        "leaf alone": (signed,),
        "another root": (signed, authorities.inter1, authorities.stranger),
        "another intermediate": (signed, authorities.inter2, authorities.root),
        "twice": (signed, signed, authorities.inter1, authorities.root),
        "upside down": (authorities.root, authorities.inter1, signed),
    }[name]


@pytest.mark.parametrize(
    "name",
    ["no root", "no intermediate", "leaf alone", "another root", "another intermediate", "twice", "upside down"],
)
def test_R13_an_authority_is_missing_or_does_not_fit(
    shared: Administrator, authorities: Authorities, name: str
) -> None:
    answer = shared.upload_chain(*_chain(name, authorities, leaf(shared.request(), authorities.inter1)))
    assert (answer.status_code, answer.text) == (400, REFUSED)
    assert is_entry(shared.log_entries()[-1], chain_entry(REFUSED))


def test_R13_the_chain_is_looked_at_before_the_names_and_usages(
    shared: Administrator, authorities: Authorities
) -> None:
    signed = leaf(shared.request(), authorities.inter1, extended_key_usage=None, key_usage=None)
    assert shared.upload_chain(signed, authorities.inter1).text == REFUSED


def test_R13_the_whole_chain_gets_no_such_answer(shared: Administrator, authorities: Authorities) -> None:
    whole = _chain("whole", authorities, leaf(shared.request(), authorities.inter1))
    answer = shared.upload_chain(*whole)
    assert (answer.status_code, answer.content) == (200, b"")
