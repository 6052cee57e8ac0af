"""What the appliance answers to an upload: to the letter (R12–R17), and one answer only, the earliest (R3–R9)."""

import json
from collections.abc import Collection
from datetime import timedelta
from itertools import combinations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from tests.chain.pki import AT, Case, authority, der, ids, intermediate, key, ladder, leaf, pem, root, sound, spki

from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH, key_usage
from mutua.chain import Profile, Refusal
from mutua.chain.appliance import CERTIFICATE_UPLOAD, CHAIN_UPLOAD, INVALID_DISTINGUISHED_NAME, Stage

MIGRATION, SERVER = Profile.MIGRATION, Profile.SERVER

CGEN1008 = (
    '{"error":{"code":"Base.1.0.GeneralError",'
    '"message":"A general error has occurred. See ExtendedInfo for more information.",'
    '"@Message.ExtendedInfo":[{"MessageId":"CGEN1008","RelatedProperties":[],'
    '"Message":"Unable to process the request because an error occurred.",'
    '"MessageArgs":[%s],"Severity":"Critical",'
    '"Resolution":"Retry the operation. If the issue persists, contact your system administrator."}]}}'
)
CSEC9002 = (
    '{"error":{"code":"Base.1.0.GeneralError",'
    '"message":"A general error has occurred. See ExtendedInfo for more information.",'
    '"@Message.ExtendedInfo":[{"MessageId":"CSEC9002","RelatedProperties":[],'
    '"Message":"Unable to upload the certificate because the certificate file provided is invalid.",'
    '"MessageArgs":[],"Severity":"Critical",'
    '"Resolution":"Make sure the CA certificate and private key are correct and retry the operation."}]}}'
)
INVALID_CSR_KEY = (400, CGEN1008 % '"Invalid CSR key."')
INVALID_CHAIN = (400, CGEN1008 % '"Invalid certificate chain provided."')
INVALID_COMMON_NAME = (400, CGEN1008 % "")
NO_EKU = (400, CGEN1008 % '"No Client/Server authentication EKU present in leaf certificate."')
NOT_A_WEB_SERVER = (400, CGEN1008 % '"User Certificate is not a web server certificate."')
INVALID_FILE = (500, CSEC9002)

NOT_HERE = [spki(key("another"))]
EXPIRED = {"not_before": AT - timedelta(days=9), "not_after": AT - timedelta(days=1)}


def answer(case: Case) -> tuple[int, str] | None:
    refusal = case.check().refusal
    return None if refusal is None else (refusal.status, json.dumps(refusal.body(), separators=(",", ":")))


def chain_of(profile: Profile = MIGRATION, **knobs: object) -> Case:
    """A whole chain in an upload of a chain, the leaf alone in an upload of a single certificate."""
    made = leaf(intermediate(), **knobs)
    return Case(made.pem if profile is SERVER else pem(made, intermediate(), root()), profile, [spki(key("leaf"))])


@pytest.mark.parametrize("profile", [MIGRATION, SERVER])
def test_what_is_sound_is_taken(profile: Profile) -> None:
    case = chain_of(profile)
    assert answer(case) is None
    assert case.check().to_json(str)["appliance"] is None


@pytest.mark.parametrize("profile", [MIGRATION, SERVER])
@pytest.mark.parametrize("keys", [NOT_HERE, []], ids=["another request", "no request at all"])
def test_r3_r12_the_answer_to_another_request(profile: Profile, keys: list[bytes]) -> None:
    case = chain_of(profile)._replace(request_keys=keys)
    assert answer(case) == INVALID_CSR_KEY
    assert case.check().to_json(str)["appliance"] == json.loads(INVALID_CSR_KEY[1])


OTHER_ENCODINGS = {
    "DER": der(leaf(intermediate())),
    "empty": b"",
    "a picture": b"GIF89a",
    "cut off at the end": sound()[:300],
    "cut off at the beginning": sound()[7:],
}


@pytest.mark.parametrize("profile", [MIGRATION, SERVER])
@pytest.mark.parametrize("data", OTHER_ENCODINGS.values(), ids=OTHER_ENCODINGS)
def test_r4_r17_any_other_encoding_is_an_invalid_file(profile: Profile, data: bytes) -> None:
    assert answer(Case(data, profile)) == INVALID_FILE


@pytest.mark.parametrize("listed", [[SERVER_AUTH], [CLIENT_AUTH], [], None], ids=["server", "client", "none", "no EKU"])
def test_r5_r15_a_chain_is_for_server_and_client(listed: list[x509.ObjectIdentifier] | None) -> None:
    if listed == []:
        listed = [x509.oid.ExtendedKeyUsageOID.CODE_SIGNING]
    assert answer(chain_of(extended_key_usage=listed)) == NO_EKU


def test_r5_a_single_certificate_is_for_a_server() -> None:
    assert answer(chain_of(SERVER, extended_key_usage=[CLIENT_AUTH])) == NO_EKU
    assert answer(chain_of(SERVER, extended_key_usage=[SERVER_AUTH])) is None


