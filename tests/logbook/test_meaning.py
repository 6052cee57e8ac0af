"""Each refusal means exactly what the appliance refuses with it (R11–R17), and each meaning names its rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutua.chain import CATALOGUE, Profile, Severity, appliance
from mutua.chain.appliance import CERTIFICATE_UPLOAD, CHAIN_UPLOAD, Stage
from mutua.logbook.meaning import Meaning, Upload, all_meanings, meanings_of


def of(refusal: appliance.Refusal) -> tuple[Meaning, ...]:
    return meanings_of(refusal.message_id, refusal.arguments)


@pytest.mark.parametrize(
    ("refusal", "requirements"),
    [
        (appliance.INVALID_CSR_KEY, ["R3"]),
        (appliance.INVALID_CHAIN, ["R7, R8"]),
        (appliance.INVALID_COMMON_NAME, ["R9"]),
        (appliance.NO_AUTHENTICATION_USAGE, ["R5"]),
        (appliance.NOT_A_WEB_SERVER, ["R6"]),
        (appliance.INVALID_FILE, ["R4", "R6"]),
        (appliance.INVALID_DISTINGUISHED_NAME, ["R11"]),
    ],
)
def test_r12_to_r17_each_refusal_means_what_breaks_its_requirement(
    refusal: appliance.Refusal, requirements: list[str]
) -> None:
    assert [meaning.requirement for meaning in of(refusal)] == requirements
    assert all(meaning.refusal == refusal for meaning in of(refusal))


def test_r17_an_invalid_file_can_be_a_single_certificate_without_key_encipherment() -> None:
    encoding, usage = of(appliance.INVALID_FILE)
    assert (encoding.stage, encoding.uploads) == (Stage.ENCODING, (Upload.CHAIN, Upload.CERTIFICATE))
    assert (usage.stage, usage.uploads) == (Stage.KEY_ENCIPHERMENT, (Upload.CERTIFICATE,))
    assert [rule.id for rule in usage.rules] == ["leaf.no-key-encipherment"]


def test_r14_a_refusal_without_arguments_is_the_common_name() -> None:
    (meaning,) = meanings_of("CGEN1008", ())
    assert meaning.stage is Stage.COMMON_NAME
    assert {rule.id for rule in meaning.rules} >= {"name.no-common-name", "name.wildcard"}


def test_every_answer_of_both_uploads_has_a_meaning() -> None:
    known = {(meaning.stage, meaning.refusal, upload) for meaning in all_meanings() for upload in meaning.uploads}
    chain = {(stage, refusal, Upload.CHAIN) for stage, refusal in CHAIN_UPLOAD.items()}
    certificate = {(stage, refusal, Upload.CERTIFICATE) for stage, refusal in CERTIFICATE_UPLOAD.items()}
    assert known == chain | certificate


def test_every_rule_that_an_upload_is_refused_for_stands_with_a_meaning() -> None:
    refused = {
        rule.id
        for rule in CATALOGUE.values()
        for profile in (Profile.MIGRATION, Profile.SERVER)
        if rule.stage is not None and rule.severities.get(profile) is Severity.ERROR
    }
    named = {rule.id for meaning in all_meanings() for rule in meaning.rules}
    assert named == refused
    for meaning in all_meanings():
        assert all(rule in CATALOGUE.values() for rule in meaning.rules)
        assert meaning.rules or meaning.stage is None


REFUSALS = sorted({meaning.refusal for meaning in all_meanings()})


@given(st.sampled_from(REFUSALS), st.data())
def test_blanks_count_for_nothing(refusal: appliance.Refusal, data: st.DataObject) -> None:
    changed = []
    for argument in refusal.arguments:
        words = argument.split(" ")
        gaps = data.draw(st.lists(st.sampled_from(["", " ", "  ", "\n", "\u00a0"]), min_size=20, max_size=20))
        changed.append("".join(word + gap for word, gap in zip(words, gaps, strict=False)))
    assert meanings_of(f"{refusal.message_id[:4]} {refusal.message_id[4:]}", changed) == of(refusal)


@pytest.mark.parametrize(
    ("message_id", "arguments"),
    [
        ("CGEN1008", ["Something else."]),
        ("CGEN1008", ["Invalid CSR key.", "twice"]),
        ("CSEC9002", ["Invalid CSR key."]),
        ("CGEN9999", []),
        ("", []),
    ],
)
def test_what_is_not_known_has_no_meaning(message_id: str, arguments: list[str]) -> None:
    assert meanings_of(message_id, arguments) == ()


def test_r11_the_argument_names_the_value() -> None:
    (meaning,) = meanings_of("CGEN6002", ["San"])
    assert str(meaning.title).endswith(": San")
    (without,) = meanings_of("CGEN6002", [])
    assert without.requirement == "R11"
