"""The remedies: each is there for the authorities that it should be, and those for OpenSSL do what they promise."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import SignatureAlgorithmOID
from tests.chain.workshop import NAME, Workshop

from mutua import language
from mutua.chain import CATALOGUE, Profile, check
from mutua.chain.decode import decode
from mutua.chain.pair import PAIR_RULES, compare
from mutua.chain.remedies import Authority, Remedy, fix, fixes
from mutua.chain.remedies.ad_cs import FIXES as AD_CS
from mutua.chain.remedies.ejbca import FIXES as EJBCA
from mutua.chain.remedies.openssl import FIXES as OPENSSL
from mutua.chain.remedies.step_ca import FIXES as STEP_CA
from mutua.chain.remedies.vault import FIXES as VAULT
from mutua.chain.request import REQUEST_RULES, SigningRequest, check_request

REMEDIES: tuple[Remedy, ...] = get_args(Remedy)
TABLES = {
    Authority.AD_CS: AD_CS,
    Authority.OPENSSL: OPENSSL,
    Authority.STEP_CA: STEP_CA,
    Authority.VAULT: VAULT,
    Authority.EJBCA: EJBCA,
}
NOTHING_TO_SET: dict[Remedy, set[Authority]] = {
    # AD CS, step-ca and Vault write both identifiers into every certificate, and draw serial numbers at random.
    "key-identifiers": {Authority.AD_CS, Authority.STEP_CA, Authority.VAULT},
    "serial-number": {Authority.AD_CS, Authority.STEP_CA, Authority.VAULT},
    # A policy file for certreq, not a setting of the CA.
    "name-constraints": {Authority.AD_CS},
    # A request is made with a tool, before a CA sees it.
    "new-request": {Authority.VAULT, Authority.EJBCA},
}
WIDEST = 62
"""In columns: what is left of a line to type beside the name of the authority."""


@pytest.mark.parametrize("remedy", REMEDIES)
def test_a_remedy_has_all_five_but_where_there_is_nothing_to_set(remedy: Remedy) -> None:
    assert set(Authority) - set(fixes(remedy)) == NOTHING_TO_SET.get(remedy, set())


def test_every_text_is_that_of_a_remedy_and_every_remedy_that_of_a_rule() -> None:
    for table in TABLES.values():
        assert set(table) <= set(REMEDIES)
        assert list(table) == sorted(table)
    named = {rule.remedy for rules in (CATALOGUE, PAIR_RULES, REQUEST_RULES) for rule in rules.values()}
    assert named - {None} == set(REMEDIES)


@pytest.mark.parametrize("rule", [rule for rule in CATALOGUE.values() if rule.remedy], ids=lambda rule: rule.id)
def test_a_rule_gives_the_fixes_of_its_remedy(rule: Any) -> None:
    assert rule.fixes == {authority: table[rule.remedy] for authority, table in TABLES.items() if rule.remedy in table}
    assert fix(Authority.OPENSSL, rule.remedy) == OPENSSL.get(rule.remedy)


def test_a_rule_without_a_remedy_has_no_fixes() -> None:
    assert CATALOGUE["chain.untrusted"].fixes == {}


@pytest.fixture
def spanish() -> Iterator[None]:
    language.use("es")
    yield
    language.use("en")


@pytest.mark.parametrize("authority", Authority)
@pytest.mark.parametrize("remedy", REMEDIES)
def test_a_sentence_leads_to_lines_that_fit_and_are_never_translated(
    spanish: None, authority: Authority, remedy: Remedy
) -> None:
    text = fix(authority, remedy)
    if text is None:
        assert authority in NOTHING_TO_SET[remedy]
        return
    sentence, *typed = text.split("\n")
    assert sentence.endswith(":" if typed else ".")
    assert all(line and len(line) <= WIDEST for line in typed)
    translated = language._(text)
    assert translated != text
    assert translated.split("\n")[1:] == typed


STEP_KEYS = {
    "subject", "sans", "keyUsage", "extKeyUsage", "basicConstraints", "nameConstraints", "signatureAlgorithm",
    "crl", "backdate",
}  # fmt: skip
"""Those of a certificate template (go.step.sm/crypto/x509util.Certificate) and of ca.json that are used here."""


@pytest.mark.parametrize("remedy", [remedy for remedy, text in STEP_CA.items() if '\n"' in text])
def test_the_lines_for_step_ca_are_json_with_known_keys(remedy: Remedy) -> None:
    _sentence, *typed = STEP_CA[remedy].split("\n")
    written = json.loads("{" + re.sub(r"\{\{ toJson [.\w]+ \}\}", "null", "\n".join(typed)) + "}")
    assert set(written) <= STEP_KEYS
    assert len(written) == 1


class Proof(NamedTuple):
    """A rule that is broken in one way, and the file that the fix for OpenSSL says to change."""

    remedy: Remedy
    rule: str
    breaks: Callable[[Workshop], object]
    where: str = "leaf"
    profile: Profile = Profile.MIGRATION


def _file(name: str, **extensions: str | None) -> Callable[[Workshop], object]:
    return lambda workshop: workshop.extend(name, **extensions)


def _signed(*options: str) -> Callable[[Workshop], object]:
    return lambda workshop: workshop.sign(*options)


def _weak(workshop: Workshop) -> None:
    workshop.run("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out console.key")
    workshop.run(f"openssl req -new -key console.key -subj /CN={NAME} -out console.csr")
    workshop.sign()


def _nameless(workshop: Workshop) -> None:
    workshop.run("openssl req -new -key console.key -subj /O=Example -out console.csr")
    workshop.sign()


def _unnamed(workshop: Workshop) -> None:
    """A CA without a name for its key cannot name it in what it signs either."""
    workshop.extend("leaf", authorityKeyIdentifier="none")
    workshop.extend("ca", subjectKeyIdentifier="none")


PROOFS = [
    Proof("alternative-names", "leaf.name-not-covered", _file("leaf", subjectAltName="DNS:other.example.net")),
    Proof("both-purposes", "leaf.no-client-auth", _file("leaf", extendedKeyUsage="serverAuth")),
    Proof("both-purposes", "leaf.no-server-auth", _file("leaf", extendedKeyUsage=None)),
    Proof("common-name", "name.no-common-name", _nameless),
    Proof("end-entity", "leaf.is-a-ca", _file("leaf", basicConstraints="critical, CA:TRUE")),
    Proof(
        "key-identifiers",
        "certificate.authority-key-id",
        _file("leaf", authorityKeyIdentifier="none"),
        profile=Profile.MTLS,
    ),
    Proof("key-identifiers", "certificate.subject-key-id", _unnamed, "ca", Profile.MTLS),
    Proof("key-usage", "leaf.no-key-encipherment", _file("leaf", keyUsage="critical, digitalSignature")),
    Proof("key-usage", "leaf.no-digital-signature", _file("leaf", keyUsage="critical, keyEncipherment")),
    Proof(
        "name-constraints",
        "certificate.name-constraints",
        _file("ca", nameConstraints="permitted;DNS:example.net"),
        "ca",
        Profile.MTLS,
    ),
    Proof(
        "path-length",
        "chain.path-length-exceeded",
        _file("root", basicConstraints="critical, CA:TRUE, pathlen:0"),
        "root",
    ),
    Proof("serial-number", "certificate.serial-number", _signed("-set_serial 0"), "leaf", Profile.MTLS),
    Proof("signature-hash", "algorithm.not-accepted", _signed("-sha1")),
    Proof("strong-key", "algorithm.weak-key", _weak),
    Proof("subordinate-authority", "chain.not-a-ca", _file("ca", basicConstraints="critical, CA:FALSE"), "ca"),
    Proof("subordinate-authority", "chain.not-a-ca", _file("ca", keyUsage="critical, cRLSign"), "ca"),
]

pytestmark: list[Any] = []
openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here")


def broken(data: bytes, profile: Profile = Profile.MIGRATION, **asked: Any) -> set[str]:
    """The rules that the data breaks now."""
    at = asked.pop("at", datetime.now(UTC))
    return {finding.rule.id for finding in check(data, at=at, profile=profile, **asked).findings}


@openssl
@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: f"{proof.remedy}, {proof.rule}")
def test_what_openssl_is_told_mends_the_rule(tmp_path: Path, proof: Proof) -> None:
    workshop = Workshop(tmp_path)
    assert broken(workshop.chain, proof.profile, names=[NAME]) == set()
    proof.breaks(workshop)
    before = broken(workshop.chain, proof.profile, names=[NAME])
    assert proof.rule in before
    workshop.follow(OPENSSL[proof.remedy], proof.where)
    after = broken(workshop.chain, proof.profile, names=[NAME])
    if proof.remedy in NEW_REQUEST:
        assert proof.rule in after
        workshop.sign()
        after = broken(workshop.chain, proof.profile, names=[NAME])
    assert after <= before - {proof.rule}


NEW_REQUEST: set[Remedy] = {"common-name", "strong-key"}
"""What these tell makes a signing request, which is then to be signed."""


@openssl
def test_the_consoles_own_request_is_signed(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.key")
    workshop.run(f"openssl req -new -key other.key -subj /CN={NAME} -out other.csr")
    workshop.run("openssl x509 -req -in other.csr -CA ca.pem -CAkey ca.key -extfile leaf.ext -out console.pem")
    asked = x509.load_pem_x509_csr(workshop.read("console.csr")).public_key()
    keys = [asked.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)]
    assert broken(workshop.chain, request_keys=keys) == {"leaf.csr-key-mismatch"}
    workshop.follow(OPENSSL["sign-request"], "leaf")
    assert broken(workshop.chain, request_keys=keys) == set()


BAD_REQUESTS = {
    "-subj /O=Example": {"request.no-common-name", "request.no-alternative-name", "request.purposes-not-asked"},
    f"-subj /CN={NAME} -addext subjectAltName=DNS:192.0.2.1": {
        "request.address-as-host-name", "request.common-name-not-listed", "request.purposes-not-asked",
    },
    f"-subj /CN={NAME} -addext subjectAltName=DNS:{NAME} -addext extendedKeyUsage=serverAuth": {
        "request.no-client-auth",
    },
    f"-subj /CN={NAME} -addext subjectAltName=DNS:{NAME} -addext keyUsage=keyCertSign "
    "-addext basicConstraints=critical,CA:TRUE": {
        "request.asks-to-be-a-ca", "request.no-key-encipherment", "request.no-digital-signature",
        "request.purposes-not-asked",
    },
}  # fmt: skip


@openssl
@pytest.mark.parametrize("options", BAD_REQUESTS)
def test_a_new_request_asks_for_all_that_it_should(tmp_path: Path, options: str) -> None:
    def found() -> set[str]:
        asked = SigningRequest.of(x509.load_pem_x509_csr(workshop.read("console.csr")))
        return {finding.rule.id for finding in check_request(asked)}

    workshop = Workshop(tmp_path)
    workshop.run(f"openssl req -new -key console.key {options} -out console.csr")
    assert found() == BAD_REQUESTS[options]
    workshop.follow(OPENSSL["new-request"], "leaf")
    assert found() == set()


@openssl
def test_what_has_expired_is_signed_again(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.sign("-days 1")
    later = datetime.now(UTC) + timedelta(days=2)
    assert broken(workshop.chain, at=later) >= {"validity.expired"}
    workshop.follow(OPENSSL["renewal"], "leaf")
    assert broken(workshop.chain, at=later) == set()


@openssl
def test_validity_begins_when_it_is_told_to(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    begins = f"{datetime.now(UTC) + timedelta(days=1):%Y%m%d%H%M%SZ}"
    workshop.run(
        f"openssl ca -config ca.cnf -startdate {begins} -days 30 -extfile leaf.ext -in console.csr -out console.pem"
    )
    assert "validity.not-yet-valid" in broken(workshop.chain)
    workshop.follow(OPENSSL["backdate"].replace("20260101000000Z", BEGUN), "leaf")
    (leaf,) = decode(workshop.read("console.pem")).certificates
    assert f"{leaf.not_before:%Y%m%d%H%M%SZ}" == BEGUN
    assert "validity.not-yet-valid" not in broken(workshop.chain)


BEGUN = f"{datetime.now(UTC) - timedelta(hours=1):%Y%m%d%H%M%SZ}"
"""An hour ago: the date in the text may be in the future where this runs."""


@openssl
def test_a_leaf_does_not_outlive_its_authority(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.sign("-days 4000")
    assert broken(workshop.chain) == {"validity.outlives-issuer"}
    workshop.follow(OPENSSL["validity"], "leaf")
    assert broken(workshop.chain) == set()


@openssl
def test_a_signature_is_made_without_pss(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.run("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out ca.key")
    workshop.run("openssl req -new -key ca.key -subj /CN=Inter-CA1 -out ca.csr")
    workshop.sign_all()
    workshop.sign("-sigopt rsa_padding_mode:pss")
    (leaf,) = decode(workshop.read("console.pem")).certificates
    assert leaf.x509.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS
    workshop.follow(OPENSSL["pkcs1-signature"], "leaf")
    (leaf,) = decode(workshop.read("console.pem")).certificates
    assert leaf.x509.signature_algorithm_oid == SignatureAlgorithmOID.RSA_WITH_SHA256
    assert broken(workshop.chain) == set()


@openssl
def test_one_authority_signs_for_both_consoles(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    other = workshop.chain
    workshop.run("openssl x509 -req -in console.csr -CA root.pem -CAkey root.key -extfile leaf.ext -out console.pem")
    pair = compare(decode(other).certificates, decode(workshop.read("console.pem", "root.pem")).certificates)
    assert {difference.rule.remedy for difference in pair.differences} == {"same-issuer"}
    workshop.follow(OPENSSL["same-issuer"], "leaf")
    assert compare(decode(other).certificates, decode(workshop.chain).certificates).same_authorities


@openssl
def test_a_ca_is_limited_no_longer(tmp_path: Path) -> None:
    """There is a line to take out, none to write."""
    workshop = Workshop(tmp_path)
    workshop.extend("ca", extendedKeyUsage="serverAuth")
    assert "chain.restricted-authority" in broken(workshop.chain)
    assert "extendedKeyUsage" in OPENSSL["unlimited-authority"]
    workshop.extend("ca", extendedKeyUsage=None)
    assert broken(workshop.chain) == set()


@openssl
def test_a_file_is_converted(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.run("openssl x509 -in console.pem -outform DER -out console.cer; rm console.pem")
    assert broken(workshop.read("console.cer"), Profile.SERVER) == {"file.not-base64"}
    workshop.follow(OPENSSL["base64-export"], "leaf")
    assert broken(workshop.read("console.pem"), Profile.SERVER) == set()


@openssl
def test_a_chain_is_put_together(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    assert "chain.missing-intermediate" in broken(workshop.read("console.pem"))
    workshop.follow(OPENSSL["whole-chain"], "leaf")
    assert broken(workshop.read("chain.pem")) == set()


@openssl
def test_a_revocation_list_is_made_anew(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.run("openssl ca -config ca.cnf -gencrl -crlsec 1 -out ca.crl")
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert "crl.unusable" in broken(workshop.chain, at=later, crls=[workshop.read("ca.crl")])
    workshop.follow(OPENSSL["crl-publication"], "leaf")
    assert "crl.unusable" not in broken(workshop.chain, at=later, crls=[workshop.read("ca.crl")])