@pytest.mark.parametrize("usage", [key_usage("digital_signature"), None], ids=["signature only", "no key usage"])
def test_r6_r16_r17_no_key_encipherment(usage: x509.KeyUsage | None) -> None:
    assert answer(chain_of(MIGRATION, key_usage=usage)) == NOT_A_WEB_SERVER
    assert answer(chain_of(SERVER, key_usage=usage)) == INVALID_FILE


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_r7_r13_the_chain_is_whole(missing: int) -> None:
    whole = [leaf(intermediate()), intermediate(), root()]
    assert answer(Case(pem(*whole))) is None
    del whole[missing]
    assert answer(Case(pem(*whole))) == INVALID_CHAIN


def test_r7_ten_certificates_below_the_root_are_taken_and_eleven_are_not() -> None:
    ten, eleven = Case(pem(*ladder(10))), Case(pem(*ladder(11)))
    assert len(ten.check().path) == 11
    assert answer(ten) is None
    assert answer(eleven) == INVALID_CHAIN
    assert ids(eleven.check()) == ["chain.too-deep"]


def test_r8_r13_each_certificate_is_signed_by_the_next() -> None:
    other = authority("Inter-CA1", root(), key("of the same name"))
    assert answer(Case(pem(leaf(intermediate()), other, root()))) == INVALID_CHAIN
    assert answer(Case(pem(leaf(intermediate()), root(), intermediate()))) == INVALID_CHAIN
    assert answer(Case(pem(leaf(intermediate()), intermediate(), root(), authority("Other-CA")))) == INVALID_CHAIN
    assert answer(Case(leaf().pem)) == INVALID_CHAIN


@pytest.mark.parametrize("profile", [MIGRATION, SERVER])
@pytest.mark.parametrize(
    "knobs",
    [
        {"common_name": "*.example.net"},
        {"common_name": "om*.example.net"},
        {"names": [x509.DNSName("*.example.net")]},
        {"common_name": None, "names": [x509.DNSName("om.example.net")]},
        {"common_name": " "},
        {"subject": x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Lab")])},
    ],
    ids=["wildcard", "part", "alternative name", "empty subject", "blank", "organization only"],
)
def test_r9_r14_every_leaf_has_a_common_name_without_a_wildcard(profile: Profile, knobs: dict[str, object]) -> None:
    assert answer(chain_of(profile, **knobs)) == INVALID_COMMON_NAME


@pytest.mark.parametrize("oid", [NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME], ids=["wildcard", "no common name"])
def test_r9_r14_every_authority_has_one_too(oid: x509.ObjectIdentifier) -> None:
    between = authority("Inter-CA1", root(), subject=x509.Name([x509.NameAttribute(oid, "*.example.net")]))
    assert answer(Case(pem(leaf(between), between, root()))) == INVALID_COMMON_NAME


def test_r11_the_refusal_of_a_request() -> None:
    assert INVALID_DISTINGUISHED_NAME.message == (
        "Unable to complete the request because the input value for DistinguishedName is missing or an invalid value "
        "is entered."
    )
    assert (INVALID_DISTINGUISHED_NAME.message_id, INVALID_DISTINGUISHED_NAME.status) == ("CGEN6002", 400)


@pytest.mark.parametrize("profile", [Profile.MTLS, Profile.CLIENT])
def test_without_an_upload_there_is_no_answer_of_the_appliance(profile: Profile) -> None:
    report = Case(b"", profile).check()
    assert report.errors
    assert report.refusal is None


def broken(stages: Collection[Stage], profile: Profile) -> Case:
    """An upload in which exactly these checks fail."""
    made = leaf(
        intermediate(),
        common_name=None if Stage.COMMON_NAME in stages else "om.example.net",
        names=[x509.DNSName("om.example.net")],
        extended_key_usage=[CLIENT_AUTH if profile is SERVER else SERVER_AUTH]
        if Stage.EXTENDED_KEY_USAGE in stages
        else [SERVER_AUTH, CLIENT_AUTH],
        key_usage=key_usage("digital_signature", *(() if Stage.KEY_ENCIPHERMENT in stages else ("key_encipherment",))),
        **(EXPIRED if Stage.CHAIN in stages and profile is SERVER else {}),
    )
    above = [] if profile is SERVER else [intermediate(), root()]
    if Stage.CHAIN in stages:
        above = above[:1]
    damaged = root().pem[:200] if Stage.ENCODING in stages else b""
    return Case(pem(made, *above) + damaged, profile, NOT_HERE if Stage.CSR_KEY in stages else [spki(made)])


@pytest.mark.parametrize("profile", [MIGRATION, SERVER])
@pytest.mark.parametrize(
    "stages",
    [stages for count in range(len(Stage) + 1) for stages in combinations(Stage, count)],
    ids=lambda stages: "+".join(stage.name.lower() for stage in stages) or "none",
)
def test_of_several_faults_the_earliest_check_answers(stages: tuple[Stage, ...], profile: Profile) -> None:
    answers: dict[Stage, Refusal] = CERTIFICATE_UPLOAD if profile is SERVER else CHAIN_UPLOAD
    report = broken(stages, profile).check()
    assert {finding.rule.stage for finding in report.errors} == set(stages)
    assert report.refusal == (answers[stages[0]] if stages else None)


def test_the_checks_are_made_in_this_order() -> None:
    assert [stage.name for stage in Stage] == [
        "ENCODING",
        "CSR_KEY",
        "CHAIN",
        "COMMON_NAME",
        "EXTENDED_KEY_USAGE",
        "KEY_ENCIPHERMENT",
    ]
