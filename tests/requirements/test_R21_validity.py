"""R21: every certificate's validity contains the console's own date and time."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from tests.requirements.administrator import Administrator, Authorities, cgen1008, leaf

from mutua.authority.issue import Template, issue

NOW = datetime.now(UTC)
_LIFE_S = 4


@pytest.mark.parametrize(
    ("not_before", "not_after", "status"),
    [
        (NOW - timedelta(days=1), NOW + timedelta(days=1), 200),
        (NOW - timedelta(days=2), NOW - timedelta(minutes=1), 400),
        (NOW + timedelta(hours=1), NOW + timedelta(days=1), 400),
    ],
)
def test_R21_the_leaf(
    shared: Administrator, authorities: Authorities, not_before: datetime, not_after: datetime, status: int
) -> None:
    signed = leaf(shared.request(), authorities.inter1, not_before=not_before, not_after=not_after)
    answer = shared.upload_chain(signed, authorities.inter1, authorities.root)
    assert answer.status_code == status
    assert answer.text == ("" if status == 200 else cgen1008("Invalid certificate chain provided."))
    assert (shared.presented() == signed.certificate) is (status == 200)


@pytest.mark.parametrize(("until", "status"), [(NOW + timedelta(days=1), 200), (NOW - timedelta(minutes=1), 400)])
def test_R21_an_authority(shared: Administrator, authorities: Authorities, until: datetime, status: int) -> None:
    template = Template(common_name="Inter-CA4", is_ca=True, not_before=NOW - timedelta(days=9), not_after=until)
    intermediate = issue(template, issuer=authorities.root)
    signed = leaf(shared.request(), intermediate)
    assert shared.upload_chain(signed, intermediate, authorities.root).status_code == status


def test_R21_a_chain_that_has_expired_since_its_upload_stops_the_verification(
    pair: tuple[Administrator, Administrator], authorities: Authorities
) -> None:
    source, target = pair
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=_LIFE_S)
    signed = leaf(source.request(), authorities.inter1, not_after=until)
    assert source.upload_chain(signed, authorities.inter1, authorities.root).status_code == 200
    assert source.verify(target.running).status_code == 200
    time.sleep(max(0.0, (until - datetime.now(UTC)).total_seconds()) + 1)
    answer = source.verify(target.running)
    assert answer.status_code == 400
    causes = {(cause["Side"], cause["Rule"]) for cause in answer.json()["Verification"]["Causes"]}
    assert ("source", "validity.expired") in causes
