"""`mutua compare`: R20's table, what TLS would accept, what the appliance demands, and the fix."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mutua import language
from mutua.authority.issue import SERVER_AUTH, Issued, Template, chain, issue
from mutua.authority.keys import KeyType, generate, to_pem
from mutua.chain.certificate import Certificate
from mutua.chain.pair import PAIR_RULES, compare
from mutua.cli.main import mutua

PROGRAM = (sys.executable, "-c", "from mutua.cli.main import main; main()")


class Lab(NamedTuple):
    """A root with two intermediates, and what else the chains below are made of."""

    root: Issued
    inter1: Issued
    inter2: Issued
    source: Issued
    target: Issued


def authority(name: str, issuer: Issued | None = None, **knobs: Any) -> Issued:
    return issue(Template(common_name=name, is_ca=True, **knobs), issuer=issuer)


def leaf(name: str, issuer: Issued, **knobs: Any) -> Issued:
    return issue(
        Template(common_name=name, names=[x509.DNSName(f"{name.lower()}.example.net")], **knobs), issuer=issuer
    )


@pytest.fixture(scope="module")
def lab() -> Lab:
    root = authority("Root-CA")
    inter1, inter2 = authority("Inter-CA1", root), authority("Inter-CA2", root)
    return Lab(root, inter1, inter2, leaf("OMENT-310", inter1), leaf("OMENT-400", inter1))


@pytest.fixture(autouse=True)
def _in_a_folder_with_the_source(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    Path("source.pem").write_bytes(chain(lab.source, lab.inter1, lab.root))
    yield
    language.use("en")


def against(*target: Issued, options: tuple[str, ...] = ()) -> Result:
    Path("target.pem").write_bytes(chain(*target))
    return CliRunner().invoke(mutua, ["compare", "source.pem", "target.pem", *options])


def as_json(*target: Issued) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(against(*target, options=("--format", "json")).stdout)
    return answer


def words(text: str) -> str:
    return " ".join(text.split())


def marks(result: Result) -> list[str]:
    """The mark of each row of the table."""
    table = result.stdout.partition("\n\n")[0].splitlines()[2:]
    return ["".join(character for character in line if character in "↔✗") for line in table]


def test_r20_the_same_authorities_are_clean(lab: Lab) -> None:
    result = against(lab.target, lab.inter1, lab.root)
    assert result.exit_code == 0, result.output
    assert marks(result) == ["↔", "↔", "↔"]
    assert "✓ TLS would accept this: both end in the same root, Root-CA" in result.stdout
    assert "✓ The appliance accepts the pair" in result.stdout
    assert result.stdout.splitlines()[-1] == " → upload each chain to its console, then: mutua migrate verify"


def test_r20_another_intermediate_is_refused_though_tls_would_accept_it(lab: Lab) -> None:
    result = against(leaf("OMENT-400", lab.inter2), lab.inter2, lab.root)
    assert result.exit_code == 1
    assert marks(result) == ["✗", "✗", "↔"]
    said = words(result.stdout)
    assert "✓ TLS would accept this: both end in the same root, Root-CA (key SHA-256" in said
    assert "✗ The appliance refuses the pair: the issuing authorities differ in rows 1, 2 (R20)." in said
    assert "Row 2: Inter-CA1 is issued by Root-CA, Inter-CA2 by Root-CA." in said
    assert said.endswith("→ have both leaves signed by Inter-CA1, or both by Inter-CA2, and upload both chains again.")


def test_another_root_of_the_same_name_is_refused_by_both(lab: Lab) -> None:
    other_root = authority("Root-CA")
    other = authority("Inter-CA1", other_root)
    result = against(leaf("OMENT-400", other), other, other_root)
    assert result.exit_code == 1
    assert marks(result) == ["↔", "✗", "✗"]
    said = words(result.stdout)
    assert "✗ TLS would refuse this: the chains end in different roots" in said
    assert "the names are equal, but the keys differ in rows 2, 3 (R20)" in said
    assert "find out which of the two the CA uses today" in said


def test_a_root_that_was_renewed_with_its_key_is_the_same_root(lab: Lab) -> None:
    renewed = issue(Template(common_name="Root-CA", is_ca=True), key=lab.root.key)
    result = against(lab.target, lab.inter1, renewed)
    assert result.exit_code == 0, result.output
    assert "✓ TLS would accept this" in result.stdout


def test_a_root_in_other_letters_is_the_same_for_tls_alone(lab: Lab) -> None:
    shouted = issue(Template(common_name="ROOT-CA", is_ca=True), key=lab.root.key)
    below = authority("Inter-CA1", shouted)
    result = against(leaf("OMENT-400", below), below, shouted)
    assert result.exit_code == 1
    assert marks(result) == ["↔", "✗", "✗"]
    assert "✓ TLS would accept this" in result.stdout
    assert "✗ The appliance refuses the pair" in result.stdout


def test_an_intermediate_with_a_new_key_under_the_same_root_is_only_remarked(lab: Lab) -> None:
    rekeyed = authority("Inter-CA1", lab.root)
    result = against(leaf("OMENT-400", rekeyed), rekeyed, lab.root)
    assert result.exit_code == 0, result.output
    assert marks(result) == ["↔", "↔", "↔"]
    assert "· an intermediate has two keys under one root" in result.stdout
    assert "pair.intermediate-rekeyed" not in against(lab.target, lab.inter1, lab.root).stdout


def test_the_same_leaf_twice_is_warned_of(lab: Lab) -> None:
    result = against(lab.source, lab.inter1, lab.root)
    assert result.exit_code == 0
    assert "! both chains have the same leaf" in result.stdout
    assert result.stdout.endswith("→ give the chain of the other console as well.\n")
    assert "pair.same-leaf" not in against(lab.target, lab.inter1, lab.root).stdout


def test_a_chain_without_its_root_is_completed_from_the_other(lab: Lab) -> None:
    result = against(lab.target, lab.inter1)
    assert result.exit_code == 1
    assert marks(result) == ["↔", "↔", "✗"]
    said = words(result.stdout)
    assert "? What TLS would say depends on the root, and none is in target.pem." in said
    assert "Row 3: only one of the two chains has Root-CA." in said
    assert "The appliance refuses the upload of target.pem: CGEN1008." in said
    assert "put the CA certificates of the source below the target's leaf" in said


def test_a_cross_signed_intermediate_needs_no_new_certificate(lab: Lab) -> None:
    other_root = authority("Other-Root")
    crossed = issue(Template(common_name="Inter-CA1", is_ca=True), key=lab.inter1.key, issuer=other_root)
    result = against(lab.target, crossed, other_root)
    assert result.exit_code == 1
    assert "put the CA certificates of the source below the target's leaf" in words(result.stdout)


def test_an_issuer_of_the_same_name_that_signed_only_one_leaf_helps_nobody(lab: Lab) -> None:
    other_root = authority("Other-Root")
    namesake = authority("Inter-CA1", other_root)
    result = against(leaf("OMENT-400", namesake), namesake, other_root)
    assert result.exit_code == 1
    assert result.stdout.endswith("→ have both leaves signed by the same issuing CA, and upload both chains again.\n")


def test_two_chains_that_stop_at_one_intermediate_have_no_root_in_common(lab: Lab) -> None:
    Path("source.pem").write_bytes(chain(lab.source, lab.inter1))
    told = as_json(lab.target, lab.inter1)
    assert (told["same_authorities"], told["same_root"], told["tls"]) == (True, False, "no-root")
    assert told["clean"] is False


def test_self_signed_leaves_are_told_to_get_one_authority(lab: Lab) -> None:
    Path("source.pem").write_bytes(issue(Template(common_name="OMENT-310")).pem)
    result = against(issue(Template(common_name="OMENT-400")))
    assert result.exit_code == 1
    assert marks(result) == ["✗"]
    assert result.stdout.endswith("→ have both leaves signed by the same issuing CA, and upload both chains again.\n")


def test_names_that_differ_beyond_what_people_call_them_are_told_whole(lab: Lab) -> None:
    def named(organisation: str) -> x509.Name:
        parts = ((NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, "Lab"))
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])

    left = issue(Template(subject=named("Left"), is_ca=True))
    right = issue(Template(subject=named("Right"), is_ca=True))
    Path("source.pem").write_bytes(chain(leaf("a", left), left))
    result = against(leaf("b", right), right)
    assert result.exit_code == 1
    assert "CN=a is issued by CN=Lab,O=Left, CN=b by CN=Lab,O=Right." in words(result.stdout)


def test_each_file_is_referred_to_check_for_its_own_errors(lab: Lab) -> None:
    server_only = leaf("OMENT-400", lab.inter1, extended_key_usage=[SERVER_AUTH])
    result = against(server_only, lab.inter1, lab.root)
    assert result.exit_code == 1
    assert marks(result) == ["↔", "↔", "↔"]
    said = words(result.stdout)
    assert "the errors of target.pem stop TLS too" in said
    assert "✗ The appliance refuses the upload of target.pem: CGEN1008." in said
    assert "source.pem: no errors of its own." in said
    assert "target.pem: 1 error of its own. mutua check target.pem tells it." in said
    assert said.endswith("→ mend the errors first: mutua check target.pem")
    assert CliRunner().invoke(mutua, ["check", "target.pem"]).exit_code == 1


def test_an_error_that_only_the_appliance_minds_leaves_tls_content(lab: Lab) -> None:
    result = against(lab.target, lab.root, lab.inter1)
    assert result.exit_code == 1
    assert "✓ TLS would accept this" in result.stdout
    assert "✗ The appliance refuses the upload of target.pem" in result.stdout


def test_at_judges_by_another_moment(lab: Lab) -> None:
    later = (datetime.now(UTC) + timedelta(days=400)).date().isoformat()
    result = against(lab.target, lab.inter1, lab.root, options=("--at", later))
    assert result.exit_code == 1
    assert marks(result) == ["↔", "↔", "↔"]
    assert "the errors of source.pem + target.pem stop TLS too" in words(result.stdout)
    assert against(lab.target, lab.inter1, lab.root, options=("--at", "soon")).exit_code == 2


def test_json_says_the_same(lab: Lab) -> None:
    good = as_json(lab.target, lab.inter1, lab.root)
    assert (good["clean"], good["same_authorities"], good["same_root"], good["tls"]) == (True, True, True, "accepts")
    assert [row["matches"] for row in good["rows"]] == [True, True, True]
    assert good["fix"] is None

    bad = as_json(leaf("OMENT-400", lab.inter2), lab.inter2, lab.root)
    assert (bad["clean"], bad["same_authorities"], bad["same_root"], bad["tls"]) == (False, False, True, "accepts")
    assert [(one["rule"], one["requirement"], one["row"]) for one in bad["differences"]] == [
        ("pair.authorities-differ", "R20", 1),
        ("pair.authorities-differ", "R20", 2),
    ]
    assert bad["rows"][1]["target"]["issued_to"] == "Inter-CA2"

    short = as_json(lab.target, lab.inter1)
    assert short["tls"] == "no-root"
    assert short["rows"][2]["target"] is None
    assert short["target"]["errors"] == 1
    assert short["target"]["appliance"]["error"]["@Message.ExtendedInfo"][0]["MessageId"] == "CGEN1008"


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"], ids=len
)
def test_without_a_certificate_there_is_nothing_to_compare(content: bytes) -> None:
    Path("target.pem").write_bytes(content)
    result = CliRunner().invoke(mutua, ["compare", "source.pem", "target.pem"])
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.startswith("mutua: error: target.pem holds no certificate that can be read.\n")


def test_a_private_key_is_no_chain_and_is_not_quoted() -> None:
    pem = to_pem(generate(KeyType.EC_P256), None)
    Path("target.pem").write_bytes(pem)
    result = CliRunner().invoke(mutua, ["compare", "source.pem", "target.pem"])
    assert result.exit_code == 3
    assert pem.splitlines()[1].decode() not in result.output


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["source.pem", "missing.pem"], 3),
        (["missing.pem", "source.pem"], 3),
        (["-", "-"], 2),
        (["source.pem"], 2),
        (["source.pem", "source.pem", "--format", "xml"], 2),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(arguments: list[str], code: int) -> None:
    result = CliRunner().invoke(mutua, ["compare", *arguments])
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr


def test_one_side_may_be_standard_input(lab: Lab) -> None:
    target = chain(lab.target, lab.inter1, lab.root)
    result = CliRunner().invoke(mutua, ["compare", "source.pem", "-"], input=target)
    assert result.exit_code == 0, result.output


def test_the_page_keeps_to_80_columns_without_colour_and_without_loss(lab: Lab) -> None:
    long_root = authority("A Very Long Organisation's Root Certification Authority 2024")
    one = authority("A Very Long Organisation's Issuing Certification Authority 1", long_root)
    two = authority("A Very Long Organisation's Issuing Certification Authority 2", long_root)
    Path("source.pem").write_bytes(chain(leaf("omeprod.datacenter-north", one), one, long_root))
    Path("target.pem").write_bytes(chain(leaf("omenext.datacenter-south", two), two, long_root))
    result = subprocess.run(
        [*PROGRAM, "compare", "source.pem", "target.pem"], capture_output=True, text=True, env={"LANG": "C.UTF-8"}
    )
    assert result.returncode == 1
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "\x1b" not in result.stdout
    assert "…" not in result.stdout.partition("\n\n")[0]


def test_a_name_from_a_stranger_cannot_reach_the_terminal(lab: Lab) -> None:
    hostile = authority("Root\x1b]0;owned\x07\u202e")
    result = against(leaf("OMENT-400", hostile), hostile)
    assert result.exit_code == 1
    assert "Root�]0;owned��" in result.stdout
    assert [character for character in result.output if not character.isprintable()] == ["\n"] * result.output.count(
        "\n"
    )


def test_help_has_examples() -> None:
    result = CliRunner().invoke(mutua, ["compare", "--help"])
    assert result.exit_code == 0
    assert "mutua compare source.pem target.pem" in result.stdout


def pair_examples(lab: Lab) -> dict[str, tuple[tuple[Issued, ...], tuple[Issued, ...]]]:
    """For each rule about two chains: a target that raises it, and one that does not, beside the same source."""
    good = (lab.target, lab.inter1, lab.root)
    rekeyed, other_root = authority("Inter-CA1", lab.root), authority("Root-CA")
    elsewhere = authority("Inter-CA1", other_root)
    return {
        "pair.authorities-differ": ((leaf("b", lab.inter2), lab.inter2, lab.root), good),
        "pair.keys-differ": ((leaf("b", elsewhere), elsewhere, other_root), good),
        "pair.intermediate-rekeyed": ((leaf("b", rekeyed), rekeyed, lab.root), good),
        "pair.same-leaf": ((lab.source, lab.inter1, lab.root), good),
    }


def raised(lab: Lab, target: tuple[Issued, ...]) -> set[str]:
    def read(*issued: Issued) -> list[Certificate]:
        return [Certificate(x509.load_pem_x509_certificate(one.pem).public_bytes(Encoding.DER), 1) for one in issued]

    comparison = compare(read(lab.source, lab.inter1, lab.root), read(*target))
    return {found.rule.id for found in (*comparison.differences, *comparison.remarks)}


def test_every_rule_about_two_chains_is_raised_by_a_bad_example_and_by_no_good_one(lab: Lab) -> None:
    examples = pair_examples(lab)
    assert set(examples) == set(PAIR_RULES)
    for identifier, (bad, good) in examples.items():
        assert raised(lab, bad) == {identifier}
        assert raised(lab, good) == set()
