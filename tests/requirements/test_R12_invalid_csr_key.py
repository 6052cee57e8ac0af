"""R12: the answer to a chain for another signing request, to the letter."""

from tests.requirements.administrator import Administrator, Authorities, cgen1008, chain_entry, is_entry, leaf

from mutua.authority.issue import Template, issue

REFUSED = cgen1008("Invalid CSR key.")


def test_R12_a_leaf_for_another_key(shared: Administrator, authorities: Authorities) -> None:
    foreign = issue(Template(common_name="om.example.net"), issuer=authorities.inter1)
    answer = shared.upload_chain(foreign, authorities.inter1, authorities.root)
    assert (answer.status_code, answer.text) == (400, REFUSED)
    assert is_entry(shared.log_entries()[-1], chain_entry(REFUSED))


def test_R12_a_single_certificate_for_another_key(shared: Administrator, authorities: Authorities) -> None:
    answer = shared.upload_certificate(issue(Template(common_name="om.example.net"), issuer=authorities.inter1))
    assert (answer.status_code, answer.text) == (400, REFUSED)


def test_R12_the_key_is_looked_at_before_the_chain(shared: Administrator, authorities: Authorities) -> None:
    foreign = issue(Template(common_name="*.example.net", extended_key_usage=None), issuer=authorities.inter1)
    assert shared.upload_chain(foreign).text == REFUSED


def test_R12_the_right_key_gets_no_such_answer(shared: Administrator, authorities: Authorities) -> None:
    entries = len(shared.log_entries())
    signed = leaf(shared.request(), authorities.inter1)
    answer = shared.upload_chain(signed, authorities.inter1, authorities.root)
    assert (answer.status_code, answer.content) == (200, b"")
    assert len(shared.log_entries()) == entries
